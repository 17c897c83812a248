-- What an account may do is counted on its row, so that a limit is one guarded UPDATE.
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    email text COLLATE "C" NOT NULL,
    name text NOT NULL,
    plan text NOT NULL,
    created_at timestamptz NOT NULL,
    agents_used bigint NOT NULL DEFAULT 0 CHECK (agents_used >= 0),
    api_keys_used bigint NOT NULL DEFAULT 0 CHECK (api_keys_used >= 0),
    connections_used bigint NOT NULL DEFAULT 0 CHECK (connections_used >= 0),
    invites_used bigint NOT NULL DEFAULT 0 CHECK (invites_used >= 0),
    invite_window_at timestamptz,
    event_seq bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX accounts_email ON accounts (email);
CREATE INDEX accounts_by_age ON accounts (created_at, id);

-- What the nodes of one installation must agree on, made by whichever starts first.
CREATE TABLE server_secrets (
    name text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);
