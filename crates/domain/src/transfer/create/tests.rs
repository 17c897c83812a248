#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::testing::*;
use super::super::{Encryption, EncryptionLayout, Upload};
use super::*;
use crate::agent::{Agent, AgentStatus};
use crate::blob::{ObjectKey, Stored};
use crate::channel::{Channel, ChannelSide, ChannelStatus, ChannelView};
use crate::ids::UploadId;
use crate::mock::{Fixture, Journal, MockTx, id, slug};
use crate::pairing::{PairingStatus, Permission};

fn me() -> Caller {
    Fixture::new().account_caller(id(ME))
}

fn form(sender: &str, recipient: &str) -> TransferForm {
    TransferForm {
        sender: Some(sender.to_owned()),
        recipient: Some(recipient.to_owned()),
        ..TransferForm::default()
    }
}

fn draft(recipient: &str) -> Draft {
    form("agent-11", recipient).into_draft(FieldErrors::default()).unwrap()
}

/// A file of 5 bytes that came under the upload `id(n)`.
fn received(n: u128, name: &str) -> ReceivedFile {
    let stored = Stored { size: 5, sha256: [n as u8; 32] };
    ReceivedFile {
        name: FileName::try_from(name).unwrap(),
        content_type: "text/plain".to_owned(),
        bytes: ReceivedBytes { upload: id(n), object_key: ObjectKey::of_upload(id(n)), stored },
    }
}

fn act(draft: Draft) -> CreateTransfer {
    CreateTransfer { caller: me(), draft, files: vec![received(71, "a.txt"), received(72, "b.txt")] }
}

/// Agents 11 and 12 are mine; agent 11 is paired with these.
fn paired_with(tx: &mut MockTx, foreign: &[Agent]) {
    knows(tx, &[vec![agent(11), agent(12)], foreign.to_vec()].concat(), foreign);
    tx.expect_living_pairing().returning(|from, _| {
        Ok((from == id(11)).then(|| pairing(&agent(22), Permission::Both, PairingStatus::Active)))
    });
}

/// The uploads `id(71)` and `id(72)` hold so many bytes each.
fn hold(tx: &mut MockTx, bytes: u64) {
    tx.expect_upload().returning(move |of| {
        Ok(Some(Upload { id: of, reserved_bytes: bytes, ..super::super::testing::upload(71, 60) }))
    });
}

fn settles(tx: &mut MockTx) {
    hold(tx, 0);
    for upload in [71, 72] {
        tx.expect_settle_upload().withf(move |of| *of == id(upload)).times(1).return_once(|_| Ok(true));
    }
}

fn writes(tx: &mut MockTx) {
    tx.expect_insert_transfer().times(1).return_once(|_| Ok(()));
    tx.expect_count_transfer_of_key()
        .withf(|key| *key == me().credential.key())
        .times(1)
        .return_once(|_| Ok(()));
}

#[tokio::test]
async fn received_files_become_a_transfer_that_both_hear_of() {
    let (fixture, mut tx, journal) = (Fixture::new(), MockTx::new(), Journal::default());
    paired_with(&mut tx, &[agent(22)]);
    settles(&mut tx);
    writes(&mut tx);
    journal.allow_all(&mut tx);
    let draft = Draft {
        message: Some("hello".to_owned()),
        max_downloads: 7,
        auto_delete: true,
        lifetime_seconds: Some(3_600),
        ivs: Some(vec![[1; 12], [2; 12]]),
        encryption: Encryption { sender_signature: Some(vec![9; 64]), ..Encryption::PLAIN },
        ..draft("agent-22")
    };

    let made = act(draft.clone()).perform(&fixture.cx(), &mut tx).await.unwrap();

    let file = |n: u128, at: u128, name: &str, iv: u8| TransferFile {
        id: id(Fixture::FIRST_ID + at),
        sha256: Some([n as u8; 32]),
        encryption_iv: Some([iv; 12]),
        ..super::super::testing::file(n - 10, name, 5)
    };
    let expected = Transfer {
        id: id(Fixture::FIRST_ID + 2),
        files: vec![file(71, 0, "a.txt", 1), file(72, 1, "b.txt", 2)],
        message: draft.message,
        max_downloads: 7,
        auto_delete: true,
        total_size: 10,
        encryption: draft.encryption,
        created_at: fixture.now,
        expires_at: fixture.now + TimeDelta::hours(1),
        ..transfer(&agent(22))
    };
    assert_eq!(made, expected);
    assert_eq!(journal.locked(), [id(ME), id(THEM)]);
    assert_eq!(journal.audited(), [("transfer.create", made.id.to_string())]);
    let told = EventName::TransferCreated;
    assert_eq!(journal.told(), [(id(ME), told), (id(THEM), told)]);
}

