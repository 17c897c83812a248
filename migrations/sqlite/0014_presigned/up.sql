ALTER TABLE transfer_files ADD COLUMN parts integer NOT NULL DEFAULT 0;

CREATE TABLE prepared_transfers (
    transfer_id blob PRIMARY KEY REFERENCES transfers (id),
    key_id blob NOT NULL REFERENCES api_keys (id),
    lifetime_seconds integer NOT NULL
) STRICT;

CREATE TABLE prepared_files (
    file_id blob PRIMARY KEY,
    transfer_id blob NOT NULL REFERENCES transfers (id),
    position integer NOT NULL,
    part_size integer,
    state text NOT NULL
) STRICT;
CREATE INDEX prepared_files_of_transfer ON prepared_files (transfer_id, position);

CREATE TABLE file_parts (
    file_id blob NOT NULL,
    number integer NOT NULL,
    size integer NOT NULL,
    sha256 blob NOT NULL,
    object_key text NOT NULL,
    PRIMARY KEY (file_id, number)
) STRICT;
CREATE UNIQUE INDEX file_parts_object ON file_parts (object_key);

ALTER TABLE uploads ADD COLUMN transfer_id blob REFERENCES transfers (id);
CREATE INDEX uploads_of_transfer ON uploads (transfer_id, lease_until) WHERE transfer_id IS NOT NULL;

ALTER TABLE jobs ADD COLUMN file_id blob;

CREATE INDEX transfers_pending ON transfers (expires_at, id) WHERE status = 'pending';
CREATE INDEX transfers_pending_between ON transfers (recipient_account_id, sender_account_id)
    WHERE status = 'pending';
