use super::Connection;
use crate::clock::Timestamp;
use crate::event::{Event, EventName};

/// An event for each of the connection's accounts, each naming the other one as far as it may know it.
pub(super) fn events(connection: &Connection, name: EventName, at: Timestamp) -> Vec<Event> {
    let accounts = connection.accounts();
    let event = |account| Event {
        account,
        name,
        subject: connection.id.to_string(),
        facts: connection
            .known_to(account)
            .map(|other| ("other_account_id", other.to_string()))
            .into_iter()
            .collect(),
        at,
    };
    accounts.into_iter().map(event).collect()
}
