"""What /metrics shows of targets, written from the ledger's entries when somebody looks.

A probe of one of 43 000 targets writes nothing here (ADR 0024). The generic way would cost seconds; a test proves the
text equal to what prometheus-client writes of the same samples.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from operator import attrgetter
from sys import intern

from agent import metrics
from agent.entries import Entry
from agent.metrics import Family
from agent.page import Kept, Piece, header, labels
from agent.portions import Portion, arranged
from collectors.base import Outcome
from sla.model import State, Window

_STATE_LABELS = {state: f',state="{state.label}"}} ' for state in State}
_TIME_LABELS = tuple(_STATE_LABELS.values())
_UP_LABEL, _OUT_LABEL = _STATE_LABELS[State.UP], _STATE_LABELS[State.OUT]
_ZEROS = tuple(f"{label}0\n" for label in _TIME_LABELS[1:4])
_SHOWS_UP = {State.UP: 1, State.DEGRADED: 1, State.DOWN: 0}

TIME_FAMILIES = (metrics.SECONDS, metrics.PERIOD_SECONDS)
_TIMED = "host"
"""The kind whose parts say when they were last read: other agents read its page (host_page), and a line for each of
43 000 other targets would be memory of everybody who scrapes."""

TIME_PORTION = 100
"""Entries whose lines of time, several each, are written in one piece; between pieces the loop runs."""

_Write = Callable[[Family, Sequence[Entry]], Iterable[str]]
"""Writes the lines of a family and of some entries."""

_Numbers = Callable[[Sequence[Entry]], Iterable[float | None]]
"""The samples of a family without labels of its own, entry by entry; None is no sample."""


def _value(name: str) -> _Numbers:
    return lambda entries: [entry.values.get(name) for entry in entries]


_NUMBERS: Mapping[Family, _Numbers] = {
    metrics.STREAK: lambda entries: map(attrgetter("track.streak_count"), entries),
    metrics.PROBES: lambda entries: map(attrgetter("probes"), entries),
    metrics.SUCCESSES: lambda entries: map(attrgetter("successes"), entries),
    metrics.DURATION: lambda entries: map(attrgetter("duration_seconds"), entries),
    metrics.RTT: _value("rtt_seconds"),
    metrics.LOSS: _value("loss_ratio"),
}
"""What a reading said."""


class Exporter:
    """Shows every entry that has something to show. `periods` are years and months by label; those that run are shown.

    `shown` are the families of every kind, `value_families` those of each kind by the names of its values, `wanted` the
    names of those on the page, `*` at the end for any ending; without any all are.
    """

    def __init__(
        self,
        value_families: Mapping[str, Mapping[str, Family]],
        settle: Callable[[Entry], None],
        now_us: Callable[[], int],
        common: Mapping[str, str],
        shown: Sequence[Family] = metrics.TARGET_FAMILIES,
    ) -> None:
        self._settle = settle
        self._now_us = now_us
        self._common = dict(common)
        self._families = [family for family in shown if family not in TIME_FAMILIES]
        self._time_families = [family for family in shown if family in TIME_FAMILIES]
        self._values = _by_family(value_families)
        self._of_kind: dict[str, dict[Entry, None]] = {}
        self._moves: dict[str, int] = {}  # how often a kind's entries came or went
        self._pages = self._left = 0
        self._portions: dict[str, tuple[int, list[Portion]]] = {}  # of a kind, as they were after so many moves
        self._measured: dict[str, set[str]] = {}
        self.periods: Mapping[str, Window] = {}
        self.wanted: Sequence[str] = ()

    def reading(self, entry: Entry) -> None:
        """A probe of it ended; what one measured that could not measure now stays as it was last seen."""
        entry.version += 1
        if not entry.series:
            self._begin(entry)
        if entry.last is not None and entry.last.outcome is not Outcome.ERROR:
            entry.shown = entry.values
            measured = self._measured[entry.watched.kind]
            if not measured >= entry.values.keys():
                measured.update(entry.values)

    def changed(self, entry: Entry) -> None:
        """Its durable state changed."""
        entry.version += 1
        if not entry.series:
            self._begin(entry)

    def gone(self, entry: Entry) -> None:
        """It left the configuration."""
        if entry.series:
            for kind, entries in self._of_kind.items():  # its kind may be another one by now
                if entries.pop(entry, self) is None:
                    self._moves[kind] += 1
            self._left += 1
            entry.version += 1
            entry.series = entry.tail = ""

    def relabel(self, entry: Entry) -> None:
        """Its labels changed."""
        if entry.series:
            self.gone(entry)
            self._begin(entry)

    def chunks(self, *, open_metrics: bool) -> Iterator[Piece]:
        """The page, piece by piece; a family without samples is left out, and so is who leaves meanwhile.

        Whoever takes it lets the loop run after each piece that is new, also after an empty one: a search in vain.
        """
        for kind in list(self._of_kind):
            yield from self._arrange(kind)
        self._pages += 1
        for family, pieces in self._columns(self._pages):
            if not metrics.is_named(family.name, self.wanted):
                continue
            head = header(family, open_metrics=open_metrics)
            for piece in pieces:
                if head and not _is_empty(piece):
                    yield head
                    head = ""
                yield piece

    def _arrange(self, kind: str) -> Iterator[str]:
        """Put a kind's entries into portions anew where some came or went."""
        moves = self._moves[kind]
        if self._portions[kind][0] != moves:
            found: list[Portion] = []
            yield from arranged(list(self._of_kind[kind]), found)
            self._portions[kind] = moves, found  # who came meanwhile is on the next page, who left says nothing

    def _columns(self, page: int) -> Iterator[tuple[Family, Iterator[Piece]]]:
        """Each family in its order, and its lines."""
        portions = cache(self._of_kinds)  # many families are of the same kinds
        every = tuple(self._of_kind)
        for family in self._families:
            yield family, self._kept_pieces(page, family, self._write_plain, portions(every))
        for family, value, of_kinds in self._values:
            kinds = tuple(kind for kind in of_kinds if value in self._measured.get(kind, ()))
            yield family, self._kept_pieces(page, family, partial(_write_value, value), portions(kinds))
        for family in self._time_families:
            yield family, self._time_pieces(family, portions(every))

    def _of_kinds(self, kinds: tuple[str, ...]) -> list[Portion]:
        return [portion for kind in kinds for portion in self._portions[kind][1]]

    def _kept_pieces(self, page: int, family: Family, write: _Write, portions: Sequence[Portion]) -> Iterator[Piece]:
        for portion in portions:
            kept = portion.kept(family, (page, self._left), self._now_us())  # who leaves meanwhile leaves at once
            yield kept or portion.keep(family, "".join(write(family, _shown(portion.entries))))

    def _time_pieces(self, family: Family, portions: Sequence[Portion]) -> Iterator[Piece]:
        """Never kept: time goes on without a reading."""
        for portion in portions:
            for start in range(0, len(portion.entries), TIME_PORTION):
                yield "".join(self._write_time(family, _shown(portion.entries[start : start + TIME_PORTION])))

    def _begin(self, entry: Entry) -> None:
        watched = entry.watched
        own, *others = metrics.TARGET_LABELS
        rest = zip(others, (watched.kind, watched.module, watched.site, watched.vantage), strict=True)
        entry.series = "{" + labels([(own, entry.name)])
        entry.tail = intern("," + labels([*rest, *watched.labels, *self._common.items()]))
        kind = watched.kind
        if kind not in self._of_kind:
            self._of_kind[kind], self._measured[kind] = {}, set()
            self._moves[kind], self._portions[kind] = 0, (0, [])
        self._of_kind[kind][entry] = None
        self._moves[kind] += 1

    def _write_plain(self, family: Family, entries: Sequence[Entry]) -> list[str]:
        name = family.name
        if family is metrics.STATE:
            now = self._now_us()
            return [f"{name}{entry.series}{entry.tail}{_STATE_LABELS[shown_state(entry, now)]}1\n" for entry in entries]
        if family is metrics.UP:
            now = self._now_us()
            shows = [(entry, _SHOWS_UP.get(shown_state(entry, now))) for entry in entries]
            return [f"{name}{entry.series}{entry.tail}}} {up}\n" for entry, up in shows if up is not None]
        read = [entry for entry in entries if entry.last is not None]
        if family is metrics.PROBLEM:
            return [text for entry in read if (text := _problem(entry))]
        if family is metrics.LAST_PROBE:
            timed = [entry for entry in read if entry.watched.kind == _TIMED]
            return [f"{name}{entry.series}{entry.tail}}} {entry.track.last_at / 1e6!r}\n" for entry in timed]
        numbers = zip(read, _NUMBERS[family](read), strict=True)
        return [f"{name}{entry.series}{entry.tail}}} {number!r}\n" for entry, number in numbers if number is not None]

    def _write_time(self, family: Family, entries: Sequence[Entry]) -> list[str]:
        if family is metrics.SECONDS:
            for entry in entries:
                self._settle(entry)
            return [
                _time_lines(family.name + entry.series + entry.tail, entry.totals.sums, zeros=True) for entry in entries
            ]
        return [self._time_of_periods(family.name + entry.series + entry.tail, entry) for entry in entries]

    def _time_of_periods(self, base: str, entry: Entry) -> str:
        now, text = entry.track.last_at, ""
        for label, window in self.periods.items():
            if window.start <= now < window.end:
                text += _time_lines(f'{base},period="{label}"', entry.totals.of_period(window, now), zeros=False)
        return text


