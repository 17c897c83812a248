ALTER TABLE prepared_transfers ADD COLUMN direct boolean NOT NULL DEFAULT false;
ALTER TABLE prepared_files ADD COLUMN upload_id text;
