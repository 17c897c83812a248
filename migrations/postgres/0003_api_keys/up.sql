CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    agent_id uuid REFERENCES agents (id),
    name text NOT NULL,
    prefix text NOT NULL,
    digest bytea NOT NULL,
    last_used_at timestamptz,
    transfer_count bigint NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX api_keys_digest ON api_keys (digest);
CREATE INDEX api_keys_of_account ON api_keys (account_id, created_at DESC, id)
    WHERE revoked_at IS NULL AND agent_id IS NULL;
CREATE INDEX api_keys_of_agent ON api_keys (agent_id, created_at DESC, id) WHERE revoked_at IS NULL;
