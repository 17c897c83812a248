#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::super::{PairingStatus, Permission};
use super::*;
use crate::mock::{Fixture, MockTx, id};

async fn confirm(caller: Caller, saw: Confirmed, tx: &mut MockTx) -> Result<Pairing, ConfirmError> {
    Confirm { caller, id: id(600), saw }.perform(&Fixture::new().cx(), tx).await
}

const BLIND: Confirmed = Confirmed { version: None, permission: None };

#[tokio::test]
async fn the_other_side_confirms_and_both_are_told() {
    let (mut tx, journal) = finding(Some(pairing(PairingStatus::Pending)));
    writes(&mut tx, PairingStatus::Active);
    journal.allow_all(&mut tx);

    // The proposer's send_only is this side's receive_only.
    let saw = Confirmed { version: Some(5), permission: Some(Permission::ReceiveOnly) };
    let active = confirm(by(OTHER), saw, &mut tx).await.unwrap();

    assert_eq!(active.confirmed_at, Some(Fixture::new().now));
    assert_eq!(journal.locked(), [id(PROPOSER), id(OTHER)]);
    assert_eq!(journal.audited(), [("pairing.confirm", active.id.to_string())]);
    assert_eq!(journal.told(), both_told(EventName::PairingConfirmed));
    assert_eq!(fact(&journal, OTHER, "status"), "active");
    assert_eq!(fact(&journal, OTHER, "version"), "6");
}

#[tokio::test]
async fn an_agent_key_can_not_confirm() {
    let refused = confirm(by_agent_of(OTHER), BLIND, &mut MockTx::new()).await;
    assert!(matches!(refused, Err(ConfirmError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for (caller, found) in [(STRANGER, Some(pairing(PairingStatus::Pending))), (OTHER, None)] {
        let refused = confirm(by(caller), BLIND, &mut finding(found).0).await;
        assert!(matches!(refused, Err(ConfirmError::Denied(Denied::NotFound("Pairing")))));
    }
}

async fn refusal(caller: u128, status: PairingStatus, saw: Confirmed) -> ConfirmRefused {
    let (mut tx, journal) = finding_first_then(pairing(PairingStatus::Pending), Some(pairing(status)));
    journal.allow_locks(&mut tx);
    match confirm(by(caller), saw, &mut tx).await {
        Err(ConfirmError::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_a_pending_pairing_is_confirmed_as_seen_under_the_lock() {
    for status in [PairingStatus::Active, PairingStatus::Rejected, PairingStatus::Revoked] {
        for caller in [PROPOSER, OTHER] {
            assert_eq!(refusal(caller, status, BLIND).await, ConfirmRefused::NotPending(status));
        }
    }
}

#[tokio::test]
async fn the_proposer_can_not_confirm() {
    assert_eq!(refusal(PROPOSER, PairingStatus::Pending, BLIND).await, ConfirmRefused::OwnProposal);
}

#[tokio::test]
async fn nobody_confirms_what_they_have_not_seen() {
    let permission = |permission| Confirmed { version: None, permission: Some(permission) };
    let version = |version| Confirmed { version: Some(version), permission: None };
    for saw in [version(4), version(6), permission(Permission::Both), permission(Permission::SendOnly)] {
        assert_eq!(refusal(OTHER, PairingStatus::Pending, saw).await, ConfirmRefused::Changed, "{saw:?}");
    }
}
