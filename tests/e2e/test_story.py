"""The week that docs/method.md works by hand, replayed by README's commands, comes to what the page's tables say."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import DEADLINE_SECONDS

ROOT = Path(__file__).parents[2]
HEADINGS = {"method.md": "## A story worked by hand\n", "method.zh.md": "## 手工推算一例\n"}
WEEK = ("--from", "2025-06-02", "--to", "2025-06-09")
SECOND = 1_000_000
MARKS = ("overrun", "repeat", "withdrawn")

Row = Mapping[str, str]
Json = dict[str, Any]


def read_tables(page: str) -> dict[str, list[Row]]:
    """The story's tables by the name of their first column."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    story = text[text.index(HEADINGS[page]) + len(HEADINGS[page]) :].split("\n## ", 1)[0]
    found: dict[str, list[Row]] = {}
    for block in re.findall(r"(?:^\|.*\n)+", story, re.MULTILINE):
        heading, _, *rows = ([cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines())
        found[heading[0]] = [dict(zip(heading, row, strict=True)) for row in rows]
    return found


PAGES = {page: read_tables(page) for page in HEADINGS}
EACH_PAGE = pytest.mark.parametrize("tables", PAGES.values(), ids=PAGES)


class Replay:
    """A fresh store with the story in it, made as README says; every command is a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._variables = {**os.environ, "SLA_AGENT_CONFIG": str(folder / "none.yml"), "TMPDIR": str(folder)}
        self.said = self._run(["bash", "-euc", readme_block()])
        (store,) = folder.glob("*/story.db")
        self._store = f"sqlite:///{store}"
        self.faults = self.ask("faults", "--period", "2025")

    def ask(self, *words: str) -> Json:
        answer: Json = json.loads(
            self._run([sys.executable, "-m", "agent", *words, "--json", "--store", self._store]).stdout
        )
        return answer

    def availability(self, id_: str) -> Json:
        return self.ask("availability", "--target", id_, *WEEK)

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=self._variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done


def readme_block(readme: str = "README.md") -> str:
    """The commands that replay the story, run with this interpreter."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    (block,) = (
        block for block in re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE) if "story" in block
    )
    return str(block).replace(".venv/bin/sla-agent", f"{shlex.quote(sys.executable)} -m agent")


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return Replay(tmp_path_factory.mktemp("story"))


def printed(instant: str) -> str:
    """An instant as the page writes it."""
    found = re.fullmatch(r"2025-(\d\d-\d\d)T([\d:]{8})\+08:00", instant)
    assert found, instant
    return f"{found[1]} {found[2]}"


def between(ends: Sequence[str] | None) -> str:
    """A restoration: one instant, or the two that it lies between."""
    return "-" if ends is None else " / ".join(dict.fromkeys(map(printed, ends)))


def listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "-"


def in_seconds(bounds: Mapping[str, Sequence[int]]) -> str:
    return " to ".join(ratio(bounds[name]) for name in ("low", "high"))


