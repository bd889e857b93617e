"""Seals months that are over for 72 h, and makes revisions where later data concern one that is sealed (E3)."""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.errors import UsageError
from agent.figures.book import Shelf
from agent.figures.plan import PlanTables, as_json
from agent.figures.sealedrows import keep_redefined
from agent.headmaking import HeadMaker
from agent.stores import chaining, sealed
from agent.stores.base import Reader
from agent.stores.opening import SIMULATED
from agent.stores.sealed import KeptSeal
from agent.stores.touching import Touch, touches
from agent.stores.writing import SqliteWriter
from agent.version import METHOD_VERSION, VERSION
from sla.model import Window
from sla.periods import month, named, to_datetime
from sla.plans import Plan
from sla.seal import Json, Seal, figures_digest

LOG = logging.getLogger(__name__)

PROVISIONAL_US = 72 * 3_600_000_000
"""So long after its end a month is provisional (E3)."""

NAMED_MAX = 20
"""So many rows of a table are named in a revision; the others are counted."""

PUBLISHED = (
    "no", "id", "target", "n", "d", "low", "high", "claimed", "display", "verdict", "late", "pending", "allowed",
    "parameters",
)  # fmt: skip
"""What a seal keeps of each row of a plan's table: the figure and what it is held against, not the words beside it."""


class Sources(NamedTuple):
    """Where figures come from: the store, and the plans of the configuration."""

    reader: Reader
    shelf: Shelf
    plans: Callable[[], Sequence[Plan]]


class Asked(NamedTuple):
    """Who seals, when, and what is to be said of the clock. Units: microseconds UTC."""

    now: int
    by: str
    clock: str = "synchronised"


class Sealer:
    """Seals of one store. `due` and `revise` are for one thread at a time."""

    def __init__(
        self,
        maker: HeadMaker,
        writer: SqliteWriter,
        zone: ZoneInfo,
        sources: Sources,
        added: Callable[[sqlite3.Connection, KeptSeal], None] = lambda *_: None,
    ) -> None:
        self._maker, self._writer, self._zone = maker, writer, zone
        self._sources, self._added = sources, added

    def due(self, now: int) -> list[str]:
        """The months that are over for 72 h and not sealed, oldest first.

        Those of its first year before the store knew anything come with the first one of which it does.
        """
        with self._writer.transaction() as db:
            done = sealed.sealed_months(db)
        first = self._first_known()
        if first is None:
            return []
        begins = to_datetime(first, self._zone)
        found = [period for period in self._over(begins.year, now) if period not in done]
        return found if any(period >= f"{begins:%Y-%m}" for period in found) else []

    def seal(self, period: str, asked: Asked) -> KeptSeal:
        """Seal a month for the first time. Errors: UsageError, StoreError."""
        self._refuse(period, asked.now)
        with self._writer.transaction() as db:
            if period in sealed.sealed_months(db):
                raise UsageError(f"period: {period} is sealed; what came later makes a revision by itself")
        self._head(asked.now)
        return self._add(period, asked, self._figures(period, asked.now), {})

    def revise(self, asked: Asked) -> list[KeptSeal]:
        """A revision of each sealed month that rows recorded since concern. Errors: StoreError."""
        with self._writer.transaction() as db:
            months = sealed.sealed_months(db)
            checked = int(db.execute("SELECT checked FROM chain_state").fetchone()[0])
            last = chaining.last_head(db)
        if not months or last is None or last.head.number <= checked:
            return []
        windows = {period: named(period, self._zone) for period in months}
        found = self._concerned(windows, checked)
        made = []
        for period, rows in found.items():
            since = [row for row in rows if row.head > months[period].seal.last_head]
            revised = self._revised(period, months[period], since, asked) if since else None
            made += [] if revised is None else [revised]
        with self._writer.transaction() as db:
            db.execute("UPDATE chain_state SET checked = ?", (last.head.number,))
        return made

    def _first_known(self) -> int | None:
        known = (self._sources.reader.first_heartbeat(), self._sources.reader.first_imported())
        return min((at for at in known if at is not None), default=None)

    def _over(self, year: int, now: int) -> Iterator[str]:
        """Every month that is over for 72 h, from January of a year."""
        number = 1
        while month(year, number, self._zone).end + PROVISIONAL_US <= now:
            yield f"{year}-{number:02}"
            year, number = year + number // 12, number % 12 + 1

    def _refuse(self, period: str, now: int) -> None:
        try:
            window = named(period, self._zone)
        except ValueError:
            window = Window(0, 0)
        if period.count("-") != 1 or "Q" in period or not window.length:
            raise UsageError(f"period: got {period[:80]!r}, wanted a month: 2025-06")
        if window.end + PROVISIONAL_US > now:
            raise UsageError(f"period: {period} is provisional until 72 h after its end; it is sealed then")

    def _head(self, now: int) -> None:
        """What is durable by now is in the chain before the seal is made."""
        self._maker.begin("seal", now)
        self._maker.make_begun()

    def _figures(self, period: str, now: int) -> dict[str, Json]:
        return {plan.id: published(self._table(plan, period, now)) for plan in self._sources.plans()}

    def _table(self, plan: Plan, period: str, now: int) -> Json:
        tables = PlanTables(self._sources.reader, self._sources.shelf)
        return as_json(tables.table(plan, period, now=now))

    def _concerned(self, windows: Mapping[str, Window], checked: int) -> dict[str, list[Touch]]:
        """The rows of heads that were not looked at yet, by the sealed months that they concern."""
        found: dict[str, list[Touch]] = {}
        last_end = max(window.end for window in windows.values())
        with self._maker.reading() as db:
            for touch in touches(db, checked + 1, last_end):
                for period, window in windows.items():
                    if touch.concerns(window):
                        found.setdefault(period, []).append(touch)
        return found

    def _revised(self, period: str, before: KeptSeal, rows: Sequence[Touch], asked: Asked) -> KeptSeal | None:
        """The revision, where a row dates something into the month or a figure of it is another one now."""
        figures = self._figures(period, asked.now)
        with self._maker.reading() as db:
            old = sealed.figures_of(db, before.seal.number)
        figures = {plan: keep_redefined(old.get(plan), table) for plan, table in figures.items()}
        changed = list(changes(old, figures))
        window = named(period, self._zone)
        because = rows if changed else [row for row in rows if row.lies_in(window)]
        if not because:
            return None
        self._head(asked.now)
        said = {"because": list(told_rows(because)), "figures": changed, "revises": before.digest}
        return self._add(period, asked, figures, said)

    def _add(self, period: str, asked: Asked, figures: Mapping[str, Json], said: Json) -> KeptSeal:
        algorithm = self._maker.terms.algorithm
        told = {
            "method_version": METHOD_VERSION,
            "version": VERSION,
            "register_state": self._sources.reader.register_state(),
            "simulated": self._sources.reader.meta(SIMULATED) == "true",
            "clock": asked.clock,
            **said,
        }
        digests = {plan: figures_digest(algorithm, table) for plan, table in figures.items()}
        with self._writer.transaction() as db:
            last, head = sealed.last_seal(db), chaining.last_head(db)
            assert head is not None, "a head was made for the seal"
            first = 1 if last is None else last.seal.last_head + 1
            months = sealed.sealed_months(db)
            revision = months[period].seal.revision + 1 if period in months else 1
            number = 1 if last is None else last.seal.number + 1
            heads = sealed.heads_root(db, algorithm, first, head.head.number)
            made = Seal(
                number, period, revision, self._zone.key, asked.now, asked.by, algorithm, first, head.head.number,
                head.digest, heads, digests, told, "" if last is None else last.digest,
            )  # fmt: skip
            kept = sealed.add(db, made, figures)
            self._added(db, kept)
        LOG.info("%s sealed, revision %d: %s:%s", period, revision, algorithm, kept.digest)
        return kept


