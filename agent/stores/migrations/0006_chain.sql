-- The chain (E3). Triggers note the key of every row that becomes durable, in the same transaction, however it is
-- written; a head is made of what was noted (ADR 0021). Keys of fewer than four columns are filled up with 0.

-- generation: how many heads were begun. found: rows were there before the chain was. checked: up to which head late rows
-- were held against the seals.
CREATE TABLE chain_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    found INTEGER NOT NULL,
    checked INTEGER NOT NULL
);

-- Keys of rows recorded since the last head was begun.
CREATE TABLE chain_fresh (
    tbl TEXT NOT NULL,
    k1 NOT NULL,
    k2 NOT NULL,
    k3 NOT NULL,
    k4 NOT NULL,
    PRIMARY KEY (tbl, k1, k2, k3, k4)
) WITHOUT ROWID;

-- A head that was begun and is not made yet, and the keys of its rows.
CREATE TABLE chain_cuts (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    said TEXT NOT NULL
);
CREATE TABLE chain_due (
    head INTEGER NOT NULL,
    tbl TEXT NOT NULL,
    k1 NOT NULL,
    k2 NOT NULL,
    k3 NOT NULL,
    k4 NOT NULL,
    PRIMARY KEY (head, tbl, k1, k2, k3, k4)
) WITHOUT ROWID;

-- Up to which hour, day or month the rows that only grow until then are covered.
CREATE TABLE chain_closed (
    tbl TEXT PRIMARY KEY,
    upto INTEGER NOT NULL
) WITHOUT ROWID;

-- Rows as they were when head `generation` was begun, kept when they changed after it: what a head covers stays.
CREATE TABLE chain_old (
    tbl TEXT NOT NULL,
    k1 NOT NULL,
    k2 NOT NULL,
    k3 NOT NULL,
    k4 NOT NULL,
    generation INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tbl, k1, k2, k3, k4, generation)
) WITHOUT ROWID;

CREATE TABLE heads (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    algorithm TEXT NOT NULL,
    rows INTEGER NOT NULL,
    root TEXT NOT NULL,
    before TEXT NOT NULL,
    said TEXT NOT NULL,
    form INTEGER NOT NULL,
    digest TEXT NOT NULL UNIQUE
);

-- The rows of a head, in its order: keys as deflated JSON, and the first bytes of each leaf, to name what differs.
CREATE TABLE head_rows (
    head INTEGER NOT NULL,
    part INTEGER NOT NULL,
    tbl TEXT NOT NULL,
    keys BLOB NOT NULL,
    leaves BLOB NOT NULL,
    PRIMARY KEY (head, part)
) WITHOUT ROWID;

CREATE TABLE seals (
    number INTEGER PRIMARY KEY,
    period TEXT NOT NULL,
    revision INTEGER NOT NULL,
    zone TEXT NOT NULL,
    sealed_at INTEGER NOT NULL,
    sealed_by TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    first_head INTEGER NOT NULL,
    last_head INTEGER NOT NULL,
    last_digest TEXT NOT NULL,
    heads TEXT NOT NULL,
    figures TEXT NOT NULL,
    said TEXT NOT NULL,
    before TEXT NOT NULL,
    form INTEGER NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    UNIQUE (period, revision)
);

-- The published table of a plan as a seal has it.
CREATE TABLE seal_figures (
    seal INTEGER NOT NULL,
    plan TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (seal, plan)
) WITHOUT ROWID;

-- What is to reach the witnesses, and what did. kind: head or seal; ref: its number.
CREATE TABLE witness_lines (
    number INTEGER PRIMARY KEY,
    witness TEXT NOT NULL,
    kind TEXT NOT NULL,
    ref INTEGER NOT NULL,
    line TEXT NOT NULL,
    queued_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    failed TEXT,
    delivered_at INTEGER
);
CREATE INDEX witness_waiting ON witness_lines (witness, number) WHERE delivered_at IS NULL;
CREATE INDEX witness_refs ON witness_lines (kind, ref);

INSERT INTO chain_state VALUES (1, 0, EXISTS (SELECT 1 FROM runs) OR EXISTS (SELECT 1 FROM imports), 0);
INSERT INTO chain_closed VALUES ('counts', -1), ('bins', -1), ('sightings', -1);

