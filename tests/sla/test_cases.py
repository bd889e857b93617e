"""Every named scenario of cases/*.yml, through the engine from readings to figures.

A case is read by auditors, so its times are local (Asia/Shanghai), `10:00:00` on the case's `day` or with a date;
`a .. b` is half-open. What `expected` leaves out is not asserted, but `us` is complete: a state left out is 0.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from sla.availability import Availability, Parts, availability
from sla.confirm import Rules
from sla.model import DEGRADED_NAMES, Cause, Degraded, Outcome, Seen, State, Window
from sla.numbers import meets, percent
from sla.periods import to_us
from sla.timeline import Mark, Span, fold, spans
from tests.sla.driver import Driver, Event

ZONE = ZoneInfo("Asia/Shanghai")
FILES = sorted(Path(__file__).parent.joinpath("cases").glob("*.yml"))
STATES = {state.label: state for state in State} | {"out": State.OUT}
SECOND = 1_000_000


def _cases() -> Iterator[Any]:
    for file in FILES:
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield pytest.param(case, id=f"{file.stem}/{case['name']}")


class Reader:
    """Reads a case's notation."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.day = str(given.get("day", "2026-03-02"))

    def instant(self, text: str) -> int:
        text = text.strip()
        if "-" not in text:
            text = f"{self.day} {text}"
        return to_us(datetime.fromisoformat(text).replace(tzinfo=ZONE))

    def window(self, text: str) -> Window:
        start, end = text.split("..")
        return Window(self.instant(start), self.instant(end))

    def readings(self, text: str, who: str) -> Iterator[Event]:
        for line in text.strip().splitlines():
            clock, what, *rest = line.split()
            over = Degraded.NONE
            for name in rest[1:]:
                over |= DEGRADED_NAMES[name]
            at = self.instant(clock)
            yield at, who, Seen(at, Outcome[what.upper()], "", over)

    def events(self) -> list[Event]:
        own = {"gateway": self.given.get("gateway"), **self.given.get("anchors", {})}
        found = list(self.readings(self.given.get("readings", ""), "target"))
        for who, text in own.items():
            found += list(self.readings(text, who)) if text else []
        return sorted(found, key=lambda event: event[0])

    def rules(self) -> Rules:
        g = self.given
        return Rules(g.get("interval", 60) * SECOND, g.get("down_after", 3), g.get("up_after", 2))

    def driver(self) -> Driver:
        check_rules = Rules(self.given.get("check_interval", 60) * SECOND)
        return Driver(self.rules(), check_rules, "gateway" in self.given, list(self.given.get("anchors", {})))

    def timeline(self, window: Window) -> tuple[list[Span], Driver]:
        driver, as_of = self.driver(), window.end
        if "as_of" in self.given:
            as_of = self.instant(self.given["as_of"])
        if "states" in self.given:
            first = min(window.start, self.states()[0].at)
            return spans(fold(self.states()), Window(first, window.end), as_of), driver
        kills = [self.window(text) for text in self.given.get("killed", [])]
        for event in self.events():
            while kills and kills[0].end <= event[0]:
                driver.killed(*kills.pop(0))
            driver.feed([event])
        for kill in kills:
            driver.killed(*kill)
        whole = Window(min(window.start, self.instant("00:00:00")), window.end)
        return driver.timeline(whole, as_of), driver

    def states(self) -> list[Mark]:
        marks = []
        for line in self.given["states"].strip().splitlines():
            clock, name = line.rsplit(" ", 1)
            marks.append(Mark(self.instant(clock), STATES[name], Degraded.NONE, Cause.PROBE))
        return marks


def _said(timeline: list[Span], window: Window) -> list[tuple[int, State, Degraded]]:
    """From when on which state, inside the window; causes are not part of what a case says."""
    out: list[tuple[int, State, Degraded]] = []
    for span in timeline:
        at = max(span.start, window.start)
        if span.end > at and at < window.end and (not out or out[-1][1:] != (span.state, span.degraded)):
            out.append((at, span.state, span.degraded))
    return out


def _edges(reader: Reader, text: str) -> list[tuple[int, State, Degraded]]:
    out = []
    for line in text.strip().splitlines():
        clock, state, *names = line.split()
        over = Degraded.NONE
        for name in names:
            over |= DEGRADED_NAMES[name]
        out.append((reader.instant(clock), STATES[state], over))
    return out


def _outages(reader: Reader, lines: list[str]) -> list[tuple[int, int, int, int | None]]:
    """`start .. end; onset; restored`, restored `open` while none is confirmed."""
    out = []
    for line in lines:
        span, onset, restored = line.split(";")
        start, end = reader.window(span)
        out.append((start, end, reader.instant(onset), None if "open" in restored else reader.instant(restored)))
    return out


def _figures(found: Availability) -> dict[str, Any]:
    return {
        "low": list(found.all_in.low),
        "high": list(found.all_in.high),
        "measured": list(found.measured),
        "known": list(found.known),
        "value": None if found.value is None else list(found.value),
        "degraded_us": found.degraded,
    }


@pytest.mark.parametrize("case", list(_cases()))
def test_the_case_comes_out_as_derived(case: dict[str, Any]) -> None:
    reader, expected = Reader(case["given"]), case["expected"]
    window = reader.window(case["given"]["window"])
    timeline, driver = reader.timeline(window)
    service = [reader.window(text) for text in case["given"].get("in_service", [])]
    found = availability(timeline, service, window)
    if "edges" in expected:
        assert _said(timeline, window) == _edges(reader, expected["edges"])
    assert found.parts == Parts(*(expected["us"].get(state.label, 0) for state in State))
    figures = _figures(found)
    assert {key: figures[key] for key in figures if key in expected} == {
        key: expected[key] for key in figures if key in expected
    }
    if "outages" in expected:
        assert [tuple(o) for o in found.outages] == _outages(reader, expected["outages"])
    _check_uncertainty(reader, expected, driver)
    _check_display(expected, found)


def _check_uncertainty(reader: Reader, expected: dict[str, Any], driver: Driver) -> None:
    for edge, us in expected.get("uncertainty_us", {}).items():
        ((at, state, _),) = _edges(reader, edge)
        assert [e.uncertainty for e in driver.edges if e.at == at and e.state is state][-1:] == [us]


def _check_display(expected: dict[str, Any], found: Availability) -> None:
    for name, text in expected.get("shown", {}).items():
        ratio = {"low": found.all_in.low, "high": found.all_in.high, "known": found.known}[name]
        assert percent(ratio, 4) == text
    for target, (low, high) in expected.get("meets", {}).items():
        per_mille = (round(float(target) * 10), 1000)
        assert (meets(found.all_in.low, per_mille), meets(found.all_in.high, per_mille)) == (low, high)


def test_every_case_says_its_story_its_rules_and_its_derivation() -> None:
    cases = [case.values[0] for case in _cases()]
    assert len(cases) >= 30
    for case in cases:
        assert {"name", "story", "rules", "given", "expected", "derivation"} <= set(case), case["name"]
        assert case["story"].strip()
        assert case["derivation"].strip()
    assert len({case["name"] for case in cases}) == len(cases)


def test_every_vector_of_the_method_that_this_core_can_show_has_a_case() -> None:
    numbers = {case.values[0].get("vector") for case in _cases()}
    assert {1, 2, 3, 4, 16, 21, 27, 28, 29, 41} <= numbers
