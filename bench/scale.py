"""43 000 cameras every minute in one process: on time, exact, at what price; then the worst that may befall them.

The city runs as it would for a customer, scraped by a real Prometheus every 15 s. Windows follow one another in one
process: the first minute and a half, steady, all silent, answering again; then, each in a process of its own, all
starts at one instant (with all DOWN at once and back), and an interval a quarter as long.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from bench.aligned_ids import CHECKSUM, aligned_ids
from bench.city import COUNTED, City, Plan, address, by_target, city, grown, is_bad, pick_ports, quantile

LAG, LATENESS = "sla_agent_loop_lag_seconds", "sla_agent_lateness_seconds"
MISSED = 'sla_agent_ticks_missed_total{kind="rtsp"}'
LATEST = 10.0
"""Seconds: the last bound of the lateness's buckets; what lies beyond is only known to be later."""

EXTRA_SECONDS = 60
"""How long after its bar a state is still waited for, so that a miss is a number."""


class Window(NamedTuple):
    """A stretch of time. Units: seconds; `share` is that of one core, `rate` probes a second, `missed` turns."""

    name: str
    seconds: float
    rate: float
    share: float
    lag_p99: float
    lateness_p99: float
    missed: float

    @property
    def cost(self) -> float:
        """CPU seconds for 10 000 probes."""
        return self.share / self.rate * 10_000 if self.rate else 0.0


class Bar(NamedTuple):
    """A bar: what must be and what was. `exact` bars hold on any machine or are a defect; the others are times."""

    number: str
    what: str
    must: str
    measured: str
    holds: bool
    exact: bool = False


class Found(NamedTuple):
    """All windows and all bars, in the order in which they were measured."""

    windows: list[Window]
    bars: list[Bar]

    def between(self, first: str) -> list[Window]:
        """The windows whose name begins so."""
        return [one for one in self.windows if one.name.startswith(first)]


