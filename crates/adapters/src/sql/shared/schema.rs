//! The tables, with the column types of the database that this module is compiled for.

macro_rules! tables {
    ($($name:ident ($($key:ident),+) { $($column:ident -> $type:ty,)* })*) => {$(
        diesel::table! {
            use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
            use super::super::dialect::sql_types::{Facts, Id, Moment};

            $name ($($key),+) { $($column -> $type,)* }
        }
    )*
        diesel::allow_tables_to_appear_in_same_query!($($name),*);
    };
}

tables! {
    accounts (id) {
        id -> Id,
        email -> Text,
        name -> Text,
        plan -> Text,
        created_at -> Moment,
        agents_used -> BigInt,
        api_keys_used -> BigInt,
        connections_used -> BigInt,
        invites_used -> BigInt,
        invite_window_at -> Nullable<Moment>,
        event_seq -> BigInt,
        storage_used -> BigInt,
        transfers_used -> BigInt,
        month_start -> Nullable<Moment>,
        require_encryption -> Bool,
    }
    server_secrets (name) {
        name -> Text,
        value -> Binary,
    }
    agents (id) {
        id -> Id,
        account_id -> Id,
        slug -> Text,
        name -> Text,
        description -> Nullable<Text>,
        agent_type -> Text,
        webhook_url -> Nullable<Text>,
        metadata -> Text,
        available_for_connections -> Bool,
        status -> Text,
        public_key -> Nullable<Binary>,
        signing_key -> Nullable<Binary>,
        key_version -> BigInt,
        last_seen_at -> Nullable<Moment>,
        created_at -> Moment,
        deleted_at -> Nullable<Moment>,
        require_encryption -> Bool,
    }
    connection_tokens (digest) {
        digest -> Binary,
        agent_id -> Id,
        account_id -> Id,
        claim_code -> Text,
        expires_at -> Moment,
    }
    api_keys (id) {
        id -> Id,
        account_id -> Id,
        agent_id -> Nullable<Id>,
        name -> Text,
        prefix -> Text,
        digest -> Binary,
        last_used_at -> Nullable<Moment>,
        transfer_count -> BigInt,
        created_at -> Moment,
        revoked_at -> Nullable<Moment>,
    }
    connections (id) {
        id -> Id,
        inviter_id -> Id,
        invitee_id -> Nullable<Id>,
        account_low -> Nullable<Id>,
        account_high -> Nullable<Id>,
        invited_email -> Text,
        message -> Nullable<Text>,
        status -> Text,
        pairings_used -> BigInt,
        created_at -> Moment,
        accepted_at -> Nullable<Moment>,
        revoked_at -> Nullable<Moment>,
    }
    blocks (id) {
        id -> Id,
        blocker_id -> Id,
        blocked_id -> Id,
        created_at -> Moment,
    }
    pairings (id) {
        id -> Id,
        connection_id -> Id,
        proposer_account_id -> Id,
        proposer_agent_id -> Id,
        other_account_id -> Id,
        other_agent_id -> Id,
        agent_low -> Id,
        agent_high -> Id,
        permission -> Text,
        status -> Text,
        version -> BigInt,
        created_at -> Moment,
        confirmed_at -> Nullable<Moment>,
        revoked_at -> Nullable<Moment>,
    }
    channels (id) {
        id -> Id,
        a_account_id -> Id,
        a_agent_id -> Id,
        a_public_key -> Binary,
        a_key_version -> BigInt,
        b_account_id -> Id,
        b_agent_id -> Id,
        b_public_key -> Binary,
        b_key_version -> BigInt,
        status -> Text,
        requested_by -> Id,
        created_at -> Moment,
        activated_at -> Nullable<Moment>,
        revoked_at -> Nullable<Moment>,
    }
    transfers (id) {
        id -> Id,
        mode -> Text,
        status -> Text,
        sender_account_id -> Id,
        sender_account_name -> Text,
        sender_label -> Text,
        sender_agent_id -> Nullable<Id>,
        sender_public_key -> Nullable<Binary>,
        sender_key_version -> Nullable<BigInt>,
        recipient_account_id -> Id,
        recipient_label -> Text,
        recipient_agent_id -> Id,
        recipient_public_key -> Nullable<Binary>,
        recipient_key_version -> Nullable<BigInt>,
        message -> Nullable<Text>,
        auto_delete -> Bool,
        max_downloads -> BigInt,
        downloads -> BigInt,
        total_size -> BigInt,
        encrypted -> Bool,
        algorithm -> Nullable<Text>,
        encrypted_key -> Nullable<Binary>,
        channel_id -> Nullable<Id>,
        channel_salt -> Nullable<Binary>,
        sender_signature -> Nullable<Binary>,
        created_at -> Moment,
        expires_at -> Moment,
        ended_at -> Nullable<Moment>,
        purged_at -> Nullable<Moment>,
        storage_bytes -> BigInt,
        announced -> Bool,
    }
    transfer_files (transfer_id, position) {
        transfer_id -> Id,
        position -> BigInt,
        id -> Id,
        name -> Text,
        size -> BigInt,
        content_type -> Text,
        object_key -> Text,
        sha256 -> Nullable<Binary>,
        encryption_iv -> Nullable<Binary>,
        parts -> BigInt,
    }
    prepared_transfers (transfer_id) {
        transfer_id -> Id,
        key_id -> Id,
        lifetime_seconds -> BigInt,
        direct -> Bool,
    }
    prepared_files (file_id) {
        file_id -> Id,
        transfer_id -> Id,
        position -> BigInt,
        part_size -> Nullable<BigInt>,
        state -> Text,
        upload_id -> Nullable<Text>,
    }
    file_parts (file_id, number) {
        file_id -> Id,
        number -> BigInt,
        size -> BigInt,
        sha256 -> Binary,
        object_key -> Text,
    }
    grants (id) {
        id -> Id,
        transfer_id -> Id,
        key_id -> Id,
        created_at -> Moment,
        expires_at -> Moment,
        streaming_until -> Nullable<Moment>,
        revoked_at -> Nullable<Moment>,
    }
    uploads (id) {
        id -> Id,
        account_id -> Id,
        object_key -> Text,
        reserved_bytes -> BigInt,
        created_at -> Moment,
        lease_until -> Moment,
        reaping -> Bool,
        transfer_id -> Nullable<Id>,
        file_id -> Nullable<Id>,
        part -> Nullable<BigInt>,
    }
    events (account_id, seq) {
        account_id -> Id,
        seq -> BigInt,
        name -> Text,
        subject -> Text,
        facts -> Facts,
        at -> Moment,
    }
    audit_entries (id) {
        id -> Id,
        at -> Moment,
        account_id -> Nullable<Id>,
        key_id -> Nullable<Id>,
        act -> Text,
        subject -> Text,
    }
    jobs (id) {
        id -> Id,
        kind -> Text,
        transfer_id -> Nullable<Id>,
        file_id -> Nullable<Id>,
        unique_key -> Text,
        run_at -> Moment,
        attempts -> BigInt,
        lease_until -> Nullable<Moment>,
    }
    idempotency_records (name) {
        name -> Binary,
        key_id -> Id,
        attempt -> Id,
        request -> Nullable<Binary>,
        answer -> Nullable<Binary>,
        expires_at -> Moment,
    }
}
