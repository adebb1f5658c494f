-- What an upload may take, so that a key's uploads together can be bounded.
ALTER TABLE uploads ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
CREATE INDEX uploads_by_key ON uploads (key);

-- Grows each time a task of this key is begun: the key with the lowest turn has waited longest.
ALTER TABLE keys ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
