CREATE TABLE agents (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    slug text COLLATE "C" NOT NULL,
    name text NOT NULL,
    description text,
    agent_type text NOT NULL,
    webhook_url text,
    metadata text NOT NULL,
    available_for_connections boolean NOT NULL,
    status text NOT NULL,
    public_key bytea,
    signing_key bytea,
    key_version bigint NOT NULL,
    last_seen_at timestamptz,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE UNIQUE INDEX agents_slug ON agents (account_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX agents_by_age ON agents (account_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE connection_tokens (
    digest bytea PRIMARY KEY,
    agent_id uuid NOT NULL REFERENCES agents (id),
    account_id uuid NOT NULL REFERENCES accounts (id),
    claim_code text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX connection_tokens_of_agent ON connection_tokens (agent_id);
