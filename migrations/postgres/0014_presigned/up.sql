ALTER TABLE transfer_files ADD COLUMN parts bigint NOT NULL DEFAULT 0;

CREATE TABLE prepared_transfers (
    transfer_id uuid PRIMARY KEY REFERENCES transfers (id),
    key_id uuid NOT NULL REFERENCES api_keys (id),
    lifetime_seconds bigint NOT NULL
);

CREATE TABLE prepared_files (
    file_id uuid PRIMARY KEY,
    transfer_id uuid NOT NULL REFERENCES transfers (id),
    position bigint NOT NULL,
    part_size bigint,
    state text NOT NULL
);
CREATE INDEX prepared_files_of_transfer ON prepared_files (transfer_id, position);

CREATE TABLE file_parts (
    file_id uuid NOT NULL,
    number bigint NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    object_key text COLLATE "C" NOT NULL,
    PRIMARY KEY (file_id, number)
);
CREATE UNIQUE INDEX file_parts_object ON file_parts (object_key);

ALTER TABLE uploads ADD COLUMN transfer_id uuid REFERENCES transfers (id);
CREATE INDEX uploads_of_transfer ON uploads (transfer_id, lease_until) WHERE transfer_id IS NOT NULL;

ALTER TABLE jobs ADD COLUMN file_id uuid;

CREATE INDEX transfers_pending ON transfers (expires_at, id) WHERE status = 'pending';
CREATE INDEX transfers_pending_between ON transfers (recipient_account_id, sender_account_id)
    WHERE status = 'pending';
