"""Vector 23: the core's uplink is cut above 43 000 nodes probed every 300 s, in the real process.

Wanted: one fault with every node as its member; real DOWN for each, in the high bound too; nodes elsewhere on time all
the while, though each node behind the cut costs a whole timeout again and again (F7).
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bench.city import City, Plan, address, by_target, city, pick_ports, quantile
from bench.scale import LAG, LATENESS, look, off_the_grid

CORE_SECONDS = 30
ELSEWHERE = 300
PATIENCE = 120
"""How much longer a state is waited for than it may take."""

SAMPLE = 50
"""Nodes whose availability is asked for one by one."""


class Cut(NamedTuple):
    """What became of it. Units: seconds from the cut, and from the end of the cut."""

    nodes: int
    all_down: float
    one_fault: float
    faults: int
    members: int
    sampled: int
    down_in_high: int
    elsewhere_wrong: int
    elsewhere: str
    elsewhere_unknown: float
    elsewhere_up: bool
    lag_p99: float
    lateness_p99: float
    share: float
    all_up: float
    closed: int

    @property
    def is_told_right(self) -> bool:
        """What must hold on the slowest machine: one fault, all members, real DOWN, nobody elsewhere."""
        one_fault = (self.faults, self.members, self.closed) == (1, self.nodes, 1)
        return one_fault and self.elsewhere_up and self.down_in_high == self.sampled

    @property
    def holds(self) -> bool:
        """The same, and nodes elsewhere were on time."""
        return self.is_told_right and (self.elsewhere_wrong, self.elsewhere_unknown) == (0, 0.0)


def cut(plan: Plan) -> Cut:
    """Build the city, cut it, look, and mend it."""
    ports = pick_ports()
    rows = [f"core,rtsp,{address(0, ports.good)},camera,core,,{min(CORE_SECONDS, plan.interval)}"]
    rows += [f"n{n:05},rtsp,{address(n, ports.good)},camera,node,core," for n in range(1, plan.targets + 1)]
    rows += [f"e{n:03},tcp,{address(n, ports.apart)},near,node,," for n in range(ELSEWHERE)]
    everything = plan.targets + 1 + ELSEWHERE
    with city(plan, rows, ports) as running:
        _until(running, {"up": everything}, plan.detect + PATIENCE)
        before, own, cpu = look(running), running.own(), running.cpu()
        running.tell("silent")
        began, at = time.monotonic(), datetime.now(UTC)
        all_down = _until(running, {"down": plan.targets + 1, "up": ELSEWHERE}, plan.detect + PATIENCE)
        open_faults = _until_one(running, PATIENCE)
        one_fault = time.monotonic() - began
        after, own_after, spent = look(running), running.own(), time.monotonic() - began
        share = (running.cpu() - cpu) / spent
        wrong, told = off_the_grid(before, after, plan.near, "e")
        unknown = [_unknown(each.page) for each in (before, after)]
        names = [f"n{n:05}" for n in range(1, plan.targets + 1, max(plan.targets // SAMPLE, 1))]
        in_high = sum(_is_down_in_high(running, name, at) for name in names)
        running.tell("answers")
        all_up = _until(running, {"up": everything}, plan.detect + PATIENCE)
        closed = [fault for fault in _faults(running) if fault["restored"] is not None]
    return Cut(
        nodes=plan.targets,
        all_down=all_down,
        one_fault=one_fault,
        faults=len(open_faults),
        members=max((len(fault["members"]) for fault in open_faults), default=0),
        sampled=len(names),
        down_in_high=in_high,
        elsewhere_wrong=wrong,
        elsewhere=told,
        elsewhere_unknown=sum(unknown[1].values()) - sum(unknown[0].values()),
        elsewhere_up=all(
            value == 1 for name, value in by_target(after.page, "sla_target_up").items() if name[0] == "e"
        ),
        lag_p99=quantile(own, own_after, LAG, 0.99),
        lateness_p99=quantile(own, own_after, LATENESS, 0.99),
        share=share,
        all_up=all_up,
        closed=len(closed),
    )


def _until(running: City, wanted: Mapping[str, int], most: float) -> float:
    """Seconds until the states were so. Errors: TimeoutError telling the states."""
    began = time.monotonic()
    while True:
        told = running.states()
        if all(told[state] == number for state, number in wanted.items()):
            return time.monotonic() - began
        if time.monotonic() - began > most:
            raise TimeoutError(f"wanted {wanted}, got {told} after {most} s")
        time.sleep(1)


def _faults(running: City) -> list[dict[str, Any]]:
    told: Any = running.ask("faults")["faults"]
    return list(told)


def _until_one(running: City, most: float) -> list[dict[str, Any]]:
    """Children that were seen first are faults of their own until the core is seen: the faults when one is left."""
    began = time.monotonic()
    while True:
        found = _faults(running)
        if len(found) == 1 or time.monotonic() - began > most:
            return found
        time.sleep(1)


def _unknown(page: str) -> dict[str, float]:
    """Settled UNKNOWN time of the nodes elsewhere."""
    found = by_target(page, "sla_target_seconds_total", 'state="unknown"')
    return {name: seconds for name, seconds in found.items() if name.startswith("e")}


def _is_down_in_high(running: City, name: str, at: datetime) -> bool:
    """Whether even the high bound since the cut counts its outage, and no DOWN lies before the cut."""
    question = urlencode({"target": name, "from": at.isoformat(), "to": datetime.now(UTC).isoformat()})
    told: Any = running.ask(f"availability?{question}")
    high, low = told["all_in"]["high"], told["us"]
    return low["down"] > 0 and high is not None and high[0] <= high[1] - low["down"]


def text(found: Cut) -> str:
    """As it is printed."""
    return "\n".join(
        [
            (
                f"all DOWN {found.all_down:.0f} s after the cut; open faults {found.faults} with "
                f"{found.members} members of {found.nodes}, {found.one_fault:.0f} s after it"
            ),
            f"DOWN in the high bound: {found.down_in_high} of {found.sampled} nodes asked",
            (
                f"elsewhere: probed {found.elsewhere}, {found.elsewhere_unknown:.1f} s became UNKNOWN, "
                f"{'all' if found.elsewhere_up else 'NOT all'} UP"
            ),
            (
                f"share of a core {found.share:.3f}, loop lag p99 {found.lag_p99 * 1000:.1f} ms, "
                f"lateness p99 {found.lateness_p99 * 1000:.1f} ms"
            ),
            f"all UP {found.all_up:.0f} s after it was mended; faults closed {found.closed}",
            "vector 23: " + ("holds" if found.holds else "DOES NOT HOLD"),
        ]
    )
