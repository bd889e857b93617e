"""A store in memory with a copy of another one's registers, to try something out before it is done for good."""

from collections.abc import Iterator
from contextlib import contextmanager

from agent.stores.opening import Location, connect, migrate, migrations
from agent.stores.writing import SqliteWriter

_COPIED = ("imports", "register_rows")


@contextmanager
def open_trial(location: Location) -> Iterator[SqliteWriter]:
    """Nothing of it is kept. Errors: StoreError."""
    memory = connect(Location(None))
    try:
        migrate(memory, Location(None))
        if location.path is not None and location.path.is_file():
            memory.execute("ATTACH DATABASE ? AS kept", (str(location.path),))
            if int(memory.execute("PRAGMA kept.user_version").fetchone()[0]) == len(migrations()):
                for table in _COPIED:
                    memory.execute(f"INSERT INTO main.{table} SELECT * FROM kept.{table}")
            memory.execute("DETACH DATABASE kept")
        yield SqliteWriter(memory)
    finally:
        memory.close()
