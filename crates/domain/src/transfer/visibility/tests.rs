use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, id};

fn account(n: u128) -> Caller {
    Fixture::new().account_caller(id(n))
}

fn key_of(n: u8) -> Caller {
    Fixture::new().agent_caller(&agent(n))
}

fn forbidden<T>(outcome: &Result<T, Denied>) -> bool {
    matches!(outcome, Err(Denied::Forbidden(_)))
}

#[test]
fn across_accounts_each_side_has_its_part() {
    let sent = transfer(&agent(22));
    for caller in [account(ME), key_of(11)] {
        assert_eq!(part_of(&caller, &sent), Ok(Part::Sender), "{caller:?}");
        assert!(forbidden(&require_recipient(&caller, &sent)), "{caller:?}");
    }
    for caller in [account(THEM), key_of(22)] {
        assert_eq!(part_of(&caller, &sent), Ok(Part::Recipient), "{caller:?}");
        assert_eq!(require_recipient(&caller, &sent), Ok(()), "{caller:?}");
    }
}

#[test]
fn keys_of_sibling_agents_see_nothing() {
    let sent = transfer(&agent(22));
    for caller in [key_of(12), key_of(23)] {
        assert!(forbidden(&part_of(&caller, &sent)), "{caller:?}");
        assert!(forbidden(&require_recipient(&caller, &sent)), "{caller:?}");
    }
}

#[test]
fn strangers_do_not_learn_that_it_exists() {
    let sent = transfer(&agent(22));
    for caller in [account(STRANGER), key_of(33)] {
        assert_eq!(part_of(&caller, &sent), Err(Denied::NotFound(NO_TRANSFER)), "{caller:?}");
        assert_eq!(require_recipient(&caller, &sent), Err(Denied::NotFound(NO_TRANSFER)), "{caller:?}");
    }
}

#[test]
fn within_one_account_its_key_is_both_and_each_agent_key_one() {
    let sent = transfer(&agent(12));
    assert_eq!(part_of(&account(ME), &sent), Ok(Part::Sender));
    assert_eq!(require_recipient(&account(ME), &sent), Ok(()));
    assert_eq!(part_of(&key_of(11), &sent), Ok(Part::Sender));
    assert!(forbidden(&require_recipient(&key_of(11), &sent)));
    assert_eq!(part_of(&key_of(12), &sent), Ok(Part::Recipient));
    assert_eq!(require_recipient(&key_of(12), &sent), Ok(()));
    assert!(forbidden(&part_of(&key_of(13), &sent)));
}

#[test]
fn what_an_agent_sends_to_itself_it_may_delete_and_download() {
    let sent = transfer(&agent(11));
    assert_eq!(part_of(&key_of(11), &sent), Ok(Part::Sender));
    assert_eq!(require_recipient(&key_of(11), &sent), Ok(()));
}

#[test]
fn a_free_form_sender_is_no_agents_part() {
    let mut sent = transfer(&agent(12));
    sent.sender.agent = None;
    assert!(forbidden(&part_of(&key_of(11), &sent)));
    assert_eq!(part_of(&account(ME), &sent), Ok(Part::Sender));
}
