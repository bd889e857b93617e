"""What every target of the city would answer at an instant, by the actions that hold then; never what state it is in.

Between two changes of its condition a target answers alike, but for `loss` on what is no echo: of its exchanges as
many get no answer as the ratio says, evenly spread and counted, not drawn.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from agent.lab.city import City, Line, Thing
from agent.lab.condition import WELL, Condition, conditions, lines_down, sites_cut_off
from agent.lab.script import Action
from agent.opinions import by_family, confirmed
from agent.simulate.script import Holding
from agent.targets import Duty, Watched
from collectors.base import Outcome, Reading, Reason, failed, ok
from sla.model import Window

ECHOES = 5
"""Of one probe by icmp."""

_ECHO = "icmp"
_LINKED = "snmp"


class Said(NamedTuple):
    """What one probe comes to, and how long it takes. Units: microseconds."""

    readings: Sequence[Reading]
    lasts: int


@dataclass(frozen=True)
class Stretch:
    """Time in which the same actions hold."""

    city: City
    actions: tuple[Action, ...]

    @cached_property
    def things(self) -> Mapping[str, Condition]:
        """How each thing answers that is not well."""
        return conditions(self.city, self.actions)

    @cached_property
    def lines_down(self) -> frozenset[str]:
        return lines_down(self.city, self.actions)

    @cached_property
    def cut_off(self) -> frozenset[str]:
        return sites_cut_off(self.city, self.actions)

    @property
    def is_isolated(self) -> bool:
        """Whether the agent's own way into the city is gone."""
        return any(action.what == "own_uplink_dead" for action in self.actions)

    def line(self, line: Line) -> Condition:
        """How the far address of a line answers."""
        own = [action for action in self.actions if action.where == line.id]
        return Condition(
            is_reachable=line.id not in self.lines_down and line.a_site not in self.cut_off,
            is_silent=any(action.what == "silent" for action in own),
            delay=max((action.delay for action in own if action.what == "slow"), default=0.0),
            loss=max((action.ratio for action in own if action.what == "loss"), default=0.0),
        )


class Answers:
    """The city over the whole scenario. `anchors` are the addresses of the self-check's own things, by address."""

    def __init__(self, city: City, holdings: Iterable[Holding], window: Window, anchors: Mapping[str, str]) -> None:
        self._city, self._anchors = city, anchors
        self._starts, self._stretches = _stretches(city, list(holdings), window)
        self._exchanges: dict[str, int] = {}
        self._changes: dict[str, list[int]] = {}

    def of(self, watched: Watched, at: int) -> Said:
        """The readings of a probe that starts at an instant."""
        stretch = self._stretches[bisect_right(self._starts, at) - 1]
        condition = self._condition(watched, stretch)
        readings = self._asked(watched, condition)
        timeout = round(watched.target.timeout_seconds * 1e6)
        silent = any(reading.reason is Reason.TIMEOUT for reading in readings)
        return Said(readings, timeout if silent else round(condition.delay * 1e6))

    def next_change(self, watched: Watched, after: int) -> int | None:
        """When it next answers otherwise; None for never."""
        changes = self._changes_of(watched)
        place = bisect_right(changes, after)
        return changes[place] if place < len(changes) else None

    def last_change(self, watched: Watched, at: int) -> int | None:
        """When it last began to answer otherwise, that instant included; None for never."""
        changes = self._changes_of(watched)
        place = bisect_right(changes, at)
        return changes[place - 1] if place else None

    def is_restless(self, watched: Watched, at: int) -> bool:
        """Whether its answers differ from one to the next."""
        stretch = self._stretches[bisect_right(self._starts, at) - 1]
        return watched.kind != _ECHO and self._condition(watched, stretch).loss > 0

    def _changes_of(self, watched: Watched) -> list[int]:
        if watched.id not in self._changes:
            found = [self._condition(watched, stretch) for stretch in self._stretches]
            pairs = zip(self._starts[1:], found, found[1:], strict=False)
            self._changes[watched.id] = [at for at, before, after in pairs if before != after]
        return self._changes[watched.id]

    def _condition(self, watched: Watched, stretch: Stretch) -> Condition:
        if watched.duty is Duty.GATEWAY:
            return Condition(is_reachable=not stretch.is_isolated)
        if watched.id in self._city.lines:
            return stretch.line(self._city.lines[watched.id])
        id_ = self._anchors[watched.target.address] if watched.duty is Duty.ANCHOR else watched.id
        return stretch.things.get(id_, WELL)

    def _asked(self, watched: Watched, condition: Condition) -> list[Reading]:
        """One probe, on both IP versions where it must be, twice where a second module confirms (S3, S4)."""
        if watched.families:
            return by_family([(part, self._one(watched, condition)) for part, _ in watched.families])
        first = self._one(watched, condition)
        if watched.confirm and first.outcome is Outcome.FAILED:
            first = confirmed(first, self._one(watched, condition))
        thing = self._city.things.get(watched.id)
        if thing is None or watched.kind != _LINKED or first.outcome is not Outcome.OK:
            return [first]
        return [first, *_interfaces(thing, condition)]

    def _one(self, watched: Watched, condition: Condition) -> Reading:
        timeout = watched.target.timeout_seconds
        dead = not condition.is_reachable or condition.is_silent or condition.is_rebooting
        if dead or condition.delay >= timeout or (condition.loss and self._is_lost(watched, condition.loss)):
            return failed(Reason.TIMEOUT, f"no answer within {timeout:g} s")
        if condition.is_expired:
            return failed(Reason.CERTIFICATE, "the certificate ended yesterday")
        values = {"processing_seconds": condition.delay, "rtt_seconds": condition.delay} if condition.delay else {}
        if watched.kind == _ECHO:
            values |= {"loss_ratio": condition.loss, "echoes_sent": float(ECHOES)}
        return ok(values)

    def _is_lost(self, watched: Watched, ratio: float) -> bool:
        """Of exchanges, each in its turn; echoes are lost inside of one probe."""
        if watched.kind == _ECHO:
            return False
        number = self._exchanges.get(watched.id, 0)
        self._exchanges[watched.id] = number + 1
        return int((number + 1) * ratio) > int(number * ratio)


def _interfaces(thing: Thing, condition: Condition) -> list[Reading]:
    """Of a router that answers: each end of a line, down where the line is cut."""
    return [
        failed(Reason.MISMATCH, f"interface {each.name}: down, though administratively up", component=f"if/{each.name}")
        if each.line in condition.lines_down
        else ok(component=f"if/{each.name}")
        for each in thing.interfaces
    ]


def _stretches(city: City, holdings: Sequence[Holding], window: Window) -> tuple[list[int], list[Stretch]]:
    found: list[Stretch] = []
    cuts = {cut for each in holdings for cut in each.window if window.start < cut < window.end}
    starts = sorted({window.start, *cuts})
    made: dict[frozenset[Action], Stretch] = {}  # time in which the same holds again is worked out once
    for at in starts:
        actions = frozenset(each.action for each in holdings if each.window.start <= at < each.window.end)
        made.setdefault(actions, Stretch(city, tuple(actions)))
        found.append(made[actions])
    return starts, found
