use chrono::TimeDelta;

use super::testing::*;
use super::*;
use crate::mock::{Fixture, id};
use crate::words::{value_of, word_of};

#[test]
fn the_words_are_those_of_the_contract() {
    for (status, word) in [
        (TransferStatus::Active, "active"),
        (TransferStatus::Downloaded, "downloaded"),
        (TransferStatus::Expired, "expired"),
        (TransferStatus::Deleted, "deleted"),
    ] {
        assert_eq!(
            (word_of(&TransferStatus::ALL, status), value_of(&TransferStatus::ALL, word)),
            (word, Some(status))
        );
    }
    for (mode, word) in [
        (Mode::AgentToAgent, "agent-to-agent"),
        (Mode::AgentToHuman, "agent-to-human"),
        (Mode::HumanToAgent, "human-to-agent"),
    ] {
        assert_eq!((word_of(&Mode::ALL, mode), value_of(&Mode::ALL, word)), (word, Some(mode)));
    }
    for (algorithm, word) in [
        (Algorithm::Legacy, "X25519-HKDF-AES-256-GCM"),
        (Algorithm::LegacyAlias, "AES-256-GCM"),
        (Algorithm::Channel, "X25519-CHANNEL-HKDF-AES-256-GCM"),
        (Algorithm::AgentToHuman, "X25519-HKDF-AES-256-GCM-A2H"),
    ] {
        assert_eq!(
            (word_of(&Algorithm::ALL, algorithm), value_of(&Algorithm::ALL, word)),
            (word, Some(algorithm))
        );
    }
}

#[test]
fn an_active_or_pending_transfer_expires_at_its_moment_and_no_other_status_changes() {
    let now = Fixture::new().now;
    for (left, status, expected) in [
        (1, TransferStatus::Active, TransferStatus::Active),
        (0, TransferStatus::Active, TransferStatus::Expired),
        (-1, TransferStatus::Active, TransferStatus::Expired),
        (1, TransferStatus::Pending, TransferStatus::Pending),
        (0, TransferStatus::Pending, TransferStatus::Expired),
        (-1, TransferStatus::Downloaded, TransferStatus::Downloaded),
        (-1, TransferStatus::Deleted, TransferStatus::Deleted),
        (1, TransferStatus::Expired, TransferStatus::Expired),
    ] {
        let expires_at = now + TimeDelta::microseconds(left);
        let transfer = Transfer { status, expires_at, ..transfer(&agent(22)) };
        assert_eq!(transfer.status_at(now), expected, "{left} {status:?}");
        assert_eq!(transfer.clone().as_of(now), Transfer { status: expected, ..transfer });
    }
}

#[test]
fn downloads_that_are_left_never_go_below_none() {
    let left = |downloads| Transfer { downloads, ..transfer(&agent(22)) }.downloads_remaining();
    assert_eq!([left(0), left(2), left(3), left(4)], [3, 1, 0, 0]);
}

#[test]
fn only_plain_transfers_are_not_encrypted() {
    let encryption = |layout| Encryption { layout, sender_signature: None };
    let channel = encryption(EncryptionLayout::Channel { channel_id: id(90), salt: [1; 32] });
    let legacy =
        encryption(EncryptionLayout::Legacy { algorithm: Algorithm::LegacyAlias, encrypted_key: [1; 60] });
    let opaque = encryption(EncryptionLayout::Opaque);
    for (encryption, encrypted, algorithm, channel) in [
        (Encryption::PLAIN, false, None, None),
        (opaque, true, None, None),
        (legacy, true, Some(Algorithm::LegacyAlias), None),
        (channel, true, Some(Algorithm::Channel), Some(id(90))),
    ] {
        assert_eq!(encryption.is_encrypted(), encrypted, "{encryption:?}");
        assert_eq!((encryption.algorithm(), encryption.channel()), (algorithm, channel), "{encryption:?}");
    }
}

#[test]
fn an_event_tells_both_accounts_who_sent_to_whom() {
    let now = Fixture::new().now;
    let events = event_of(&transfer(&agent(22)), EventName::TransferCreated, now);
    let accounts: Vec<AccountId> = events.iter().map(|event| event.account).collect();
    assert_eq!(accounts, [id(ME), id(THEM)]);
    for event in events {
        assert_eq!((event.name, event.at), (EventName::TransferCreated, now));
        assert_eq!(event.subject, id::<TransferId>(50).to_string());
        let facts = [
            ("sender", "agent-11".to_owned()),
            ("recipient", "agent-22".to_owned()),
            ("recipient_agent_uuid", agent(22).id.to_string()),
        ];
        assert_eq!(event.facts, facts);
    }
    assert_eq!(event_of(&transfer(&agent(12)), EventName::TransferCreated, now).len(), 1);
}
