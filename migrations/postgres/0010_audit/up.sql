-- No references: the log outlives what it speaks of.
CREATE TABLE audit_entries (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    account_id uuid,
    key_id uuid,
    act text NOT NULL,
    subject text NOT NULL
);
CREATE INDEX audit_entries_by_time ON audit_entries (at);
CREATE INDEX audit_entries_of_account ON audit_entries (account_id, at);