-- What was there before the chain: it is in the first head.
INSERT INTO chain_fresh SELECT 'meta', key, 0, 0, 0 FROM meta;
INSERT INTO chain_fresh SELECT 'words', id, 0, 0, 0 FROM words;
INSERT INTO chain_fresh SELECT 'vantages', id, 0, 0, 0 FROM vantages;
INSERT INTO chain_fresh SELECT 'components', id, 0, 0, 0 FROM components;
INSERT INTO chain_fresh SELECT 'service', target, version, 0, 0 FROM service;
INSERT INTO chain_fresh SELECT 'anchors', vantage, boot_no, monotonic_ns, 0 FROM anchors;
INSERT INTO chain_fresh SELECT 'records', vantage, boot_no, seq, 0 FROM records;
INSERT INTO chain_fresh SELECT 'edges', component, vantage, boot_no, seq FROM edges;
INSERT INTO chain_fresh SELECT 'gaps', vantage, boot_no, 0, 0 FROM gaps;
INSERT INTO chain_fresh SELECT 'imports', id, 0, 0, 0 FROM imports;
INSERT INTO chain_fresh SELECT 'imported_spans', component, start_at, 0, 0 FROM imported_spans;
INSERT INTO chain_fresh SELECT 'imported_readings', component, at, 0, 0 FROM imported_readings;
INSERT INTO chain_fresh SELECT 'register_rows', register, id, version, 0 FROM register_rows;
INSERT INTO chain_fresh SELECT 'fault_notes', fault, number, 0, 0 FROM fault_notes;
INSERT INTO chain_fresh SELECT 'fault_events', fault, number, 0, 0 FROM fault_events;
INSERT INTO chain_fresh SELECT 'paths', fault, number, 0, 0 FROM paths;
INSERT INTO chain_fresh SELECT 'path_answers', fault, number, hop, query FROM path_answers;
INSERT INTO chain_fresh SELECT 'runs', vantage, boot_no, 0, 0 FROM runs;
INSERT INTO chain_fresh SELECT 'clock_steps', vantage, boot_no, number, 0 FROM clock_steps;

-- Rows that are only ever added.
CREATE TRIGGER chain_meta AFTER INSERT ON meta BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('meta', NEW.key, 0, 0, 0);
END;
CREATE TRIGGER chain_words AFTER INSERT ON words BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('words', NEW.id, 0, 0, 0);
END;
CREATE TRIGGER chain_vantages AFTER INSERT ON vantages BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('vantages', NEW.id, 0, 0, 0);
END;
CREATE TRIGGER chain_components AFTER INSERT ON components BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('components', NEW.id, 0, 0, 0);
END;
CREATE TRIGGER chain_service AFTER INSERT ON service BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('service', NEW.target, NEW.version, 0, 0);
END;
CREATE TRIGGER chain_anchors AFTER INSERT ON anchors BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('anchors', NEW.vantage, NEW.boot_no, NEW.monotonic_ns, 0);
END;
CREATE TRIGGER chain_records AFTER INSERT ON records BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('records', NEW.vantage, NEW.boot_no, NEW.seq, 0);
END;
CREATE TRIGGER chain_edges AFTER INSERT ON edges BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('edges', NEW.component, NEW.vantage, NEW.boot_no, NEW.seq);
END;
CREATE TRIGGER chain_gaps AFTER INSERT ON gaps BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('gaps', NEW.vantage, NEW.boot_no, 0, 0);
END;
CREATE TRIGGER chain_imports AFTER INSERT ON imports BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('imports', NEW.id, 0, 0, 0);
END;
CREATE TRIGGER chain_imported_spans AFTER INSERT ON imported_spans BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('imported_spans', NEW.component, NEW.start_at, 0, 0);
END;
CREATE TRIGGER chain_imported_readings AFTER INSERT ON imported_readings BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('imported_readings', NEW.component, NEW.at, 0, 0);
END;
CREATE TRIGGER chain_register_rows AFTER INSERT ON register_rows BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('register_rows', NEW.register, NEW.id, NEW.version, 0);
END;
CREATE TRIGGER chain_fault_notes AFTER INSERT ON fault_notes BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('fault_notes', NEW.fault, NEW.number, 0, 0);
END;
CREATE TRIGGER chain_fault_events AFTER INSERT ON fault_events BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('fault_events', NEW.fault, NEW.number, 0, 0);
END;
CREATE TRIGGER chain_paths AFTER INSERT ON paths BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('paths', NEW.fault, NEW.number, 0, 0);
END;
CREATE TRIGGER chain_path_answers AFTER INSERT ON path_answers BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('path_answers', NEW.fault, NEW.number, NEW.hop, NEW.query);
END;

