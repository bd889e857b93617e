"""What the web shows of the ledger's entries: a copy of the durable state and the last reading, taken on the loop."""

import asyncio
import difflib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from agent.config.problems import hide_user_info
from agent.entries import Entry
from agent.exporter import shown_state
from agent.stores.base import Reader
from agent.targets import Duty, Watched
from collectors.base import Outcome as Said
from collectors.base import Reason
from sla.model import DEGRADED_NAMES, Cause, Degraded, Outcome, State

if TYPE_CHECKING:
    from agent.app import Agent

PASS_YIELD = 500
"""A pass over all targets gives the loop back after so many."""

NEAR_POOL = 2000
"""Ids that are looked at for one like a wrong one."""


class LastReading(NamedTuple):
    """The last reading as it counted: loss may have made an ok one failed, isolation a failed one an error."""

    at: int
    outcome: Outcome
    reason: str
    detail: str
    values: Mapping[str, float]
    duration_seconds: float


class Shown(NamedTuple):
    """One component. Units: microseconds; `since` None where nothing was ever confirmed."""

    watched: Watched
    component: int
    part: str
    state: State
    degraded: tuple[str, ...]
    since: int | None
    streak: int
    last: LastReading | None
    is_valid: bool

    @property
    def name(self) -> str:
        """TARGET or TARGET#COMPONENT."""
        return f"{self.watched.id}#{self.part}" if self.part else self.watched.id

    @property
    def address(self) -> str:
        """What is dialled, without a password that an address may carry."""
        return hide_user_info(self.watched.target.address)


class Known(NamedTuple):
    """What the store says of a component beside its state: why it is UNKNOWN, and since when."""

    cause: Cause
    since: int | None


def shown(entry: Entry, now: int) -> Shown:
    """A copy of what is shown of an entry."""
    return Shown(
        watched=entry.watched,
        component=entry.component.id,
        part=entry.component.part,
        state=shown_state(entry, now),
        degraded=degraded_names(entry.degraded),
        since=entry.since or None,
        streak=entry.track.streak_count,
        last=_last(entry),
        is_valid=entry.track.valid_until >= now,
    )


def degraded_names(flags: Degraded) -> tuple[str, ...]:
    """The reasons by name."""
    return tuple(name for name, flag in DEGRADED_NAMES.items() if flag and flag in flags)


def known(reader: Reader, component: int, now: int) -> Known:
    """Why a component is UNKNOWN now, by the ledger; asked in a thread."""
    for mark in reversed(reader.marks(component)):
        if mark.at <= now:
            return Known(mark.cause if mark.state is State.UNKNOWN else Cause.NO_READING, mark.at)
    return Known(Cause.NEVER, None)


def targets(agent: "Agent") -> Iterator[Watched]:
    """Everything watched for its own sake, in the order of the configuration."""
    return (watched for watched in agent.watched.values() if watched.duty is Duty.TARGET)


async def in_passes(wanted: Iterable[Watched]) -> AsyncIterator[Watched]:
    """The same ones, with a turn for the loop every so many."""
    for number, watched in enumerate(wanted, start=1):
        yield watched
        if number % PASS_YIELD == 0:
            await asyncio.sleep(0)


def parts_of(agent: "Agent", target_id: str, now: int) -> list[Shown]:
    """A target and its components, the target itself first; empty if it is not watched."""
    entries = agent.ledger.of_target(target_id)
    return [shown(entries[part], now) for part in sorted(entries)]


def find(agent: "Agent", name: str, now: int) -> list[Shown]:
    """What has that id: a target with its components, or one component; empty if it is not watched."""
    target_id, _, part = name.partition("#")
    found = parts_of(agent, target_id, now)
    if "#" not in name:
        return found
    return [one for one in found if one.part == part and part]


def near(names: Iterable[str], name: str) -> list[str]:
    """At most three ids like a wrong one. It looks at ids of about its length, or that hold it or are held by it."""
    alike = (other for other in names if abs(len(other) - len(name)) <= 2 or name in other or other in name)
    pool = list(islice(alike, NEAR_POOL))
    found = difflib.get_close_matches(name[:200], pool, n=3, cutoff=0.5)
    return found or [other for other in pool if name in other][:3]


def _last(entry: Entry) -> LastReading | None:
    last = entry.last
    if last is None:
        return None
    outcome = _counted(entry)
    reason = "" if outcome is Outcome.OK else str(last.reason or "")
    if outcome is Outcome.FAILED and last.outcome is Said.OK:
        reason = str(Reason.LOSS)
    if outcome is Outcome.ERROR and last.outcome is Said.FAILED:
        reason = str(Reason.ISOLATED)
    return LastReading(entry.track.last_at, outcome, reason, last.detail, last.values, entry.duration_seconds)


def _counted(entry: Entry) -> Outcome:
    """What the last reading counted as (S1, S4, S6)."""
    track = entry.track
    if track.last_ok == track.last_at:
        return Outcome.OK
    return Outcome.FAILED if track.last_failed == track.last_at else Outcome.ERROR
