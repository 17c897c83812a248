CREATE TABLE uploads (
    id blob PRIMARY KEY,
    account_id blob NOT NULL REFERENCES accounts (id),
    object_key text NOT NULL,
    reserved_bytes integer NOT NULL,
    created_at text NOT NULL,
    lease_until text NOT NULL,
    reaping integer NOT NULL
) STRICT;
CREATE UNIQUE INDEX uploads_object ON uploads (object_key);
CREATE INDEX uploads_lease ON uploads (lease_until, id);
