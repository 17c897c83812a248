-- Whether its recipient has heard of a transfer: of one that was never confirmed it never does.
ALTER TABLE transfers ADD COLUMN announced integer NOT NULL DEFAULT 1;
UPDATE transfers SET announced = 0 WHERE status = 'pending';

DROP INDEX transfers_inbox;
-- Like expires_at, it is carried along so that the status needs no row.
CREATE INDEX transfers_inbox
    ON transfers (recipient_agent_id, status, created_at DESC, id, expires_at, announced);
