-- As whom components answered, day by day (C2): an address, certificate or engine id behind several units verifies only
-- the unit whose site names it. A row grows until its day is over, as those of sightings do, and is covered then (E3).
CREATE TABLE identities (
    day INTEGER NOT NULL,
    component INTEGER NOT NULL,
    identity TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (day, component, identity)
) WITHOUT ROWID;

INSERT INTO chain_closed VALUES ('identities', -1);

CREATE TRIGGER chain_identities AFTER INSERT ON identities
WHEN NEW.day <= (SELECT upto FROM chain_closed WHERE tbl = 'identities') BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('identities', NEW.day, NEW.component, NEW.identity, 0);
END;
CREATE TRIGGER chain_identities_old BEFORE UPDATE ON identities
WHEN OLD.day <= (SELECT upto FROM chain_closed WHERE tbl = 'identities') BEGIN
    INSERT OR IGNORE INTO chain_fresh VALUES ('identities', OLD.day, OLD.component, OLD.identity, 0);
    INSERT OR IGNORE INTO chain_old SELECT
        'identities', OLD.day, OLD.component, OLD.identity, 0, generation,
        json_array(OLD.first_at, OLD.last_at)
    FROM chain_state;
END;