def ratio(pair: Sequence[int]) -> str:
    assert all(number % SECOND == 0 for number in pair), pair
    return "/".join(str(number // SECOND) for number in pair)


def fault_row(fault: Json) -> Row:
    return {
        "root": fault["root"],
        "start": printed(fault["start"]),
        "restored": between(fault["restored"]),
        "outcome": fault["outcome"],
        "members": listed(fault["members"]),
        "priority": fault["priority"],
        "marks": listed([mark for mark in MARKS if fault[mark]]),
    }


@EACH_PAGE
def test_every_fault_is_the_one_derived_by_hand(replay: Replay, tables: dict[str, list[Row]]) -> None:
    assert [fault_row(fault) for fault in replay.faults["faults"]] == tables["root"]


@EACH_PAGE
def test_the_planned_outage_is_listed_and_is_no_fault(replay: Replay, tables: dict[str, list[Row]]) -> None:
    found = [
        {
            "planned": each["root"],
            "onset": printed(each["onset"]),
            "restored": "-" if each["restored"] is None else printed(each["restored"]),
            "window": each["window_id"],
            "members": listed(each["members"]),
        }
        for each in replay.faults["planned"]
    ]
    assert found == tables["planned"]


@EACH_PAGE
def test_the_rate_has_the_bounds_of_the_page(replay: Replay, tables: dict[str, list[Row]]) -> None:
    rate = replay.faults["rate"]
    low, high = ("/".join(map(str, rate[name])) for name in ("low", "high"))
    counts = {name: str(rate[name.replace(" ", "_")]) for name in ("in time", "late", "pending", "undecided", "n")}
    assert [{"rate": f"{low} to {high}", **counts}] == tables["rate"]
    assert replay.faults["gaps"] == []


@EACH_PAGE
def test_lost_redundancy_that_lasts_is_a_quality_fault(replay: Replay, tables: dict[str, list[Row]]) -> None:
    found = [
        {
            "quality": each["root"],
            "start": printed(each["start"]),
            "restored": between(each["restored"]),
            "outcome": each["outcome"],
        }
        for each in replay.faults["quality"]
    ]
    assert found == tables["quality"]
    assert {each["priority"] for each in replay.faults["quality"]} == {"P4"}


@EACH_PAGE
def test_time_and_both_variants_are_those_of_the_page(replay: Replay, tables: dict[str, list[Row]]) -> None:
    for row in tables["id"]:
        answer = replay.availability(row["id"])
        states = ("up", "degraded", "down", "unknown")
        assert answer["us"]["out_of_service"] == 0
        assert {
            "id": answer["target"],
            **{state: str(answer["us"][state] // SECOND) for state in states},
            "all_in": in_seconds(answer["all_in"]),
            "excluding_approved": in_seconds(answer["excluding_approved"]),
            "known": ratio(answer["known"]),
        } == row
        assert sum(int(row[state]) for state in states) == 7 * 24 * 3600


def test_an_outage_behind_the_uplink_is_classed_upstream_and_counts(replay: Replay) -> None:
    camera = replay.availability("CAM-XL")
    assert [(printed(each["from"]), each["class"]) for each in camera["outages"]] == [
        ("06-03 09:04:00", "upstream"),
        ("06-06 15:00:00", "own"),
    ]


def test_what_the_residual_outlasted_is_said_beside_it(replay: Replay) -> None:
    residual = next(fault for fault in replay.faults["faults"] if fault["root"] == "L-XL-2")
    told = replay.ask("faults", "show", residual["id"])
    assert (told["residual"], told["duration_us"]) == (True, [2700 * SECOND, 2700 * SECOND])


def test_readme_shows_people_the_same(replay: Replay) -> None:
    assert "rate within 3 h: 71.42 % (5/7) to 85.71 % (6/7)" in replay.said.stdout
    assert "S-DX  2025-06-02T00:00:00+08:00 to 2025-06-09T00:00:00+08:00" in replay.said.stdout
    assert readme_block("README.zh-CN.md") == readme_block()


def test_the_page_s_states_are_those_of_the_file() -> None:
    """What the page says each target was in, against history.csv read here."""
    said: dict[str, dict[str, dict[str, list[str]]]] = {"中断": {}, "未知": {}}
    rows = [line.split(",") for line in (ROOT / "config/story/history.csv").read_text("utf-8").splitlines()[1:]]
    for (target, at, state), following in zip(rows, [*rows[1:], ["", "", ""]], strict=True):
        if state in said:
            assert following[0] == target, f"{target}: the last row must not be an outage"
            day, start = at[8:10], at[11:19]
            assert following[1][8:10] == day
            said[state].setdefault(target, {}).setdefault(day, []).append(f"{start}–{following[1][11:19]}")
    for tables, names in (
        (PAGES["method.md"], ("target", "DOWN", "UNKNOWN")),
        (PAGES["method.zh.md"], ("对象", "中断", "未知")),
    ):
        first, down, unknown = names
        for row in tables[first]:
            for column, state in ((down, "中断"), (unknown, "未知")):
                days = said[state][row[first]]
                assert row[column] == "; ".join(f"{day} {', '.join(times)}" for day, times in days.items())
        assert {row[first] for row in tables[first]} == {row[0] for row in rows}
