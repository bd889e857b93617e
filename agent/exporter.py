"""What /metrics shows: per-target lines from the ledger's entries, and the small families of the agent itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from agent import metrics
from agent.entries import Entry
from agent.metrics import Family
from agent.page import Page, header, labels
from collectors.base import Outcome
from sla.model import State, Window

_STATE_LABELS = {state: f',state="{state.label}"}} ' for state in State}
_TIME_LABELS = tuple(_STATE_LABELS.values())
_OUT_LABEL = _STATE_LABELS[State.OUT]
_UP = {State.UP: "1", State.DEGRADED: "1", State.DOWN: "0"}

TIME_FAMILIES = (metrics.SECONDS, metrics.PERIOD_SECONDS)
SPARSE_FAMILIES = (metrics.LAST_PROBE, metrics.PROBLEM)
_PER_READING = (metrics.STREAK, metrics.PROBES, metrics.SUCCESSES, metrics.DURATION, metrics.RTT, metrics.LOSS)
_TIMED = "host"
"""The kind whose parts say when they were last read: other agents read its page (host_page), and a line for each of
43 000 other targets would be memory of everybody who scrapes."""

_Values = dict[str, tuple[dict[int, str], str]]
"""By value name: the texts of its family by slot, and the family's name."""

TIME_CHUNK = 250
"""Entries whose time is written in one piece; between pieces the loop runs."""