#[tokio::test]
async fn within_one_account_it_is_told_once() {
    let (fixture, mut tx, journal) = (Fixture::new(), MockTx::new(), Journal::default());
    paired_with(&mut tx, &[]);
    settles(&mut tx);
    writes(&mut tx);
    journal.allow_all(&mut tx);
    let made = act(draft("agent-12")).perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!((made.files[0].encryption_iv, made.message), (None, None));
    assert_eq!(journal.told(), [(id(ME), EventName::TransferCreated)]);
}

/// What the act refuses once the accounts are locked; it may write nothing.
async fn refused(tx: &mut MockTx, act: CreateTransfer) -> RouteError {
    Journal::default().allow_locks(tx);
    act.perform(&Fixture::new().cx(), tx).await.unwrap_err()
}

#[tokio::test]
async fn a_lease_that_was_lost_leaves_no_transfer() {
    let mut tx = MockTx::new();
    paired_with(&mut tx, &[agent(22)]);
    hold(&mut tx, 5);
    tx.expect_settle_upload().withf(|of| *of == id::<UploadId>(71)).return_once(|_| Ok(true));
    tx.expect_settle_upload().withf(|of| *of == id::<UploadId>(72)).return_once(|_| Ok(false));
    let refusal = refused(&mut tx, act(draft("agent-22"))).await;
    // Doing it again at once would find the same.
    assert!(matches!(refusal, RouteError::Store(StoreError::Unavailable { contention: false, .. })));
}

#[tokio::test]
async fn a_pairing_that_ends_before_the_lock_counts() {
    let mut tx = MockTx::new();
    knows(&mut tx, &[agent(11), agent(22)], &[agent(22)]);
    let active = pairing(&agent(22), Permission::Both, PairingStatus::Active);
    tx.expect_living_pairing().times(1).return_once(|_, _| Ok(Some(active)));
    tx.expect_living_pairing().times(1).return_once(|_, _| Ok(None));
    let refusal = refused(&mut tx, act(draft("agent-22"))).await;
    assert!(matches!(refusal, RouteError::ShareRequired), "{refusal:?}");
}

#[tokio::test]
async fn a_recipient_that_becomes_another_accounts_before_the_lock_makes_the_act_start_anew() {
    let mut tx = MockTx::new();
    // Looked for first, the slug is nobody's on the own account; then it is.
    tx.expect_agent_by_slug().withf(|_, of| *of == slug("agent-11")).returning(|_, _| Ok(Some(agent(11))));
    let mine = Agent { slug: slug("agent-22"), ..agent(12) };
    tx.expect_agent_by_slug().withf(|_, of| *of == slug("agent-22")).times(1).return_once(|_, _| Ok(None));
    tx.expect_agent_by_slug().withf(|_, of| *of == slug("agent-22")).return_once(|_, _| Ok(Some(mine)));
    paired_with(&mut tx, &[agent(22)]);
    let refusal = refused(&mut tx, act(draft("agent-22"))).await;
    assert!(matches!(refusal, RouteError::Store(error) if error.is_contention()));
}

#[tokio::test]
async fn a_mode_that_involves_people_is_refused_before_anything_is_looked_up() {
    for (mode, word) in [(Mode::AgentToHuman, "agent-to-human"), (Mode::HumanToAgent, "human-to-agent")] {
        let act = act(Draft { mode, ..draft("agent-22") });
        let refusal = act.perform(&Fixture::new().cx(), &mut MockTx::new()).await.unwrap_err();
        assert!(matches!(refusal, RouteError::ModeNotAvailable(named) if named == word));
        let check =
            CheckSoFar { caller: me(), form: TransferForm { mode: Some(mode), ..TransferForm::default() } };
        let refusal = check.answer(&Fixture::new().cx(), &mut MockTx::new()).await.unwrap_err();
        assert!(matches!(refusal, RouteError::ModeNotAvailable(named) if named == word));
    }
}

fn refused_field(refusal: &RouteError) -> Vec<&str> {
    let RouteError::Invalid(invalid) = refusal else { panic!("{refusal:?}") };
    fields(invalid)
}

#[tokio::test]
async fn files_and_lifetime_are_judged_in_this_order_and_before_anything_is_written() {
    let world = || {
        let mut tx = MockTx::new();
        paired_with(&mut tx, &[agent(22)]);
        tx
    };
    let too_long = Draft { lifetime_seconds: Some(86_401), ..draft("agent-22") };
    let refusal = refused(&mut world(), act(too_long.clone())).await;
    assert_eq!(refused_field(&refusal), ["expires_in"]);

    let empty = CreateTransfer { files: Vec::new(), ..act(too_long) };
    assert_eq!(refused_field(&refused(&mut world(), empty).await), ["files"]);

    let few_ivs = Draft { ivs: Some(vec![[1; 12]]), ..draft("agent-22") };
    assert_eq!(refused_field(&refused(&mut world(), act(few_ivs)).await), ["encryption_ivs"]);

    let twice =
        CreateTransfer { files: vec![received(71, "a"), received(72, "a")], ..act(draft("agent-22")) };
    assert_eq!(refused_field(&refused(&mut world(), twice).await), ["files[1]"]);
}

