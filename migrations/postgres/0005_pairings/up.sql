-- agent_low and agent_high are the two agents in the order of their ids, so that one index knows a pair in
-- both orders.
CREATE TABLE pairings (
    id uuid PRIMARY KEY,
    connection_id uuid NOT NULL REFERENCES connections (id),
    proposer_account_id uuid NOT NULL REFERENCES accounts (id),
    proposer_agent_id uuid NOT NULL REFERENCES agents (id),
    other_account_id uuid NOT NULL REFERENCES accounts (id),
    other_agent_id uuid NOT NULL REFERENCES agents (id),
    agent_low uuid NOT NULL,
    agent_high uuid NOT NULL,
    permission text NOT NULL,
    status text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    revoked_at timestamptz,
    CHECK (agent_low < agent_high)
);
CREATE UNIQUE INDEX pairings_pair ON pairings (agent_low, agent_high) WHERE status IN ('pending', 'active');
CREATE INDEX pairings_of_high_agent ON pairings (agent_high) WHERE status IN ('pending', 'active');
CREATE INDEX pairings_of_connection ON pairings (connection_id, created_at DESC, id);
CREATE INDEX pairings_living_of_connection ON pairings (connection_id, status)
    WHERE status IN ('pending', 'active');
CREATE INDEX pairings_of_proposer ON pairings (proposer_account_id, status)
    WHERE status IN ('pending', 'active');
CREATE INDEX pairings_of_other ON pairings (other_account_id, status) WHERE status IN ('pending', 'active');
