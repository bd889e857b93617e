"""Utilisation over HTTP and in /metrics: the bins of an interface, and how full a line was by direction (C4)."""

import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from agent.web import api
from collectors.base import Reading, Reason, error, ok
from sla.bins import BIN_US
from tests.agent.fault_worlds import World, world
from tests.agent.test_web_api import check_schema
from tests.agent.worlds import SECOND, START
from tests.requirements import need_program

SITES = ("site_id,name", "S-1,核心", "S-2,紫阳")
LINKS = (
    "link_id,a_site,b_site,carrier,contracted_mbps,a_device,a_if,b_device,b_if,in_service_from,in_service_to",
    "both/ends,S-1,S-2,电信,10,core,1,east,2,,",
    "one,S-1,S-2,移动,2.5,,,east,3,,",
    "none,S-1,S-2,联通,100,,,,,,",
    "past,S-1,S-2,联通,100,core,1,,,2020-01-01,2021-01-01",
    "grown,S-1,S-2,电信,10,core,1,,,2025-01-01,2026-01-01T08:30:00+08:00",
    "grown,S-1,S-2,电信,20,core,1,,,2026-01-01T08:30:00+08:00,",
)
MEGA = 1_000_000
MINUTES = 61


def rates(in_mbps: float, out_mbps: float) -> dict[str, float]:
    return {
        "in_bytes_per_second": in_mbps * MEGA / 8,
        "out_bytes_per_second": out_mbps * MEGA / 8,
        "rate_seconds": 60.0,
    }


async def probe(w: World, target: str, *readings: Reading) -> None:
    await w.web.probe(target, ok(), *readings)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[World]:
    """An hour: core sends 1 Mbit/s, in its last ten minutes 8; east sees a little less of it, and sends 3."""
    async with world(tmp_path, sites=SITES, links=LINKS) as w:
        for minute in range(MINUTES):
            w.to(minute * 60)
            busy = 8 if minute > 50 else 1
            await probe(w, "core", ok({} if minute == 0 else rates(3, busy), "if/1"))
            seen = [ok(rates(busy * 0.9, 3), "if/2"), ok(rates(0.5, 1), "if/3")] if 0 < minute <= 30 else []
            await probe(w, "east", *seen)
            w.agent.ledger.tick(w.web.now())
        await w.web.write()
        await w.agent.registers_changed()  # as the calendar does where a row begins to hold
        yield w


async def get(w: World, path: str, schema: str, status: int = 200) -> dict:
    got = await w.web.get(f"/api/v1/{path}", status)
    if status == 200:
        described = api.description()["paths"][f"/api/v1/{schema}"]["get"]["responses"]["200"]
        check_schema(got.json, described["content"]["application/json"]["schema"])
    return got.json


async def of_link(w: World, name: str, query: str = "", status: int = 200) -> dict:
    return await get(w, f"links/{quote(name, safe='')}/utilisation{query}", "links/{id}/utilisation", status)


async def of_target(w: World, name: str, query: str = "", status: int = 200) -> dict:
    return await get(w, f"targets/{quote(name, safe='')}/utilisation{query}", "targets/{id}/utilisation", status)


