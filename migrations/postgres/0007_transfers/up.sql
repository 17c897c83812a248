CREATE TABLE transfers (
    id uuid PRIMARY KEY,
    mode text NOT NULL,
    status text NOT NULL,
    sender_account_id uuid NOT NULL REFERENCES accounts (id),
    sender_account_name text NOT NULL,
    sender_label text NOT NULL,
    sender_agent_id uuid REFERENCES agents (id),
    sender_public_key bytea,
    sender_key_version bigint,
    recipient_account_id uuid NOT NULL REFERENCES accounts (id),
    recipient_label text NOT NULL,
    recipient_agent_id uuid NOT NULL REFERENCES agents (id),
    recipient_public_key bytea,
    recipient_key_version bigint,
    message text,
    auto_delete boolean NOT NULL,
    max_downloads bigint NOT NULL,
    downloads bigint NOT NULL,
    total_size bigint NOT NULL,
    encrypted boolean NOT NULL,
    algorithm text,
    encrypted_key bytea,
    channel_id uuid REFERENCES channels (id),
    channel_salt bytea,
    sender_signature bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    purged_at timestamptz,
    CHECK (downloads <= max_downloads)
);
-- expires_at is carried along so that the clock's part of the status needs no row.
CREATE INDEX transfers_inbox ON transfers (recipient_agent_id, status, created_at DESC, id, expires_at);
CREATE INDEX transfers_sent ON transfers (sender_account_id, created_at DESC, id);
CREATE INDEX transfers_sent_by_agent ON transfers (sender_agent_id, created_at DESC, id);
CREATE INDEX transfers_run_out ON transfers (expires_at, id) WHERE status = 'active';
CREATE INDEX transfers_between ON transfers (recipient_account_id, sender_account_id)
    WHERE status = 'active';

CREATE TABLE transfer_files (
    transfer_id uuid NOT NULL REFERENCES transfers (id),
    position bigint NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    size bigint NOT NULL,
    content_type text NOT NULL,
    object_key text COLLATE "C" NOT NULL,
    sha256 bytea,
    encryption_iv bytea,
    PRIMARY KEY (transfer_id, position)
);
CREATE UNIQUE INDEX transfer_files_id ON transfer_files (id);
CREATE UNIQUE INDEX transfer_files_object ON transfer_files (object_key);

CREATE TABLE grants (
    id uuid PRIMARY KEY,
    transfer_id uuid NOT NULL REFERENCES transfers (id),
    key_id uuid NOT NULL REFERENCES api_keys (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    streaming_until timestamptz,
    revoked_at timestamptz
);
CREATE INDEX grants_of_transfer ON grants (transfer_id) WHERE revoked_at IS NULL;
