CREATE TABLE uploads (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    object_key text COLLATE "C" NOT NULL,
    reserved_bytes bigint NOT NULL,
    created_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    reaping boolean NOT NULL
);
CREATE UNIQUE INDEX uploads_object ON uploads (object_key);
CREATE INDEX uploads_lease ON uploads (lease_until, id);
