-- What a plan limits in bytes and by the month is counted on the account's row; the rows of transfers and uploads
-- say how much of it is theirs.
ALTER TABLE accounts ADD COLUMN storage_used integer NOT NULL DEFAULT 0 CHECK (storage_used >= 0);
ALTER TABLE accounts ADD COLUMN transfers_used integer NOT NULL DEFAULT 0 CHECK (transfers_used >= 0);
ALTER TABLE accounts ADD COLUMN month_start text;
ALTER TABLE accounts ADD COLUMN require_encryption integer NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN require_encryption integer NOT NULL DEFAULT 0;
ALTER TABLE transfers ADD COLUMN storage_bytes integer NOT NULL DEFAULT 0 CHECK (storage_bytes >= 0);

UPDATE transfers SET storage_bytes = total_size WHERE status = 'active';
UPDATE accounts SET storage_used =
    (SELECT coalesce(sum(storage_bytes), 0) FROM transfers WHERE sender_account_id = accounts.id)
    + (SELECT coalesce(sum(reserved_bytes), 0) FROM uploads WHERE account_id = accounts.id);

CREATE INDEX transfers_storage ON transfers (sender_account_id, expires_at)
    WHERE status = 'active' AND storage_bytes > 0;
CREATE INDEX uploads_of_account ON uploads (account_id, lease_until);
