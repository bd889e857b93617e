"""Plans as files: the three printed tables verbatim, and every mistake of a file by its line, all of them at once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.config import ConfigError
from agent.errors import UsageError
from agent.figures.formulas import FORMULAS
from agent.plans import BUILT_IN, configured_plans, load_plan, plan_by_id
from sla.plans import Plan, Row
from sla.verdict import Op

DATA = Path(__file__).parents[1] / "data" / "plans"
PRINTED = {"ankang": 29, "weinan": 30, "xian": 37}
YEARS = {"ankang": (2022, 2023, 2025), "weinan": (2024, 2025), "xian": (2023, 2025)}
PLANS = {plan: plan_by_id(plan) for plan in BUILT_IN}
CONFIG = Path(__file__).parents[2] / "config" / "plans"


def printed() -> Iterator[tuple[str, dict[str, Any]]]:
    for plan in PRINTED:
        for row in json.loads((DATA / f"{plan}.json").read_text(encoding="utf-8")):
            yield plan, row


ALL = list(printed())


@pytest.mark.parametrize(("plan", "row"), ALL, ids=lambda value: value if isinstance(value, str) else value["id"])
def test_every_row_is_the_plans_own_word_for_word(plan: str, row: dict[str, Any]) -> None:
    ours = PLANS[plan].rows[row["no"] - 1]
    assert (ours.no, ours.id, ours.category) == (row["no"], row["id"], row["category"])
    assert (ours.name_zh, ours.name_en) == (row["name_zh"], row["name_en"])
    assert (ours.definition_zh, ours.attribute) == (row["definition_zh"], row["attribute"])
    assert {str(year): target.text for year, target in ours.targets.items()} == row["targets"]
    assert ours.source is not None
    assert ours.source._asdict() == row["source"]


@pytest.mark.parametrize(("plan", "row"), ALL, ids=lambda value: value if isinstance(value, str) else value["id"])
def test_every_target_is_read_as_it_is_meant(plan: str, row: dict[str, Any]) -> None:
    ours = PLANS[plan].rows[row["no"] - 1]
    for year, meant in row["targets_parsed"].items():
        target = ours.targets[int(year)]
        assert str(target.op) == meant["op"]
        if target.value is not None:
            assert float(target.value * (100 if meant["unit"] == "percent" else 1)) == meant["value"]


@pytest.mark.parametrize("plan", PRINTED)
def test_a_plan_has_all_its_rows_in_order_and_all_its_years(plan: str) -> None:
    ours = PLANS[plan]
    assert [row.no for row in ours.rows] == list(range(1, PRINTED[plan] + 1))
    assert ours.years == YEARS[plan]
    assert all(tuple(row.targets) == ours.years for row in ours.rows)


def test_the_levels_of_coverage_are_those_of_the_definitions() -> None:
    levels = {(plan, row["id"]): row["levels"] for plan, row in ALL if row["levels"]}
    ours = {
        (plan, row.id): row.scope["levels"] for plan in PRINTED for row in PLANS[plan].rows if row.formula == "coverage"
    }
    assert ours == levels


def test_xian_is_a_draft_and_says_so() -> None:
    assert [plan for plan in BUILT_IN if PLANS[plan].is_draft] == ["xian"]


def test_guangyuan_prints_no_table_so_no_row_has_a_target() -> None:
    plan = PLANS["guangyuan"]
    assert plan.years == ()
    assert plan.rows
    assert all(not row.targets and row.target(2025).op is Op.NONE for row in plan.rows)


def test_nobody_has_adopted_a_plan_that_travels_with_the_agent() -> None:
    assert all(PLANS[plan].adopted is None for plan in BUILT_IN)


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yml")), ids=lambda path: path.stem)
def test_every_plan_file_is_sound_and_uses_known_formulas(path: Path) -> None:
    plan = load_plan(path)
    assert {row.formula for row in plan.rows} <= set(FORMULAS)


# --- targets of years that the plan does not print -----------------------------------------------------------------


def row(plan: str, id_: str) -> Row:
    found = PLANS[plan].row(id_)
    assert found is not None
    return found


def test_a_year_without_a_column_takes_the_last_one_before_it_as_advice() -> None:
    found = row("ankang", "gov_cloud_availability")
    assert (found.target(2024).text, found.target(2024).year, found.target(2024).advisory) == ("99%", 2023, True)
    assert (found.target(2026).text, found.target(2026).binds) == ("99.5%", False)
    assert found.target(2025).binds
    assert (found.target(2021).text, found.target(2021).op) == ("", Op.NONE)


# --- files with mistakes -------------------------------------------------------------------------------------------

GOOD = """\
id: x
title: {zh: 甲, en: A}
city: {zh: 甲市, en: A}
document: 文
years: [2023, 2025]
rows:
- number: 1
  id: a
  category: 类
  name: {zh: 名, en: N}
  definition: 义
  targets: {"2023": 90%, "2025": /}
  formula: measure
  basis: records
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "plan.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def loaded(tmp_path: Path, text: str, name: str = "plan.yml") -> Plan:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_plan(path)


