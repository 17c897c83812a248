//! The contract of the domain's database ports, on each database that keeps it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod contract {
    pub mod accounts;
    pub mod agents;
    pub mod api_keys;
    pub mod backend;
    pub mod channels;
    pub mod connections;
    pub mod events;
    pub mod fixtures;
    pub mod idempotency;
    pub mod jobs;
    pub mod migrations;
    pub mod outages;
    pub mod pairings;
    pub mod plans;
    pub mod presigned;
    pub mod quotas;
    pub mod retention;
    pub mod scene;
    pub mod storage;
    pub mod transactions;
    pub mod transfers;
    pub mod uploads;
}

/// Each test once on SQLite and once on Postgres.
macro_rules! contract {
    ($($subject:ident { $($test:ident)* })*) => {
        contract!(on sqlite $($subject { $($test)* })*);
        contract!(on postgres $($subject { $($test)* })*);
    };
    (on $database:ident $($subject:ident { $($test:ident)* })*) => {
        mod $database {$(
            mod $subject {$(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    let db = crate::contract::backend::TestDb::$database().await;
                    crate::contract::$subject::$test(&db).await;
                }
            )*}
        )*}
    };
}

contract! {
    accounts {
        an_account_reads_back_as_it_was_written
        accounts_are_listed_oldest_first
        an_address_belongs_to_one_account
        a_plan_can_be_changed
        counters_stay_within_their_limits
        counters_are_exact_in_parallel
        invites_are_counted_in_windows
        invites_are_exact_in_parallel
        who_locks_an_account_or_an_address_is_alone_with_it
        locks_in_opposite_orders_never_deadlock
    }
    agents {
        an_agent_reads_back_as_it_was_written
        a_slug_names_one_agent_of_an_account
        slugs_are_ordered_by_bytes
        an_update_writes_what_it_says
        a_deleted_agent_is_found_no_more
        agents_are_listed_oldest_first
        the_first_connected_agent_is_the_oldest
        available_agents_tell_their_pairing
        paired_agents_are_found_from_both_sides
        only_the_last_connection_token_works
    }
    api_keys {
        an_identity_names_key_account_and_agent
        keys_are_listed_newest_first_by_kind
        a_key_is_revoked_once
        all_keys_of_an_agent_are_revoked
        uses_of_a_key_are_noted
    }
    connections {
        a_connection_reads_back_as_it_was_written
        two_accounts_have_one_living_connection_in_either_order
        an_address_has_one_waiting_invite_from_an_account
        parallel_invites_of_each_other_make_one_connection
        waiting_invites_are_adopted
        a_connection_is_listed_for_both_parties
        a_listed_connection_counts_its_pairings
        pairings_are_counted_within_the_limit
        a_block_counts_in_both_directions
    }
    pairings {
        a_pairing_reads_back_as_it_was_written
        two_agents_have_one_living_pairing_in_either_order
        of_parallel_proposals_in_both_orders_one_is_made
        an_update_writes_sides_and_state
        pairings_are_listed_newest_first_with_cards
        living_pairings_are_found
        pending_pairings_are_counted_for_whom_they_wait
    }
    channels {
        a_channel_reads_back_as_it_was_written
        two_agents_have_one_living_channel
        channels_are_listed_for_both_parties
        living_channels_are_found
    }
    transfers {
        a_transfer_reads_back_as_it_was_written
        files_keep_their_order
        the_inbox_goes_by_the_clock
        sent_transfers_are_filtered
        lists_are_paged_with_files
        a_claim_counts_and_ends
        of_parallel_claims_on_one_download_one_succeeds
        claims_are_exact_in_parallel
        a_transfer_ends_once_and_can_be_deleted_after
        active_transfers_are_found
        grants_protect_until_they_end
    }
    presigned {
        what_is_prepared_reads_back_as_it_was_written
        parts_are_put_in_their_places
        a_files_bytes_are_noted
        only_a_pending_transfer_becomes_active
        a_pending_transfer_ends_like_an_active_one
        what_ran_out_is_found_unless_it_was_prolonged
        a_recipient_hears_of_what_was_confirmed_alone
        what_gave_its_storage_back_is_over
    }
    storage {
        transfers_with_bytes_are_paged_by_id
        objects_are_known_by_files_parts_and_uploads
        many_objects_are_asked_for_at_once
    }
    retention {
        a_purged_transfer_goes_with_all_that_is_its_own
        a_transfer_to_which_bytes_are_on_their_way_stays
        old_events_go_and_the_numbers_go_on
        old_audit_entries_go
    }
    uploads {
        an_upload_reads_back_as_it_was_written
        a_lease_is_renewed_until_the_sweeper_comes
        settling_and_reaping_exclude_each_other
        abandoned_uploads_are_found
        a_newer_upload_of_a_piece_takes_the_others
    }
    quotas {
        storage_stays_within_its_limit
        storage_is_exact_in_parallel
        transfers_are_counted_by_the_month
        monthly_transfers_are_exact_in_parallel
        a_transfer_gives_back_what_it_holds_once
        what_has_run_out_gives_back_what_it_holds
        abandoned_uploads_give_back_what_they_hold
    }
    jobs {
        a_key_is_queued_once
        a_job_of_every_kind_reads_back_as_it_was_written
        a_job_that_is_queued_again_while_it_is_done_is_done_again
        due_jobs_are_leased_oldest_first
        a_lease_that_ran_out_is_taken_over
        a_held_job_is_held_longer
        a_postponed_job_comes_back
        parallel_workers_never_share_a_job
        a_job_queued_while_it_is_finished_is_not_lost
    }
    idempotency {
        a_record_reads_back_as_it_was_written
        what_counts_is_never_marked_over
        only_the_attempt_that_holds_a_mark_moves_it
        of_parallel_marks_one_is_put
        spent_records_are_forgotten_in_batches
    }
    events {
        events_are_numbered_per_account
        an_undone_event_leaves_no_gap
        a_reader_by_number_skips_nothing
        the_audit_log_keeps_who_did_what
    }
    transactions {
        an_uncommitted_transaction_leaves_nothing
        a_dropped_transaction_frees_its_connection
        a_statement_that_is_left_while_it_runs_frees_its_connection
        a_failed_statement_undoes_the_transaction
        a_view_reads_beside_a_writer
        times_survive_to_the_microsecond
        a_number_beyond_the_database_is_refused
    }
    migrations {
        migrating_again_does_nothing
        all_nodes_get_the_same_secret
        the_database_tells_the_time
    }
}