def _shown(entries: Sequence[Entry]) -> list[Entry]:
    """Those that are on the page still."""
    return [entry for entry in entries if entry.series]


def _is_empty(piece: Piece) -> bool:
    return not (piece.size if isinstance(piece, Kept) else piece)


def shown_state(entry: Entry, now: int) -> State:
    """The durable state, or OUT outside its in-service dates (A2)."""
    service = entry.watched.service
    if service and not any(window.start <= now < window.end for window in service):
        return State.OUT
    return entry.state


def _by_family(value_families: Mapping[str, Mapping[str, Family]]) -> list[tuple[Family, str, list[str]]]:
    """Each family, the value that it shows and the kinds that measure it."""
    found: dict[str, tuple[Family, str, list[str]]] = {}
    for kind, families in value_families.items():
        for value, family in families.items():
            found.setdefault(family.name, (family, value, []))[2].append(kind)
    return list(found.values())


def _write_value(value: str, family: Family, entries: Sequence[Entry]) -> list[str]:
    name = family.name
    numbers = [(entry, entry.shown.get(value)) for entry in entries]
    return [f"{name}{entry.series}{entry.tail}}} {number!r}\n" for entry, number in numbers if number is not None]


def _problem(entry: Entry) -> str:
    last = entry.last
    if last is None or last.outcome is Outcome.OK:
        return ""
    return f'{metrics.PROBLEM.name}{entry.series}{entry.tail},outcome="{last.outcome}",reason="{last.reason}"}} 1\n'


def _time_lines(base: str, sums: Sequence[int], *, zeros: bool) -> str:
    """One sample a state. A counter needs its zeros, or its first increase is lost; a gauge of nothing needs none."""
    if sums[0] and not any(sums[1:]):  # of nearly every one
        text = f"{base}{_UP_LABEL}{sums[0] // 1_000_000}.{sums[0] % 1_000_000:06d}\n"
        return f"{text}{base}{_ZEROS[0]}{base}{_ZEROS[1]}{base}{_ZEROS[2]}" if zeros else text
    text = ""
    for label, us in zip(_TIME_LABELS, sums, strict=True):
        if us:
            text += f"{base}{label}{us // 1_000_000}.{us % 1_000_000:06d}\n"
        elif zeros and label is not _OUT_LABEL:
            text += f"{base}{label}0\n"
    return text
