-- Registers, records people enter, and what is said of faults. Rows are only ever added (E1).

-- One dated row of a register or record as it was recorded; a change is a further version. valid_* None: unbounded.
CREATE TABLE register_rows (
    register TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    valid_from INTEGER,
    valid_to INTEGER,
    body TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    recorded_by TEXT NOT NULL,
    import INTEGER NOT NULL REFERENCES imports,
    PRIMARY KEY (register, id, version)
) WITHOUT ROWID;

-- What people say of a fault: acknowledged, a note, another priority, cause or unit (F1). value depends on kind.
CREATE TABLE fault_notes (
    fault TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    why TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    recorded_by TEXT NOT NULL,
    PRIMARY KEY (fault, number)
) WITHOUT ROWID;

-- What the running agent made of a fault, in order: opened, joined another (merged_into), restored, void. Ids never vanish.
CREATE TABLE fault_events (
    fault TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    root TEXT NOT NULL,
    start INTEGER NOT NULL,
    merged_into TEXT,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (fault, number)
) WITHOUT ROWID;

-- Steps of the wall clock (T4): both datings are kept. resolved_at None while nobody knows which clock was right.
CREATE TABLE clock_steps (
    vantage INTEGER NOT NULL,
    boot_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    step_us INTEGER NOT NULL,
    monotonic_ns INTEGER NOT NULL,
    resolved_at INTEGER,
    resolution TEXT,
    resolved_by TEXT,
    PRIMARY KEY (vantage, boot_no, number)
) WITHOUT ROWID;
