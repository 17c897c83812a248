CREATE TABLE idempotency_records (
    name blob PRIMARY KEY,
    key_id blob NOT NULL REFERENCES api_keys (id),
    attempt blob NOT NULL,
    request blob,
    answer blob,
    expires_at text NOT NULL
) STRICT;
CREATE INDEX idempotency_records_spent ON idempotency_records (expires_at, name);
