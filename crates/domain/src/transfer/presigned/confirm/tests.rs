#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::super::testing::*;
use super::super::testing::pending;
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};
use crate::pairing::{PairingStatus, Permission};

fn arrived() -> (Transfer, Prepared) {
    let (transfer, mut prepared) = pending();
    for file in &mut prepared.files {
        file.state = FileState::Arrived;
    }
    (transfer, prepared)
}

struct Scene {
    rows: (Transfer, Option<Prepared>),
    permission: Option<Permission>,
    caller: u128,
    in_store: Vec<FileId>,
}

impl Scene {
    fn of((transfer, prepared): (Transfer, Prepared)) -> Self {
        let rows = (transfer, Some(prepared));
        Self { rows, permission: Some(Permission::Both), caller: ME, in_store: Vec::new() }
    }

    async fn confirm(self) -> (Result<Transfer, ConfirmError>, Journal) {
        let (fixture, mut tx, journal) = (Fixture::new(), MockTx::new(), Journal::default());
        knows(&mut tx, &[agent(11), agent(22)], &[agent(22)]);
        let (transfer, prepared) = self.rows;
        tx.expect_transfer().returning(move |_| Ok(Some(transfer.clone())));
        tx.expect_prepared().returning(move |_| Ok(prepared.clone()));
        let living = self.permission.map(|right| pairing(&agent(22), right, PairingStatus::Active));
        tx.expect_living_pairing().returning(move |_, _| Ok(living.clone()));
        tx.expect_activate_transfer().returning(|_, _| Ok(true));
        tx.expect_delete_prepared().returning(|_| Ok(()));
        let caller = fixture.account_caller(id(self.caller));
        let act = ConfirmTransfer { caller, id: id(50), in_store: self.in_store };
        journal.allow_locks(&mut tx);
        let noted = journal.clone();
        noted.allow_writes(&mut tx, ..=1);
        (act.perform(&fixture.cx(), &mut tx).await, journal)
    }
}

#[tokio::test]
async fn a_complete_transfer_becomes_active_for_its_time_and_is_told() {
    let (outcome, journal) = Scene::of(arrived()).confirm().await;
    let transfer = outcome.unwrap();
    assert_eq!(transfer.status, TransferStatus::Active);
    assert_eq!(transfer.expires_at, Fixture::new().now + TimeDelta::hours(1));
    let told = EventName::TransferCreated;
    assert_eq!(journal.told(), [(id(ME), told), (id(THEM), told)]);
}

#[tokio::test]
async fn missing_files_are_named() {
    let (transfer, mut prepared) = arrived();
    prepared.files[1].state = FileState::Awaited;
    let (outcome, _) = Scene::of((transfer.clone(), prepared.clone())).confirm().await;
    let Err(ConfirmError::FilesMissing(invalid)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(fields(&invalid), ["files[1]"]);
    assert_eq!(invalid.0[0].message, "\"b.txt\" has not arrived");
    prepared.files[0].state = FileState::Aborted;
    let (outcome, _) = Scene::of((transfer, prepared)).confirm().await;
    let Err(ConfirmError::FilesMissing(invalid)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(fields(&invalid), ["files[0]", "files[1]"]);
}

#[tokio::test]
async fn with_direct_delivery_what_the_store_holds_counts() {
    for (in_store, missing) in [(vec![id(61), id(62)], vec![]), (vec![id(61)], vec!["files[1]"])] {
        let (transfer, mut prepared) = arrived();
        prepared.direct = true;
        prepared.files[0].state = FileState::Awaited;
        let (outcome, _) = Scene { in_store, ..Scene::of((transfer, prepared)) }.confirm().await;
        match outcome {
            Err(ConfirmError::FilesMissing(invalid)) => assert_eq!(fields(&invalid), missing),
            outcome => assert!(outcome.is_ok() && missing.is_empty(), "{outcome:?}"),
        }
    }
    let (transfer, mut prepared) = arrived();
    prepared.direct = true;
    prepared.files[0].state = FileState::Aborted;
    let in_store = vec![id(61), id(62)];
    let (outcome, _) = Scene { in_store, ..Scene::of((transfer, prepared)) }.confirm().await;
    let Err(ConfirmError::FilesMissing(invalid)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(invalid.0[0].message, "\"a.txt\" was aborted");
}

#[tokio::test]
async fn one_that_has_run_out_is_gone_whether_it_was_swept_or_not() {
    for (left, gone) in [(1, false), (0, true)] {
        let (transfer, prepared) = arrived();
        let expires_at = Fixture::new().now + TimeDelta::seconds(left);
        let (outcome, _) = Scene::of((Transfer { expires_at, ..transfer }, prepared)).confirm().await;
        assert_eq!(matches!(outcome, Err(ConfirmError::Gone)), gone, "{outcome:?}");
    }
}

#[tokio::test]
async fn once_is_enough() {
    use TransferStatus::{Active, Deleted, Downloaded, Expired};
    for (status, again) in [(Active, true), (Downloaded, true), (Deleted, false), (Expired, false)] {
        let (transfer, _) = arrived();
        let scene = Scene { rows: (Transfer { status, ..transfer }, None), ..Scene::of(arrived()) };
        let (outcome, _) = scene.confirm().await;
        assert_eq!(matches!(outcome, Err(ConfirmError::AlreadyConfirmed)), again, "{outcome:?}");
        assert_eq!(matches!(outcome, Err(ConfirmError::Gone)), !again, "{outcome:?}");
    }
}

#[tokio::test]
async fn who_may_not_send_any_more_does_not_confirm() {
    let (outcome, _) = Scene { permission: None, ..Scene::of(arrived()) }.confirm().await;
    assert!(matches!(outcome, Err(ConfirmError::Route(RouteError::ShareRequired))), "{outcome:?}");
    let (outcome, _) =
        Scene { permission: Some(Permission::ReceiveOnly), ..Scene::of(arrived()) }.confirm().await;
    assert!(matches!(outcome, Err(ConfirmError::Route(RouteError::PermissionDenied(_)))), "{outcome:?}");
}

#[tokio::test]
async fn nobody_else_confirms() {
    for caller in [THEM, STRANGER] {
        let (outcome, _) = Scene { caller, ..Scene::of(arrived()) }.confirm().await;
        assert!(
            matches!(outcome, Err(ConfirmError::Route(RouteError::Denied(Denied::NotFound(_))))),
            "{outcome:?}"
        );
    }
}
