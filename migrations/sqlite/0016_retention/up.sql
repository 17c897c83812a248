-- Transfers whose bytes are there, for the check of the storage; those whose bytes are gone, to be forgotten in time.
CREATE INDEX transfers_unpurged ON transfers (id) WHERE purged_at IS NULL;
CREATE INDEX transfers_purged ON transfers (purged_at, id) WHERE purged_at IS NOT NULL;
-- All grants of a transfer, also those taken back: they go with it.
CREATE INDEX grants_by_transfer ON grants (transfer_id);
CREATE INDEX events_by_time ON events (at);
