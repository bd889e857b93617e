"""The chain, the seals and the witnesses: how far they are, what waits, and whether SM3 is there."""

import sqlite3
from collections.abc import Iterator

from agent.clock import SystemClock
from agent.config import Config
from agent.doctor.findings import Finding, Level
from agent.instants import format_instant
from agent.stores import chaining, sealed, witnessing
from sla.seal import Algorithm, is_available

BEHIND_US = 3 * 3_600_000_000
"""A running agent makes a head every hour."""

_CHAIN, _WITNESS = "chain", "witness"


def examine_chain(db: sqlite3.Connection, config: Config, *, is_held: bool) -> Iterator[Finding]:
    """The chain of a store of this schema."""
    yield _algorithms()
    yield _heads(db, config, is_held=is_held)
    months = sealed.sealed_months(db)
    last = max(months, default=None)
    said = "no month is sealed yet" if last is None else f"{len(months)} months sealed, the last of them {last}"
    yield Finding(_CHAIN, Level.OK, said)
    yield from _witnesses(db, config)


def _algorithms() -> Finding:
    there = [name for name in Algorithm if is_available(name)]
    missing = [name for name in Algorithm if name not in there]
    lacks = f"; this Python has no {', '.join(missing)}" if missing else ""
    return Finding(_CHAIN, Level.OK, f"digests by {', '.join(there)}{lacks}")


def _heads(db: sqlite3.Connection, config: Config, *, is_held: bool) -> Finding:
    kept = chaining.last_head(db)
    if kept is None:
        return Finding(_CHAIN, Level.OK, "no head yet: the first is made when the first hour is over")
    at = format_instant(kept.head.until, config.zone_info)
    text = f"head {kept.head.number}, {at}: {kept.head.algorithm}:{kept.digest}"
    if is_held and SystemClock().wall_us() - kept.head.until > BEHIND_US:
        return Finding(_CHAIN, Level.WARNING, f"{text}; no head since", "look at the agent's log and at the disk")
    return Finding(_CHAIN, Level.OK, text)


def _witnesses(db: sqlite3.Connection, config: Config) -> Iterator[Finding]:
    if not config.witnesses:
        text = "none, and reports say 无外部见证; to name one see docs/evidence.md"
        yield Finding(_WITNESS, Level.OK, text)
    for witness in config.witnesses:
        waiting, problem = witnessing.count_waiting(db, witness.name), witnessing.last_problem(db, witness.name)
        if problem is None:
            yield Finding(_WITNESS, Level.OK, f"{witness.name} ({witness.kind}): {waiting} digests wait")
            continue
        since = format_instant(problem[0], config.zone_info)
        text = f"{witness.name} ({witness.kind}): {waiting} digests wait since {since}: {problem[1]}"
        yield Finding(_WITNESS, Level.PROBLEM, text, "mend it, or its address under witnesses: in agent.yml")
