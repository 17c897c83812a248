#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};

fn invite(message: Option<&str>) -> Invite {
    let message = message.and_then(|text| InviteMessage::of(text).unwrap());
    Invite { caller: by(INVITER), email: email(INVITEE), message }
}

/// The inviter is there, and so is account 2 if the address belongs to it.
fn world(registered: bool) -> (Fixture, MockTx, Journal) {
    let (fixture, mut tx, journal) = (Fixture::new(), MockTx::new(), Journal::default());
    let inviter = fixture.account(INVITER);
    tx.expect_account().returning(move |_| Ok(Some(inviter.clone())));
    let target = registered.then(|| fixture.account(INVITEE));
    tx.expect_account_by_email()
        .returning(move |asked| Ok(target.clone().filter(|account| account.email == *asked)));
    (fixture, tx, journal)
}

fn knows_nobody(tx: &mut MockTx) {
    tx.expect_blocked_between().returning(|_, _| Ok(false));
    tx.expect_living_connection().returning(|_, _| Ok(None));
    tx.expect_waiting_invite().returning(|_, _| Ok(None));
}

fn counts_up(tx: &mut MockTx, allowed: bool) {
    tx.expect_count_up()
        .withf(|of, counter, limit| {
            (*of, *counter, *limit) == (id(INVITER), AccountCounter::Connections, Some(3))
        })
        .times(1)
        .returning(move |_, _, _| Ok(allowed));
}

#[tokio::test]
async fn an_invite_to_an_account_is_counted_stored_and_told_to_both() {
    let (fixture, mut tx, journal) = world(true);
    knows_nobody(&mut tx);
    counts_up(&mut tx, true);
    let now = fixture.now;
    tx.expect_count_invite()
        .withf(move |of, at, since, limit| {
            (*of, *at, *since, *limit) == (id(INVITER), now, now - TimeDelta::hours(1), 10)
        })
        .times(1)
        .returning(|_, _, _, _| Ok(true));
    tx.expect_insert_connection().times(1).returning(|_| Ok(()));
    journal.allow_all(&mut tx);

    let made = invite(Some(" hello\nthere ")).perform(&fixture.cx(), &mut tx).await.unwrap();

    assert_eq!(made.status, ConnectionStatus::Pending);
    assert_eq!((made.inviter, made.invitee), (id(INVITER), Some(id(INVITEE))));
    assert_eq!(made.invited_email, email(INVITEE));
    assert_eq!(made.message.as_deref(), Some("hello\nthere"));
    assert_eq!(journal.locked_address(), Some(email(INVITEE)));
    assert_eq!(journal.locked(), [id(INVITER), id(INVITEE)]);
    assert_eq!(journal.audited(), [("connection.invite", made.id.to_string())]);
    let told = EventName::ConnectionInvited;
    assert_eq!(journal.told(), [(id(INVITER), told), (id(INVITEE), told)]);
    // Whether the address belongs to an account, its owner alone decides to tell, by accepting.
    assert!(journal.events()[0].facts.is_empty());
    assert_eq!(journal.events()[1].facts, [("other_account_id", made.inviter.to_string())]);
}

#[tokio::test]
async fn an_address_without_an_account_is_invited_all_the_same() {
    let (fixture, mut tx, journal) = world(false);
    knows_nobody(&mut tx);
    counts_up(&mut tx, true);
    tx.expect_count_invite().returning(|_, _, _, _| Ok(true));
    tx.expect_insert_connection().times(1).returning(|_| Ok(()));
    journal.allow_all(&mut tx);

    let made = invite(None).perform(&fixture.cx(), &mut tx).await.unwrap();

    assert_eq!((made.invitee, made.message), (None, None));
    assert_eq!(journal.told(), [(id(INVITER), EventName::ConnectionInvited)]);
}

#[tokio::test]
async fn without_an_hourly_limit_invites_are_not_counted() {
    let (mut fixture, mut tx, journal) = world(false);
    fixture.settings.invites_per_hour = None;
    knows_nobody(&mut tx);
    counts_up(&mut tx, true);
    tx.expect_insert_connection().returning(|_| Ok(()));
    journal.allow_all(&mut tx);
    invite(None).perform(&fixture.cx(), &mut tx).await.unwrap();
}

