"""Makes the heads of the chain (E3): begins them, hashes their rows beside the writer, adds them."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.stores import chaining
from agent.stores.chaining import Cut, Kept
from agent.stores.opening import Location, connect
from agent.stores.writing import SqliteWriter
from sla.periods import to_datetime
from sla.seal import Algorithm, Json

LOG = logging.getLogger(__name__)

HOUR_US = 3_600_000_000

LATE_US = HOUR_US
"""So long after its end an hour, a day or a month is over: what was under way then is durable."""


class Terms(NamedTuple):
    """How heads are made from now on. `added` hears of each one inside the transaction that adds it."""

    algorithm: str = Algorithm.SHA256
    added: Callable[[sqlite3.Connection, Kept], None] = lambda *_: None


class HeadMaker:
    """Heads of one store. Thread-safe as the writer is; `make_begun` is for one thread at a time."""

    def __init__(self, location: Location, writer: SqliteWriter, zone: ZoneInfo) -> None:
        self._location, self._writer, self._zone = location, writer, zone
        self.terms = Terms()
        self._hour: int | None = None
        self._may_wait = True

    def begin(self, kind: str, at: int, said: Json | None = None, *, is_sound: bool = True) -> Cut:
        """Set apart what is durable now. While the clock is in doubt no day or month is over (T4).

        Errors: StoreError.
        """
        doubt: Json = {} if is_sound else {"clock": "in doubt"}
        with self._writer.transaction() as db:
            closed = closed_at(at, self._zone) if is_sound else {}
            cut = chaining.begin(db, kind, at, closed, {**doubt, **(said or {})})
        self._hour, self._may_wait = cut.until // HOUR_US, True
        return cut

    def begin_late(self, at: int) -> Cut | None:
        """Before a run starts: what earlier ones, or commands, left in no head, where its hour is over."""
        with self._writer.transaction() as db:
            is_new, was_found = chaining.is_new(db)
            if not chaining.waiting(db) or (is_new and not was_found):
                return None
            last = chaining.last_until(db)
            if last is not None and last // HOUR_US >= at // HOUR_US:
                return None
            kind, said = ("upgrade", {"found": "what was there before the chain began"}) if is_new else ("hour", {})
            return chaining.begin(db, kind, at, {}, {**said, "late": True})

    def is_due(self, at: int) -> bool:
        """Whether an hour has ended since the last head was begun. Shape: a new store's first hour counts from now."""
        if self._hour is None:  # asked for every few seconds: the store is asked once
            with self._writer.transaction() as db:
                last = chaining.last_until(db)
                self._hour = (self._first(at) if last is None else last) // HOUR_US
        return at // HOUR_US > self._hour

    def make_begun(self, pause: Callable[[], None] = lambda: None) -> list[Kept]:
        """Make every head that was begun. Errors: StoreError, and what `pause` raises to stop it; it is made later."""
        if not self._may_wait:
            return []
        made = []
        with self.reading() as db:
            for cut in chaining.cuts(db):
                hashed = chaining.make(db, cut, self.terms.algorithm, pause)
                with self._writer.transaction() as writing:
                    kept = chaining.finish(writing, cut, self.terms.algorithm, hashed)
                    self.terms.added(writing, kept)
                LOG.info("head %d, %d rows: %s:%s", cut.number, hashed.total, self.terms.algorithm, kept.digest)
                made.append(kept)
        self._may_wait = False
        return made

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, which never waits for the writer; a store in memory has but one."""
        if self._location.path is None:
            yield self._writer.connection
            return
        with closing(connect(self._location, read_only=True)) as db:
            yield db

    def _first(self, at: int) -> int:
        found = self._writer.reader.first_heartbeat()
        return at if found is None else found


def closed_at(at: int, zone: ZoneInfo) -> Mapping[str, int]:
    """The last hour, day and month that are over for good, by the tables whose rows grow in them."""
    local = to_datetime(at - LATE_US, zone)
    month = local.replace(day=1) - timedelta(days=1)
    return {
        "bins": (at - LATE_US) // HOUR_US - 1,
        "sightings": local.date().toordinal() - 1,
        "identities": local.date().toordinal() - 1,
        "counts": month.year * 100 + month.month,
    }
