"""What a ledger says when its agent is gone, or cannot be asked, and how two tellings of it compare (A1, E1, E5)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.headmaking import HeadMaker
from agent.stores.chaincheck import Told as WalkTold
from agent.stores.chaincheck import Walk
from agent.stores.opening import Location, connect
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.model import State, Window
from sla.timeline import Span, spans

SECOND = 1_000_000
KNOWN = (State.UP, State.DEGRADED, State.DOWN)


class Told(NamedTuple):
    """Every component's spans from its first mark to the last durable heartbeat, and the edges as they were written."""

    spans: Mapping[str, list[Span]]
    edges: frozenset[tuple[str, int, State]]
    heartbeat: int
    gaps: int


def told(path: Path, before: Told | None = None) -> Told:
    """The file as a reader of it alone sees it; it opens clean. The windows of an earlier telling are kept."""
    began = {name: story[0].start for name, story in before.spans.items() if story} if before else {}
    connection = connect(Location(path), read_only=False)
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    reader = SqliteReader(connection)
    try:
        last = reader.last_run()
        assert last is not None
        found = {}
        names = {component.id: component.name for component in reader.components()}
        for number, name in names.items():
            if marks := reader.marks(number):
                window = Window(began.get(name, marks[0].at), last.heartbeat_at)
                found[name] = spans(marks, window, reader.known_until(number))
                sums_up(found[name], window)
        rows = connection.execute("SELECT component, at, state FROM edges").fetchall()
        gaps = int(connection.execute("SELECT count(*) FROM gaps").fetchone()[0])
    finally:
        reader.close()
    edges = frozenset((names[row[0]], row[1], State(row[2])) for row in rows)
    return Told(found, edges, last.heartbeat_at, gaps)


def chain_agrees(path: Path, at: int) -> int:
    """A head over what the kill left, and a walk over all of them (E3); how many rows that are."""
    with closing(connect(Location(path))) as connection:
        maker = HeadMaker(Location(path), SqliteWriter(connection), ZoneInfo("Asia/Shanghai"))
        maker.begin("hour", at)
        maker.make_begun()
    with closing(connect(Location(path), read_only=True)) as connection:
        found = Walk(connection, WalkTold(str, lambda *_: None)).walk()
    assert (found.bad, found.pending) == ((), 0)
    return found.rows


def sums_up(story: Iterable[Span], window: Window) -> None:
    """A1: the spans are the window, to the microsecond, each once and in order."""
    at = window.start
    for span in story:
        assert span.start == at, f"a hole or an overlap before {span}"
        at = span.end
    assert at == max(window.end, window.start)


def nothing_is_lost(before: Told, now: Told) -> int:
    """What was durable then still stands now, to the microsecond, in every state that is known; how much that is.

    An edge that was written is never gone, a stretch that was known keeps its state.
    """
    gone = before.edges - now.edges
    assert not gone, f"edges are not in the ledger any more: {sorted(gone)[:5]}"
    compared = 0
    for name, story in before.spans.items():
        later = iter(now.spans[name])
        span = next(later)
        for old in story:
            if old.state is State.UNKNOWN:
                continue
            covered = 0
            while True:
                if span.state is old.state:
                    covered += max(min(old.end, span.end) - max(old.start, span.start), 0)
                if span.end >= old.end:
                    break
                span = next(later)
            assert covered == old.length, f"{name}: {old} is not in the ledger any more"
            compared += old.length
    return compared


def seconds_in(story: Iterable[Span], *states: State) -> float:
    """How long, of one component."""
    return sum(span.length for span in story if span.state in states) / SECOND


SLOW_HOST_SHARE = 0.25
"""Of its time a target may be UNKNOWN because this machine is slow: far less than any trouble here lasts."""


def was_known(now: Told, names: Iterable[str], since: int) -> None:
    """They were measured all the while, give or take what a slow machine costs."""
    for name in names:
        later = [span for span in now.spans[name] if span.start >= since]
        unknown, whole = seconds_in(later, State.UNKNOWN), sum(span.length for span in later) / SECOND
        assert unknown <= whole * SLOW_HOST_SHARE, f"{name}: {unknown:.1f} s of {whole:.1f} s became UNKNOWN"


def in_state(now: Told, state: State, names: Iterable[str] | None = None) -> list[str]:
    """Who was ever in that state."""
    return [name for name in names or now.spans if any(span.state is state for span in now.spans.get(name, []))]


def unknown_by_cause(now: Told, since: int = 0) -> dict[str, float]:
    """Seconds of UNKNOWN by cause, of all components together."""
    found: Counter[str] = Counter()
    for story in now.spans.values():
        for span in story:
            if span.state is State.UNKNOWN and span.end > since:
                found[span.cause.name.lower()] += (span.end - max(span.start, since)) / SECOND
    return dict(found)


def causes(now: Told, since: int = 0) -> str:
    """The same in words."""
    found = unknown_by_cause(now, since)
    return ", ".join(f"{seconds:.1f} target-seconds {cause}" for cause, seconds in sorted(found.items())) or "nothing"
