-- The trace that was made when a fault opened: evidence of where the path broke. Rows are only ever added (E1).

CREATE TABLE paths (
    fault TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    target TEXT NOT NULL,
    method TEXT NOT NULL,
    address TEXT NOT NULL,
    port INTEGER,
    source TEXT NOT NULL,
    ended TEXT NOT NULL,
    took_us INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (fault, number)
) WITHOUT ROWID;

-- One row a packet sent, first those that were answered; address None: nothing came back.
CREATE TABLE path_answers (
    fault TEXT NOT NULL,
    number INTEGER NOT NULL,
    hop INTEGER NOT NULL,
    query INTEGER NOT NULL,
    address TEXT,
    rtt_us INTEGER,
    said TEXT,
    words TEXT,
    type INTEGER,
    code INTEGER,
    PRIMARY KEY (fault, number, hop, query)
) WITHOUT ROWID;
