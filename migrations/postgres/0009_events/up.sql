-- Numbered per account under the account's row lock: accounts.event_seq is the last number given out.
CREATE TABLE events (
    account_id uuid NOT NULL REFERENCES accounts (id),
    seq bigint NOT NULL,
    name text NOT NULL,
    subject text NOT NULL,
    facts jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, seq)
);
