"""The built-in stories against what is worked out by hand in their own comments."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.figures.faults import Faults
from agent.figures.figure import Figures
from agent.figures.plan import PlanTables, Table, as_json
from agent.instants import parse_point
from agent.plans import plan_by_id
from agent.stores.reading import SqliteReader
from sla.model import Window
from tests.simulate.plays import played

ZONE = ZoneInfo("Asia/Shanghai")
NOW = parse_point("2026-11-01", ZONE)
MINUTE, HOUR = 60_000_000, 3_600_000_000


@contextmanager
def story(name: str, folder: Path) -> Iterator[SqliteReader]:
    path = Path(str(resources.files("agent") / "data" / "config" / "scenarios" / f"{name}.yml"))
    with played(path, folder) as (reader, _):
        yield reader


def at(text: str) -> int:
    return parse_point(text, ZONE)


def period(start: str, end: str) -> Window:
    return Window(at(start), at(end))


def faults(reader: SqliteReader, window: Window) -> dict[str, Any]:
    asked = Faults(reader, ZONE)
    return asked.as_json(asked.find(window, now=NOW))


def us(reader: SqliteReader, id_: str, window: Window) -> dict[str, Any]:
    return Figures(reader, ZONE).answer(id_, window, now=NOW)


def table(reader: SqliteReader, period: str) -> dict[str, dict[str, Any]]:
    made: Table = PlanTables(reader).table(plan_by_id("ankang"), period, now=NOW)
    return {row["id"]: row for row in as_json(made)["indicators"]}


def length(fault: dict[str, Any]) -> int:
    return at(fault["restored"][1]) - at(fault["start"])


def test_an_uplink_cut_across_the_years(tmp_path: Path) -> None:
    with story("new-years-eve-uplink", tmp_path) as reader:
        old, new = (
            faults(reader, period("2025-12-30", "2026-01-01")),
            faults(reader, period("2026-01-01", "2026-01-03")),
        )
        (fault,) = old["faults"]
        assert (fault["root"], fault["outcome"], length(fault)) == ("UP-610981", "in_time", 3 * HOUR)
        assert {"RT-610981", "L-610981-1", "L-610981-2", "NODE-610981100"} <= set(fault["members"])
        assert new["faults"] == []
        parts = [
            us(reader, "UP-610981", each)["us"]["down"]
            for each in (period("2025-12-30", "2026-01-01"), period("2026-01-01", "2026-01-03"))
        ]
        assert sum(parts) == 3 * HOUR
        assert 89 * MINUTE <= parts[0] <= 90 * MINUTE


def test_a_cut_over_that_overruns(tmp_path: Path) -> None:
    with story("cut-over-overrun", tmp_path) as reader:
        told = faults(reader, period("2025-03-01", "2025-04-01"))
        overrun, late = told["faults"]
        assert (overrun["root"], overrun["overrun"], overrun["outcome"]) == ("EXIT-1", True, "in_time")
        assert overrun["start"] == "2025-03-12T04:00:00+08:00"
        assert 30 * MINUTE <= length(overrun) < 31 * MINUTE
        assert [each["window_id"] for each in told["planned"]] == ["W-1"]
        assert (late["root"], late["outcome"], length(late)) == ("DNS-1", "late", 260 * MINUTE)
        exit_ = us(reader, "EXIT-1", period("2025-03-01", "2025-04-01"))
        assert exit_["us"]["down"] == 260 * MINUTE
        assert exit_["us"]["down"] - exit_["excluded_us"]["down"] == length(overrun)
        assert us(reader, "P-NET", period("2025-03-19", "2025-03-20"))["us"]["down"] == 0


def test_a_line_that_flaps(tmp_path: Path) -> None:
    with story("flapping-line", tmp_path) as reader:
        week = period("2025-06-01", "2025-06-08")
        (fault,) = faults(reader, week)["faults"]
        assert (fault["root"], fault["role"], fault["outcome"]) == ("L-610902-1", "line", "in_time")
        assert 115 * MINUTE <= length(fault) <= 116 * MINUTE
        assert 12 * 5 * MINUTE <= us(reader, "L-610902-1", week)["us"]["down"] <= 12 * 6 * MINUTE
        site = us(reader, "S-610902", week)
        assert site["us"]["down"] == 0
        assert site["degraded_us"]["redundancy"] >= 12 * 5 * MINUTE


def test_an_agent_that_dies_and_one_that_is_cut_off(tmp_path: Path) -> None:
    with story("agent-outage", tmp_path) as reader:
        told = faults(reader, period("2025-05-01", "2025-06-01"))
        (fault,) = told["faults"]
        assert (fault["root"], fault["outcome"], length(fault)) == ("SYS-001", "late", 8 * HOUR)
        assert (told["rate"]["low"], told["rate"]["high"]) == ([0, 2], [0, 1])
        assert [each["from"] for each in told["gaps"]] == ["2025-05-06T02:00:00+08:00"]
        dead = us(reader, "EXIT-1", period("2025-05-06", "2025-05-07"))["us"]
        assert dead["down"] == 0
        assert 6 * HOUR <= dead["unknown"] < 6 * HOUR + 10_000_000
        cut = us(reader, "EXIT-1", period("2025-05-12", "2025-05-13"))["us"]
        assert cut["down"] == 0
        assert 38 * MINUTE <= cut["unknown"] <= 42 * MINUTE


def test_a_carriers_bad_month(tmp_path: Path) -> None:
    with story("carriers-bad-month", tmp_path) as reader:
        told = faults(reader, period("2025-03-01", "2025-04-01"))
        assert {each["role"] for each in told["faults"]} == {"line"}
        counted = Counter((each["root"].rpartition("-")[2], each["outcome"]) for each in told["faults"])
        assert counted == {("2", "in_time"): 6, ("2", "late"): 2, ("1", "in_time"): 2}
        assert told["rate"]["low"] == told["rate"]["high"] == [8, 10]
        both = next(each for each in told["faults"] if each["root"] == "L-610981-1")
        assert "RT-610981" in both["members"]


@pytest.mark.timeout(300)
def test_a_year_that_ends_at_99_4999(tmp_path: Path) -> None:
    with story("year-99.4999", tmp_path) as reader:
        rows = table(reader, "2025")
        assert len(rows) == 29
        assert [row["no"] for row in rows.values()] == list(range(1, 30))
        cloud = rows["gov_cloud_availability"]
        year, allowed = 31_536_000_000_000, 157_680_000_000
        assert (cloud["low"], cloud["high"]) == (
            [year - allowed - 15_000_000, year],
            [year - allowed - 15_000_000, year],
        )
        assert (cloud["display"], cloud["verdict"]) == ("99.4999%", "missed")
        rate = rows["fault_timely_handling_rate"]
        assert (rate["low"], rate["high"], rate["late"], rate["verdict"]) == ([9, 13], [9, 13], 4, "missed")
        assert rows["extranet_coverage_rate"]["low"] == [9, 9]
        assert rows["data_issue_timely_rectification_rate"]["low"] == [4, 5]
        assert rows["cloud_platform_integration_rate"]["low"] == [2, 3]
        numbers = [row["id"] for row in rows.values() if row["n"] is not None]
        assert len(numbers) == 28, "only the incidents have no deadlines"
