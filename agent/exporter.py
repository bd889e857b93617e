"""What /metrics shows: per-target lines from the ledger's entries, and the small families of the agent itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from agent import metrics
from agent.entries import Entry
from agent.metrics import Family
from agent.page import Page, header, labels, seconds
from collectors.base import Outcome
from sla.model import State, Window

_STATE_LABELS = {state: f',state="{state.label}"}} ' for state in State}
_UP = {State.UP: "1", State.DEGRADED: "1", State.DOWN: "0"}

TIME_FAMILIES = (metrics.SECONDS, metrics.PERIOD_SECONDS)
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
        self._values = value_families
        self._settle = settle
        self._now_us = now_us
        self._common = dict(common)
        every = [family for families in value_families.values() for family in families.values()]
        kept = [family for family in shown if family not in TIME_FAMILIES]
        self._time_families = [family for family in shown if family in TIME_FAMILIES]
        self.page = Page(kept, sparse=every)
        self.periods: Mapping[str, Window] = {}
        self._bases: dict[int, str] = {}
        self._shown: dict[int, Entry] = {}

    def reading(self, entry: Entry) -> None:
        """A probe of it ended."""
        slot, base = self._place(entry)
        self._set(metrics.STREAK, slot, f"{base}}} {entry.track.streak_count}")
        self._set(metrics.PROBES, slot, f"{base}}} {entry.probes}")
        self._set(metrics.SUCCESSES, slot, f"{base}}} {entry.successes}")
        self._set(metrics.DURATION, slot, f"{base}}} {entry.duration_seconds!r}")
        self._show_values(entry, slot, base)
        if entry.watched.service:  # its dates may have begun or ended without an edge
            self._show_state(entry, slot, base)

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
            return _five(base, entry.totals.sums)
        now = entry.track.last_at
        return "".join(
            [
                _five(f'{base},period="{label}"', entry.totals.of_period(window, now))
                for label, window in self.periods.items()
                if window.start <= now < window.end
            ]
        )

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

    def _show_values(self, entry: Entry, slot: int, base: str) -> None:
        values = entry.values
        loss, rtt = values.get("loss_ratio"), values.get("rtt_seconds")
        self._set(metrics.LOSS, slot, "" if loss is None else f"{base}}} {loss!r}")
        self._set(metrics.RTT, slot, "" if rtt is None else f"{base}}} {rtt!r}")
        families = self._values.get(entry.watched.kind)
        if not families or entry.last is None or entry.last.outcome is Outcome.ERROR:
            return
        for name, family in families.items():
            value = values.get(name)
            self._set(family, slot, "" if value is None else f"{base}}} {value!r}")


def shown_state(entry: Entry, now: int) -> State:
    """The durable state, or OUT outside its in-service dates (A2)."""
    service = entry.watched.service
    if service and not any(window.start <= now < window.end for window in service):
        return State.OUT
    return entry.state


def _five(base: str, sums: Sequence[int]) -> str:
    """The five samples of one component's time, one for each state."""
    up, degraded, down, unknown, out = (seconds(us) if us else "0" for us in sums)
    return (
        f'{base},state="up"}} {up}\n{base},state="degraded"}} {degraded}\n{base},state="down"}} {down}\n'
        f'{base},state="unknown"}} {unknown}\n{base},state="out_of_service"}} {out}\n'
    )
