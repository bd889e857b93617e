"""Every named scenario of cases_maintenance/*.yml: windows (M1, M2) and dated rows (A2), down to figures.

The notation is that of test_cases.py: local times (Asia/Shanghai) on the case's `day` or with a date, `a .. b`
half-open, `..` without an end unbounded. `windows` are versions in the order recorded, numbered within their id;
what a version leaves out of approved, notified and recorded was done 10 days before the case's day at 00:00. `rows`
are dated rows in the order recorded, who in brackets. `heartbeat` is the store's first, null for a store without.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sla.availability import Availability, Parts, availability
from sla.confirm import FOREVER
from sla.dated import Revision, attributes, later_entries, service, service_latest
from sla.maintenance import Ruling, WindowRow, excluded, rule
from sla.model import State, Window
from sla.timeline import Span
from tests.sla.test_cases import Reader

FILES = sorted(Path(__file__).parent.joinpath("cases_maintenance").glob("*.yml"))
DAY = 86_400_000_000


def _cases() -> Iterator[Any]:
    for file in FILES:
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield pytest.param(case, id=f"{file.stem}/{case['name']}")


class Records(Reader):
    """Reads what people entered beside the states."""

    def bound(self, text: str) -> int | None:
        return self.instant(text) if text.strip() else None

    def stamp(self, said: dict[str, Any], key: str) -> int | None:
        default = self.instant("00:00:00") - 10 * DAY
        text = said.get(key, default)
        return self.instant(text) if isinstance(text, str) else text

    def heartbeat(self) -> int | None:
        text = self.given.get("heartbeat", "2026-01-01 00:00:00")
        return None if text is None else self.instant(text)

    def windows(self) -> list[WindowRow]:
        seen: Counter[str] = Counter()
        return [self.version(said, seen) for said in self.given.get("windows", [])]

    def version(self, said: dict[str, Any], seen: Counter[str]) -> WindowRow:
        seen[said["id"]] += 1
        time, recorded = self.window(said["time"]), self.stamp(said, "recorded")
        assert recorded is not None
        approved, notified = self.stamp(said, "approved"), self.stamp(said, "notified")
        return WindowRow(said["id"], seen[said["id"]], *time, approved is not None, approved, notified, recorded)

    def rows(self) -> list[Revision]:
        """`from .. to; recorded_at (who)`."""
        found = []
        for number, line in enumerate(self.given.get("rows", []), 1):
            dates, recorded = line.split(";")
            at, who = recorded.rstrip(")").split("(")
            start, end = (self.bound(text) for text in dates.split(".."))
            found.append(Revision(number, start, end, self.instant(at), who))
        return found

    def runs(self, timeline: list[Span]) -> list[Window]:
        """The whole outages of the record (S8)."""
        whole = Window(timeline[0].start, timeline[-1].end)
        found = availability(timeline, [], whole).outages
        return [Window(o.onset, whole.end if o.restored is None else o.restored) for o in found]


def _rulings(rulings: list[Ruling]) -> dict[str, str]:
    """`id/version`: what M1 says of it, in words."""
    said = {}
    for ruling in rulings:
        words = ["counts" if ruling.counts else "no", *ruling.reasons]
        words += ["documented"] * ruling.documented + ["short"] * ruling.short_notice
        said[f"{ruling.row.window_id}/{ruling.row.version}"] = " ".join(words)
    return said


def _parts(us: dict[str, int]) -> Parts:
    return Parts(*(us.get(state.label, 0) for state in State))


def _minutes_lost(found: Availability) -> dict[str, int]:
    return {"all_in": found.parts.down // 60_000_000, "excluding": found.remaining.down // 60_000_000}


@pytest.mark.parametrize("case", list(_cases()))
def test_the_case_comes_out_as_derived(case: dict[str, Any]) -> None:
    records, expected = Records(case["given"]), case["expected"]
    window = records.window(case["given"]["window"])
    timeline, _ = records.timeline(window)
    lets = case["given"].get("short_notice", "no") == "excludes"
    rulings = rule(records.windows(), records.heartbeat(), short_notice_excludes=lets)
    gone = excluded(rulings, records.runs(timeline), records.heartbeat())
    found = availability(timeline, service(records.rows()), window, gone)
    assert found.parts == _parts(expected["us"])
    assert found.excluded == _parts(expected.get("excluded_us", {}))
    assert _rulings(rulings) == expected.get("rulings", {})
    if "excluded" in expected:
        assert gone == [records.window(text) for text in expected["excluded"]]
    if "lost_min" in expected:
        assert _minutes_lost(found) == expected["lost_min"]
    for name in ("all_in", "excluding_approved"):
        if name in expected:
            assert {b: list(r) for b, r in getattr(found, name)._asdict().items()} == expected[name]
    _check_second_figure(records, expected, timeline, window)


def _check_second_figure(records: Records, expected: dict[str, Any], timeline: list[Span], window: Window) -> None:
    """The figure with everything entered, who entered it, and whose attributes hold when."""
    rows = records.rows()
    second = availability(timeline, service_latest(rows), window)
    assert second.parts == _parts(expected.get("second_us", expected["us"]))
    told = [revision.recorded_by for revision in later_entries(rows, window)]
    assert told == expected.get("second_because_of", [])
    if "attributes" in expected:
        want = []
        for line in expected["attributes"]:
            dates, number = line.split(";")
            start, end = (records.bound(text) for text in dates.split(".."))
            want.append((Window(-FOREVER if start is None else start, FOREVER if end is None else end), int(number)))
        assert attributes(rows) == want


def test_every_case_says_its_story_its_rules_and_its_derivation() -> None:
    cases = [case.values[0] for case in _cases()]
    for case in cases:
        assert {"name", "story", "rules", "given", "expected", "derivation"} <= set(case), case["name"]
        assert case["story"].strip()
        assert case["derivation"].strip()
    assert len({case["name"] for case in cases}) == len(cases)


def test_every_vector_that_is_about_the_time_of_windows_and_rows_has_a_case() -> None:
    assert {11, 12, 13, 30, 35, 39, 40} == {case.values[0].get("vector") for case in _cases()} - {None}
