"""The one reducer from readings to edges (semantics S2-S6), for live probes, imports and simulation alike.

`step` takes what is known of a component and one event, and returns what is known after it and the edges it
settled. It is pure: the same events give the same edges on any machine, in any year.

A streak is a run of readings that contradict the present state. It is nothing until it is confirmed, and then
it counts from its first reading. What is not confirmed when readings end is UNKNOWN from its first reading.
"""

from typing import NamedTuple

from sla.model import EVIDENCE_MAX, Cause, Degraded, Edge, Outcome, Seen, State

FOREVER = 2**62
"""Later than every reading: `advance` to it to say that readings have ended."""


class Rules(NamedTuple):
    """The parameters in force for one component; all dated in the ledger (E7)."""

    interval: int
    down_after: int = 3
    up_after: int = 2
    blips: int = 3
    blip_window: int = 600_000_000

    @property
    def validity(self) -> int:
        """How long a reading speaks, in microseconds: one and a half regular intervals (S2)."""
        return self.interval * 3 // 2


class Track(NamedTuple):
    """What the reducer knows about one component.

    `state` is the last edge's; UP and DEGRADED differ only by `degraded`. `streak` holds readings that
    contradict it (or lead out of UNKNOWN), `streak_count` how many there were. `asserted` is False after a restart
    until the state is said again.

    `replay` are the readings since the first failed one that no ok self-check has covered yet, `base` the track
    before them: what the self-check says later (S6) is applied by reducing them again. `dirty` is whether edges were
    written meanwhile, `held` whether a streak was long enough for DOWN and lacked the proof, `proof` the last one.
    """

    state: State = State.UNKNOWN
    degraded: Degraded = Degraded.NONE
    since: int = 0
    valid_until: int = 0
    last_at: int = 0
    last_ok: int | None = None
    last_failed: int | None = None
    streak: tuple[Seen, ...] = ()
    streak_count: int = 0
    blip_starts: tuple[int, ...] = ()
    flapping_until: int = 0
    errored: bool = False
    asserted: bool = True
    base: "Track | None" = None
    replay: tuple[Seen, ...] = ()
    dirty: bool = False
    held: bool = False
    proof: int | None = None

    @property
    def is_good(self) -> bool:
        """UP or DEGRADED: it answers."""
        return self.state is State.UP or self.state is State.DEGRADED

    @property
    def needs_retry(self) -> bool:
        """Whether S3 re-probes it before its regular time."""
        return self.errored or self.streak_count > 0 or self.state is State.UNKNOWN

    @property
    def open_since(self) -> int | None:
        """First reading of a streak that contradicts a known state: UNKNOWN from there if nothing follows."""
        return self.streak[0].at if self.streak and self.state is not State.UNKNOWN else None


class Result(NamedTuple):
    """What a step leaves: the new track, and the edges in the order in which they are to be written."""

    track: Track
    edges: tuple[Edge, ...] = ()


_VALID_UNTIL, _LAST_FAILED, _ERRORED = map(Track._fields.index, ("valid_until", "last_failed", "errored"))

_NOT_ERRORED = (False,)

REPLAY_MAX = 64
"""Readings kept for the self-check to judge; beyond it the oldest are taken as they are."""

NEW = Track()
NO_EDGES: tuple[Edge, ...] = ()


def step(track: Track, seen: Seen, rules: Rules, check: int | None = None) -> Result:
    """Reduce one reading.

    `check` is the start of the last ok self-check of the plane, None where none is needed (S6).
    Errors: ValueError if the reading is older than one already reduced.
    """
    if _is_quiet(track, seen):
        return Result(_still_good(track, seen.at, rules))
    if seen.at < track.last_at:
        raise ValueError(f"reading at {seen.at} is older than the last one at {track.last_at}")
    done = _reduce(track, seen, rules, check)
    if check is None or (track.base is None and seen.outcome is not Outcome.FAILED):
        return done
    return Result(_remember(track, done, seen, rules, check), done.edges)


def _still_good(track: Track, at: int, rules: Rules) -> Track:
    """`_replace` in half of its time: of nearly every reading of a city this is all that there is to do."""
    times = at + rules.validity, at, at
    return tuple.__new__(
        Track, track[:_VALID_UNTIL] + times + track[_LAST_FAILED:_ERRORED] + _NOT_ERRORED + track[_ERRORED + 1 :]
    )


