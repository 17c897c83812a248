CREATE TABLE api_keys (
    id blob PRIMARY KEY,
    account_id blob NOT NULL REFERENCES accounts (id),
    agent_id blob REFERENCES agents (id),
    name text NOT NULL,
    prefix text NOT NULL,
    digest blob NOT NULL,
    last_used_at text,
    transfer_count integer NOT NULL,
    created_at text NOT NULL,
    revoked_at text
) STRICT;
CREATE UNIQUE INDEX api_keys_digest ON api_keys (digest);
CREATE INDEX api_keys_of_account ON api_keys (account_id, created_at DESC, id)
    WHERE revoked_at IS NULL AND agent_id IS NULL;
CREATE INDEX api_keys_of_agent ON api_keys (agent_id, created_at DESC, id) WHERE revoked_at IS NULL;
