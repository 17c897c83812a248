use std::time::Duration;

use agentdrop_domain::account::{Account, AccountCounter, Email};
use agentdrop_domain::ids::AccountId;
use agentdrop_domain::plan::PlanName;
use agentdrop_domain::store::{Database, StoreError, UniqueRule};

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{ALL, account, at, email, id, page};

const COUNTERS: [AccountCounter; 3] =
    [AccountCounter::Agents, AccountCounter::ApiKeys, AccountCounter::Connections];

async fn with_accounts(db: &TestDb, numbers: impl IntoIterator<Item = u64>) {
    commit!(db, |tx| for n in numbers {
        tx.insert_account(&account(n)).await.unwrap();
    });
}

fn plan(name: &str) -> PlanName {
    PlanName::try_from(name).unwrap()
}

pub async fn an_account_reads_back_as_it_was_written(db: &TestDb) {
    with_accounts(db, 1..=2).await;
    let mut view = db.read().await;
    assert_eq!(view.account(id(1)).await.unwrap(), Some(account(1)));
    assert_eq!(view.account_by_email(&email(2)).await.unwrap(), Some(account(2)));
    assert_eq!(view.account(id(3)).await.unwrap(), None);
    assert_eq!(view.account_by_email(&email(3)).await.unwrap(), None);
}

pub async fn accounts_are_listed_oldest_first(db: &TestDb) {
    commit!(db, |tx| for (n, second) in [(3, 1), (1, 2), (4, 1), (2, 0)] {
        tx.insert_account(&Account { created_at: at(second), ..account(n) }).await.unwrap();
    });
    let mut view = db.read().await;
    let mut listed = async |limit, offset| {
        let slice = view.accounts(page(limit, offset)).await.unwrap();
        (slice.items.iter().map(|account| account.id).collect::<Vec<AccountId>>(), slice.total)
    };
    assert_eq!(listed(10, 0).await, (vec![id(2), id(3), id(4), id(1)], 4), "ties go by id");
    assert_eq!(listed(2, 1).await, (vec![id(3), id(4)], 4));
    assert_eq!(listed(2, 3).await, (vec![id(1)], 4));
    assert_eq!(listed(2, 9).await, (vec![], 4));
    assert_eq!(listed(2, u64::MAX).await, (vec![], 4));
}

pub async fn an_address_belongs_to_one_account(db: &TestDb) {
    with_accounts(db, [1]).await;
    let mut tx = db.begin().await;
    let twin = Account { email: email(1), ..account(2) };
    let refused = tx.insert_account(&twin).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(UniqueRule::AccountEmail)), "{refused:?}");
    tx.rollback().await.unwrap();

    let same_id = Account { id: id(1), ..account(2) };
    let refused = db.begin().await.insert_account(&same_id).await.unwrap_err();
    assert!(matches!(refused, StoreError::Internal(_)), "an id is nobody's rule: {refused:?}");
}

pub async fn a_plan_can_be_changed(db: &TestDb) {
    with_accounts(db, [1]).await;
    let changed = commit!(db, |tx| tx.set_account_plan(id(1), &plan("team")).await.unwrap());
    let unknown = commit!(db, |tx| tx.set_account_plan(id(9), &plan("team")).await.unwrap());
    assert_eq!((changed, unknown), (true, false));
    let stored = db.read().await.account(id(1)).await.unwrap().unwrap();
    assert_eq!(stored, Account { plan: plan("team"), ..account(1) });
}

pub async fn counters_stay_within_their_limits(db: &TestDb) {
    with_accounts(db, 1..=2).await;
    for counter in COUNTERS {
        let mut tx = db.begin().await;
        assert!(tx.count_up(id(1), counter, Some(2)).await.unwrap());
        assert!(tx.count_up(id(1), counter, Some(2)).await.unwrap());
        assert!(!tx.count_up(id(1), counter, Some(2)).await.unwrap());
        assert!(tx.count_up(id(1), counter, Some(3)).await.unwrap(), "a raised limit counts at once");
        assert!(!tx.count_up(id(1), counter, Some(2)).await.unwrap(), "a lowered limit too");
        assert!(tx.count_up(id(1), counter, None).await.unwrap());
        assert!(tx.count_up(id(1), counter, Some(u64::MAX)).await.unwrap());
        assert!(!tx.count_up(id(2), counter, Some(0)).await.unwrap());
        assert!(!tx.count_up(id(9), counter, None).await.unwrap(), "nobody's counter");

        tx.count_down(id(2), counter).await.unwrap();
        assert!(tx.count_up(id(2), counter, Some(1)).await.unwrap());
        assert!(!tx.count_up(id(2), counter, Some(1)).await.unwrap(), "it never went below zero");
        tx.count_down(id(2), counter).await.unwrap();
        assert!(tx.count_up(id(2), counter, Some(1)).await.unwrap());
        tx.commit().await.unwrap();
    }
}

