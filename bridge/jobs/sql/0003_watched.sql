-- Whether the inbox sees the bounce, by whichever door it came.
ALTER TABLE jobs ADD COLUMN watched INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET watched = 1 WHERE door = 'inbox';
