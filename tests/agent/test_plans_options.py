"""Options of a whole plan that change by a day (V7): read, refused by line, and reckoned without losing a fault."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.config import ConfigError
from agent.errors import UsageError
from agent.figures.plan import PlanTables, as_json
from agent.packs.explanation import explanation
from agent.plans import load_plan
from agent.reports.build import Wanted, build
from sla.changes import split
from sla.maintenance import lets
from sla.model import Window
from sla.periods import named
from sla.plans import Plan, Variant
from tests.agent.figure_cases import NOW, Books, books
from tests.agent.import_cases import HOUR, ZONE

HEAD = """\
id: x
title: {zh: 甲, en: A}
city: {zh: 甲市, en: A}
document: 文
years: [2025]
adopted: {by: 局, document: 首文, date: 2025-01-01}
variant: all_in
"""
ROWS = """\
rows:
- number: 1
  id: cloud
  category: 类
  name: {zh: 云可用率, en: Cloud}
  definition: 义
  targets: {"2025": 90%}
  formula: availability_composite
  basis: probe
- number: 2
  id: rate
  category: 类
  name: {zh: 处置率, en: Rate}
  definition: 义
  targets: {"2025": 90%}
  formula: clearing_rate
  basis: probe
  scope: {roles: [service]}
  changes:
  - {since: 2025-10-01, definition: 新义, adopted: {by: 局, document: 末文, date: 2025-09-01}}
- number: 3
  id: done
  category: 类
  name: {zh: 专网, en: Networks}
  definition: 义
  targets: {"2025": 90%}
  formula: private_networks
  basis: register
