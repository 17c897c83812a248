CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    transfer_id uuid,
    unique_key text COLLATE "C" NOT NULL,
    run_at timestamptz NOT NULL,
    attempts bigint NOT NULL,
    lease_until timestamptz
);
CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key);
CREATE INDEX jobs_due ON jobs (run_at, id);
