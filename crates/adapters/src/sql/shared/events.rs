use agentdrop_domain::event::{Event, EventLog, EventName};
use agentdrop_domain::store::StoreError;
use agentdrop_domain::words::word_of;
use async_trait::async_trait;
use diesel::prelude::*;

use super::Session;
use super::key::Key;
use super::schema::{accounts, events};

#[async_trait]
impl EventLog for Session {
    async fn append_events(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let mut in_order: Vec<&Event> = events.iter().collect();
        in_order.sort_by_key(|event| event.account);
        for event in in_order {
            self.append_event(event).await?;
        }
        Ok(())
    }
}

impl Session {
    async fn append_event(&mut self, event: &Event) -> Result<(), StoreError> {
        let row = accounts::table.find(Key::from(event.account));
        let next = diesel::update(row)
            .set(accounts::event_seq.eq(accounts::event_seq + 1))
            .returning(accounts::event_seq);
        let seq: Option<i64> = self.get(next).await?;
        let seq = seq.ok_or_else(|| {
            StoreError::Internal(
                format!("an event speaks of account {}, which is not there", event.account).into(),
            )
        })?;
        let facts: serde_json::Map<_, _> =
            event.facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.clone().into())).collect();
        let row = (
            events::account_id.eq(Key::from(event.account)),
            events::seq.eq(seq),
            events::name.eq(word_of(&EventName::ALL, event.name)),
            events::subject.eq(&event.subject),
            events::facts.eq(serde_json::Value::Object(facts)),
            events::at.eq(event.at),
        );
        self.execute(diesel::insert_into(events::table).values(row)).await?;
        Ok(())
    }
}
