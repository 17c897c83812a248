CREATE TABLE transfers (
    id blob PRIMARY KEY,
    mode text NOT NULL,
    status text NOT NULL,
    sender_account_id blob NOT NULL REFERENCES accounts (id),
    sender_account_name text NOT NULL,
    sender_label text NOT NULL,
    sender_agent_id blob REFERENCES agents (id),
    sender_public_key blob,
    sender_key_version integer,
    recipient_account_id blob NOT NULL REFERENCES accounts (id),
    recipient_label text NOT NULL,
    recipient_agent_id blob NOT NULL REFERENCES agents (id),
    recipient_public_key blob,
    recipient_key_version integer,
    message text,
    auto_delete integer NOT NULL,
    max_downloads integer NOT NULL,
    downloads integer NOT NULL,
    total_size integer NOT NULL,
    encrypted integer NOT NULL,
    algorithm text,
    encrypted_key blob,
    channel_id blob REFERENCES channels (id),
    channel_salt blob,
    sender_signature blob,
    created_at text NOT NULL,
    expires_at text NOT NULL,
    ended_at text,
    purged_at text,
    CHECK (downloads <= max_downloads)
) STRICT;
-- expires_at is carried along so that the clock's part of the status needs no row.
CREATE INDEX transfers_inbox ON transfers (recipient_agent_id, status, created_at DESC, id, expires_at);
CREATE INDEX transfers_sent ON transfers (sender_account_id, created_at DESC, id);
CREATE INDEX transfers_sent_by_agent ON transfers (sender_agent_id, created_at DESC, id);
CREATE INDEX transfers_run_out ON transfers (expires_at, id) WHERE status = 'active';
CREATE INDEX transfers_between ON transfers (recipient_account_id, sender_account_id)
    WHERE status = 'active';

CREATE TABLE transfer_files (
    transfer_id blob NOT NULL REFERENCES transfers (id),
    position integer NOT NULL,
    id blob NOT NULL,
    name text NOT NULL,
    size integer NOT NULL,
    content_type text NOT NULL,
    object_key text NOT NULL,
    sha256 blob,
    encryption_iv blob,
    PRIMARY KEY (transfer_id, position)
) STRICT;
CREATE UNIQUE INDEX transfer_files_id ON transfer_files (id);
CREATE UNIQUE INDEX transfer_files_object ON transfer_files (object_key);

CREATE TABLE grants (
    id blob PRIMARY KEY,
    transfer_id blob NOT NULL REFERENCES transfers (id),
    key_id blob NOT NULL REFERENCES api_keys (id),
    created_at text NOT NULL,
    expires_at text NOT NULL,
    streaming_until text,
    revoked_at text
) STRICT;
CREATE INDEX grants_of_transfer ON grants (transfer_id) WHERE revoked_at IS NULL;
