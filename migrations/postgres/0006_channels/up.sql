CREATE TABLE channels (
    id uuid PRIMARY KEY,
    a_account_id uuid NOT NULL REFERENCES accounts (id),
    a_agent_id uuid NOT NULL REFERENCES agents (id),
    a_public_key bytea NOT NULL,
    a_key_version bigint NOT NULL,
    b_account_id uuid NOT NULL REFERENCES accounts (id),
    b_agent_id uuid NOT NULL REFERENCES agents (id),
    b_public_key bytea NOT NULL,
    b_key_version bigint NOT NULL,
    status text NOT NULL,
    requested_by uuid NOT NULL REFERENCES accounts (id),
    created_at timestamptz NOT NULL,
    activated_at timestamptz,
    revoked_at timestamptz,
    CHECK (a_agent_id < b_agent_id)
);
CREATE UNIQUE INDEX channels_pair ON channels (a_agent_id, b_agent_id) WHERE status IN ('pending', 'active');
CREATE INDEX channels_of_b_agent ON channels (b_agent_id) WHERE status IN ('pending', 'active');
CREATE INDEX channels_of_a_account ON channels (a_account_id, created_at DESC, id)
    WHERE status IN ('pending', 'active');
CREATE INDEX channels_of_b_account ON channels (b_account_id, created_at DESC, id)
    WHERE status IN ('pending', 'active');
