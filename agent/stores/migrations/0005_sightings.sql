-- On which days targets that stand at a site were seen (C2, C3): first and last ok and failed reading of a day of the
-- agent's zone. `day` counts days since 0001-01-01; it comes first, so that what is written together lies together.
-- Like counts these only grow: a first can become earlier, a last later.
CREATE TABLE sightings (
    day INTEGER NOT NULL,
    component INTEGER NOT NULL,
    first_ok INTEGER,
    last_ok INTEGER,
    first_failed INTEGER,
    last_failed INTEGER,
    PRIMARY KEY (day, component)
) WITHOUT ROWID;
