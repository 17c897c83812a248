CREATE TABLE agents (
    id blob PRIMARY KEY,
    account_id blob NOT NULL REFERENCES accounts (id),
    slug text NOT NULL,
    name text NOT NULL,
    description text,
    agent_type text NOT NULL,
    webhook_url text,
    metadata text NOT NULL,
    available_for_connections integer NOT NULL,
    status text NOT NULL,
    public_key blob,
    signing_key blob,
    key_version integer NOT NULL,
    last_seen_at text,
    created_at text NOT NULL,
    deleted_at text
) STRICT;
CREATE UNIQUE INDEX agents_slug ON agents (account_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX agents_by_age ON agents (account_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE connection_tokens (
    digest blob PRIMARY KEY,
    agent_id blob NOT NULL REFERENCES agents (id),
    account_id blob NOT NULL REFERENCES accounts (id),
    claim_code text NOT NULL,
    expires_at text NOT NULL
) STRICT;
CREATE INDEX connection_tokens_of_agent ON connection_tokens (agent_id);