PERCENTAGE = "wanted a percentage such as 99.5%; for a count or a score name the row's unit"
MISTAKES = [
    (
        "formula: measure",
        "formula: mesure",
        "13: rows[0].formula: got mesure, wanted a formula of this agent; did you mean measure?",
    ),
    ("basis: records", "basis: record", "14: rows[0].basis: got record, wanted probe, register or records"),
    ("basis: records", "basis: records\n  bassis: x", "15: rows[0].bassis: got an unknown option; did you mean basis?"),
    ('"2023": 90%', '"2023": 90 %%', f"12: rows[0].targets.2023: got 90 %%, {PERCENTAGE}"),
    ('"2023": 90%', '"2023": 90', f"12: rows[0].targets.2023: got 90, {PERCENTAGE}"),
    ('"2023": 90%, ', "", '12: rows[0].targets: got no cell for 2023, wanted what is printed; "2023": "/" for none'),
    (
        '"2025": /',
        '"2025": /, "2024": 95%',
        "12: rows[0].targets.2024: got a column that `years` does not name; did you mean 2025?",
    ),
    ("[2023, 2025]", "[2025, 2023]", "5: years: got 2025, 2023, wanted each year once, in order"),
    ("formula: measure", "formula: coverage", "7: rows[0].scope: got no levels, wanted it for coverage; add it"),
    (
        "formula: measure",
        "formula: measure_count",
        "7: rows[0].unit: got percent, wanted the unit that the plan prints, or number for measure_count",
    ),
    (
        "basis: records",
        "basis: records\n  scope: {roles: [core]}",
        "15: rows[0].scope.roles: got an option that nothing would read; measure takes none",
    ),
    (
        "basis: records",
        "basis: records\n  adopted: {by: 局, document: 文, date: 2026-02-30}",
        "15: rows[0].adopted.date: got 2026-02-30, wanted a day that exists; for example 2026-01-15",
    ),
    ("document: 文", "document: 文\nclock: restored", "5: clock: got restored, wanted onset or detected"),
    ("document: 文", "document: 文\nvariant: best", "5: variant: got best, wanted all_in or excluding_approved"),
    ("document: 文", "document: 文\nzone: Asia/Shanghia", "5: zone: got Asia/Shanghia, wanted an IANA time zone"),
    ("number: 1", "number: 01", "7: rows[0].number: got 01, wanted a whole number"),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES, ids=[new for _, new, _ in MISTAKES])
def test_a_mistake_is_named_by_its_line_with_the_next_step(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new))
    assert any(line.startswith(said) for line in found), found


