"""Random worlds on a small integer clock, for the engine and for the oracle."""

import random
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st

from sla.confirm import Rules
from sla.model import Degraded, Outcome, Seen, Window
from sla.timeline import Span
from tests import depth
from tests.sla import oracle
from tests.sla.driver import Driver, Event
from tests.sla.oracle import Method, R, World

DEEP = depth.examples(1)
OVER = [Degraded.NONE, Degraded.NONE, Degraded.NONE, Degraded.LOSS, Degraded.RTT, Degraded.LOSS | Degraded.RTT]


def examples(count: int) -> settings:
    """SLA_TEST_DEEP=1 looks twenty times as long (make torture)."""
    return settings(max_examples=depth.examples(count * 6 // 10), deadline=None)


@dataclass(frozen=True)
class Case:
    """A target's readings and parameters; gateway and anchors where the vantage checks itself."""

    method: Method
    readings: tuple[R, ...]
    end: int
    own: tuple[tuple[str, tuple[R, ...]], ...] = ()

    @property
    def rules(self) -> Rules:
        m = self.method
        return Rules(m.interval, m.down_after, m.up_after, 3, m.flap)

    @property
    def window(self) -> Window:
        return Window(0, self.end)

    @property
    def events(self) -> list[Event]:
        streams = [("target", self.readings), *self.own]
        flat = [(r.at, who, Seen(r.at, Outcome(r.outcome), "", Degraded(r.over))) for who, rs in streams for r in rs]
        return sorted(flat, key=lambda e: (e[0], e[1] == "target"))

    def driver(self) -> Driver:
        names = [name for name, _ in self.own]
        return Driver(
            self.rules,
            Rules(self.method.interval),
            gateway="gateway" in names,
            anchors=[name for name in names if name != "gateway"],
        )


@st.composite
def methods(draw: st.DrawFn, anchored: bool = False) -> Method:
    return Method(
        interval=draw(st.sampled_from([2, 4, 6, 10])),
        down_after=draw(st.integers(1, 4)),
        up_after=draw(st.integers(1, 4)),
        flap=draw(st.sampled_from([1, 5, 20, 60])),
        anchored=anchored,
    )


def _steps(interval: int) -> st.SearchStrategy[int]:
    validity = interval * 3 // 2
    usual = st.integers(1, interval)
    edge = st.sampled_from([interval, validity, validity + 1])
    return st.one_of(usual, usual, usual, edge, st.integers(1, 4 * interval))


@st.composite
def streams(draw: st.DrawFn, interval: int, size: int = 30, first: int = 1) -> tuple[R, ...]:
    """Blocks of like readings, so that streaks are confirmed often and broken often."""
    blocks = st.tuples(st.sampled_from([1, 1, 1, 2, 2, 2, 3]), st.integers(1, 5), _steps(interval), _steps(interval))
    at = draw(st.integers(first, 2 * interval))
    out: list[R] = []
    for outcome, length, pace, pause in draw(st.lists(blocks, max_size=size // 3)):
        over = draw(st.lists(st.sampled_from(OVER), min_size=1, max_size=3)) if outcome == oracle.OK else [0]
        for i in range(length):
            out.append(R(at, outcome, int(over[i % len(over)])))
            at += pace if i + 1 < length else pause
    return tuple(out)


def random_case(seed: int) -> Case:
    """The same kind of world from a seed alone: a hundred times faster to make, for bulk."""
    pick = random.Random(seed)
    interval = pick.choice([2, 4, 6, 10])
    validity = interval * 3 // 2
    method = Method(interval, pick.randint(1, 4), pick.randint(1, 4), pick.choice([1, 5, 20, 60]))
    at, out = pick.randint(1, interval), []
    for _ in range(pick.randint(0, 12)):
        outcome = pick.choice([1, 1, 1, 2, 2, 2, 3])
        for _ in range(pick.randint(1, 5)):
            out.append(R(at, outcome, int(pick.choice(OVER)) if outcome == oracle.OK else 0))
            usual = pick.randint(1, interval)
            at += pick.choice([usual, usual, usual, usual, interval, validity, validity + 1, pick.randint(1, 40)])
    return Case(method, tuple(out), at + pick.randint(1, 3 * interval))


@st.composite
def cases(draw: st.DrawFn, size: int = 30) -> Case:
    method = draw(methods())
    readings = draw(streams(method.interval, size))
    last = readings[-1].at if readings else 1
    return Case(method, readings, last + draw(st.integers(1, 3 * method.interval)))


@st.composite
def checked_cases(draw: st.DrawFn, size: int = 20) -> Case:
    """With a self-check; target on even ticks, gateway and anchors on odd ones of their own."""
    method = draw(methods(anchored=True))
    names = draw(st.sampled_from([("gateway",), ("gateway",), ("a", "b"), ("gateway", "a", "b")]))
    target = tuple(R(r.at * 4, r.outcome, r.over) for r in draw(streams(method.interval, size)))
    own = []
    for i, name in enumerate(names, 1):
        kept = draw(streams(method.interval, size))[
            : draw(st.sampled_from([0, 4, 99]))
        ]  # often the vantage falls silent
        own.append((name, tuple(R(r.at * 4 + i, r.outcome) for r in kept)))
    last = max(r.at for rs in [target, *(rs for _, rs in own), (R(4, 1),)] for r in rs)
    wide = Method(method.interval * 4, method.down_after, method.up_after, method.flap * 4, True)
    return Case(wide, target, last + draw(st.integers(1, 6 * method.interval)), tuple(own))


def world(case: Case, until: int | None = None) -> World:
    """What the oracle is told: the self-check in its own words, and nothing after `until`."""
    end = case.end if until is None else until
    readings = tuple(r for r in case.readings if r.at <= end)
    own = {name: [r for r in rs if r.at <= end] for name, rs in case.own}
    if not own:
        return World(readings)
    method = Method(case.method.interval)
    anchors = [rs for name, rs in own.items() if name != "gateway"]
    cut = oracle.isolation([own["gateway"]], method, case.end) if "gateway" in own else []
    cut += oracle.isolation(anchors, method, case.end) if anchors else []
    return World(readings, tuple(cut), tuple(_checks(own)))


def _checks(own: dict[str, list[R]]) -> list[tuple[int, int]]:
    """After every ok of the vantage's own: the youngest instant since which gateway and an anchor answered."""
    groups = [{"gateway"} & set(own), set(own) - {"gateway"}]
    out = []
    for now in sorted(r.at for rs in own.values() for r in rs if r.outcome == oracle.OK):
        last = [max((r.at for n in g for r in own[n] if r.outcome == oracle.OK and r.at <= now), default=None)
                for g in groups if g]  # fmt: skip
        if None not in last:
            out.append((min(t for t in last if t is not None), now))
    return out


def ticks_of(timeline: list[Span]) -> list[tuple[int, int]]:
    return [(int(s.state), int(s.degraded)) for s in timeline for _ in range(s.length)]


def plain(timeline: list[Span]) -> list[tuple[int, int, int, int]]:
    """Spans without their causes, neighbours that say the same made one."""
    out: list[tuple[int, int, int, int]] = []
    for s in timeline:
        if out and out[-1][2:] == (int(s.state), int(s.degraded)) and out[-1][1] == s.start:
            out[-1] = (out[-1][0], s.end, int(s.state), int(s.degraded))
        else:
            out.append((s.start, s.end, int(s.state), int(s.degraded)))
    return out