-- Rows that are filled in later: what a head covers of them is kept.
CREATE TRIGGER chain_runs AFTER INSERT ON runs BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('runs', NEW.vantage, NEW.boot_no, 0, 0);
END;
CREATE TRIGGER chain_clock_steps AFTER INSERT ON clock_steps BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('clock_steps', NEW.vantage, NEW.boot_no, NEW.number, 0);
END;
CREATE TRIGGER chain_runs_old BEFORE UPDATE ON runs BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('runs', OLD.vantage, OLD.boot_no, 0, 0);
    INSERT OR IGNORE INTO chain_old SELECT
        'runs', OLD.vantage, OLD.boot_no, 0, 0, generation,
        json_array(
            OLD.boot_id, OLD.started_at, OLD.floor, OLD.heartbeat_at, OLD.stopped_at, OLD.open_from, OLD.version,
            OLD.pid
        )
    FROM chain_state;
END;
CREATE TRIGGER chain_clock_steps_old BEFORE UPDATE ON clock_steps BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('clock_steps', OLD.vantage, OLD.boot_no, OLD.number, 0);
    INSERT OR IGNORE INTO chain_old SELECT
        'clock_steps', OLD.vantage, OLD.boot_no, OLD.number, 0, generation,
        json_array(OLD.seen_at, OLD.step_us, OLD.monotonic_ns, OLD.resolved_at, OLD.resolution, OLD.resolved_by)
    FROM chain_state;
END;

-- Rows that grow until their hour, day or month is over; a head takes them then. What comes later is noted like any row.
CREATE TRIGGER chain_counts AFTER INSERT ON counts
WHEN NEW.month <= (SELECT upto FROM chain_closed WHERE tbl = 'counts') BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('counts', NEW.component, NEW.month, 0, 0);
END;
CREATE TRIGGER chain_counts_old BEFORE UPDATE ON counts
WHEN OLD.month <= (SELECT upto FROM chain_closed WHERE tbl = 'counts') BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('counts', OLD.component, OLD.month, 0, 0);
    INSERT OR IGNORE INTO chain_old SELECT
        'counts', OLD.component, OLD.month, 0, 0, generation,
        json_array(OLD.ok, OLD.failed, OLD.error)
    FROM chain_state;
END;
CREATE TRIGGER chain_bins AFTER INSERT ON bins
WHEN NEW.hour <= (SELECT upto FROM chain_closed WHERE tbl = 'bins') BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('bins', NEW.hour, NEW.component, NEW.vantage, NEW.boot_no);
END;
CREATE TRIGGER chain_bins_old BEFORE UPDATE ON bins
WHEN OLD.hour <= (SELECT upto FROM chain_closed WHERE tbl = 'bins') BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('bins', OLD.hour, OLD.component, OLD.vantage, OLD.boot_no);
    INSERT OR IGNORE INTO chain_old SELECT
        'bins', OLD.hour, OLD.component, OLD.vantage, OLD.boot_no, generation,
        json_array(hex(OLD.packed))
    FROM chain_state;
END;
CREATE TRIGGER chain_sightings AFTER INSERT ON sightings
WHEN NEW.day <= (SELECT upto FROM chain_closed WHERE tbl = 'sightings') BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('sightings', NEW.day, NEW.component, 0, 0);
END;
CREATE TRIGGER chain_sightings_old BEFORE UPDATE ON sightings
WHEN OLD.day <= (SELECT upto FROM chain_closed WHERE tbl = 'sightings') BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('sightings', OLD.day, OLD.component, 0, 0);
    INSERT OR IGNORE INTO chain_old SELECT
        'sightings', OLD.day, OLD.component, 0, 0, generation,
        json_array(OLD.first_ok, OLD.last_ok, OLD.first_failed, OLD.last_failed)
    FROM chain_state;
END;
