use super::*;
use crate::act::{Act as _, Ask as _};
use crate::mock::{Fixture, Journal, MockTx, id};
use crate::page::{Page, Slice};
use crate::store::{StoreError, UniqueRule};

fn create(plan: Option<&str>) -> CreateAccount {
    CreateAccount {
        email: " Ann@Example.com ".to_owned(),
        name: "Ann".to_owned(),
        plan: plan.map(str::to_owned),
    }
}

fn knows_account(fixture: &Fixture, tx: &mut MockTx) {
    let account = fixture.account(1);
    let by_email = account.clone();
    tx.expect_account().returning(move |id| Ok(Some(account.clone()).filter(|account| account.id == id)));
    tx.expect_account_by_email()
        .returning(move |email| Ok(Some(by_email.clone()).filter(|account| account.email == *email)));
}

fn adds_key(tx: &mut MockTx) {
    tx.expect_count_up()
        .withf(|_, counter, limit| *counter == AccountCounter::ApiKeys && limit.is_none())
        .times(1)
        .return_once(|_, _, _| Ok(true));
    tx.expect_insert_api_key().withf(|key, _| key.agent_id.is_none()).times(1).return_once(|_, _| Ok(()));
}

#[tokio::test]
async fn a_new_account_has_a_key_and_the_invites_that_waited_for_it() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_all(&mut tx);
    adds_key(&mut tx);
    tx.expect_insert_account().times(1).return_once(|_| Ok(()));
    tx.expect_adopt_invites()
        .withf(|email, _| email.as_str() == "ann@example.com")
        .times(1)
        .return_once(|_, _| Ok(()));
    let made = create(None).perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!(made.account.email.as_str(), "ann@example.com");
    assert_eq!(made.account.plan.as_str(), "enterprise");
    assert_eq!(journal.locked_address(), Some(made.account.email.clone()));
    assert_eq!(made.key.key.account_id, made.account.id);
    assert!(made.key.token.reveal().starts_with("agd_live_"));
    assert_eq!(journal.audited(), [("account.create", made.account.id.to_string())]);
}

#[tokio::test]
async fn a_taken_address_is_refused() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    Journal::default().allow_locks(&mut tx);
    tx.expect_insert_account().return_once(|_| Err(StoreError::Conflict(UniqueRule::AccountEmail)));
    let refusal = create(Some("team")).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(CreateAccountError::EmailTaken)));
}

#[tokio::test]
async fn all_bad_fields_of_a_new_account_are_named_at_once() {
    let fixture = Fixture::new();
    let act = CreateAccount { email: "ann".to_owned(), name: String::new(), plan: Some("gold".to_owned()) };
    let refusal = act.perform(&fixture.cx(), &mut MockTx::new()).await;
    let Err(CreateAccountError::Invalid(invalid)) = refusal else { panic!("{refusal:?}") };
    let fields: Vec<&str> = invalid.0.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["email", "name", "plan"]);
    assert_eq!(invalid.0[2].message, "must be one of: builder, enterprise, free, scale, team");
}

#[tokio::test]
async fn a_plan_is_set_by_address_or_id() {
    let fixture = Fixture::new();
    for account in ["account-1@example.com", &fixture.account(1).id.to_string()] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        journal.allow_all(&mut tx);
        knows_account(&fixture, &mut tx);
        tx.expect_set_account_plan()
            .withf(|account, plan| *account == id(1) && plan.as_str() == "team")
            .times(1)
            .return_once(|_, _| Ok(true));
        let act = SetPlan { account: account.to_owned(), plan: "team".to_owned() };
        assert_eq!(act.perform(&fixture.cx(), &mut tx).await.unwrap().plan.as_str(), "team");
        assert_eq!(journal.locked(), [id(1)]);
        assert_eq!(journal.audited(), [("account.set_plan", fixture.account(1).id.to_string())]);
    }
}

#[tokio::test]
async fn unknown_accounts_and_plans_are_refused() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    knows_account(&fixture, &mut tx);
    let set = |account: &str, plan: &str| SetPlan { account: account.to_owned(), plan: plan.to_owned() };
    for account in ["nobody@example.com", "nobody", &fixture.account(2).id.to_string()] {
        let refusal = set(account, "team").perform(&fixture.cx(), &mut tx).await;
        assert!(matches!(refusal, Err(SetPlanError::NoAccount(NoAccount))), "{account}");
        let make = MakeAccountKey { account: account.to_owned(), name: "x".to_owned() };
        let refusal = make.perform(&fixture.cx(), &mut tx).await;
        assert!(matches!(refusal, Err(MakeAccountKeyError::NoAccount(NoAccount))), "{account}");
    }
    let refusal = set("account-1@example.com", "gold").perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(SetPlanError::Invalid(invalid)) if invalid.0[0].field == "plan"));
}

#[tokio::test]
async fn the_operator_makes_a_key_beyond_the_plan() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_all(&mut tx);
    knows_account(&fixture, &mut tx);
    adds_key(&mut tx);
    let act = MakeAccountKey { account: "account-1@example.com".to_owned(), name: "rescue".to_owned() };
    let made = act.perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!((made.account.id, made.key.key.name.as_str()), (id(1), "rescue"));
    assert_eq!(journal.audited(), [("account.new_key", fixture.account(1).id.to_string())]);

    let act = MakeAccountKey { account: "account-1@example.com".to_owned(), name: "\n".to_owned() };
    let refusal = act.perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(MakeAccountKeyError::Invalid(_))));
}

#[tokio::test]
async fn accounts_are_listed_by_page() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    let page = Page { limit: 7, offset: 14 };
    let slice = Slice { items: vec![fixture.account(1)], total: 15 };
    let expected = slice.clone();
    tx.expect_accounts().withf(move |asked| *asked == page).return_once(move |_| Ok(slice));
    assert_eq!(ListAccounts { page }.answer(&fixture.cx(), &mut tx).await.unwrap(), expected);
}
