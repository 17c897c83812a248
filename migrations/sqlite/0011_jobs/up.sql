CREATE TABLE jobs (
    id blob PRIMARY KEY,
    kind text NOT NULL,
    transfer_id blob,
    unique_key text NOT NULL,
    run_at text NOT NULL,
    attempts integer NOT NULL,
    lease_until text
) STRICT;
CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key);
CREATE INDEX jobs_due ON jobs (run_at, id);