fn channel(tx: &mut MockTx, status: ChannelStatus) {
    let side = |n| ChannelSide::of(&agent(n)).unwrap();
    let channel = Channel { status, ..Channel::open(id(90), side(11), side(22), Fixture::new().now) };
    let view = ChannelView { channel, a_slug: slug("agent-11"), b_slug: slug("agent-22") };
    tx.expect_channel().returning(move |_| Ok(Some(view.clone())));
}

#[tokio::test]
async fn a_revoked_channel_is_refused_before_the_files_are_judged() {
    let mut tx = MockTx::new();
    paired_with(&mut tx, &[agent(22)]);
    channel(&mut tx, ChannelStatus::Revoked);
    let layout = EncryptionLayout::Channel { channel_id: id(90), salt: [1; 32] };
    let draft = Draft { encryption: Encryption { layout, sender_signature: None }, ..draft("agent-22") };
    let act = CreateTransfer { files: Vec::new(), ..act(draft) };
    assert!(matches!(refused(&mut tx, act).await, RouteError::ChannelRevoked));
}

#[tokio::test]
async fn an_account_that_is_gone_is_no_internal_error() {
    let mut tx = MockTx::new();
    tx.expect_account().returning(|_| Ok(None));
    let refusal = act(draft("agent-22")).perform(&Fixture::new().cx(), &mut tx).await.unwrap_err();
    assert!(matches!(refusal, RouteError::Denied(Denied::NotFound("account"))));
}

async fn so_far(form: TransferForm, tx: &mut MockTx) -> Result<(), RouteError> {
    CheckSoFar { caller: me(), form }.answer(&Fixture::new().cx(), tx).await
}

#[tokio::test]
async fn while_sender_or_recipient_are_to_come_only_the_fields_are_judged() {
    // The database is not even asked.
    let forms = [
        TransferForm::default(),
        TransferForm { recipient: None, ..form("agent-11", "") },
        TransferForm { sender: None, ..form("", "agent-22") },
        TransferForm {
            channel_id: Some(id(90)),
            expires_in: Some("9d".to_owned()),
            ..TransferForm::default()
        },
    ];
    for form in forms {
        assert!(so_far(form.clone(), &mut MockTx::new()).await.is_ok(), "{form:?}");
    }
    let bad =
        TransferForm { max_downloads: Some(0), expires_in: Some("1w".to_owned()), ..form("agent-11", "") };
    let refusal = so_far(bad, &mut MockTx::new()).await.unwrap_err();
    assert_eq!(refused_field(&refusal), ["recipient", "max_downloads", "expires_in"]);
}

#[tokio::test]
async fn with_both_the_route_the_channel_and_the_lifetime_are_judged() {
    let mut tx = MockTx::new();
    paired_with(&mut tx, &[agent(22)]);
    channel(&mut tx, ChannelStatus::Revoked);
    assert!(so_far(form("agent-11", "agent-22"), &mut tx).await.is_ok());
    let refusal = so_far(form("agent-11", "nobody"), &mut tx).await.unwrap_err();
    assert!(matches!(refusal, RouteError::ShareRequired), "{refusal:?}");

    let revoked = TransferForm { channel_id: Some(id(90)), ..form("agent-11", "agent-22") };
    assert!(matches!(so_far(revoked, &mut tx).await, Err(RouteError::ChannelRevoked)));

    let within = TransferForm { expires_in: Some("1d".to_owned()), ..form("agent-11", "agent-22") };
    assert!(so_far(within, &mut tx).await.is_ok());
    let too_long = TransferForm { expires_in: Some("25h".to_owned()), ..form("agent-11", "agent-22") };
    assert_eq!(refused_field(&so_far(too_long, &mut tx).await.unwrap_err()), ["expires_in"]);
}

fn unconnected(agent: Agent) -> Agent {
    Agent { keys: None, status: AgentStatus::Disconnected, ..agent }
}

fn naming(account: &str, form: TransferForm) -> TransferForm {
    TransferForm { recipient_account: Some(account.to_owned()), ..form }
}

