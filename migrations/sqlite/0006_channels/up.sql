CREATE TABLE channels (
    id blob PRIMARY KEY,
    a_account_id blob NOT NULL REFERENCES accounts (id),
    a_agent_id blob NOT NULL REFERENCES agents (id),
    a_public_key blob NOT NULL,
    a_key_version integer NOT NULL,
    b_account_id blob NOT NULL REFERENCES accounts (id),
    b_agent_id blob NOT NULL REFERENCES agents (id),
    b_public_key blob NOT NULL,
    b_key_version integer NOT NULL,
    status text NOT NULL,
    requested_by blob NOT NULL REFERENCES accounts (id),
    created_at text NOT NULL,
    activated_at text,
    revoked_at text,
    CHECK (a_agent_id < b_agent_id)
) STRICT;
CREATE UNIQUE INDEX channels_pair ON channels (a_agent_id, b_agent_id) WHERE status IN ('pending', 'active');
CREATE INDEX channels_of_b_agent ON channels (b_agent_id) WHERE status IN ('pending', 'active');
CREATE INDEX channels_of_a_account ON channels (a_account_id, created_at DESC, id)
    WHERE status IN ('pending', 'active');
CREATE INDEX channels_of_b_account ON channels (b_account_id, created_at DESC, id)
    WHERE status IN ('pending', 'active');
