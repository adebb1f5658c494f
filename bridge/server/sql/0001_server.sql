-- The secret that links are signed with; one row.
CREATE TABLE secret (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    value    BLOB NOT NULL
) STRICT;

CREATE TABLE keys (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT NOT NULL,
    hash    TEXT NOT NULL UNIQUE,
    state   TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled', 'suspended', 'revoked')),
    created REAL NOT NULL,
    -- Kept by the ledger's trigger alone. The check is what makes a negative balance impossible.
    balance INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0)
) STRICT;

-- A revoked key's name may be given to its successor.
CREATE UNIQUE INDEX keys_by_name ON keys (name) WHERE state <> 'revoked';

CREATE TABLE uploads (
    name    TEXT PRIMARY KEY,
    key     INTEGER NOT NULL REFERENCES keys (number),
    created REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX uploads_by_age ON uploads (created);

CREATE TABLE tasks (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    key         INTEGER NOT NULL REFERENCES keys (number),
    model       INTEGER NOT NULL,
    inputurl    TEXT NOT NULL,
    idempotency TEXT,
    state       TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'working', 'success', 'failed', 'expired')),
    attempt     INTEGER NOT NULL DEFAULT 0,
    created     REAL NOT NULL,
    ended       REAL,
    duration    REAL,
    stems       TEXT NOT NULL DEFAULT '',
    error       TEXT NOT NULL DEFAULT '',
    UNIQUE (key, idempotency)
) STRICT;

CREATE INDEX tasks_to_do ON tasks (number) WHERE state = 'waiting';
CREATE INDEX tasks_under_way ON tasks (key) WHERE state IN ('waiting', 'working');
CREATE INDEX tasks_ended ON tasks (ended) WHERE state IN ('success', 'failed');

-- Every movement of minutes, for ever. `minutes` is what it adds to what the key may still spend.
CREATE TABLE ledger (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    key     INTEGER NOT NULL REFERENCES keys (number),
    task    TEXT REFERENCES tasks (id),
    kind    TEXT NOT NULL CHECK (kind IN ('credit', 'reserve', 'extend', 'settle', 'release')),
    minutes INTEGER NOT NULL,
    at      REAL NOT NULL,
    CHECK ((kind = 'credit') = (task IS NULL)),
    -- A settled task keeps what it has reserved: nothing moves, so nothing can move twice.
    CHECK (CASE kind WHEN 'reserve' THEN minutes < 0 WHEN 'extend' THEN minutes < 0
                     WHEN 'settle' THEN minutes = 0 WHEN 'release' THEN minutes > 0 ELSE minutes <> 0 END),
    UNIQUE (task, kind)
) STRICT;

CREATE UNIQUE INDEX ledger_ends_once ON ledger (task) WHERE kind IN ('settle', 'release');

CREATE TRIGGER ledger_moves_the_balance AFTER INSERT ON ledger BEGIN
    UPDATE keys SET balance = balance + NEW.minutes WHERE number = NEW.key;
END;
CREATE TRIGGER ledger_is_not_rewritten BEFORE UPDATE ON ledger BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER ledger_is_not_torn BEFORE DELETE ON ledger BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER ledger_only_moves_what_is_reserved BEFORE INSERT ON ledger
WHEN NEW.kind IN ('extend', 'settle')
     AND (NOT EXISTS (SELECT 1 FROM ledger WHERE task = NEW.task AND kind = 'reserve')
          OR EXISTS (SELECT 1 FROM ledger WHERE task = NEW.task AND kind IN ('settle', 'release'))) BEGIN
    SELECT RAISE(ABORT, 'the task holds no reservation');
END;
CREATE TRIGGER ledger_releases_what_was_reserved BEFORE INSERT ON ledger
WHEN NEW.kind = 'release'
     AND NEW.minutes <> (SELECT -coalesce(sum(minutes), 0) FROM ledger WHERE task = NEW.task) BEGIN
    SELECT RAISE(ABORT, 'not what the task has reserved');
END;
