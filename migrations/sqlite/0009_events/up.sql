-- Numbered per account under the account's row lock: accounts.event_seq is the last number given out.
CREATE TABLE events (
    account_id blob NOT NULL REFERENCES accounts (id),
    seq integer NOT NULL,
    name text NOT NULL,
    subject text NOT NULL,
    facts text NOT NULL,
    at text NOT NULL,
    PRIMARY KEY (account_id, seq)
) STRICT, WITHOUT ROWID;
