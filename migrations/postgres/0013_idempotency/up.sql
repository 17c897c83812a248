CREATE TABLE idempotency_records (
    name bytea PRIMARY KEY,
    key_id uuid NOT NULL REFERENCES api_keys (id),
    attempt uuid NOT NULL,
    request bytea,
    answer bytea,
    expires_at timestamptz NOT NULL
);
CREATE INDEX idempotency_records_spent ON idempotency_records (expires_at, name);