class Exporter:
    """Keeps the page in step with the ledger. `periods` are years and months by label; those that run are shown."""

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
        every = [family for families in value_families.values() for family in families.values()]
        kept = [family for family in shown if family not in (*TIME_FAMILIES, *SPARSE_FAMILIES)]
        self._time_families = [family for family in shown if family in TIME_FAMILIES]
        few = [family for family in SPARSE_FAMILIES if family in shown]
        self.page = Page(kept, sparse=[*few, *every])
        self._last, self._problems = (self.page.sparse(f) if f in few else None for f in SPARSE_FAMILIES)
        self._values: dict[str, _Values] = {
            kind: {value: (self.page.sparse(family), family.name) for value, family in families.items()}
            for kind, families in value_families.items()
        }
        self._per_reading = [(self.page.dense(family), family.name) for family in _PER_READING]
        self.periods: Mapping[str, Window] = {}
        self._bases: dict[int, str] = {}
        self._shown: dict[int, Entry] = {}

    def reading(self, entry: Entry) -> None:
        """A probe of it ended."""
        slot, base = self._place(entry)
        values = entry.values
        loss, rtt = values.get("loss_ratio"), values.get("rtt_seconds")
        samples = (entry.track.streak_count, entry.probes, entry.successes, entry.duration_seconds, rtt, loss)
        for (texts, name), value in zip(self._per_reading, samples, strict=True):
            texts[slot] = "" if value is None else f"{name}{base}}} {value!r}\n"
        families = self._values.get(entry.watched.kind)
        if families and entry.last is not None and entry.last.outcome is not Outcome.ERROR:
            self._show_values(families, values, slot, base)
        if self._last is not None and entry.watched.kind == _TIMED and entry.last is not None:
            self._last[slot] = f"{metrics.LAST_PROBE.name}{base}}} {entry.track.last_at / 1e6!r}\n"
        if self._problems is not None:
            self._show_problem(self._problems, entry, slot, base)
        if entry.watched.service:  # its dates may have begun or ended without an edge
            self._show_state(entry, slot, base)

    def _show_problem(self, problems: dict[int, str], entry: Entry, slot: int, base: str) -> None:
        last = entry.last
        if last is None or last.outcome is Outcome.OK:
            problems.pop(slot, None)
        else:
            said = f'outcome="{last.outcome}",reason="{last.reason}"'
            problems[slot] = f"{metrics.PROBLEM.name}{base},{said}}} 1\n"

    def changed(self, entry: Entry) -> None:
        """Its durable state changed."""
        self._show_state(entry, *self._place(entry))

    def _show_state(self, entry: Entry, slot: int, base: str) -> None:
        state = shown_state(entry, self._now_us())
        up = _UP.get(state)
        self._set(metrics.UP, slot, f"{base}}} {up}" if up else "")
        self._set(metrics.STATE, slot, f"{base}{_STATE_LABELS[state]}1")

    def chunks(self, *, open_metrics: bool) -> Iterator[str]:
        """The page, piece by piece: the lines that are kept, then time, which is counted when somebody looks.

        Time lines are most of the page; keeping them would double the memory, and writing them anew at every probe
        costs more than writing them at every scrape.
        """
        yield from self.page.chunks(open_metrics=open_metrics)
        entries = list(self._shown.values())
        for family in self._time_families:
            head = header(family, open_metrics=open_metrics)
            for start in range(0, len(entries), TIME_CHUNK):
                text = "".join([self._time(family, entry) for entry in entries[start : start + TIME_CHUNK]])
                yield head + text
                head = ""

    def gone(self, entry: Entry) -> None:
        """It left the configuration."""
        if entry.slot >= 0:
            self.page.free_slot(entry.slot)
            del self._bases[entry.slot], self._shown[entry.slot]
            entry.slot = -1

    def relabel(self, entry: Entry) -> None:
        """Its labels changed: everything it shows is written anew."""
        self.gone(entry)
        if entry.last is not None:
            self.changed(entry)
            self.reading(entry)

    def _time(self, family: Family, entry: Entry) -> str:
        if entry.slot < 0:  # it left while the page was being written
            return ""
        base = family.name + self._bases[entry.slot]
        if family is metrics.SECONDS:
            self._settle(entry)
            return _time_lines(base, entry.totals.sums, zeros=True)
        now, text = entry.track.last_at, ""
        for label, window in self.periods.items():
            if window.start <= now < window.end:
                text += _time_lines(f'{base},period="{label}"', entry.totals.of_period(window, now), zeros=False)
        return text

    def _place(self, entry: Entry) -> tuple[int, str]:
        if entry.slot < 0:
            entry.slot = self.page.take_slot()
            self._bases[entry.slot] = "{" + labels(self._labels(entry))
            self._shown[entry.slot] = entry
        return entry.slot, self._bases[entry.slot]

    def _labels(self, entry: Entry) -> list[tuple[str, str]]:
        watched = entry.watched
        own = (entry.name, watched.kind, watched.module, watched.site, watched.vantage)
        return [*zip(metrics.TARGET_LABELS, own, strict=True), *watched.labels, *self._common.items()]

    def _set(self, family: Family, slot: int, sample: str) -> None:
        lines = self.page.lines.get(family.name)
        if lines is not None:
            lines.texts[slot] = f"{family.name}{sample}\n" if sample else ""

    def _show_values(self, families: _Values, values: Mapping[str, float], slot: int, base: str) -> None:
        for name, (texts, metric) in families.items():
            value = values.get(name)
            if value is not None:
                texts[slot] = f"{metric}{base}}} {value!r}\n"
            else:
                texts.pop(slot, None)


def shown_state(entry: Entry, now: int) -> State:
    """The durable state, or OUT outside its in-service dates (A2)."""
    service = entry.watched.service
    if service and not any(window.start <= now < window.end for window in service):
        return State.OUT
    return entry.state


def _time_lines(base: str, sums: Sequence[int], *, zeros: bool) -> str:
    """One sample a state. A counter needs its zeros, or its first increase is lost; a gauge of nothing needs none."""
    text = ""
    for label, us in zip(_TIME_LABELS, sums, strict=True):
        if us:
            text += f"{base}{label}{us // 1_000_000}.{us % 1_000_000:06d}\n"
        elif zeros and label is not _OUT_LABEL:
            text += f"{base}{label}0\n"
    return text
