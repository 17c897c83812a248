//! How the queries find their rows: through an index, however large the tables are.

pub mod postgres;
pub mod sqlite;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

use super::backend::TestDb;
use super::{
    accounts, agents, api_keys, channels, connections, idempotency, jobs, pairings, presigned, quotas,
    retention, storage, transfers, uploads,
};

static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A statement that clients wait for, which reads rows in their order from one index and sorts nothing, however many
/// there are.
pub struct Pin {
    /// How it ends, or what stands in it; without quotes, parameters as `?`.
    part: &'static str,
    /// `None` is the primary key.
    index: Option<&'static str>,
}

const PINS: [Pin; 8] = [
    Pin {
        part: "SELECT COUNT(*) FROM transfers WHERE ((((transfers.recipient_agent_id = ?) AND (transfers.announced = ?)) \
               AND (transfers.status = ?)) AND (transfers.expires_at > ?))",
        index: Some("transfers_inbox"),
    },
    Pin {
        part: "FROM transfers WHERE ((((transfers.recipient_agent_id = ?) AND (transfers.announced = ?)) \
               AND (transfers.status = ?)) AND (transfers.expires_at > ?)) \
               ORDER BY transfers.created_at DESC, transfers.id LIMIT ? OFFSET ?",
        index: Some("transfers_inbox"),
    },
    Pin {
        part: "SELECT COUNT(*) FROM transfers WHERE (transfers.sender_account_id = ?)",
        index: Some("transfers_sent_by_status"),
    },
    Pin {
        part: "FROM transfers WHERE (transfers.sender_account_id = ?) \
               ORDER BY transfers.created_at DESC, transfers.id LIMIT ? OFFSET ?",
        index: Some("transfers_sent"),
    },
    Pin {
        part: "FROM transfers WHERE (((transfers.sender_account_id = ?) AND (transfers.status = ?)) \
               AND (transfers.expires_at > ?)) ORDER BY transfers.created_at DESC, transfers.id LIMIT ? OFFSET ?",
        index: Some("transfers_sent_by_status"),
    },
    Pin {
        part: "FROM transfers WHERE ((transfers.sender_account_id = ?) AND (transfers.sender_agent_id = ?)) \
               ORDER BY transfers.created_at DESC, transfers.id LIMIT ? OFFSET ?",
        index: Some("transfers_sent_by_agent"),
    },
    Pin { part: "FROM transfers WHERE (transfers.id = ?)", index: None },
    Pin { part: "AND (transfers.downloads < transfers.max_downloads)) RETURNING ", index: None },
];

/// The pins, each with the statements that it holds.
fn pinned(statements: &[String]) -> Vec<(&'static Pin, Vec<&String>)> {
    let holds = |pin: &Pin, statement: &str| {
        let plain = plain(statement);
        plain.ends_with(pin.part) || pin.part.ends_with(' ') && plain.contains(pin.part)
    };
    let of_pin = |pin: &'static Pin| -> Vec<&String> {
        statements.iter().filter(|statement| holds(pin, statement)).collect()
    };
    let pinned: Vec<_> = PINS.iter().map(|pin| (pin, of_pin(pin))).collect();
    for (pin, held) in &pinned {
        assert!(!held.is_empty(), "no statement has {:?}", pin.part);
    }
    pinned
}

/// Without quotes, parameters as `?`.
fn plain(statement: &str) -> String {
    let mut plain = String::new();
    let mut in_parameter = false;
    for c in statement.chars().filter(|c| !matches!(c, '"' | '`')) {
        in_parameter = in_parameter && c.is_ascii_digit();
        if c == '$' {
            plain.push('?');
            in_parameter = true;
        } else if !in_parameter {
            plain.push(c);
        }
    }
    plain
}

/// Keeps the text of every statement.
struct Recorder;

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let statement = text.split(" -- binds").next().unwrap_or(&text);
            STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner).insert(statement.to_owned());
        }
    }
}

/// Runs parts of the contract, each on a database of its own.
macro_rules! run {
    ($fresh:ident: $($subject:ident::$test:ident)*) => {$(
        $subject::$test(&$fresh().await).await;
    )*};
}

/// The statements about rows that run on a database, which quotes names in its own way.
async fn recorded(fresh: impl AsyncFn() -> TestDb, quote: char) -> Vec<String> {
    set_default_instrumentation(|| Some(Box::new(Recorder))).unwrap();
    run! { fresh:
        accounts::accounts_are_listed_oldest_first
        accounts::invites_are_counted_in_windows
        agents::a_deleted_agent_is_found_no_more
        agents::agents_are_listed_oldest_first
        agents::available_agents_tell_their_pairing
        agents::paired_agents_are_found_from_both_sides
        agents::only_the_last_connection_token_works
        api_keys::an_identity_names_key_account_and_agent
        api_keys::keys_are_listed_newest_first_by_kind
        api_keys::all_keys_of_an_agent_are_revoked
        channels::channels_are_listed_for_both_parties
        channels::living_channels_are_found
        connections::a_connection_reads_back_as_it_was_written
        connections::waiting_invites_are_adopted
        connections::a_connection_is_listed_for_both_parties
        connections::a_listed_connection_counts_its_pairings
        connections::a_block_counts_in_both_directions
        idempotency::only_the_attempt_that_holds_a_mark_moves_it
        idempotency::spent_records_are_forgotten_in_batches
        jobs::a_postponed_job_comes_back
        jobs::a_held_job_is_held_longer
        pairings::pairings_are_listed_newest_first_with_cards
        pairings::living_pairings_are_found
        pairings::pending_pairings_are_counted_for_whom_they_wait
        presigned::what_is_prepared_reads_back_as_it_was_written
        presigned::parts_are_put_in_their_places
        presigned::a_files_bytes_are_noted
        presigned::only_a_pending_transfer_becomes_active
        presigned::a_pending_transfer_ends_like_an_active_one
        presigned::what_ran_out_is_found_unless_it_was_prolonged
        presigned::a_recipient_hears_of_what_was_confirmed_alone
        quotas::storage_stays_within_its_limit
        quotas::transfers_are_counted_by_the_month
        quotas::a_transfer_gives_back_what_it_holds_once
        quotas::what_has_run_out_gives_back_what_it_holds
        quotas::abandoned_uploads_give_back_what_they_hold
        retention::a_purged_transfer_goes_with_all_that_is_its_own
        retention::old_events_go_and_the_numbers_go_on
        retention::old_audit_entries_go
        storage::transfers_with_bytes_are_paged_by_id
        storage::objects_are_known_by_files_parts_and_uploads
        transfers::the_inbox_goes_by_the_clock
        transfers::sent_transfers_are_filtered
        transfers::lists_are_paged_with_files
        transfers::a_claim_counts_and_ends
        transfers::active_transfers_are_found
        transfers::grants_protect_until_they_end
        uploads::settling_and_reaping_exclude_each_other
        uploads::abandoned_uploads_are_found
        uploads::a_newer_upload_of_a_piece_takes_the_others
    }
    let statements = STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let of_rows = |statement: &&String| {
        let first = statement.split(' ').next().unwrap_or_default();
        statement.contains(quote)
            && !statement.contains("__diesel")
            && ["SELECT", "UPDATE", "DELETE"].contains(&first)
    };
    let statements: Vec<_> = statements.iter().filter(of_rows).cloned().collect();
    assert!(statements.len() > 80, "only {} statements were seen", statements.len());
    statements
}
