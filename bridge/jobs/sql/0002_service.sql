-- Where a job stands with the separation service, and what it was billed.
ALTER TABLE jobs ADD COLUMN checkpoint TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN minutes INTEGER NOT NULL DEFAULT 0;

-- One row an order: written before the order is sent, since from then on it may cost money.
CREATE TABLE bills (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    job     TEXT NOT NULL REFERENCES jobs (id),
    ordered REAL NOT NULL,
    month   TEXT NOT NULL,
    minutes INTEGER NOT NULL
) STRICT;

CREATE INDEX bills_by_month ON bills (month);
CREATE INDEX bills_by_job ON bills (job, number);