mod sqlite_alone {
    #[tokio::test(flavor = "multi_thread")]
    async fn no_query_reads_a_whole_table() {
        crate::contract::plans::sqlite::no_query_reads_a_whole_table().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn four_migrators_at_once() {
        let db = crate::contract::backend::TestDb::empty_sqlite().await;
        crate::contract::migrations::four_migrators_at_once(&db).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[cfg(unix)]
    async fn the_file_is_for_its_owner_alone() {
        crate::contract::migrations::the_file_is_for_its_owner_alone().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_vanished_is_an_outage() {
        crate::contract::outages::a_file_that_vanished_is_an_outage().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_path_that_cannot_be_opened_is_an_outage() {
        crate::contract::outages::a_path_that_cannot_be_opened_is_an_outage().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn another_process_that_writes_is_contention() {
        crate::contract::outages::another_process_that_writes_is_contention().await;
    }
}

mod postgres_alone {
    #[tokio::test(flavor = "multi_thread")]
    async fn no_query_reads_a_whole_table() {
        crate::contract::plans::postgres::no_query_reads_a_whole_table().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn four_migrators_at_once() {
        let db = crate::contract::backend::TestDb::empty_postgres().await;
        crate::contract::migrations::four_migrators_at_once(&db).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_is_gone_is_an_outage_until_it_is_back() {
        crate::contract::outages::a_server_that_is_gone_is_an_outage_until_it_is_back().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_says_nothing_is_an_outage_and_its_connection_is_used_no_more() {
        crate::contract::outages::a_server_that_says_nothing_is_an_outage_and_its_connection_is_used_no_more(
        )
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lock_held_too_long_is_contention() {
        crate::contract::outages::a_lock_held_too_long_is_contention().await;
    }
}