def advance(track: Track, now: int, rules: Rules) -> Result:
    """Settle what time alone decides up to `now`: validity that ran out (S2), flapping that ended (S4).

    Every reading that started before `now` must have been reduced. FOREVER says that readings have ended.
    """
    done = _advance(track, now, rules)
    if done.edges and done.track.base is not None:
        return Result(done.track._replace(dirty=True), done.edges)
    return done


def selfcheck_ok(track: Track, check: int, rules: Rules) -> Result:
    """Tell a component that the vantage was proven sound at `check`: a DOWN that waited for it is declared."""
    return _again(track._replace(proof=check), rules) if track.held else Result(track)


def isolate(track: Track, since: int, rules: Rules) -> Result:
    """Turn failed readings since the vantage's isolation into errors, and reduce again what came with them (S6).

    What is judged so is judged for good: an ok self-check after the isolation proves nothing about the time before it.
    A failing streak that no self-check had backed by then ends here, UNKNOWN from its first reading.
    """
    judged = tuple(
        seen._replace(outcome=Outcome.ERROR, reason="isolated")
        if seen.outcome is Outcome.FAILED and seen.at >= since
        else seen
        for seen in track.replay
    )
    done = _again(track._replace(replay=judged), rules) if judged != track.replay else Result(track)
    track, edges = done.track._replace(base=None, replay=(), dirty=False, held=False), done.edges
    first = track.streak[0] if track.streak and track.state is not State.DOWN else None
    if first is not None and first.outcome is Outcome.FAILED and first.at >= (track.proof or 0):
        edge = Edge(first.at, State.UNKNOWN, Degraded.NONE, Cause.ISOLATED, None, track.streak[:EVIDENCE_MAX])
        track, more = _turn(track, edge)
        return Result(track._replace(streak=(), streak_count=0, asserted=True, errored=True), edges + more)
    return Result(track, edges)


def settled_until(track: Track) -> int:
    """Up to when what the edges say can no longer change: before every open confirmation and proof."""
    settled = track.streak[0].at if track.streak else track.last_at
    return settled if track.base is None else min(settled, _replay_start(track))


def _is_quiet(track: Track, seen: Seen) -> bool:
    """The path of nearly every reading: UP, in time, ok and over no limit, nothing open. It changes no state."""
    return (
        track.state is State.UP
        and seen.outcome is Outcome.OK
        and not seen.over
        and not track.streak
        and track.asserted
        and track.base is None
        and track.last_at <= seen.at <= track.valid_until
    )


def _reduce(track: Track, seen: Seen, rules: Rules, check: int | None) -> Result:
    """One reading after the silence before it, without thought of the self-check's later word."""
    track, edges = _advance(track, seen.at, rules)
    if seen.outcome is Outcome.OK:
        done = _ok(track, seen, rules)
    elif seen.outcome is Outcome.FAILED:
        done = _failed(track, seen, rules, check)
    else:  # S3: neither extends nor breaks a streak; S2: valid for no time
        done = Result(track._replace(errored=True, last_at=seen.at))
    return Result(done.track, edges + done.edges) if edges else done


def _advance(track: Track, now: int, rules: Rules) -> Result:
    edges = NO_EDGES
    flap_end = track.flapping_until
    calm = Degraded.FLAPPING in track.degraded and track.is_good and not track.streak
    if calm and flap_end <= min(now, track.valid_until):
        track, edges = _turn(track, _good(flap_end, track.degraded & ~Degraded.FLAPPING))
    if now <= track.valid_until or track.valid_until == 0:
        return Result(track, edges)
    return _gap(track, edges)


def _remember(before: Track, done: Result, seen: Seen, rules: Rules, check: int) -> Track:
    """Keep the readings that the self-check may still judge; what an ok one has covered is taken as it is."""
    base = before._replace(base=None, replay=(), dirty=False) if before.base is None else before.base
    replay = (*before.replay, seen)
    while replay and (len(replay) > REPLAY_MAX or replay[0].outcome is not Outcome.FAILED or replay[0].at <= check):
        base = _reduce(base, replay[0], rules, check).track
        replay = replay[1:]
    if not replay:
        return done.track._replace(base=None, replay=(), dirty=False, held=False, proof=check)
    dirty = before.dirty or bool(done.edges)
    return done.track._replace(base=base, replay=replay, dirty=dirty, proof=check)


