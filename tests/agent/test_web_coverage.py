"""Coverage out of a running agent: registers in, readings in, and the lists behind each number out (C1-C3)."""

from pathlib import Path

import pytest

from agent.imports import ImportRequest, apply_import
from collectors.base import ok
from tests.agent.import_cases import ZONE
from tests.agent.register_cases import knows
from tests.agent.web_worlds import REFUSED, World, world

PORT = "zy/maoba:9"
DIVISIONS = (
    "code,name,level,counts_in_coverage\n1,市,市,\n2,县,县,\n3,镇,镇,\n4,村,村,\n9,开发区,开发区,\n8,新区,开发区,是\n"
)
SITES = (
    "site_id,division_code,accepted_on,planes\nS6109,3,2025-03-01,\nS2,2,2025-03-01,\nS1,1,,\nV,4,2025-03-01,video\n"
)


def taken(w: World, kind: str, text: str) -> None:
    known = knows(planes=frozenset({"video"}))
    request = ImportRequest(
        kind=kind, data=text.encode(), file=f"{kind}.csv", now=w.now(), by="x", zone=ZONE, known=known
    )
    apply_import(w.agent.writer, request)


def city(w: World) -> None:
    taken(w, "divisions", DIVISIONS)
    taken(w, "sites", SITES)


async def test_a_unit_is_verified_by_what_answered_at_its_accepted_site(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        city(w)
        before = (await w.get("/api/v1/coverage")).json
        for _ in range(4):
            await w.probe(PORT, ok())
            w.clock.seconds += 60
        w.agent.ledger.flush_counts()
        await w.write()
        after = (await w.get("/api/v1/coverage?days=yes")).json
    assert (before["total"]["low"], before["total"]["high"], before["total"]["claimed"]) == ([0, 5], [2, 5], [2, 5])
    assert after["total"]["units"] == {
        "verified": ["3"], "stale": [], "unmeasured": ["2"], "undeclared": [], "none": ["1", "4", "8"],
    }  # fmt: skip
    assert after["levels"]["township"]["low"] == [1, 1]
    assert (after["left_out"], after["counted_zones"]) == (["9"], ["8"])
    assert after["days"]["3"] == 1
    assert after["register_version"].startswith("2:")
    assert after["network"] == "extranet"


async def test_failures_alone_make_it_stale(tmp_path: Path) -> None:
    """Once the store has kept single readings for the whole week."""
    async with world(tmp_path) as w:
        city(w)
        await w.probe(PORT, REFUSED)
        w.agent.ledger.finish()
        await w.write()
        w.clock.seconds += 10 * 86_400
        for _ in range(4):
            await w.probe(PORT, REFUSED)
            w.clock.seconds += 60
        await w.write()
        found = (await w.get("/api/v1/coverage?level=township")).json["levels"]["township"]
    assert found["units"]["stale"] == ["3"]
    assert found["high"] == [0, 1]


async def test_the_video_network_is_another_one(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        city(w)
        for _ in range(3):
            await w.probe(PORT, ok())
            w.clock.seconds += 60
        await w.write()
        found = (await w.get("/api/v1/coverage?network=video")).json
    assert found["total"]["units"]["verified"] == []
    assert found["total"]["units"]["unmeasured"] == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("network=internet", "wanted one of extranet, video"),
        ("level=zone", "wanted one of city, county, township, village"),
        ("as_of=2030-01-01", "lies in the future"),
        ("plan=x", "takes network, level, as_of, days"),
    ],
)
async def test_what_cannot_be_meant_is_refused(tmp_path: Path, query: str, said: str) -> None:
    async with world(tmp_path) as w:
        assert said in (await w.get(f"/api/v1/coverage?{query}", 400)).json["detail"]
