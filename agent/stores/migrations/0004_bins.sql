-- Traffic of interfaces in bins of five minutes (C4). One row an hour, component and run; `packed` holds its bins in the
-- order in which they were closed and only grows: what a run has said of a bin stays, and is said once (E1, E2).
-- `hour` counts hours since 1970. It comes first, so that what is written together lies together.
CREATE TABLE bins (
    hour INTEGER NOT NULL,
    component INTEGER NOT NULL,
    vantage INTEGER NOT NULL,
    boot_no INTEGER NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (hour, component, vantage, boot_no)
) WITHOUT ROWID;