async def test_the_bins_of_an_interface(city: World):
    said = await of_target(city, "core", "?component=if/1&from=2026-01-01T08:00:00%2B08:00")
    assert said["target"] == "core#if/1"
    assert (said["bins_ended"], said["bins_known"], said["bin_us"]) == (12, 12, BIN_US)
    assert said["bins"][0] == {
        "from": "2026-01-01T08:00:00+08:00",
        "covered_us": BIN_US,
        "bits_in": 900 * MEGA,
        "bits_out": 300 * MEGA,
        "known": True,
    }
    assert [each["bits_out"] // MEGA for each in said["bins"]] == [300] * 10 + [2400] * 2
    assert await of_target(city, "core#if/1", "?from=2026-01-01T08:00:00%2B08:00") == said


async def test_a_window_counts_only_bins_that_begin_in_it_and_have_ended(city: World):
    said = await of_target(city, "core#if/1", "?from=2026-01-01T08:01:00%2B08:00&to=2026-01-01T08:10:01%2B08:00")
    assert [each["from"][11:16] for each in said["bins"]] == ["08:05", "08:10"]
    assert said["bins_ended"] == 2
    later = await of_target(city, "core#if/1", "?from=2026-01-01T08:58:00%2B08:00&to=2026-01-02")
    assert (later["bins_ended"], later["bins"], later["cut_to_as_of"]) == (0, [], True)


async def test_a_bin_that_was_seen_in_part_says_how_far(city: World):
    city.to(MINUTES * 60 + 200)
    await probe(city, "core", ok(rates(3, 1), "if/1"))
    city.to(3600 * 2)
    city.agent.ledger.tick(city.web.now())
    await city.web.write()
    said = await of_target(city, "core#if/1", "?from=2026-01-01T09:00:00%2B08:00")
    assert [(each["covered_us"], each["known"]) for each in said["bins"]] == [(60 * SECOND, False)]
    assert (said["bins_ended"], said["bins_known"]) == (12, 0)


async def test_a_line_is_as_full_as_the_fuller_of_its_ends_saw_it(city: World):
    said = await of_link(city, "both/ends", "?from=2026-01-01T08:00:00%2B08:00")
    assert said["contracted"] == [
        {"from": "2026-01-01T08:00:00+08:00", "to": "2026-01-01T09:00:00+08:00", "bits_per_second": 10 * MEGA}
    ]
    there, back = said["directions"]["a_to_b"], said["directions"]["b_to_a"]
    assert there["seen_by"] == [
        {"component": "core#if/1", "counter": "out"},
        {"component": "east#if/2", "counter": "in"},
    ]
    assert there["p95"] == {"bins": 12, "known": 12, "value": [4, 5], "least": [4, 5], "most": [4, 5]}
    assert back["p95"] == {"bins": 12, "known": 12, "value": [3, 10], "least": [3, 10], "most": [3, 10]}
    assert said["worst"] == there["p95"]


async def test_of_a_line_that_is_seen_for_half_the_time_the_bounds_are_wide(city: World):
    said = await of_link(city, "one", "?from=2026-01-01T08:00:00%2B08:00")
    assert said["directions"]["a_to_b"]["seen_by"] == [{"component": "east#if/3", "counter": "in"}]
    assert said["directions"]["a_to_b"]["p95"] == {
        "bins": 12, "known": 6, "value": [1, 5], "least": [1, 5], "most": None,
    }  # fmt: skip
    assert said["worst"] == {"bins": 12, "known": 6, "value": [2, 5], "least": [2, 5], "most": None}


async def test_a_line_without_an_interface_is_unknown_not_idle(city: World):
    said = await of_link(city, "none", "?from=2026-01-01T08:00:00%2B08:00")
    assert said["directions"]["a_to_b"] == {
        "seen_by": [], "p95": {"bins": 12, "known": 0, "value": None, "least": [0, 1], "most": None},
    }  # fmt: skip


async def test_time_outside_service_does_not_count(city: World):
    said = await of_link(city, "past", "?from=2026-01-01T08:00:00%2B08:00")
    assert said["contracted"] == []
    assert said["worst"] == {"bins": 0, "known": 0, "value": None, "least": None, "most": None}


async def test_each_bin_is_held_against_what_was_contracted_then(city: World):
    said = await of_link(city, "grown", "?from=2026-01-01T08:00:00%2B08:00")
    assert [(each["from"][11:16], each["bits_per_second"]) for each in said["contracted"]] == [
        ("08:00", 10 * MEGA), ("08:30", 20 * MEGA),
    ]  # fmt: skip
    assert said["directions"]["a_to_b"]["p95"]["value"] == [2, 5]
    assert said["directions"]["b_to_a"]["p95"]["value"] == [3, 10]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("targets/core/utilisation", 400, "parameter component"),
        ("targets/core%23if%2F1/utilisation?component=if/1", 400, "names one"),
        ("targets/core/utilisation?component=if/9", 404, "if/1"),
        ("targets/nobody/utilisation?component=if/1", 404, "nobody"),
        ("links/core/utilisation", 404, "no line"),
        ("links/oen/utilisation", 404, "one"),
        ("links/one/utilisation?component=x", 400, "unknown"),
        ("links/one/utilisation?from=2026-01-01&to=2026-01-01", 400, "empty"),
        ("links/one/utilisation?from=2025-11-30&to=2026-01-01", 400, "31 days"),
        ("links/one/utilisation?from=2026-02-01&to=2026-02-02", 400, "lies ahead"),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_words(city: World, path: str, status: int, words: str):
    got = await city.web.get(f"/api/v1/{path}", status)
    assert words in got.text


async def page(w: World) -> str:
    return (await w.web.get("/metrics")).text


def samples(text: str, name: str) -> dict[str, float]:
    return {labels: float(value) for labels, value in re.findall(rf"^{name}\{{(.*)\}} (\S+)$", text, re.MULTILINE)}


async def test_metrics_show_lines_with_an_interface_and_the_last_rate_while_it_is_valid(city: World):
    text = await page(city)
    assert samples(text, "sla_link_contracted_bytes_per_second") == {
        'link="both/ends"': 1.25 * MEGA, 'link="one"': 0.3125 * MEGA, 'link="grown"': 2.5 * MEGA,
    }  # fmt: skip
    assert samples(text, "sla_link_utilisation_ratio") == {  # nothing of "one": east's last rates are half an hour old
        'direction="a_to_b",link="both/ends"': 0.8,
        'direction="b_to_a",link="both/ends"': 0.3,
        'direction="a_to_b",link="grown"': 0.4,
        'direction="b_to_a",link="grown"': 0.15,
    }
    await probe(city, "east", ok(rates(9.5, 1), "if/2"))
    assert samples(await page(city), "sla_link_utilisation_ratio")['direction="a_to_b",link="both/ends"'] == 0.95
    city.to(MINUTES * 60 + 91)
    assert samples(await page(city), "sla_link_utilisation_ratio") == {}


async def test_a_reading_without_rates_and_an_error_show_no_utilisation(city: World):
    await probe(city, "core", ok({}, "if/1"))
    assert samples(await page(city), "sla_link_utilisation_ratio") == {}
    await probe(city, "core", error(Reason.LATE, "our loop", rates(1, 1), "if/1"))
    assert samples(await page(city), "sla_link_utilisation_ratio") == {}


async def test_promtool_has_nothing_to_say(city: World):
    promtool = need_program("promtool")
    text = await page(city)
    assert 'sla_link_utilisation_ratio{direction="a_to_b",link="grown"} 0.4\n' in text
    command = [promtool, "check", "metrics"]
    checked = subprocess.run(command, input=text.encode(), capture_output=True, check=False, timeout=120)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_time_begins_on_a_bin() -> None:
    assert START % BIN_US == 0
