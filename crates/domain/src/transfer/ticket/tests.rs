use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::super::testing::{file, grant};
use super::*;
use crate::mock::{Fixture, id};

fn ticket() -> impl Strategy<Value = Ticket> {
    // Small ranges beside large ones, so that equal and neighbouring parts occur.
    let number = || prop_oneof![0..20_u64, any::<u64>()];
    let uuid = || prop_oneof![0..20_u128, any::<u128>()];
    let right = prop_oneof![
        uuid().prop_map(|grant| Right::Fetch(Uuid::from_u128(grant).into())),
        (uuid(), prop::option::of(1..30_u32))
            .prop_map(|(transfer, part)| Right::Send(Uuid::from_u128(transfer).into(), part)),
    ];
    (uuid(), right, number(), 0..4_000_000_000_i64).prop_map(|(file, right, size, seconds)| Ticket {
        file: Uuid::from_u128(file).into(),
        right,
        size,
        expires_at: Timestamp::from_timestamp(seconds, 0).unwrap(),
    })
}

proptest! {
    #[test]
    fn each_part_is_signed(one in ticket(), other in ticket()) {
        for changed in [
            Ticket { file: other.file, ..one },
            Ticket { right: other.right, ..one },
            Ticket { size: other.size, ..one },
            Ticket { expires_at: other.expires_at, ..one },
            other,
        ] {
            prop_assert_eq!(changed.message() == one.message(), changed == one, "{:?} {:?}", one, changed);
        }
    }
}

#[test]
fn parts_do_not_run_into_each_other() {
    let at = |size, seconds| Ticket {
        size,
        expires_at: Timestamp::from_timestamp(seconds, 0).unwrap(),
        ..Ticket::to(&file(61, "a", 1), &grant(80))
    };
    assert_ne!(at(1, 23).message(), at(12, 3).message());
}

#[test]
fn file_and_grant_can_not_change_places() {
    let one = Ticket::to(&file(61, "a", 1), &grant(80));
    let swapped = Ticket { file: id(80), right: Right::Fetch(id(61)), ..one };
    assert_ne!(swapped.message(), one.message());
}

#[test]
fn a_part_is_not_its_neighbour_nor_the_whole() {
    let of = |part| Ticket { right: Right::Send(id(50), part), ..Ticket::to(&file(61, "a", 1), &grant(80)) };
    assert!(of(None).message().starts_with("PUT\n"));
    assert_ne!(of(None).message(), of(Some(1)).message());
    assert_ne!(of(Some(1)).message(), of(Some(2)).message());
}

#[test]
fn a_ticket_is_for_reading_and_ends_with_its_grant() {
    let ticket = Ticket::to(&file(61, "a", 5), &grant(80));
    assert!(ticket.message().starts_with("GET\n"));
    assert_eq!(ticket.expires_at, Fixture::new().now + TimeDelta::minutes(15));
    assert_eq!(ticket.size, 5);
}