def _again(track: Track, rules: Rules) -> Result:
    """Reduce the kept readings again under what is known now; edges written meanwhile are taken back first."""
    if track.base is None:
        return Result(track)
    now, edges = track.base._replace(asserted=True, held=False), NO_EDGES
    if track.dirty:
        cause = Cause.ISOLATED if now.state is State.UNKNOWN else Cause.PROBE
        edges = (Edge(_replay_start(track), now.state, now.degraded, cause),)
    for seen in track.replay:
        now, more = _reduce(now, seen, rules, track.proof)
        edges += more
    kept = now._replace(base=track.base, replay=track.replay, dirty=track.dirty or bool(edges), proof=track.proof)
    return Result(kept, edges)


def _replay_start(track: Track) -> int:
    """The earliest instant that reducing the kept readings again can say anything new about."""
    streak = track.base.streak if track.base is not None else ()
    return streak[0].at if streak else track.replay[0].at


def _ok(track: Track, seen: Seen, rules: Rules) -> Result:
    until = seen.at + rules.validity
    if track.is_good:
        if not track.streak and seen.over == track.degraded & ~Degraded.FLAPPING and track.asserted:
            return Result(track._replace(valid_until=until, last_at=seen.at, last_ok=seen.at, errored=False))
        return _ok_while_good(track, seen, rules, until)
    streak, count = _extend(track, seen, rules)
    track = track._replace(streak=streak, streak_count=count, valid_until=until, last_at=seen.at, errored=False)
    if count < rules.up_after:
        return Result(track._replace(last_ok=seen.at))
    return _declare_up(track, seen)


def _ok_while_good(track: Track, seen: Seen, rules: Rules, until: int) -> Result:
    if track.streak_count >= rules.down_after:
        return _unproven(track, seen, rules)
    edges = NO_EDGES
    contrary = tuple(last._replace(over=track.degraded) for last in _last(track.last_ok, Outcome.OK))
    if track.streak:
        contrary = track.streak[-1:]
        track, edges = _close_blip(track, seen, rules)
    degraded = seen.over | (Degraded.FLAPPING if track.flapping_until > seen.at else Degraded.NONE)
    uncertainty = seen.at - contrary[0].at if contrary else None
    turned, more = _turn(track, _good(seen.at, degraded, uncertainty, (*contrary, seen)))
    return Result(
        turned._replace(valid_until=until, last_at=seen.at, last_ok=seen.at, errored=False, asserted=True),
        edges + more,
    )


def _unproven(track: Track, seen: Seen, rules: Rules) -> Result:
    """Enough failures for DOWN, never a proof that it was not us, and now an answer: no blip, so UNKNOWN (S4, S6)."""
    edge = Edge(track.streak[0].at, State.UNKNOWN, Degraded.NONE, Cause.UNCONFIRMED, None, track.streak[:EVIDENCE_MAX])
    track, edges = _turn(track, edge)
    done = _ok(track._replace(streak=(), streak_count=0, asserted=True), seen, rules)
    return Result(done.track, edges + done.edges)


def _close_blip(track: Track, seen: Seen, rules: Rules) -> Result:
    """A failing streak too short for DOWN (S4): DEGRADED from its first reading to this ok one."""
    start = track.streak[0].at
    starts = (*track.blip_starts, start)[-rules.blips :]
    third = len(starts) == rules.blips and start - starts[0] <= rules.blip_window
    flapping = third or track.flapping_until > start
    until = seen.at + rules.blip_window if flapping else track.flapping_until
    over = track.degraded & ~Degraded.FLAPPING | Degraded.BLIP
    evidence = _evidence(_last(track.last_ok, Outcome.OK), (*track.streak, seen))
    degraded = over | (Degraded.FLAPPING if flapping else Degraded.NONE)
    edge = _good(start, degraded, _since(start, track.last_ok), evidence)
    track, edges = _turn(track, edge)
    return Result(track._replace(streak=(), streak_count=0, blip_starts=starts, flapping_until=until), edges)


def _declare_up(track: Track, seen: Seen) -> Result:
    """Confirmed recovery: from the first ok reading on, degraded wherever a reading was over a limit."""
    first = track.streak[0].at
    edges = NO_EDGES
    for at, degraded in _masks(track.streak, track.flapping_until):
        uncertainty = _since(first, track.last_failed) if at == first else None
        evidence = _evidence(_last(track.last_failed, Outcome.FAILED), track.streak) if at == first else ()
        track, more = _turn(track, _good(at, degraded, uncertainty, evidence))
        edges += more
    track = track._replace(streak=(), streak_count=0, last_ok=seen.at, asserted=True)
    return Result(track, edges)


