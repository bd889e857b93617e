"""C4 (c): only probes of the line itself, held against limits of tiers that were in force, measure a bin."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.figures.plan import PlanTables, as_json, only
from agent.packs import verify
from agent.plans import plan_by_id
from sla.model import State
from tests.agent.figure_cases import LINKS, Books, books
from tests.agent.import_cases import at
from tests.agent.pack_worlds import pack

PLAN = only(plan_by_id("ankang"), "extranet_service_support_rate")
NOW = at("2025-04-02")


def limits(rtt: float = 0.05) -> str:
    return json.dumps({"tiers": {"access": {"loss_ratio": 0.01, "rtt_seconds": rtt}}})


@pytest.fixture
def made() -> Iterator[Books]:
    with books() as empty:
        empty.sites("A", "B")
        empty.enter("targets", "target_id,kind,address", "sw,snmp,10.0.0.9")
        empty.enter("links", f"{LINKS},tier,a_device,a_if", "L,A,B,电信,100,192.0.2.1,access,sw,1")
        empty.enter("systems", "system_id,name,demand_mbps,required_links", "s,甲,20M,L", recorded="2025-01-02")
        yield empty


def told(made: Books) -> tuple[str, dict[str, Any]]:
    """What is said of the quality of the line, and the parameters."""
    tables = PlanTables(made.reader)
    (row,) = as_json(tables.table(PLAN, "2025-03", now=NOW), "en")["indicators"]
    lists = " ".join(row["reasons"])
    return lists, row["parameters"]


def test_the_limits_in_force_stand_beside_the_figure_with_their_dates(made: Books) -> None:
    made.ran("2025-03-01", "2025-04-01", [("L", "2025-03-01", State.UP)], [
        ("2025-03-01", "reload", limits()), ("2025-03-10", "reload", limits()), ("2025-03-20", "reload", limits(0.1)),
        ("2025-04-01", "reload", limits(0.2)),
    ])  # fmt: skip
    _, parameters = told(made)
    assert parameters["tier_limits"] == (
        "2025-03-01T00:00:00+08:00: access loss <= 0.01, rtt <= 0.05 s; "
        "2025-03-20T00:00:00+08:00: access loss <= 0.01, rtt <= 0.1 s"
    )


@pytest.mark.parametrize(
    ("name", "records", "expected"),
    [
        ("L", [("2025-03-01", "reload", limits())], ""),
        ("L", [("2025-03-01", "reload", limits()), ("2025-03-17", "reload", "{}")], "measured in 1200 of 2520 bins"),
        ("L", [], "measured in 0 of 2520 bins"),
        ("sw#if/1", [("2025-03-01", "reload", limits())], "measured in 0 of 2520 bins"),
    ],
)
def test_what_was_not_held_against_limits_is_not_measured(
    made: Books, tmp_path: Path, name: str, records: list[tuple[str, str, str]], expected: str
) -> None:
    made.ran("2025-03-01", "2025-04-01", [(name, "2025-03-01", State.UP)], records)
    words, _ = told(made)
    assert f"loss and rtt {expected}" in words if expected else "loss and rtt" not in words
    path = pack(made, PLAN, PLAN.rows[0], tmp_path / "one.zip", period="2025-03", now=NOW)
    status, said = verify.verify(str(path), "en", None)
    assert status == 0, said
