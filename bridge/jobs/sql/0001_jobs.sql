CREATE TABLE jobs (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    song            TEXT NOT NULL,
    state           TEXT NOT NULL,
    door            TEXT NOT NULL,
    source          TEXT NOT NULL,
    spool           TEXT NOT NULL,
    sha256          TEXT NOT NULL,
    inode           TEXT NOT NULL,
    size            INTEGER NOT NULL,
    mtime_ns        INTEGER NOT NULL,
    stems_key       TEXT NOT NULL,
    order_json      TEXT NOT NULL,
    created         REAL NOT NULL,
    updated         REAL NOT NULL,
    attempt         INTEGER NOT NULL DEFAULT 0,
    progress        REAL NOT NULL DEFAULT 0,
    step            TEXT NOT NULL DEFAULT '',
    cancelling      INTEGER NOT NULL DEFAULT 0,
    error_code      TEXT,
    error_message   TEXT,
    error_advice    TEXT,
    error_retryable INTEGER,
    retry_at        REAL,
    plan            TEXT NOT NULL DEFAULT '',
    folder          TEXT
) STRICT;

CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE INDEX jobs_by_source ON jobs (source, number);

CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job    TEXT NOT NULL REFERENCES jobs (id),
    at     REAL NOT NULL,
    kind   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_job ON events (job, number);

-- What the inbox has dealt with. The inode is text: on Windows it is an unsigned 64-bit number, too large for SQLite.
CREATE TABLE seen (
    path     TEXT PRIMARY KEY,
    inode    TEXT NOT NULL,
    size     INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
