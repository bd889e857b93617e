"""A second opinion on rules S2-S6, S8 and A1-A4: slow, naive, written from the method's text alone.

It keeps no running state: for every tick of a small integer clock it asks what all readings together say.
Nothing here imports the engine's reducer, and nothing in the engine may import this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

UP, DEGRADED, DOWN, UNKNOWN, OUT = 1, 2, 3, 4, 5
OK, FAILED, ERROR = 1, 2, 3
BLIP, FLAPPING = 64, 128


@dataclass(frozen=True)
class R:
    """One reading: tick of its probe's start, outcome, limits broken."""

    at: int
    outcome: int
    over: int = 0


@dataclass(frozen=True)
class Method:
    """Parameters in ticks. `interval` is even, so that 1.5 intervals is a whole tick."""

    interval: int
    down_after: int = 3
    up_after: int = 2
    flap: int = 600
    anchored: bool = False

    @property
    def validity(self) -> int:
        return self.interval * 3 // 2


@dataclass(frozen=True)
class World:
    """All that is known: readings, [from, to) of own isolation, [from, to) with no agent.

    `checks`: (age, known): at `known` the youngest ok self-check is of `age`.
    """

    readings: tuple[R, ...]
    isolated: tuple[tuple[int, int], ...] = ()
    checks: tuple[tuple[int, int], ...] = ()
    dead: tuple[tuple[int, int], ...] = ()


Run = list[R]
Tick = tuple[int, int]


def inside(t: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(a <= t < b for a, b in spans)


def evidence(world: World) -> list[R]:
    """What speaks at all: no error; no failed reading of a time in which the vantage was cut off (S1, S6)."""
    return [
        r
        for r in sorted(world.readings, key=lambda r: r.at)
        if r.outcome == OK or (r.outcome == FAILED and not inside(r.at, world.isolated))
    ]


def valid_until(r: R, method: Method, world: World) -> int:
    """S2: 1.5 intervals; S8: at most to the last heartbeat of an agent that died."""
    ends = [a for a, b in world.dead if r.at <= a and r.at < b]
    return min([r.at + method.validity, *ends])


def runs(method: Method, world: World) -> list[Run]:
    """Readings with no gap between them: a gap ends every streak (S2)."""
    out: list[Run] = []
    for r in evidence(world):
        if out and r.at <= valid_until(out[-1][-1], method, world) and not died_between(out[-1][-1], r, world):
            out[-1].append(r)
        else:
            out.append([r])
    return out


def died_between(a: R, b: R, world: World) -> bool:
    return any(a.at <= start and a.at < end <= b.at for start, end in world.dead)


def streaks(run: Run, world: World) -> list[Run]:
    out: list[Run] = []
    for r in run:
        if out and out[-1][-1].outcome == r.outcome and not cut_off(out[-1], r.at, world):
            out[-1].append(r)
        else:
            out.append([r])
    return out


def cut_off(streak: Run, until: int, world: World) -> bool:
    """S6: failures that no self-check had backed when we were cut off end there (what comes later stands alone)."""
    start, last = streak[0].at, streak[-1].at
    return streak[0].outcome == FAILED and any(
        last < b and a < until and start < b and not any(start < age <= a for age, _ in world.checks)
        for a, b in world.isolated
    )


def confirmed(streak: Run, method: Method, world: World) -> bool:
    """S3, and S6: no DOWN without an ok self-check younger than the start of the streak.

    A check vouches for no time before an isolation that lies between. That it came after the streak's end is not held
    against it: a gateway asked once a minute may vouch for an outage of half a minute.
    """
    if streak[0].outcome == OK:
        return len(streak) >= method.up_after
    if len(streak) < method.down_after:
        return False
    return not method.anchored or any(_vouches(age, streak[0].at, world) for age, _ in world.checks)


def _vouches(age: int, start: int, world: World) -> bool:
    return start < age and not any(start < b and a < age for a, b in world.isolated)


def judge(run: Run, method: Method, world: World) -> list[tuple[Run, int, bool]]:
    """Every streak of a run with the state it means and whether it is a blip."""
    parts, settled, out = streaks(run, world), UNKNOWN, []
    for i, streak in enumerate(parts):
        last = i == len(parts) - 1
        says = UP if streak[0].outcome == OK else DOWN
        held = says == DOWN and len(streak) >= method.down_after and not confirmed(streak, method, world)
        if confirmed(streak, method, world):
            settled, state, blip = says, says, False
        elif settled == UP and (held or (not last and cut_off(streak, parts[i + 1][0].at, world))):
            settled, state, blip = UNKNOWN, UNKNOWN, False
        else:
            state, blip = _unconfirmed(settled, says, last=last)
        out.append((streak, state, blip))
    return out


def _unconfirmed(settled: int, says: int, *, last: bool) -> tuple[int, bool]:
    """A streak too short to be believed: what it means depends on what was believed before it."""
    if settled in (UNKNOWN, says):
        return settled, False
    if last:
        return UNKNOWN, False
    return (DEGRADED, True) if settled == UP else (DOWN, False)


def blips(method: Method, world: World) -> list[tuple[int, int]]:
    """[first failed, next ok) of every failing streak that was too short (S4)."""
    out = []
    for run in runs(method, world):
        judged = judge(run, method, world)
        out += [(s[0].at, after[0][0].at) for (s, _, blip), after in pairwise(judged) if blip]
    return out


def flapping(method: Method, world: World) -> list[tuple[int, int]]:
    """[start of the third blip within 600 s, 600 s after the last blip's end)."""
    out: list[tuple[int, int]] = []
    seen = blips(method, world)
    for i, (start, end) in enumerate(seen):
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], end + method.flap)
        elif i >= 2 and start - seen[i - 2][0] <= method.flap:
            out.append((start, end + method.flap))
    return out


