"""Later definitions in a plan file (V7): what is taken over, and every mistake by its line."""

from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.config import ConfigError
from sla.changes import split, whole
from sla.model import Window
from sla.periods import named
from sla.plans import Plan
from sla.verdict import Verdict
from tests.agent.import_cases import ZONE, at
from tests.agent.plan_texts import HEAD, changes, clearing, plan_of

ROW = clearing(1, "a", target="90%", roles="core")
ADOPTED = "adopted: {by: 局, document: 文, date: 2025-06-01}"
FIRST = len((HEAD + ROW + changes()).splitlines()) + 1


def plan(tmp_path: Path, *later: str) -> Plan:
    return plan_of(tmp_path, [ROW, changes(*later)])


def problems(tmp_path: Path, *later: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, *later)
    return [str(problem).partition("plan.yml:")[2] for problem in caught.value.problems]


def change(since: str, *more: str) -> str:
    return "{" + ", ".join([f"since: {since}", *more, ADOPTED]) + "}"


def test_what_a_change_does_not_give_stays_as_it_was(tmp_path: Path) -> None:
    (row,) = plan(
        tmp_path,
        change("2025-04-01", "scope: {roles: [core, exit]}"),
        change("2025-07-01", "definition: 新义"),
        change("2025-10-01", "formula: measure", "basis: records"),
    ).rows
    found = [(each.row.definition_zh, each.row.formula, dict(each.row.scope)) for each in row.versions]
    assert found == [
        ("义", "clearing_rate", {"roles": ["core"]}),
        ("义", "clearing_rate", {"roles": ["core", "exit"]}),
        ("新义", "clearing_rate", {"roles": ["core", "exit"]}),
        ("新义", "measure", {}),
    ]
    assert [each.since for each in row.versions] == [None, at("2025-04-01"), at("2025-07-01"), at("2025-10-01")]
    assert [each.row.adopted is None for each in row.versions] == [True, False, False, False]


@pytest.mark.parametrize("period", ["2024", "2025", "2025-Q2", "2025-04", "2025-03", "2026"])
def test_pieces_sum_to_the_period(tmp_path: Path, period: str) -> None:
    (row,) = plan(tmp_path, change("2025-04-11", "definition: b"), change("2025-07-01", "definition: c")).rows
    window = named(period, ZONE)
    pieces = split(row, window)
    assert [pieces[0].window.start, pieces[-1].window.end] == list(window)
    assert all(one.window.end == two.window.start for one, two in pairwise(pieces))
    told = {"2024": "义", "2025": "义bc", "2025-Q2": "义b", "2025-04": "义b", "2025-03": "义", "2026": "c"}
    assert "".join(piece.row.definition_zh for piece in pieces) == told[period]


def test_a_change_at_the_border_of_a_period_does_not_split_it(tmp_path: Path) -> None:
    (row,) = plan(tmp_path, change("2025-04-01", "definition: b")).rows
    start = at("2025-04-01")
    assert [piece.row.definition_zh for piece in split(row, Window(start - 1, start))] == ["义"]
    assert [piece.row.definition_zh for piece in split(row, Window(start, start + 1))] == ["b"]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ("met met", "met"), ("missed missed", "missed"), ("met missed", "undetermined"),
        ("met undetermined", "undetermined"), ("met not_applicable", "met"), ("missed not_applicable", "missed"),
        ("not_applicable not_applicable", "not_applicable"), ("met not_computable", "undetermined"),
        ("not_computable not_computable", "not_computable"), ("no_target no_target", "no_target"),
    ],
)  # fmt: skip
def test_the_whole_has_a_verdict_only_where_its_parts_agree(verdicts: str, said: str) -> None:
    assert whole(map(Verdict, verdicts.split())) is Verdict(said)


@pytest.mark.parametrize(
    ("changes", "line", "words"),
    [
        ([change("2025-02-30", "definition: b")], 0, "wanted a day that exists"),
        ([change("2025-07", "definition: b")], 0, "since"),
        ([change("2025-07-01")], 0, "a change that changes nothing"),
        ([change("2025-07-01", "definition: 义")], 0, "a change that changes nothing"),
        (["{since: 2025-07-01, definition: b}"], 0, "adopted"),
        ([change("2025-07-01", "formula: clearing")], 0, "clearing_rate"),
        ([change("2025-07-01", "formula: coverage", "basis: probe")], 0, "got no network"),
        ([change("2025-07-01", "scope: {platforms: [p]}")], 0, "nothing would read"),
        ([change("2025-07-01", "targets: {}")], 0, "targets"),
        ([change("2025-07-01", "definition: b"), change("2025-07-01", "definition: c")], 1, "wanted a later day"),
        ([change("2025-07-01", "definition: b"), change("2025-03-01", "definition: c")], 1, "wanted a later day"),
        (
            [change("2025-07-01", "formula: security_rectification", "parameters: {deadlines: {I: {}}}")],
            0,
            "either hours or working_days",
        ),
    ],
)
def test_every_mistake_is_named_by_its_line(tmp_path: Path, changes: list[str], line: int, words: str) -> None:
    found = problems(tmp_path, *changes)
    assert [each for each in found if each.startswith(f"{FIRST + line}:") and words in each], found


def test_mistakes_of_changes_do_not_hide_one_another(tmp_path: Path) -> None:
    assert len(problems(tmp_path, change("2025-13-01", "definition: b"), change("2025-07-01"))) == 2


def test_check_says_it_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(HEAD + ROW + changes(change("2025-07-01")), encoding="utf-8")
    ran = CliRunner().invoke(app, ["check", "--plan", str(path)])
    assert ran.exit_code == 1
    assert f"plan.yml:{FIRST}:" in ran.output
    assert "Traceback" not in ran.output