def published(table: Json) -> Json:
    """What a seal keeps of a published table."""
    rows = [_published(row) for row in table["indicators"]]
    return {"plan": table["plan"], "period": table["period"], "adopted": table["adopted"], "indicators": rows}


def _published(row: Json) -> Json:
    told = {name: row[name] for name in PUBLISHED}
    if "parts" not in row:
        return told
    parts = [{name: value for name, value in part.items() if name != "reasons"} for part in row["parts"]]
    return {**told, "parts": parts}


def changes(before: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[Json]:
    """The figures that are others than before, in the order of the plans."""
    for plan in sorted({*before, *now}):
        old, new = (_by_id(tables.get(plan)) for tables in (before, now))
        for id_ in {**old, **new}:
            was, is_now = old.get(id_), new.get(id_)
            if was != is_now:
                yield {"plan": plan, "indicator": id_, "was": _brief(was), "is": _brief(is_now)}


def told_rows(rows: Iterable[Touch]) -> Iterator[Json]:
    """Rows by table and by who recorded them: how many, and the first of them."""

    def key(touch: Touch) -> tuple[str, str]:
        return touch.table, touch.by

    for (table, by), group in groupby(sorted(rows, key=key), key):
        found = list(group)
        names = ["/".join(map(str, touch.key)) for touch in found[:NAMED_MAX]]
        yield {"table": table, "by": by, "rows": len(found), "first": names}


def _by_id(table: Json | None) -> dict[str, Json]:
    return {} if table is None else {row["id"]: row for row in table["indicators"]}


def _brief(row: Json | None) -> Json | None:
    return None if row is None else {name: row[name] for name in ("display", "low", "high", "verdict")}