"""
FIRST = len(HEAD.splitlines()) + 2
ADOPTED = "adopted: {by: 局, document: 新文, date: 2025-06-01}"


def change(since: str, *more: str) -> str:
    return "{" + ", ".join([f"since: {since}", *more, ADOPTED]) + "}"


def text(*changes: str, head: str = HEAD) -> str:
    return head + "changes:\n" + "".join(f"- {each}\n" for each in changes) + ROWS


def plan(tmp_path: Path, *changes: str, head: str = HEAD) -> Plan:
    path = tmp_path / "plan.yml"
    path.write_text(text(*changes, head=head), encoding="utf-8")
    return load_plan(path)


def windows(plan: Plan, id_: str) -> list[str]:
    """On which day each piece of 2025 begins."""
    row = plan.row(id_)
    assert row is not None
    begin = named("2025", ZONE).start
    return [str((piece.window.start - begin) // (24 * HOUR)) for piece in split(row, named("2025", ZONE))]


def test_only_rows_that_go_by_an_option_are_split_where_it_changes(tmp_path: Path) -> None:
    found = plan(tmp_path, change("2025-02-01", "variant: excluding_approved"), change("2025-03-01", "clock: detected"))
    assert windows(found, "cloud") == ["0", "31"]
    assert windows(found, "rate") == ["0", "59", "273"]
    assert windows(found, "done") == ["0"]
    said = [each.options for each in found.history]
    assert [(each.variant, each.clock) for each in said] == [
        (Variant.ALL_IN, "onset"), (Variant.EXCLUDING_APPROVED, "onset"), (Variant.EXCLUDING_APPROVED, "detected"),
    ]  # fmt: skip


def test_a_change_on_the_day_of_the_rows_own_splits_it_once(tmp_path: Path) -> None:
    assert windows(plan(tmp_path, change("2025-10-01", "quality_faults: counted")), "rate") == ["0", "273"]


def test_who_adopts_an_option_adopts_no_definition(tmp_path: Path) -> None:
    given, bare = change("2025-02-01", "variant: excluding_approved"), HEAD.replace("adopted", "note")
    for head, expected in (
        (HEAD, "新文"),
        (bare.replace("note: {by: 局, document: 首文, date: 2025-01-01}\n", ""), None),
    ):
        row = plan(tmp_path, given, head=head).row("cloud")
        assert row is not None
        adopted = row.versions[-1].row.adopted
        assert (adopted and adopted.document) == expected


@pytest.mark.parametrize(
    ("changes", "line", "words"),
    [
        ([change("2025-02-30", "clock: detected")], 0, "wanted a day that exists"),
        ([change("2025-02", "clock: detected")], 0, "since"),
        ([change("2025-07-01")], 0, "a change that changes nothing"),
        ([change("2025-07-01", "clock: onset")], 0, "a change that changes nothing"),
        (["{since: 2025-07-01, clock: detected}"], 0, "adopted"),
        ([change("2025-07-01", "clock: noticed")], 0, "wanted onset or detected"),
        ([change("2025-07-01", "zone: UTC")], 0, "zone"),
        ([change("2025-07-01", "clock: detected"), change("2025-07-01", "clock: onset")], 1, "wanted a later day"),
        ([change("2025-07-01", "clock: detected"), change("2025-08-01", "clock: detected")], 1, "changes nothing"),
    ],
)
def test_every_mistake_is_named_by_its_line(tmp_path: Path, changes: list[str], line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, *changes)
    found = [str(problem).partition("plan.yml:")[2] for problem in caught.value.problems]
    assert [each for each in found if each.startswith(f"{FIRST + line}:") and words in each], found
    ran = CliRunner().invoke(app, ["check", "--plan", str(tmp_path / "plan.yml")])
    assert (ran.exit_code, f"plan.yml:{FIRST + line}:" in ran.output, "Traceback" in ran.output) == (1, True, False)


# --- figures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def made() -> Iterator[Books]:
    """A portal that was down for 10 h in its window in March, and in another in August."""
    with books() as empty:
        empty.targets("web")
        empty.enter("platforms", "platform_id,name", "portal,门户")
        empty.enter("components", "component_id,platform_id,member", "p-1,portal,web")
        empty.states(
            "web,2025-01-01,up", "web,2025-03-01,down", "web,2025-03-01T10:00:00,up",
            "web,2025-08-01,down", "web,2025-08-01T10:00:00,up",
        )  # fmt: skip
        for month, day in (("03", "2025-02-27"), ("08", "2025-07-30")):
            start, end = f"2025-{month}-01T00:00:00", f"2025-{month}-01T10:00:00"
            empty.window(f"W{month}", "web", start, end, approved=day, recorded=day)
        yield empty


def told(made: Books, plan: Plan, period: str = "2025", id_: str = "cloud") -> dict[str, Any]:
    found = as_json(PlanTables(made.reader).table(plan, period, now=NOW), "en")["indicators"]
    return next(each for each in found if each["id"] == id_)


def test_each_part_is_held_against_the_variant_of_its_time(made: Books, tmp_path: Path) -> None:
    found = told(made, plan(tmp_path, change("2025-07-01", "variant: excluding_approved")))
    one, two = found["parts"]
    assert [each["parameters"]["variant"] for each in (one, two)] == ["all_in", "excluding_approved"]
    assert (one["n"], one["d"] - one["n"]) == ((181 * 24 - 10) * HOUR, 10 * HOUR)
    assert (two["n"], two["d"]) == ((184 * 24 - 10) * HOUR, (184 * 24 - 10) * HOUR)
    assert one["parameters"]["definition_digest"] != two["parameters"]["definition_digest"]
    assert (found["n"], two["parameters"]["adopted"]["document"]) == (None, "新文")


def test_a_month_has_the_options_of_its_time_and_an_old_one_keeps_its_digest(made: Books, tmp_path: Path) -> None:
    changed = plan(tmp_path, change("2025-07-01", "variant: excluding_approved"))
    never = replace(changed, history=(), rows=tuple(replace(row, versions=()) for row in changed.rows))
    for month, variant in (("2025-06", "all_in"), ("2025-07", "excluding_approved")):
        assert told(made, changed, month)["parameters"]["variant"] == variant
    before, after = (told(made, changed, month)["parameters"]["definition_digest"] for month in ("2025-06", "2025-07"))
    assert before == told(made, never, "2025-06")["parameters"]["definition_digest"] != after


def test_explanations_and_reports_tell_the_change_with_its_date(made: Books, tmp_path: Path) -> None:
    changed, tables = plan(tmp_path, change("2025-07-01", "clock: detected")), PlanTables(made.reader)
    row = changed.row("rate")
    assert row is not None
    since = explanation(tables, tables.asked(changed, "2025-08", now=NOW), row, "en")["parameters_since"]
    assert {"at": "2025-07-01T00:00:00+08:00", "by": "局, 新文", "kind": "plan clock detected"} in since
    with pytest.raises(UsageError, match="2025-Q2"):
        explanation(tables, tables.asked(changed, "2025", now=NOW), row, "en")
    for period, there in (("2025", True), ("2025-08", False)):
        report = build(tables, Wanted(plan=changed, period=period, language="en"), now=NOW)
        assert ("2025-07-01T00:00:00+08:00 on the plan says otherwise: clock detected" in str(report)) is there


def test_a_window_is_judged_by_what_held_when_it_began() -> None:
    dated = ((-(2**62), False), (10, True), (20, False))
    assert [lets(dated, at_) for at_ in (9, 10, 19, 20)] == [False, True, True, False]
    assert (lets(True, 5), lets(False, 5)) == (True, False)


def test_the_windows_of_2025_are_whole(tmp_path: Path) -> None:
    row = plan(tmp_path, change("2025-07-01", "clock: detected")).row("rate")
    assert row is not None
    pieces = split(row, named("2025", ZONE))
    assert Window(pieces[0].window.start, pieces[-1].window.end) == named("2025", ZONE)
    assert sum(piece.window.length for piece in pieces) == named("2025", ZONE).length