pub async fn counters_are_exact_in_parallel(db: &TestDb) {
    with_accounts(db, [1]).await;
    let database = db.database.clone();
    let counted = in_parallel(64, move |_| {
        let database = database.clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            let counted = tx.count_up(id(1), AccountCounter::Agents, Some(10)).await.unwrap();
            tx.commit().await.unwrap();
            counted
        }
    });
    assert_eq!(counted.await.into_iter().filter(|counted| *counted).count(), 10);
    let mut tx = db.begin().await;
    assert!(tx.count_up(id(1), AccountCounter::Agents, Some(11)).await.unwrap());
    assert!(!tx.count_up(id(1), AccountCounter::Agents, Some(11)).await.unwrap());
}

pub async fn invites_are_counted_in_windows(db: &TestDb) {
    with_accounts(db, [1]).await;
    let mut tx = db.begin().await;
    let hour = |now: i64| (at(now), at(now - 3_600));
    assert_eq!(tx.invite_window(id(1)).await.unwrap(), None);
    for (now, limit, counts) in [
        (0, 0, false),
        (0, 2, true),
        (1_800, 2, true),
        (3_599, 2, false),
        (3_599, 3, true),
        // The window has ended: it began with the first invite, not with the last.
        (3_600, 2, true),
        (3_601, 2, true),
        (7_199, 2, false),
        (7_200, 1, true),
        (7_201, 1, false),
    ] {
        let (now_at, window_start) = hour(now);
        let counted = tx.count_invite(id(1), now_at, window_start, limit).await.unwrap();
        assert_eq!(counted, counts, "at {now} s with a limit of {limit}");
    }
    assert_eq!(tx.invite_window(id(1)).await.unwrap(), Some(at(7_200)));
    assert!(!tx.count_invite(id(9), at(0), at(-3_600), 5).await.unwrap(), "nobody's window");
}

pub async fn invites_are_exact_in_parallel(db: &TestDb) {
    with_accounts(db, [1]).await;
    let database = db.database.clone();
    // No lock on the account: the first invite opens the window while the others already wait.
    let counted = in_parallel(32, move |_| {
        let database = database.clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            let counted = tx.count_invite(id(1), at(0), at(-3_600), 5).await.unwrap();
            tx.commit().await.unwrap();
            counted
        }
    });
    assert_eq!(counted.await.into_iter().filter(|counted| *counted).count(), 5);
}

pub async fn who_locks_an_account_or_an_address_is_alone_with_it(db: &TestDb) {
    with_accounts(db, [1]).await;
    for by_address in [false, true] {
        commit!(db, |tx| tx.set_account_plan(id(1), &plan("p0")).await.unwrap());
        let database = db.database.clone();
        // Read, decide in the program, write: loses updates unless each waits for the one before it.
        in_parallel(64, move |_| {
            let database = database.clone();
            async move {
                let mut tx = database.begin().await.unwrap();
                if by_address {
                    tx.lock_address(&Email::try_from("nobody@example.com").unwrap()).await.unwrap();
                } else {
                    tx.lock_accounts(&[id(1)]).await.unwrap();
                }
                let account = tx.account(id(1)).await.unwrap().unwrap();
                let seen: u32 = account.plan.as_str().strip_prefix('p').unwrap().parse().unwrap();
                tx.set_account_plan(id(1), &plan(&format!("p{}", seen + 1))).await.unwrap();
                tx.commit().await.unwrap();
            }
        })
        .await;
        assert_eq!(db.read().await.account(id(1)).await.unwrap().unwrap().plan, plan("p64"));
    }
}

pub async fn locks_in_opposite_orders_never_deadlock(db: &TestDb) {
    with_accounts(db, 1..=3).await;
    let database = db.database.clone();
    let acts = in_parallel(60, move |n| {
        let database = database.clone();
        async move {
            let accounts = match n % 4 {
                0 => vec![id(1), id(2), id(3)],
                1 => vec![id(3), id(2), id(1)],
                2 => vec![id(2), id(1), id(2)],
                _ => vec![id(3), id(1)],
            };
            let mut tx = database.begin().await?;
            tx.lock_accounts(&accounts).await?;
            for account in accounts {
                tx.count_up(account, AccountCounter::Agents, None).await?;
            }
            tx.commit().await
        }
    });
    let outcomes: Vec<Result<(), StoreError>> =
        tokio::time::timeout(Duration::from_secs(60), acts).await.expect("nobody waits for ever");
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(db.read().await.accounts(ALL).await.unwrap().total, 3);
    commit!(db, |tx| tx.lock_accounts(&[]).await.unwrap());
    commit!(db, |tx| tx.lock_accounts(&[id(9)]).await.unwrap());
}
