#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::PairingStatus;
use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, MockTx, id};

async fn reject(caller: Caller, tx: &mut MockTx) -> Result<Pairing, RejectError> {
    Reject { caller, id: id(600) }.perform(&Fixture::new().cx(), tx).await
}

#[tokio::test]
async fn the_other_side_rejects_and_both_are_told() {
    let (mut tx, journal) = finding(Some(pairing(PairingStatus::Pending)));
    writes(&mut tx, PairingStatus::Rejected);
    gives_back_its_place(&mut tx);
    journal.allow_all(&mut tx);

    let rejected = reject(by(OTHER), &mut tx).await.unwrap();

    assert_eq!(rejected.revoked_at, Some(Fixture::new().now));
    assert_eq!(journal.locked(), [id(PROPOSER), id(OTHER)]);
    assert_eq!(journal.audited(), [("pairing.reject", rejected.id.to_string())]);
    assert_eq!(journal.told(), both_told(EventName::PairingRejected));
}

#[tokio::test]
async fn an_agent_key_can_not_reject() {
    let refused = reject(by_agent_of(OTHER), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(RejectError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for (caller, found) in [(STRANGER, Some(pairing(PairingStatus::Pending))), (OTHER, None)] {
        let refused = reject(by(caller), &mut finding(found).0).await;
        assert!(matches!(refused, Err(RejectError::Denied(Denied::NotFound("Pairing")))));
    }
}

#[tokio::test]
async fn the_proposer_can_not_reject() {
    let (mut tx, journal) = finding(Some(pairing(PairingStatus::Pending)));
    journal.allow_locks(&mut tx);
    let refused = reject(by(PROPOSER), &mut tx).await;
    assert!(matches!(refused, Err(RejectError::Refused(EndRefused::OwnProposal))));
}

#[tokio::test]
async fn only_a_pending_pairing_is_rejected_as_seen_under_the_lock() {
    for status in [PairingStatus::Active, PairingStatus::Rejected, PairingStatus::Revoked] {
        let (mut tx, journal) = finding_first_then(pairing(PairingStatus::Pending), Some(pairing(status)));
        journal.allow_locks(&mut tx);
        let refused = reject(by(OTHER), &mut tx).await;
        assert!(matches!(refused, Err(RejectError::Refused(EndRefused::NotPending(s))) if s == status));
    }
}
