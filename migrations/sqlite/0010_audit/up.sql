-- No references: the log outlives what it speaks of.
CREATE TABLE audit_entries (
    id blob PRIMARY KEY,
    at text NOT NULL,
    account_id blob,
    key_id blob,
    act text NOT NULL,
    subject text NOT NULL
) STRICT;
CREATE INDEX audit_entries_by_time ON audit_entries (at);
CREATE INDEX audit_entries_of_account ON audit_entries (account_id, at);
