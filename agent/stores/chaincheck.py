"""Walks the chain of a store and names what does not agree with it (E3, E4): the first record, and some after it.

It reads one instant of the store and trusts nothing but the arithmetic: a store that was rewritten as a whole, heads
and all, agrees with itself. Only a digest that somebody else kept shows that.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from agent.stores import chaining
from agent.stores.chaining import Kept
from agent.stores.chainkeys import KEY_COLUMNS, Key, Part, unpack
from agent.stores.covering import COVERED, Covered, Row, covered_of, listed, old_columns
from agent.stores.growth import wrongly_changed
from sla.seal import FORM, SHORT_BYTES, Tree, is_available, leaf

BAD_MAX = 20
"""So many are named; one wrong record often makes more of them."""

COLUMNS = ", ".join(KEY_COLUMNS)


class Bad(NamedTuple):
    """One thing that does not agree: which record of which table, and what is wrong with it, in words."""

    table: str
    key: Key
    what: str
    head: int | None = None


class Found(NamedTuple):
    """What a walk found. `pending` rows are in no head yet; `last` is the end of the chain."""

    heads: int
    rows: int
    pending: int
    last: Kept | None
    bad: tuple[Bad, ...]


class Told(NamedTuple):
    """How instants are written, and who hears how many heads of how many are walked."""

    at: Callable[[int], str]
    step: Callable[[int, int], None]


class _EnoughError(Exception):
    """So much is wrong that the rest need not be named."""


class Walk:
    """One walk from the first head to the last, and over what lies in no head."""

    def __init__(self, db: sqlite3.Connection, told: Told) -> None:
        self._db, self._told = db, told
        self._bad: list[Bad] = []
        self._rows = 0
        self._first_head: dict[Key, int] = {}
        self._names = {int(number): str(name) for number, name in db.execute(_NAMES)}

    def walk(self) -> Found:
        """Everything. Errors: sqlite3.Error where the file cannot be read."""
        self._db.execute(f"CREATE TEMP TABLE covered (tbl, {COLUMNS}, PRIMARY KEY (tbl, {COLUMNS})) WITHOUT ROWID")
        heads, last = 0, None
        try:
            heads, last = self._walk_heads()
            self._begun(heads)
            self._changed()
            self._uncovered()
        except _EnoughError:
            pass
        finally:
            self._db.execute("DROP TABLE temp.covered")
        return Found(heads, self._rows, chaining.waiting(self._db), last, tuple(self._bad))

    def _say(self, table: str, key: Key, what: str, head: int | None = None) -> None:
        self._bad.append(Bad(table, key, what, head))
        if len(self._bad) >= BAD_MAX:
            raise _EnoughError

    def _walk_heads(self) -> tuple[int, Kept | None]:
        total = int(self._db.execute("SELECT count(*) FROM heads").fetchone()[0])
        before: Kept | None = None
        heads = 0
        for number in [row[0] for row in self._db.execute("SELECT number FROM heads ORDER BY number").fetchall()]:
            heads += 1
            self._told.step(heads, total)
            try:
                kept = next(chaining.heads(self._db, number, number))
            except (ValueError, TypeError) as exc:
                self._say("heads", (number,), f"cannot be read: {exc}")
                continue
            self._link(kept, before)
            self._contents(kept)
            before = kept
        return heads, before

    def _link(self, kept: Kept, before: Kept | None) -> None:
        head, number = kept.head, kept.head.number
        expected = 1 if before is None else before.head.number + 1
        if number != expected:
            gone = f"head {expected}" if number == expected + 1 else f"heads {expected} to {number - 1}"
            self._say("heads", (expected,), f"missing: {gone} before head {number}, {self._when(kept)}", expected)
        if not is_available(head.algorithm):
            self._say("heads", (number,), f"made with {head.algorithm}, which this Python cannot compute", number)
        elif head.digest != kept.digest:
            self._say("heads", (number,), f"changed: what it says does not give its digest {kept.digest}", number)
        if number == expected and head.before != ("" if before is None else before.digest):
            self._say(
                "heads", (number,), f"does not continue head {number - 1}: it names {head.before or 'none'}", number
            )

    def _contents(self, kept: Kept) -> None:
        head = kept.head
        if not is_available(head.algorithm) or head.form != FORM:
            return
        tree, wrong = Tree(head.algorithm), len(self._bad)
        for number, part in enumerate(chaining.parts(self._db, head.number)):
            covered = covered_of(part.table)
            if covered is None:
                self._say("head_rows", (head.number, number), f"names a table {part.table!r} that is none", head.number)
                continue
            self._part(kept, covered, part, number, tree)
        self._rows += tree.count
        if len(self._bad) > wrong:
            return
        if tree.count != head.rows:
            what = f"its list of rows was changed: it has {tree.count}, the head says {head.rows}"
            self._say("head_rows", (head.number,), what, head.number)
        elif tree.root().hex() != head.root:
            what = "the rows that it lists do not give its root: its list, or its root, was changed"
            self._say("head_rows", (head.number,), what, head.number)

    def _part(self, kept: Kept, covered: Covered, part: Part, number: int, tree: Tree) -> None:
        head = kept.head
        try:
            pairs = unpack(part)
        except ValueError as exc:
            self._say("head_rows", (head.number, number), f"changed: {exc}", head.number)
            return
        keys = [key for key, _ in pairs]
        if any(len(key) != len(covered.key) for key in keys):
            self._say("head_rows", (head.number, number), "changed: its keys are not those of its table", head.number)
            return
        rows = list(listed(self._db, covered, head.number, keys))
        self._db.execute(f"INSERT OR IGNORE INTO temp.covered SELECT ?, {COLUMNS} FROM temp.asked", (part.table,))
        for place, (row, (key, short)) in enumerate(zip(rows, pairs, strict=True)):
            if part.table == "runs":
                self._first_head.setdefault(key, head.number)
            if row.columns is None:
                self._say(part.table, key, self._missing(covered, keys, rows, place, kept), head.number)
                continue
            digest = leaf(head.algorithm, part.table, key, row.columns)
            tree.add(digest)
            if digest[:SHORT_BYTES] != short:
                self._say(part.table, key, self._differs(row, kept), head.number)

    def _missing(self, covered: Covered, keys: Sequence[Key], rows: Sequence[Row], place: int, kept: Kept) -> str:
        def there(places: range) -> str:
            found = next((keys[at] for at in places if rows[at].columns is not None), None)
            return "none" if found is None else key_words(covered, found)

        before, after = there(range(place - 1, -1, -1)), there(range(place + 1, len(keys)))
        return f"missing: {self._when(kept)} it stood between {before} and {after}"

    def _differs(self, row: Row, kept: Kept) -> str:
        pairs = zip(row.covered.columns, row.columns or (), strict=True)
        said = ", ".join(f"{name}={_short(value)}" for name, value in pairs)
        return f"changed: not what was recorded {self._when(kept)}; it now says {said}"

    def _when(self, kept: Kept) -> str:
        since, until = (self._told.at(each) for each in kept.head[2:4])
        return f"in head {kept.head.number} ({since} to {until})"

    def _begun(self, heads: int) -> None:
        """How many heads were begun: fewer than there were leaves a chain cut off at its end."""
        generation = int(self._db.execute("SELECT generation FROM chain_state").fetchone()[0])
        begun = len(chaining.cuts(self._db))
        last = int(self._db.execute("SELECT coalesce(max(number), 0) FROM heads").fetchone()[0])
        if not self._bad and last + begun != generation:
            self._say("heads", (last + 1,), f"missing at the end: {generation} were begun, {heads} are there")

    def _changed(self) -> None:
        """Rows that may change, version by version: only as the agent changes them."""
        for covered in COVERED:
            if covered.changes:
                for key, generation, old, new in self._versions(covered):
                    name = wrongly_changed(covered.table, covered.columns, old, new)
                    if name is not None:
                        self._say(covered.table, key, f"changed after head {generation}: {name} never changes so")
                    elif covered.table == "runs" and old != new and self._is_over(key, generation):
                        self._say("runs", key, f"changed after head {generation}, in which the run after it had begun")

    def _is_over(self, key: Key, generation: int) -> bool:
        following = self._first_head.get((key[0], key[1] + 1))
        return following is not None and following <= generation

    def _versions(self, covered: Covered) -> Iterator[tuple[Key, int, Sequence[Any], Sequence[Any]]]:
        """Each kept version of a row with the one after it."""
        sql = f"SELECT {COLUMNS}, generation, body FROM chain_old WHERE tbl = ? ORDER BY {COLUMNS}, generation"
        kept = self._db.execute(sql, (covered.table,)).fetchall()
        width = len(KEY_COLUMNS)
        for place, row in enumerate(kept):
            key = row[: len(covered.key)]
            old = old_columns(covered, row[width + 1])
            if place + 1 < len(kept) and kept[place + 1][:width] == row[:width]:
                yield key, row[width], old, old_columns(covered, kept[place + 1][width + 1])
                continue
            now = self._db.execute(_now(covered), key).fetchone()
            if now is not None:
                yield key, row[width], old, tuple(now)

    def _uncovered(self) -> None:
        """Rows that no head covers, that were not noted either: put there past the agent."""
        for covered in COVERED:
            for row in self._db.execute(_uncovered(covered)).fetchall():
                what = "inserted: no head covers it, and it was not noted as new; it was not recorded by an agent"
                self._say(covered.table, tuple(row), what)

    def name_of(self, bad: Bad) -> str:
        """A record for people: table and key, with the name of its component."""
        covered = covered_of(bad.table)
        if covered is None:
            return " ".join((bad.table, *map(str, bad.key)))
        said = f"{bad.table} {key_words(covered, bad.key)}"
        place = covered.key.index("component") if "component" in covered.key else None
        name = None if place is None else self._names.get(bad.key[place])
        return said if name is None else f"{said} ({name})"


_NAMES = "SELECT id, target || CASE component WHEN '' THEN '' ELSE '#' || component END FROM components"


def key_words(covered: Covered, key: Key) -> str:
    """A key with the names of its columns."""
    return ", ".join(f"{name}={_short(value)}" for name, value in zip(covered.key, key, strict=False))


def _short(value: object) -> str:
    text = f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _now(covered: Covered) -> str:
    where = " AND ".join(f"{name} = ?" for name in covered.key)
    return f"SELECT {', '.join(covered.columns)} FROM {covered.table} WHERE {where}"


def _uncovered(covered: Covered) -> str:
    places = list(zip(covered.key, KEY_COLUMNS, strict=False))
    rest = [f"{place} = 0" for place in KEY_COLUMNS[len(covered.key) :]]

    def absent(table: str, tag: str) -> str:
        # the plus takes the column's affinity away, without which SQLite would not use the key of x
        same = " AND ".join([f"x.{place} = +t.{name}" for name, place in places] + [f"x.{each}" for each in rest])
        return f"NOT EXISTS (SELECT 1 FROM {table} x WHERE {tag}x.tbl = '{covered.table}' AND {same})"

    due = "x.head IN (SELECT number FROM chain_cuts) AND "
    conditions = [absent("temp.covered", ""), absent("chain_fresh", ""), absent("chain_due", due)]
    if covered.by is not None:
        conditions.append(f"t.{covered.by} <= (SELECT upto FROM chain_closed WHERE tbl = '{covered.table}')")
    keys = ", ".join(covered.key)
    return f"SELECT {keys} FROM {covered.table} t WHERE {' AND '.join(conditions)} ORDER BY {keys} LIMIT {BAD_MAX}"
