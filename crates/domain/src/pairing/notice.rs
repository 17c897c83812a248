use super::{Pairing, PairingStatus, Permission};
use crate::clock::Timestamp;
use crate::event::{Event, EventName};
use crate::ids::AccountId;
use crate::words::word_of;

/// An event for each of the pairing's accounts, in that account's own view.
pub(crate) fn events(pairing: &Pairing, name: EventName, at: Timestamp) -> [Event; 2] {
    let event = |account| Event {
        account,
        name,
        subject: pairing.id.to_string(),
        facts: facts(pairing, account),
        at,
    };
    [event(pairing.proposer.account), event(pairing.other.account)]
}

fn facts(pairing: &Pairing, account: AccountId) -> Vec<(&'static str, String)> {
    let (mine, theirs) = pairing.sides_for(account);
    vec![
        ("connection_id", pairing.connection_id.to_string()),
        ("my_agent_id", mine.agent.to_string()),
        ("their_agent_id", theirs.agent.to_string()),
        ("status", word_of(&PairingStatus::ALL, pairing.status).to_owned()),
        ("permission", word_of(&Permission::ALL, pairing.permission_for(account)).to_owned()),
        ("proposed_by", pairing.proposer.account.to_string()),
        ("version", pairing.version.to_string()),
    ]
}