#[tokio::test]
async fn an_agent_key_can_not_invite() {
    let act = Invite { caller: by_agent_of(INVITER), ..invite(None) };
    let refused = act.perform(&Fixture::new().cx(), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(InviteError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn the_own_address_is_refused() {
    let (fixture, mut tx, _) = world(true);
    let act = Invite { email: email(INVITER), ..invite(None) };
    let refused = act.perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refused, Err(InviteError::SelfConnection)));
}

#[tokio::test]
async fn a_block_from_either_side_refuses() {
    let (fixture, mut tx, journal) = world(true);
    journal.allow_locks(&mut tx);
    tx.expect_blocked_between()
        .withf(|x, y| (*x, *y) == (id(INVITER), id(INVITEE)))
        .returning(|_, _| Ok(true));
    assert!(matches!(invite(None).perform(&fixture.cx(), &mut tx).await, Err(InviteError::Blocked)));
}

async fn refusal_beside(existing: Connection) -> InviteError {
    let (fixture, mut tx, journal) = world(existing.invitee.is_some());
    journal.allow_locks(&mut tx);
    tx.expect_blocked_between().returning(|_, _| Ok(false));
    let waiting = existing.clone();
    tx.expect_living_connection().returning(move |_, _| Ok(Some(existing.clone())));
    tx.expect_waiting_invite().returning(move |_, _| Ok(Some(waiting.clone())));
    invite(None).perform(&fixture.cx(), &mut tx).await.unwrap_err()
}

#[tokio::test]
async fn an_existing_connection_or_invite_refuses() {
    let active = connection(ConnectionStatus::Active);
    assert!(matches!(refusal_beside(active).await, InviteError::AlreadyConnected));
    let mine = connection(ConnectionStatus::Pending);
    assert!(matches!(refusal_beside(mine.clone()).await, InviteError::InvitePending));
    assert!(matches!(refusal_beside(lonely_invite()).await, InviteError::InvitePending));
    let theirs = Connection { inviter: id(INVITEE), invitee: Some(id(INVITER)), ..mine };
    assert!(matches!(refusal_beside(theirs).await, InviteError::InvitedByThem));
}

#[tokio::test]
async fn the_plan_refuses() {
    let (fixture, mut tx, journal) = world(true);
    journal.allow_locks(&mut tx);
    knows_nobody(&mut tx);
    counts_up(&mut tx, false);
    let refused = invite(None).perform(&fixture.cx(), &mut tx).await;
    let Err(InviteError::PlanLimit { plan, limit }) = refused else { panic!("{refused:?}") };
    assert_eq!((plan.as_str(), limit), ("free", 3));
}

#[tokio::test]
async fn too_many_invites_are_told_when_to_come_back() {
    for (began_ago, wait) in [(Some(600), 3_001), (Some(3_600), 1), (None, 3_601)] {
        let (fixture, mut tx, journal) = world(true);
        journal.allow_locks(&mut tx);
        knows_nobody(&mut tx);
        counts_up(&mut tx, true);
        tx.expect_count_invite().returning(|_, _, _, _| Ok(false));
        let began = began_ago.map(|seconds| fixture.ago(seconds));
        tx.expect_invite_window().returning(move |_| Ok(began));
        let refused = invite(None).perform(&fixture.cx(), &mut tx).await;
        let Err(InviteError::TooManyInvites { limit, retry_after_seconds }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!((limit, retry_after_seconds), (10, wait));
    }
}

#[tokio::test]
async fn a_race_that_the_database_decides_is_refused_like_the_rest() {
    for (rule, expected) in [
        (UniqueRule::ConnectionPair, "you are already connected to this account"),
        (UniqueRule::ConnectionInvite, "your invite to this address is still waiting for an answer"),
    ] {
        let (fixture, mut tx, journal) = world(true);
        journal.allow_locks(&mut tx);
        knows_nobody(&mut tx);
        counts_up(&mut tx, true);
        tx.expect_count_invite().returning(|_, _, _, _| Ok(true));
        tx.expect_insert_connection().returning(move |_| Err(StoreError::Conflict(rule)));
        let refused = invite(None).perform(&fixture.cx(), &mut tx).await.unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
}

#[tokio::test]
async fn a_sign_up_in_between_repeats_the_act() {
    let (fixture, mut tx, journal) = (Fixture::new(), MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    let (inviter, invitee) = (fixture.account(INVITER), fixture.account(INVITEE));
    tx.expect_account().returning(move |_| Ok(Some(inviter.clone())));
    tx.expect_account_by_email().times(1).returning(|_| Ok(None));
    tx.expect_account_by_email().returning(move |_| Ok(Some(invitee.clone())));
    let refused = invite(None).perform(&fixture.cx(), &mut tx).await;
    let Err(InviteError::Store(error)) = refused else { panic!("{refused:?}") };
    assert!(error.is_contention());
}
