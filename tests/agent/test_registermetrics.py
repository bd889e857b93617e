"""What /metrics says of the registers: counties, sites and lines; nothing of what is not in service."""

import re
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path

import pytest

from agent import metrics
from agent.figures.book import Book
from agent.registermetrics import registered
from agent.stores.registering import RegisterRow
from tests.agent.fault_worlds import DOWN, UNKNOWN, UP, World, world
from tests.agent.worlds import START

DIVISIONS = (
    "code,name,level,parent_code",
    "610900,安康市（模拟）,city,",
    "610924,紫阳县（模拟）,county,610900",
    "610924101,毛坝镇（模拟）,township,610924",
)
SITES = (
    "site_id,name,division_code,owner_level,in_service_from,in_service_to",
    "S-1,核心,610900,city,,",
    "S-2,紫阳,610924,county,,",
    "S-3,毛坝,610924101,township,,",
    "S-4,过去,610924,county,2020-01-01,2021-01-01",
)
LINKS = (
    "link_id,a_site,b_site,tier,carrier,contracted_mbps,a_device,a_if,in_service_from,in_service_to",
    "L-1,S-1,S-2,metro,电信,100,core,1,,",
    "L-2,S-1,S-2,metro,移动,100,core,2,,",
    "L-9,S-1,S-2,,联通,100,core,3,2020-01-01,2021-01-01",
)
EVERYTHING = ("core", "east", "west", "both", "leaf", "twig", "alone", "L-1", "L-2")


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, divisions=DIVISIONS, sites=SITES, links=LINKS) as w:
        await w.say(*((name, 0, UP) for name in (*EVERYTHING[:-2], "core#if/1", "core#if/2")))
        w.to(600)
        await w.look()
        yield w


def samples(w: World, name: str, *, open_metrics: bool = False) -> list[str]:
    text = "".join(w.agent.register_metrics.chunks(open_metrics=open_metrics))
    return re.findall(rf"^{name}\{{(.*)\}} (.+)$", text, re.MULTILINE)


async def test_a_site_is_of_the_county_its_division_is_in_and_what_has_ended_is_gone(city: World) -> None:
    assert samples(city, "sla_county_info") == [
        ('county="610924",name="紫阳县（模拟）"', "1"),
    ]
    assert samples(city, "sla_site_info") == [
        ('county="",level="city",site="S-1"', "1"),
        ('county="610924",level="county",site="S-2"', "1"),
        ('county="610924",level="township",site="S-3"', "1"),
    ]
    assert samples(city, "sla_link_info") == [
        ('carrier="电信",county="610924",link="L-1",site="S-2",tier="metro"', "1"),
        ('carrier="移动",county="610924",link="L-2",site="S-2",tier="metro"', "1"),
    ]


async def test_a_line_is_up_or_down_by_its_evidence_and_without_any_it_has_no_sample(city: World) -> None:
    assert samples(city, "sla_link_up") == [('link="L-1"', "1"), ('link="L-2"', "1")]
    await city.say(("core#if/1", 610, DOWN), ("core#if/2", 610, UNKNOWN))
    city.to(620)
    await city.look()
    assert samples(city, "sla_link_up") == [('link="L-1"', "0")]


async def test_both_formats_say_the_same_and_every_family_has_its_header(city: World) -> None:
    for family in metrics.REGISTER_FAMILIES:
        assert samples(city, family.name) == samples(city, family.name, open_metrics=True)
        text = "".join(city.agent.register_metrics.chunks(open_metrics=False))
        assert text.count(f"# HELP {family.name} {family.help}\n# TYPE {family.name} gauge\n") == 1


def test_divisions_that_are_each_other_s_parents_end_the_climb() -> None:
    def row(register: str, id_: str, body: dict[str, object]) -> RegisterRow:
        return RegisterRow(register, id_, 1, None, None, body, START, "t")

    book = Book(
        chain(
            (row("divisions", a, {"level": "village", "parent_code": b}) for a, b in (("1", "2"), ("2", "1"))),
            [row("sites", "S", {"site_id": "S", "division_code": "1"})],
        )
    )
    assert registered(book, START).sites == [["S", "", ""]]