class Scale:
    """One measurement of everything. `say` is told each window as it ends."""

    def __init__(self, plan: Plan, say: Callable[[Window], None]) -> None:
        self.plan = plan
        self.say = say
        self.found = Found([], [])
        self.bad = sum(is_bad(number) for number in range(plan.targets))
        self.detect = plan.detect

    @property
    def usual(self) -> Mapping[str, int]:
        """How many are in which state when all peers do what they should."""
        return {"up": self.plan.targets - self.bad, "down": self.bad}

    def measure(self) -> Found:
        """All parts."""
        self.minute()
        self.aligned()
        self.quarter()
        return self.found

    def minute(self) -> None:
        """Start, steady, silent, back."""
        plan = self.plan
        with city(plan) as running:
            self._window(running, "first", plan.interval * 1.5)
            self._until(
                running, "start: every state", "exact", self.usual, self.detect + plan.interval, time.monotonic()
            )
            self._steady(running)
            self._memory(running, "steady: memory, high water", 300)
            self._storm(running, "silent", "all silent", {"down": plan.targets})
            self._window(running, "silent, steady", plan.interval / 2)
            self._storm(running, "answers", "answering again", self.usual)
            self._memory(running, "after both storms: memory, high water", None)
        self._judge_minute()

    def aligned(self) -> None:
        """All starts at one instant; then all refused at once, and back."""
        plan, ports = self.plan, pick_ports()
        rows = [
            f"{name},rtsp,{address(number, ports.good)},camera,camera,,"
            for number, name in enumerate(aligned_ids(plan.targets))
        ]
        all_of_them = plan.targets
        with city(plan, rows, ports) as running:
            self._until(running, "aligned: all UP", "exact", {"up": all_of_them}, self.detect * 2, time.monotonic())
            self._between_sweeps()
            before = by_target(running.page(), COUNTED)
            self._window(running, "aligned", plan.interval * 2)
            after = by_target(running.page(), COUNTED)
            self._storm(running, "closed", "aligned, all refused", {"down": all_of_them}, is_aligned=True)
            self._storm(running, "answers", "aligned, all back", {"up": all_of_them}, is_aligned=True)
        missed = sum(one.missed for one in self.found.between("aligned"))
        counts = [after[name] - count for name, count in before.items()]
        self._bar(
            "12",
            "aligned: each target once a turn",
            "2 of 2 for all",
            _range(counts),
            {*counts} == {2.0},
            exact=not missed,
        )
        sweep = self.found.between("aligned")[0].lateness_p99  # due at one instant: the last is as late as it takes
        seen = f"{sweep:.2f} s" if sweep < LATEST else f"{LATEST:g} s or more"
        self._bar("12", "aligned: one sweep (lateness p99)", "<= 15 s", seen, sweep < LATEST)
        self._lag("12", "aligned", 0.010)

    def quarter(self) -> None:
        """A quarter of the interval in one process."""
        quarter = self.plan._replace(
            interval=max(self.plan.interval // 4, 1), timeout=min(self.plan.timeout, self.plan.interval // 4)
        )
        with city(quarter) as running:
            time.sleep(quarter.interval * 3)
            self._window(running, "quarter", self.plan.interval)
        (one,) = self.found.between("quarter")
        self._bar("15", f"every {quarter.interval} s: share of a core", "<= 0.5", f"{one.share:.3f}", one.share <= 0.5)
        self._bar("15", "the same: lateness p99", "<= 20 ms", _ms(one.lateness_p99), one.lateness_p99 <= 0.020)

    # parts of them

    def _window(self, running: City, name: str, seconds: float) -> None:
        self._while(running, name, partial(time.sleep, seconds))

    def _while(self, running: City, name: str, wait: Callable[[], None]) -> None:
        """A window that is as long as something takes."""
        before, cpu, began = running.own(), running.cpu(), time.monotonic()
        wait()
        spent = time.monotonic() - began
        cpu, after = running.cpu() - cpu, running.own()
        rate = grown(before, after, f"{LATENESS}_count") / spent
        lag, late = (quantile(before, after, family, 0.99) for family in (LAG, LATENESS))
        self.found.windows.append(Window(name, spent, rate, cpu / spent, lag, late, grown(before, after, MISSED)))
        self.say(self.found.windows[-1])

    def _steady(self, running: City) -> None:
        """Three windows, and each target's probes between two pages: as many as its grid asks for."""
        before = look(running)
        for number in range(3):
            self._window(running, f"steady {number + 1}", self.plan.interval / 2)
        wrong, told = off_the_grid(before, look(running), self.plan.interval)
        missed = sum(one.missed for one in self.found.between("steady"))  # S9: what our own host costs is told
        self._bar("10", "steady: probes of each target", "0 wrong", told, wrong == 0, exact=wrong > missed)
        self._until(running, "steady: every state", "exact", self.usual, 0, time.monotonic())

    def _storm(
        self, running: City, mood: str, name: str, wanted: Mapping[str, int], *, is_aligned: bool = False
    ) -> None:
        """The peers change at once; windows until every target is seen so.

        It is asked each second beside the windows: the own metrics that end them lie behind the lines of 43 000 faults.
        With starts that are spread, not before an interval is over: until then somebody has not been probed, and who
        asks is served by the same core.
        """
        running.tell(mood)
        began, half = time.monotonic(), self.plan.interval / 2
        until = partial(
            self._until, running, f"{name}: every state", f"<= {self.detect:.0f} s", wanted, self.detect, began
        )
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(_later, half if is_aligned else half * 2, until)
            for number in range(2):
                self._window(running, f"{name}, {half * number:.0f}-{half * (number + 1):.0f} s", half)
            if not asking.done():
                self._while(running, f"{name}, {half * 2:.0f} s until all are", asking.result)
            asking.result()  # what went wrong there

    def _until(
        self, running: City, what: str, must: str, wanted: Mapping[str, int], within: float, began: float
    ) -> None:
        """When the states were as wanted: in time, later, or never."""
        while True:
            told, at = running.states(), time.monotonic() - began
            right = (
                all(told[state] == number for state, number in wanted.items()) and sum(wanted.values()) == told["total"]
            )
            if right or at > within + EXTRA_SECONDS:
                break
            time.sleep(1)
        states = ", ".join(f"{told[state]} {state}" for state in ("up", "degraded", "down", "unknown") if told[state])
        holds = right and (at <= within + 2 or must == "exact")
        self._bar("11", what, must, f"{states} after {at:.0f} s", holds, exact=not right)

    def _between_sweeps(self) -> None:
        """Wait for the quiet half of the interval: the agent's grid is that of the machine's monotonic clock."""
        interval = self.plan.interval
        due = CHECKSUM * interval >> 32
        time.sleep((due + interval * 0.6 - time.monotonic()) % interval)

    def _memory(self, running: City, what: str, most: float | None) -> None:
        """What may be held so far; no bar is set for what 43 000 open faults take on top."""
        high = running.high_water_mb()
        must = "-" if most is None else f"<= {most:.0f} MB"
        self._bar("9", what, must, f"{high:.0f} MB", most is None or high <= most)

    def _judge_minute(self) -> None:
        steady, silent = self.found.between("steady"), self.found.between("all silent")
        share = sorted(one.share for one in steady)[1]
        self._bar("8", "steady: share of a core", "<= 0.15", f"{share:.3f}", share <= 0.15)
        self._lag("10", "steady", 0.005)
        late = max(one.lateness_p99 for one in steady)
        self._bar("10", "steady: lateness p99", "<= 10 ms", _ms(late), late <= 0.010)
        peak = max(one.share for one in silent)
        self._bar("11", "all silent: share of a core at the peak", "<= 0.35", f"{peak:.3f}", peak <= 0.35)
        self._lag("11", "all silent", 0.010)
        missed = sum(one.missed for one in steady)
        self._bar("10", "steady: turns missed", "0", f"{missed:.0f}", missed == 0)

    def _lag(self, number: str, name: str, most: float) -> None:
        lag = max(one.lag_p99 for one in self.found.between(name))
        self._bar(number, f"{name}: loop lag p99, worst window", f"<= {most * 1000:.0f} ms", _ms(lag), lag <= most)

    def _bar(self, number: str, what: str, must: str, measured: str, holds: bool, *, exact: bool = False) -> None:
        self.found.bars.append(Bar(number, what, must, measured, holds, exact))


class Look(NamedTuple):
    """A page of all targets, and between which instants it was made. Units: monotonic seconds."""

    began: float
    probes: dict[str, float]
    page: str
    ended: float


def look(running: City) -> Look:
    """Read the whole page."""
    began, page = time.monotonic(), running.page()
    return Look(began, by_target(page, COUNTED), page, time.monotonic())


def _later(seconds: float, do: Callable[[], None]) -> None:
    time.sleep(seconds)
    do()


def off_the_grid(before: Look, after: Look, interval: float, begins: str = "") -> tuple[int, str]:
    """How many of the targets were not probed as often as their grid asks for between two looks, and in words."""
    least = int((after.began - before.ended) // interval)
    most = -int(-(after.ended - before.began) // interval)
    names = [name for name in before.probes if name.startswith(begins)]
    if not names:  # 0 of 0 would be no proof
        raise ValueError(f"the page counts the probes of nobody whose name begins {begins!r}; see web.families")
    wrong = sum(not least <= after.probes[name] - before.probes[name] <= most for name in names)
    return wrong, f"{wrong} of {len(names)} not {least} to {most} times"


def _range(counts: list[float]) -> str:
    return f"{len(counts)} targets, {min(counts):.0f} to {max(counts):.0f} times"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def table(found: Found) -> str:
    """Both tables as docs/performance.md has them."""
    lines = ["| window | s | probes/s | CPU s / 10 000 | share of a core | loop lag p99 ms | lateness p99 ms |"]
    lines.append("|---|---|---|---|---|---|---|")
    lines += [
        f"| {one.name} | {one.seconds:.0f} | {one.rate:.0f} | {one.cost:.2f} | {one.share:.3f} | "
        f"{one.lag_p99 * 1000:.1f} | {one.lateness_p99 * 1000:.1f} |"
        for one in found.windows
    ]
    lines += ["", "| bar | what | must | measured | |", "|---|---|---|---|---|"]
    lines += [
        f"| {bar.number} | {bar.what} | {bar.must} | {bar.measured} | {'met' if bar.holds else '**missed**'} |"
        for bar in found.bars
    ]
    return "\n".join(lines)
