#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::PairingStatus;
use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, MockTx, id};

async fn update(
    caller: Caller,
    permission: Permission,
    saw_version: Option<u32>,
    tx: &mut MockTx,
) -> Result<Pairing, UpdateError> {
    Update { caller, id: id(600), permission, saw_version }.perform(&Fixture::new().cx(), tx).await
}

#[tokio::test]
async fn the_editor_becomes_the_proposer_and_both_are_told() {
    let (mut tx, journal) = finding(Some(pairing(PairingStatus::Active)));
    writes(&mut tx, PairingStatus::Pending);
    journal.allow_all(&mut tx);

    let updated = update(by(OTHER), Permission::SendOnly, Some(5), &mut tx).await.unwrap();

    assert!(updated.is_proposed_by(id(OTHER)));
    assert_eq!(updated.permission, Permission::SendOnly);
    assert_eq!(journal.locked(), [id(PROPOSER), id(OTHER)]);
    assert_eq!(journal.audited(), [("pairing.update", updated.id.to_string())]);
    assert_eq!(journal.told(), both_told(EventName::PairingUpdated));
    assert_eq!(fact(&journal, PROPOSER, "permission"), "receive_only");
    assert_eq!(fact(&journal, PROPOSER, "proposed_by"), id::<crate::ids::AccountId>(OTHER).to_string());
}

#[tokio::test]
async fn the_present_permission_of_an_active_pairing_changes_nothing() {
    for (caller, permission) in [(PROPOSER, Permission::SendOnly), (OTHER, Permission::ReceiveOnly)] {
        let (mut tx, journal) = finding(Some(pairing(PairingStatus::Active)));
        journal.allow_locks(&mut tx);
        let same = update(by(caller), permission, None, &mut tx).await.unwrap();
        assert_eq!(same, pairing(PairingStatus::Active));
    }
}

#[tokio::test]
async fn the_present_permission_of_a_pending_pairing_still_makes_the_editor_its_proposer() {
    let (mut tx, journal) = finding(Some(pairing(PairingStatus::Pending)));
    writes(&mut tx, PairingStatus::Pending);
    journal.allow_all(&mut tx);
    let updated = update(by(OTHER), Permission::ReceiveOnly, None, &mut tx).await.unwrap();
    assert!(updated.is_proposed_by(id(OTHER)));
}

#[tokio::test]
async fn an_agent_key_can_not_update() {
    let refused = update(by_agent_of(OTHER), Permission::Both, None, &mut MockTx::new()).await;
    assert!(matches!(refused, Err(UpdateError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for (caller, found) in [(STRANGER, Some(pairing(PairingStatus::Active))), (OTHER, None)] {
        let refused = update(by(caller), Permission::Both, None, &mut finding(found).0).await;
        assert!(matches!(refused, Err(UpdateError::Denied(Denied::NotFound("Pairing")))));
    }
}

#[tokio::test]
async fn a_pairing_that_is_over_under_the_lock_is_not_changed() {
    for status in [PairingStatus::Rejected, PairingStatus::Revoked] {
        let (mut tx, journal) = finding_first_then(pairing(PairingStatus::Active), Some(pairing(status)));
        journal.allow_locks(&mut tx);
        let refused = update(by(OTHER), Permission::Both, None, &mut tx).await;
        assert!(matches!(refused, Err(UpdateError::Refused(UpdateRefused::NotLiving(s))) if s == status));
    }
}

#[tokio::test]
async fn nobody_changes_what_they_have_not_seen() {
    for version in [4, 6] {
        let (mut tx, journal) = finding(Some(pairing(PairingStatus::Active)));
        journal.allow_locks(&mut tx);
        let refused = update(by(OTHER), Permission::Both, Some(version), &mut tx).await;
        assert!(matches!(refused, Err(UpdateError::Refused(UpdateRefused::Changed))));
    }
}
