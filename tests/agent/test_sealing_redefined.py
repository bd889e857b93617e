"""V7, E3: a sealed month keeps the figures of its seal, whatever its definition becomes; the difference is said."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.figures.plan import PlanTables, as_json, reasons
from agent.figures.words import reason_text
from agent.sealing import Asked
from sla.plans import Plan
from tests.agent.figure_cases import Books
from tests.agent.plan_texts import CLOUD, changes, plan_of
from tests.agent.test_sealing import DAY_US, JUNE, OVER, Watched

CHANGE = changes("""
since: 2025-07-01
definition: 门户与邮件
scope: {platforms: [portal, mail]}
adopted: {by: 市数据局, document: 数发〔2025〕3号, date: 2025-06-20}
""")
LATER = OVER + 30 * DAY_US


@pytest.fixture
def plans(tmp_path: Path) -> list[Plan]:
    return [plan_of(tmp_path, [CLOUD])]


@pytest.fixture
def world(tmp_path: Path, plans: list[Plan]) -> Watched:
    """June is sealed with a portal that was UP all month; of the mail nothing is known."""
    made = Watched(tmp_path / "ledger.db", plans)
    entering = Books(made.writer)
    entering.targets("t1", "t2")
    entering.enter("platforms", "platform_id,name", "portal,门户", "mail,邮件")
    entering.enter("components", "component_id,platform_id,member", "p-1,portal,t1", "m-1,mail,t2")
    made.sealer.seal("2025-06", Asked(OVER, "timer"))
    return made


def june(world: Watched, plan: Plan) -> tuple[dict[str, Any], str]:
    """The row of the report of June, and its remarks in English."""
    table = PlanTables(world.writer.reader).table(plan, "2025-06", now=LATER)
    words = "\n".join(reason_text(each, "en") for each in reasons(table, table.rows[0]))
    return as_json(table)["indicators"][0], words


def sealed(world: Watched, number: int) -> dict[str, Any]:
    row: dict[str, Any] = world.writer.reader.sealed_figures(number)["x"]["indicators"][0]
    return row


def test_a_dated_change_leaves_the_sealed_month_as_it_was(tmp_path: Path, world: Watched, plans: list[Plan]) -> None:
    row, words = june(world, plan_of(tmp_path, [CLOUD, CHANGE]))
    assert (row["display"], row["verdict"]) == ("100%", "met")
    assert "sealed" not in row
    assert "sealed" not in words


def test_a_definition_edited_in_place_shows_the_sealed_figure_beside(
    tmp_path: Path, world: Watched, plans: list[Plan]
) -> None:
    row, words = june(world, edited(tmp_path))
    assert row["verdict"] == "undetermined"
    assert (row["sealed"]["display"], row["sealed"]["verdict"]) == ("100%", "met")
    assert row["sealed"]["definition_digest"] != row["parameters"]["definition_digest"]
    assert "the month is sealed with 100%" in words


def edited(tmp_path: Path) -> Plan:
    text = CLOUD.replace("门户可用", "门户与邮件").replace("[portal]", "[portal, mail]")
    return plan_of(tmp_path, [text])


def test_an_as_of_before_the_seal_is_not_held_against_it(tmp_path: Path, world: Watched) -> None:
    table = PlanTables(world.writer.reader).table(edited(tmp_path), "2025-06", now=LATER, as_of=OVER - DAY_US)
    assert "sealed" not in as_json(table)["indicators"][0]


def test_a_revision_never_recomputes_by_another_definition(tmp_path: Path, world: Watched, plans: list[Plan]) -> None:
    before = sealed(world, 1)
    plans[0] = edited(tmp_path)
    world.late(JUNE.start + 10 * DAY_US, 2)
    (made,) = world.sealer.revise(Asked(LATER, "timer")) or world_head(world)
    assert made.seal.said["figures"] == []
    assert sealed(world, made.seal.number) == before


def test_later_data_by_the_same_definition_do_make_another_figure(
    tmp_path: Path, world: Watched, plans: list[Plan]
) -> None:
    plans[0] = replace(plan_of(tmp_path, [CLOUD, CHANGE]))
    world.late(JUNE.start + 10 * DAY_US, 2)
    (made,) = world.sealer.revise(Asked(LATER, "timer")) or world_head(world)
    assert [each["indicator"] for each in made.seal.said["figures"]] == ["cloud"]
    assert sealed(world, made.seal.number)["verdict"] == "missed"


def world_head(world: Watched) -> list[Any]:
    """What was written since stands in a head first."""
    world.maker.begin("hour", LATER)
    world.maker.make_begun()
    return world.sealer.revise(Asked(LATER, "timer"))
