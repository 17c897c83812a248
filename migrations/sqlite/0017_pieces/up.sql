-- Which piece of a prepared transfer an upload carries, so that a newer one of the same piece takes its place.
ALTER TABLE uploads ADD COLUMN file_id blob;
ALTER TABLE uploads ADD COLUMN part integer;
CREATE INDEX uploads_of_file ON uploads (file_id) WHERE file_id IS NOT NULL;

-- A prepared transfer that has run out holds nothing either, swept or not.
DROP INDEX transfers_storage;
CREATE INDEX transfers_storage ON transfers (sender_account_id, expires_at)
    WHERE status IN ('active', 'pending') AND storage_bytes > 0;