#[tokio::test]
async fn an_ambiguous_recipient_waits_for_its_account() {
    let twin = Agent { slug: slug("agent-22"), ..agent(33) };
    let mut tx = MockTx::new();
    paired_with(&mut tx, &[agent(22), twin]);
    let form = form("agent-11", "agent-22");
    assert!(so_far(form.clone(), &mut tx).await.is_ok());
    assert!(so_far(naming("", form.clone()), &mut tx).await.is_ok(), "an empty one says nothing");
    assert!(so_far(naming("Account 2", form.clone()), &mut tx).await.is_ok());
    let refusal = so_far(naming("Account 9", form), &mut tx).await.unwrap_err();
    assert!(matches!(refusal, RouteError::AmbiguousRecipient(_)), "{refusal:?}");
}

#[tokio::test]
async fn a_recipient_without_key_is_refused_at_once_unless_another_could_be_meant() {
    let mut tx = MockTx::new();
    paired_with(&mut tx, &[unconnected(agent(22))]);
    let refusal = so_far(form("agent-11", "agent-22"), &mut tx).await.unwrap_err();
    assert!(matches!(refusal, RouteError::RecipientNotConnected), "{refusal:?}");

    // The own agent of that slug has no key; the foreign one has.
    let mine = unconnected(Agent { slug: slug("agent-22"), ..agent(13) });
    let mut tx = MockTx::new();
    knows(&mut tx, &[agent(11), mine, agent(22)], &[agent(22)]);
    tx.expect_living_pairing()
        .returning(|_, _| Ok(Some(pairing(&agent(22), Permission::Both, PairingStatus::Active))));
    let form = form("agent-11", "agent-22");
    assert!(so_far(form.clone(), &mut tx).await.is_ok());
    assert!(so_far(naming("Account 2", form.clone()), &mut tx).await.is_ok());
    let refusal = so_far(naming("Account 1", form), &mut tx).await.unwrap_err();
    assert!(matches!(refusal, RouteError::RecipientNotConnected), "{refusal:?}");
}

#[tokio::test]
async fn a_channel_waits_too_while_another_recipient_could_be_meant() {
    let mine = Agent { slug: slug("agent-22"), ..agent(13) };
    let mut tx = MockTx::new();
    knows(&mut tx, &[agent(11), mine, agent(22)], &[agent(22)]);
    tx.expect_living_pairing()
        .returning(|_, _| Ok(Some(pairing(&agent(22), Permission::Both, PairingStatus::Active))));
    channel(&mut tx, ChannelStatus::Active);
    let form = TransferForm { channel_id: Some(id(90)), ..form("agent-11", "agent-22") };
    assert!(so_far(form.clone(), &mut tx).await.is_ok());
    assert!(so_far(naming("Account 2", form.clone()), &mut tx).await.is_ok());
    let refusal = so_far(naming("Account 1", form), &mut tx).await.unwrap_err();
    assert_eq!(refused_field(&refusal), ["channel_id"]);
}

#[tokio::test]
async fn a_transfer_takes_over_what_its_uploads_hold() {
    for (each, taken, given) in [(0, Some(10), None), (3, Some(4), None), (5, None, None), (8, None, Some(6))]
    {
        let (fixture, mut tx) = (Fixture::new(), MockTx::new());
        paired_with(&mut tx, &[]);
        hold(&mut tx, each);
        settles(&mut tx);
        writes(&mut tx);
        tx.expect_take_storage()
            .withf(move |of, bytes, limit| (*of, Some(*bytes), *limit) == (id(ME), taken, Some(250 << 20)))
            .times(usize::from(taken.is_some()))
            .returning(|_, _, _| Ok(true));
        tx.expect_give_back_storage()
            .withf(move |of, bytes| (*of, Some(*bytes)) == (id(ME), given))
            .times(usize::from(given.is_some()))
            .returning(|_, _| Ok(()));
        tx.expect_count_transfer().times(1).returning(|_, _, _| Ok(true));
        Journal::default().allow_all(&mut tx);
        act(draft("agent-12")).perform(&fixture.cx(), &mut tx).await.unwrap();
    }
}

#[tokio::test]
async fn a_transfer_beyond_the_plan_is_refused() {
    for storage_is_full in [true, false] {
        let mut tx = MockTx::new();
        paired_with(&mut tx, &[]);
        settles(&mut tx);
        tx.expect_take_storage().returning(move |_, _, _| Ok(!storage_is_full));
        tx.expect_unhold_run_out().returning(|_, _| Ok(0));
        tx.expect_unhold_abandoned().returning(|_, _| Ok(0));
        tx.expect_count_transfer().returning(|_, _, _| Ok(false));
        let refusal = refused(&mut tx, act(draft("agent-12"))).await;
        let RouteError::Quota(reached) = refusal else { panic!("{refusal:?}") };
        let is_storage = matches!(reached, crate::account::QuotaError::StorageLimitReached { .. });
        assert_eq!(is_storage, storage_is_full, "{reached:?}");
    }
}
