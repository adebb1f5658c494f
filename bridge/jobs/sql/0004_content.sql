-- The hash of the decoded samples, once known: the same audio in another container is found by it before an order.
ALTER TABLE jobs ADD COLUMN content_hash TEXT NOT NULL DEFAULT '';

CREATE INDEX jobs_by_content ON jobs (content_hash);
CREATE INDEX jobs_by_sha256 ON jobs (sha256);
