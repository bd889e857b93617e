-- The ledger. Times are integer microseconds UTC. Rows of edges, gaps, anchors, records, imports and imported_*
-- are only ever added (E1). doubts and tracks are the running agent's working state, not evidence.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Short texts that rows name by number: reasons of readings.
CREATE TABLE words (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

CREATE TABLE vantages (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- What has a state of its own: a target (component '') or a part of it.
CREATE TABLE components (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    component TEXT NOT NULL,
    kind TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (target, component)
);

-- In-service dates of a target (A2) as they were at recorded_at; the latest version of a target holds.
CREATE TABLE service (
    target TEXT NOT NULL,
    version INTEGER NOT NULL,
    starts INTEGER,
    ends INTEGER,
    recorded_at INTEGER NOT NULL,
    recorded_by TEXT NOT NULL,
    PRIMARY KEY (target, version)
) WITHOUT ROWID;

-- One row a run; the heartbeat extends it. floor is the earliest instant that edges of this run may rewrite,
-- open_from the earliest that a clean stop left open for the next run to decide.
CREATE TABLE runs (
    vantage INTEGER NOT NULL REFERENCES vantages,
    boot_no INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL,
    stopped_at INTEGER,
    open_from INTEGER,
    version TEXT NOT NULL,
    pid INTEGER NOT NULL,
    PRIMARY KEY (vantage, boot_no)
) WITHOUT ROWID;

CREATE TABLE anchors (
    vantage INTEGER NOT NULL,
    boot_no INTEGER NOT NULL,
    monotonic_ns INTEGER NOT NULL,
    wall_at INTEGER NOT NULL,
    PRIMARY KEY (vantage, boot_no, monotonic_ns)
) WITHOUT ROWID;

-- Start, stop, reload, parameters in force, clock steps, isolation, restore (E7): kind and a JSON body.
CREATE TABLE records (
    vantage INTEGER NOT NULL,
    boot_no INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    PRIMARY KEY (vantage, boot_no, seq)
) WITHOUT ROWID;

-- From `at` on the component is in `state`, whatever an earlier row said of later time.
CREATE TABLE edges (
    component INTEGER NOT NULL,
    vantage INTEGER NOT NULL,
    boot_no INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    degraded INTEGER NOT NULL,
    cause INTEGER NOT NULL REFERENCES words,
    uncertainty INTEGER,
    evidence BLOB NOT NULL,
    PRIMARY KEY (component, vantage, boot_no, seq)
) WITHOUT ROWID;

-- The agent did not run from `at` until run boot_no: one row for all components (S8).
CREATE TABLE gaps (
    vantage INTEGER NOT NULL,
    boot_no INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (vantage, boot_no)
) WITHOUT ROWID;

-- Components that are UNKNOWN from `since` if nothing more arrives: an open streak, or validity that ran out.
CREATE TABLE doubts (
    component INTEGER PRIMARY KEY,
    since INTEGER NOT NULL
);

-- What a clean stop knew of each component, for the next start (S8).
CREATE TABLE tracks (
    component INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);

-- Readings per component and month of the zone (E6).
CREATE TABLE counts (
    component INTEGER NOT NULL,
    month INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    error INTEGER NOT NULL,
    PRIMARY KEY (component, month)
) WITHOUT ROWID;

CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    file TEXT NOT NULL,
    digest TEXT NOT NULL,
    as_of INTEGER,
    rows INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    recorded_by TEXT NOT NULL
);

-- Time that an imported history states; spans of one component never overlap.
CREATE TABLE imported_spans (
    component INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    import INTEGER NOT NULL REFERENCES imports,
    PRIMARY KEY (component, start_at)
) WITHOUT ROWID;

CREATE TABLE imported_readings (
    component INTEGER NOT NULL,
    at INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    interval INTEGER NOT NULL,
    over INTEGER NOT NULL,
    import INTEGER NOT NULL REFERENCES imports,
    PRIMARY KEY (component, at)
) WITHOUT ROWID;
