"""Holds seals, and digests that somebody else kept, against the chain (E3, E4)."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import NamedTuple

from agent.stores import sealed
from agent.stores.sealed import KeptSeal
from sla.seal import figures_digest, is_available


class Seals(NamedTuple):
    """How many seals there are, and what is wrong with them, in words."""

    found: int
    bad: list[str]


class Expected(NamedTuple):
    """Whether the store has a digest, and as what."""

    is_there: bool
    words: str


def check_seals(db: sqlite3.Connection) -> Seals:
    """Every seal: its own digest, the one before, the heads and the figures that it names."""
    try:
        found = sealed.seals(db)
    except (ValueError, TypeError) as exc:
        return Seals(0, [f"seals: one cannot be read: {exc}"])
    bad: list[str] = []
    before: KeptSeal | None = None
    for kept in found:
        bad += [f"seal {kept.seal.number} of {kept.seal.period}: {what}" for what in _wrong(db, kept, before)]
        before = kept
    last = 0 if before is None else before.seal.number
    orphans = db.execute("SELECT count(*) FROM seal_figures WHERE seal > ?", (last,)).fetchone()[0]
    if orphans:
        bad.append(f"seal {last + 1}: missing at the end: its figures are there")
    return Seals(len(found), bad)


def expected(db: sqlite3.Connection, digits: str, at: Callable[[int], str]) -> Expected:
    """Look for a digest, or its first digits, among heads and seals."""
    like = f"{digits}%"
    for number, until in db.execute("SELECT number, until FROM heads WHERE digest LIKE ?", (like,)):
        return Expected(True, f"expected digest: that of head {number}, {at(until)}; all up to it is as it was then")
    for number, period, revision in db.execute(
        "SELECT number, period, revision FROM seals WHERE digest LIKE ?", (like,)
    ):
        return Expected(True, f"expected digest: that of seal {number} of {period}, revision {revision}")
    words = (
        f"FAILED: expected digest {digits}: no head and no seal of this store has it: what the witness saw is not what "
        "lies here; the ledger was rewritten, cut off, restored from a backup, or is another one"
    )
    return Expected(False, words)


def _wrong(db: sqlite3.Connection, kept: KeptSeal, before: KeptSeal | None) -> Iterator[str]:
    seal = kept.seal
    number = 1 if before is None else before.seal.number + 1
    if seal.number != number:
        yield f"missing: seal {number} before it"
    elif seal.before != ("" if before is None else before.digest):
        yield "changed: it does not continue the seal before it"
    if not is_available(seal.algorithm):
        yield f"made with {seal.algorithm}, which this Python cannot compute"
        return
    if seal.digest != kept.digest:
        yield f"changed: what it says does not give its digest {kept.digest}"
    yield from _contents(db, seal.number, kept, before)


def _contents(db: sqlite3.Connection, number: int, kept: KeptSeal, before: KeptSeal | None) -> Iterator[str]:
    seal = kept.seal
    first = 1 if before is None else before.seal.last_head + 1
    if seal.first_head != first:
        yield f"changed: it begins with head {seal.first_head}, the seal before it ends before head {first}"
    if sealed.heads_root(db, seal.algorithm, seal.first_head, seal.last_head) != seal.heads:
        yield f"the heads {seal.first_head} to {seal.last_head} are not those that it sealed"
    last = db.execute("SELECT digest FROM heads WHERE number = ?", (seal.last_head,)).fetchone()
    if last != (seal.last_digest,):
        yield f"head {seal.last_head} is not the one that it names"
    figures = {plan: figures_digest(seal.algorithm, table) for plan, table in sealed.figures_of(db, number).items()}
    for plan in sorted({*figures, *seal.figures}):
        if figures.get(plan) != seal.figures.get(plan):
            yield f"the figures of plan {plan} that are kept with it are not those that it sealed"