def test_rows_must_be_there_and_a_list(tmp_path: Path) -> None:
    head = GOOD[: GOOD.index("rows:")]
    assert problems(tmp_path, head) == ["1: rows: got nothing, wanted the rows of the plan's table; add them"]
    assert problems(tmp_path, f"{head}rows: none\n") == ["6: rows: got none, wanted a list; begin each entry with -"]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("title:", "titel:").replace("90%", "9O%").replace("measure", "mesure")
    text += GOOD[GOOD.index("- number") :]
    found = problems(tmp_path, text)
    assert [line.partition(": got ")[0] for line in found] == [
        "1: title",
        "2: titel",
        "12: rows[0].targets.2023",
        "13: rows[0].formula",
        "15: rows[1].number",
        "16: rows[1].id",
    ]


def test_deadlines_that_nobody_adopted_are_refused(tmp_path: Path) -> None:
    with_deadlines = GOOD.replace(
        "formula: measure", "formula: security_rectification\n  parameters: {deadlines: {IV: {hours: 72}}}"
    )
    (said,) = problems(tmp_path, with_deadlines)
    assert "nobody adopted" in said
    adopted = with_deadlines + "  adopted: {by: 局, document: 文, date: 2026-01-15}\n"
    assert loaded(tmp_path, adopted).rows[0].parameters == {"deadlines": {"IV": {"hours": 72}}}


@pytest.mark.parametrize("text", ["", "- 1\n", "id: [\n", "id: x\x00\n", "\ud800"])
def test_what_is_no_plan_at_all_is_one_clear_message(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    assert caught.value.problems


# --- how a plan is named ------------------------------------------------------------------------------------------


def test_an_unknown_plan_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean ankang"):
        plan_by_id("ankng")
    with pytest.raises(ConfigError, match="see --plan"):
        plan_by_id(str(tmp_path / "none.yml"))


def test_a_configured_plan_stands_before_the_built_in_one_of_its_id(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(GOOD.replace("id: x", "id: ankang", 1), encoding="utf-8")
    own = configured_plans(["own.yml", "weinan"], tmp_path)
    assert [plan.id for plan in own] == ["ankang", "weinan"]
    assert len(plan_by_id("ankang", own).rows) == 1
    with pytest.raises(UsageError, match="a second time"):
        configured_plans(["own.yml", "ankang"], tmp_path)


def test_check_tells_all_problems_of_a_plan_and_ends_with_1(tmp_path: Path) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(GOOD.replace("90%", "9O%").replace("title:", "titel:"), encoding="utf-8")
    answer = CliRunner().invoke(app, ["check", "--plan", str(path)])
    assert answer.exit_code == 1
    assert answer.output.count(f"{path}:") == 3
    assert CliRunner().invoke(app, ["check", "--plan", "ankang"]).exit_code == 0
    assert CliRunner().invoke(app, ["check", "--plan", "nowhere"]).exit_code == 2


def test_check_looks_into_the_plans_of_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(GOOD.replace("90%", "9O%"), encoding="utf-8")
    config = tmp_path / "agent.yml"
    config.write_text("plans: [own.yml]\n", encoding="utf-8")
    answer = CliRunner().invoke(app, ["check", "--config.file", str(config)])
    assert (answer.exit_code, "own.yml:12: rows[0].targets.2023" in answer.output) == (1, True)


def test_the_template_is_a_plan_that_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    assert CliRunner().invoke(app, ["template", "plan", "-o", str(path)]).exit_code == 0
    assert load_plan(path).rows
    printed = CliRunner().invoke(app, ["template", "plan"])
    assert printed.output == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("deadline", ["{}", "{hours: 72, working_days: 3}"])
def test_a_deadline_is_either_of_two(tmp_path: Path, deadline: str) -> None:
    parameters = f"formula: security_rectification\n  parameters: {{deadlines: {{IV: {deadline}}}}}"
    text = GOOD.replace("formula: measure", parameters) + "  adopted: {by: 局, document: 文, date: 2026-01-15}\n"
    (said,) = problems(tmp_path, text)
    assert "wanted either hours or working_days" in said