def _masks(streak: tuple[Seen, ...], flapping_until: int) -> list[tuple[int, Degraded]]:
    """What each ok reading of a streak says, and the end of flapping where it falls between them."""
    masks = [(s.at, s.over | (Degraded.FLAPPING if flapping_until > s.at else Degraded.NONE)) for s in streak]
    before = [mask for mask in masks if mask[0] < flapping_until]
    after = masks[len(before) :]
    if not before or not after or after[0][0] == flapping_until:
        return masks
    return [*before, (flapping_until, before[-1][1] & ~Degraded.FLAPPING), *after]


def _failed(track: Track, seen: Seen, rules: Rules, check: int | None) -> Result:
    streak, count = _extend(track, seen, rules)
    if track.state is State.DOWN:
        streak, count = (), 0
    now = track._replace(
        streak=streak,
        streak_count=count,
        valid_until=seen.at + rules.validity,
        last_at=seen.at,
        last_failed=seen.at,
        errored=False,
    )
    if now.state is State.DOWN:
        return _failed_while_down(now, track.streak, seen)
    if count < rules.down_after:
        return Result(now)
    if check is None or check > streak[0].at:
        return _declare_down(now)
    return Result(now._replace(held=True))


def _failed_while_down(track: Track, broken: tuple[Seen, ...], seen: Seen) -> Result:
    """Still DOWN; said again after a restart, from the start of the ok streak that it broke."""
    if track.asserted:
        return Result(track)
    at = broken[0].at if broken else seen.at
    edge = Edge(at, State.DOWN, Degraded.NONE, Cause.PROBE, None, (*broken[: EVIDENCE_MAX - 1], seen))
    return Result(track._replace(asserted=True), (edge,))


def _declare_down(track: Track) -> Result:
    first = track.streak[0].at
    evidence = _evidence(_last(track.last_ok, Outcome.OK), track.streak)
    edge = Edge(first, State.DOWN, Degraded.NONE, Cause.PROBE, _since(first, track.last_ok), evidence)
    track, edges = _turn(track, edge)
    return Result(track._replace(streak=(), streak_count=0, held=False, asserted=True), edges)


def _gap(track: Track, edges: tuple[Edge, ...]) -> Result:
    """Nothing valid any more (S2): an open streak is UNKNOWN from its first reading (S3), else from here."""
    if track.state is State.UNKNOWN:
        return Result(track._replace(streak=(), streak_count=0, valid_until=0), edges)
    if track.streak:
        evidence = track.streak[:EVIDENCE_MAX]
        edge = Edge(track.streak[0].at, State.UNKNOWN, Degraded.NONE, Cause.UNCONFIRMED, None, evidence)
    else:
        edge = Edge(track.valid_until, State.UNKNOWN, Degraded.NONE, Cause.NO_READING)
    track, more = _turn(track, edge)
    track = track._replace(streak=(), streak_count=0, valid_until=0, asserted=True)
    return Result(track, edges + more)


def _extend(track: Track, seen: Seen, rules: Rules) -> tuple[tuple[Seen, ...], int]:
    """The streak with one more reading; the other outcome starts a new one. One that waits long loses its middle."""
    if not track.streak or track.streak[0].outcome is not seen.outcome:
        return (seen,), 1
    room = max(rules.down_after, rules.up_after, EVIDENCE_MAX) - 1
    kept = track.streak if len(track.streak) <= room else (*track.streak[: room - 1], *track.streak[room:])
    return (*kept, seen), track.streak_count + 1


def _turn(track: Track, edge: Edge) -> Result:
    """Enter the state of an edge; an edge that says nothing new is not written."""
    same = edge.state is track.state and edge.degraded == track.degraded
    if same and track.asserted:
        return Result(track)
    since = track.since if same else edge.at
    return Result(track._replace(state=edge.state, degraded=edge.degraded, since=since), (edge,))


def _good(at: int, degraded: Degraded, uncertainty: int | None = None, evidence: tuple[Seen, ...] = ()) -> Edge:
    state = State.DEGRADED if degraded else State.UP
    return Edge(at, state, degraded, Cause.PROBE, uncertainty, evidence)


def _since(at: int, contrary: int | None) -> int | None:
    return None if contrary is None else at - contrary


def _last(at: int | None, outcome: Outcome) -> tuple[Seen, ...]:
    return () if at is None else (Seen(at, outcome),)


def _evidence(contrary: tuple[Seen, ...], streak: tuple[Seen, ...]) -> tuple[Seen, ...]:
    room = EVIDENCE_MAX - len(contrary)
    if len(streak) <= room:
        return contrary + streak
    return contrary + streak[: room - 2] + streak[-2:]
