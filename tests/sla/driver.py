"""Feeds a world to the engine in the order in which an agent would learn it, and keeps what it writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sla import confirm
from sla.confirm import NEW, Result, Rules, Track
from sla.model import Cause, Degraded, Edge, Outcome, Seen, State, Window
from sla.selfcheck import Watch, isolated_since, last_ok
from sla.timeline import Mark, Span, fold, spans

NEVER = -(2**62)
"""The start of the last ok self-check where one is needed and none was ever ok."""

Event = tuple[int, str, Seen]
"""When, whose (`target`, `gateway` or an anchor's name), what."""


@dataclass
class Driver:
    """One target, with or without a self-check of its vantage."""

    rules: Rules
    check_rules: Rules | None = None
    gateway: bool = False
    anchors: Sequence[str] = ()
    track: Track = NEW
    edges: list[Edge] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    own: dict[str, Track] = field(default_factory=dict)
    cut_off: int | None = None
    proof: int | None = None
    floor: int = NEVER

    @property
    def watch(self) -> Watch:
        gateway = self.own.get("gateway", NEW) if self.gateway else None
        return Watch(gateway, [self.own.get(name, NEW) for name in self.anchors])

    @property
    def check(self) -> int | None:
        if self.watch.is_absent:
            return None
        return NEVER if self.proof is None else self.proof

    def feed(self, events: Iterable[Event]) -> "Driver":
        for _, who, seen in events:
            if who == "target":
                self.read(seen)
            else:
                self.check_self(who, seen)
        return self

    def read(self, seen: Seen) -> None:
        self._look(seen.at)
        if self.cut_off is not None and seen.outcome is Outcome.FAILED:
            seen = seen._replace(outcome=Outcome.ERROR, reason="isolated")
        self._write(confirm.step(self.track, seen, self.rules, self.check))

    def check_self(self, who: str, seen: Seen) -> None:
        self.tick(seen.at)
        self._look(seen.at)
        before = self.proof
        self.own[who] = confirm.step(self.own.get(who, NEW), seen, self.check_rules or self.rules).track
        self._look(seen.at)
        if self.cut_off is not None:
            self._write(confirm.isolate(self.track, self.cut_off, self.rules))
        if self.proof is not None and self.proof != before:
            self._write(confirm.selfcheck_ok(self.track, self.proof, self.rules))
        self.tick(seen.at)

    def _look(self, now: int) -> None:
        """What the vantage's own tracks say now."""
        rules = self.check_rules or self.rules
        self.own = {name: confirm.advance(track, now, rules).track for name, track in self.own.items()}
        self.proof, self.cut_off = last_ok(self.watch), isolated_since(self.watch)

    def tick(self, now: int) -> None:
        self._write(confirm.advance(self.track, now, self.rules))

    def killed(self, heartbeat: int, back: int) -> None:
        """S8: one row of the vantage from the last heartbeat to the first new reading; E5 for an open streak."""
        self.tick(heartbeat)
        if self.track.open_since is not None:
            self.marks.append(Mark(self.track.open_since, State.UNKNOWN, Degraded.NONE, Cause.UNCONFIRMED))
        self.marks.append(Mark(heartbeat, State.UNKNOWN, Degraded.NONE, Cause.AGENT_DOWN))
        self.track, self.floor, self.own = NEW, back, {}
        self.proof = self.cut_off = None

    def stopped(self, now: int, back: int) -> None:
        """S8, a clean stop: all open things are settled as if readings had ended; the track is kept and taken up."""
        self.tick(now)
        kept = self.track
        self._write(confirm.advance(kept, confirm.FOREVER, self.rules))
        self.floor = min([now, *(seen.at for seen in kept.streak[:1])])
        self.track = confirm.advance(kept._replace(asserted=False), back, self.rules).track

    def timeline(self, window: Window, as_of: int) -> list[Span]:
        """What stands at `as_of`: an open streak is UNKNOWN from its first reading (S3)."""
        self.tick(as_of)
        since = self.track.open_since
        return spans(fold(self.marks), window, as_of if since is None else min(since, as_of))

    def _write(self, result: Result) -> None:
        self.track = result.track
        self.edges.extend(result.edges)
        self.marks.extend(Mark(e.at, e.state, e.degraded, e.cause, self.floor) for e in result.edges)
