ALTER TABLE prepared_transfers ADD COLUMN direct integer NOT NULL DEFAULT 0;
ALTER TABLE prepared_files ADD COLUMN upload_id text;
