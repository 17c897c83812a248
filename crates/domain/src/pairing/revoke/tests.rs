#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::PairingStatus;
use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};

async fn revoke(caller: Caller, keys_may: bool, tx: &mut MockTx) -> Result<Pairing, RevokeError> {
    let mut fixture = Fixture::new();
    fixture.settings.allow_key_revocation = keys_may;
    Revoke { caller, id: id(600), purge: false }.perform(&fixture.cx(), tx).await
}

fn ending(status: PairingStatus) -> (MockTx, Journal) {
    let (mut tx, journal) = finding(Some(pairing(status)));
    writes(&mut tx, PairingStatus::Revoked);
    gives_back_its_place(&mut tx);
    journal.allow_all(&mut tx);
    (tx, journal)
}

#[tokio::test]
async fn either_side_revokes_and_both_are_told() {
    for caller in [PROPOSER, OTHER] {
        for status in [PairingStatus::Pending, PairingStatus::Active] {
            let (mut tx, journal) = ending(status);

            let revoked = revoke(by(caller), true, &mut tx).await.unwrap();

            assert_eq!(revoked.revoked_at, Some(Fixture::new().now));
            assert_eq!(journal.locked(), [id(PROPOSER), id(OTHER)]);
            assert_eq!(journal.audited(), [("pairing.revoke", revoked.id.to_string())]);
            assert_eq!(journal.told(), both_told(EventName::PairingRevoked));
        }
    }
}

#[tokio::test]
async fn purging_ends_the_active_transfers_between_the_two_agents() {
    let (mut tx, _journal) = ending(PairingStatus::Active);
    tx.expect_active_transfers_between_agents()
        .withf(|x, y| (*x, *y) == (id(11), id(22)))
        .times(1)
        .returning(|_, _| Ok(vec![id(80)]));
    // The end of a transfer is tested where it is written; one that has ended meanwhile is passed over.
    tx.expect_transfer().times(1).returning(|_| Ok(None));
    let act = Revoke { caller: by(OTHER), id: id(600), purge: true };
    act.perform(&Fixture::new().cx(), &mut tx).await.unwrap();
}

#[tokio::test]
async fn an_agent_key_can_not_revoke() {
    let refused = revoke(by_agent_of(OTHER), true, &mut MockTx::new()).await;
    assert!(matches!(refused, Err(RevokeError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for (caller, found) in [(STRANGER, Some(pairing(PairingStatus::Active))), (OTHER, None)] {
        let refused = revoke(by(caller), true, &mut finding(found).0).await;
        assert!(matches!(refused, Err(RevokeError::Denied(Denied::NotFound("Pairing")))));
    }
}

#[tokio::test]
async fn what_is_over_under_the_lock_is_not_revoked_again() {
    for status in [PairingStatus::Rejected, PairingStatus::Revoked] {
        let (mut tx, journal) = finding_first_then(pairing(PairingStatus::Active), Some(pairing(status)));
        journal.allow_locks(&mut tx);
        let refused = revoke(by(OTHER), true, &mut tx).await;
        assert!(matches!(refused, Err(RevokeError::Refused(EndRefused::AlreadyOver(s))) if s == status));
    }
}

#[tokio::test]
async fn where_revoking_is_reserved_to_sessions_a_key_is_refused() {
    for (caller, status) in
        [(PROPOSER, PairingStatus::Active), (OTHER, PairingStatus::Active), (OTHER, PairingStatus::Pending)]
    {
        let (mut tx, journal) = finding(Some(pairing(status)));
        journal.allow_locks(&mut tx);
        let refused = revoke(by(caller), false, &mut tx).await;
        assert!(matches!(refused, Err(RevokeError::SessionRequired)));
    }
}

#[tokio::test]
async fn a_proposer_withdraws_a_pending_proposal_without_a_session() {
    let (mut tx, _journal) = ending(PairingStatus::Pending);
    revoke(by(PROPOSER), false, &mut tx).await.unwrap();
}