def ticks(method: Method, world: World, start: int, end: int) -> list[Tick]:
    """State and reasons of every tick of [start, end), with the knowledge of `world` and no more."""
    pieces = [piece for run in runs(method, world) for piece in _pieces(run, method, world)]
    flaps = flapping(method, world)
    return [_tick(t, pieces, flaps, world) for t in range(start, end)]


def _pieces(run: Run, method: Method, world: World) -> list[tuple[int, int, int, int]]:
    """For each reading: (from, to, state, reasons). It holds to the next one, or to the end of its validity."""
    meaning = [(state, blip) for streak, state, blip in judge(run, method, world) for _ in streak]
    out, over = [], 0
    for i, (r, (state, blip)) in enumerate(zip(run, meaning, strict=True)):
        until = run[i + 1].at if i + 1 < len(run) else valid_until(r, method, world)
        over = r.over if r.outcome == OK else over  # S4: until the next ok reading within the limit
        out.append((r.at, until, state, over | (BLIP if blip else 0)))
    return out


def _tick(t: int, pieces: list[tuple[int, int, int, int]], flaps: list[tuple[int, int]], world: World) -> Tick:
    if inside(t, world.dead):
        return UNKNOWN, 0
    for start, end, state, bits in pieces:
        if start <= t < end:
            return _shade(state, bits | (FLAPPING if inside(t, flaps) else 0))
    return UNKNOWN, 0


def _shade(state: int, bits: int) -> Tick:
    """DOWN and UNKNOWN stand above flapping and every limit (S4)."""
    if state in (DOWN, UNKNOWN):
        return state, 0
    return (DEGRADED if bits else UP), bits


def in_service(states: list[Tick], start: int, service: Sequence[tuple[int, int]]) -> list[Tick]:
    """A2: outside the dates in service, OUT."""
    return [tick if inside(start + i, service) else (OUT, 0) for i, tick in enumerate(states)]


def spans(states: list[Tick], start: int) -> list[tuple[int, int, int, int]]:
    """Run lengths: (start, end, state, reasons)."""
    out: list[tuple[int, int, int, int]] = []
    for t, (state, bits) in enumerate(states, start):
        if out and out[-1][2:] == (state, bits):
            out[-1] = (out[-1][0], t + 1, state, bits)
        else:
            out.append((t, t + 1, state, bits))
    return out


def outages(states: list[Tick], start: int) -> list[list[tuple[int, int]]]:
    """S8: DOWN spans with nothing but UNKNOWN between them are one outage."""
    out: list[list[tuple[int, int]]] = []
    open_ = False
    for a, b, state in _plain(states, start):
        if state == DOWN:
            if open_:
                out[-1].append((a, b))
            else:
                out.append([(a, b)])
            open_ = True
        elif state != UNKNOWN:
            open_ = False
    return out


def _plain(states: list[Tick], start: int) -> list[tuple[int, int, int]]:
    return [s[:3] for s in spans([(state, 0) for state, _ in states], start)]


@dataclass(frozen=True)
class Figures:
    """A1 and A4 by counting ticks; None where there is no value."""

    ticks: tuple[int, int, int, int, int]
    low: Fraction | None
    high: Fraction | None
    measured: Fraction | None
    known: Fraction | None


def figures(states: list[Tick]) -> Figures:
    n = [sum(1 for state, _ in states if state == which) for which in (UP, DEGRADED, DOWN, UNKNOWN, OUT)]
    up, degraded, down, unknown, _ = n
    service, evident = up + degraded + down + unknown, up + degraded + down
    good = up + degraded
    return Figures(
        (n[0], n[1], n[2], n[3], n[4]),
        Fraction(good, service) if evident else None,
        Fraction(good + unknown, service) if evident else None,
        Fraction(evident, service) if service else None,
        Fraction(good, evident) if evident else None,
    )


def isolation(own: Sequence[Sequence[R]], method: Method, end: int) -> list[tuple[int, int]]:
    """S6: when every one of these was DOWN by S3, back-dated; it lasts until the recovery is confirmed."""
    sets = [{t for a, b in _down_until_confirmed(readings, method, end) for t in range(a, b)} for readings in own]
    both = set.intersection(*sets) if sets else set()
    return [(a, b) for a, b, state, _ in spans([(int(t in both), 0) for t in range(end)], 0) if state]


def _down_until_confirmed(readings: Sequence[R], method: Method, end: int) -> list[tuple[int, int]]:
    states = ticks(method, World(tuple(readings)), 0, end)
    return [(a, _confirmed_at(b, readings, method, end)) for a, b, state, _ in spans(states, 0) if state == DOWN]


def _confirmed_at(recovered: int, readings: Sequence[R], method: Method, end: int) -> int:
    """The reading that confirmed a recovery back-dated to `recovered`, or the gap that came before it."""
    good = [r.at for r in readings if r.outcome == OK and r.at >= recovered]
    if not good or good[0] != recovered:
        return recovered
    for i, at in enumerate(good[: method.up_after - 1]):
        if i + 1 >= len(good) or good[i + 1] > at + method.validity:
            return min(at + method.validity, end)
    return good[method.up_after - 1]
