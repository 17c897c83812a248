-- What an account may do is counted on its row, so that a limit is one guarded UPDATE.
CREATE TABLE accounts (
    id blob PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    plan text NOT NULL,
    created_at text NOT NULL,
    agents_used integer NOT NULL DEFAULT 0 CHECK (agents_used >= 0),
    api_keys_used integer NOT NULL DEFAULT 0 CHECK (api_keys_used >= 0),
    connections_used integer NOT NULL DEFAULT 0 CHECK (connections_used >= 0),
    invites_used integer NOT NULL DEFAULT 0 CHECK (invites_used >= 0),
    invite_window_at text,
    event_seq integer NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX accounts_email ON accounts (email);
CREATE INDEX accounts_by_age ON accounts (created_at, id);

-- What the nodes of one installation must agree on, made by whichever starts first.
CREATE TABLE server_secrets (
    name text PRIMARY KEY,
    value blob NOT NULL
) STRICT;
