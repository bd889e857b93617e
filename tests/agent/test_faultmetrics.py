"""What /metrics says of faults, sites and platforms: text by text, and nothing where nothing is known."""

import re
import subprocess
from copy import copy
from pathlib import Path

import pytest
from prometheus_client import exposition
from prometheus_client.openmetrics import exposition as openmetrics

from agent import faultparts
from agent.page import text_of
from sla.model import State
from tests.agent.fault_worlds import CITY, DOWN, UNKNOWN, UP, World, of, world
from tests.agent.worlds import SECOND, START
from tests.requirements import need_program

EMPTY = ',name="",site="",county="",carrier="",responsible_unit=""'
"""What no register says."""

SITES = ("site_id,name", "S-1,核心", "S-2,紫阳", "S-3,空")
LINKS = (
    "link_id,a_site,b_site,carrier,contracted_mbps,far_address,a_device,a_if",
    "L-1,S-1,S-2,电信,100,127.0.0.8,,",
    "L-2,S-1,S-2,移动,100,127.0.0.9,east,2",
)
PLATFORMS = ("platform_id,name,need", "cloud,政务云,all")
COMPONENTS = (
    "component_id,platform_id,member,required,redundancy_group,group_need",
    "c-1,cloud,east,true,pair,1",
    "c-2,cloud,west,true,pair,1",
    "c-3,cloud,alone,true,,",
)
REGISTERS = {"sites": SITES, "links": LINKS, "platforms": PLATFORMS, "components": COMPONENTS}
EVERYTHING = (*(row.partition(",")[0] for row in CITY), "L-1", "L-2")


def page(w: World, *, open_metrics: bool = False) -> str:
    """What a scrape gets of them."""
    render = openmetrics.generate_latest if open_metrics else exposition.generate_latest
    own = render(w.agent.metrics.registry).decode().removesuffix("# EOF\n")
    kept = text_of(w.agent.fault_metrics.chunks(open_metrics=open_metrics))
    anew = copy(w.agent.fault_metrics)
    anew._parts, anew._taken = [], ((), {})
    assert kept == text_of(anew.chunks(open_metrics=open_metrics))
    return own + kept + ("# EOF\n" if open_metrics else "")


def text(w: World, *, open_metrics: bool = False) -> str:
    """The samples, HELP and TYPE of these families as they are scraped."""
    lines = page(w, open_metrics=open_metrics).splitlines()
    return "\n".join(line for line in lines if re.search(r"\bsla_(fault|site|platform)", line) or line == "# EOF")


def samples(w: World, name: str) -> dict[str, float]:
    found = re.findall(rf"^{name}\{{(.*)\}} (\S+)$", text(w), re.MULTILINE)
    return {labels: float(value) for labels, value in found}


@pytest.fixture
async def city(tmp_path: Path):
    """Everything has been UP for ten minutes."""
    async with world(tmp_path, **REGISTERS) as w:
        await w.say(*((name, 0, UP) for name in EVERYTHING), ("east#if/2", 0, UP))
        w.to(600)
        await w.look()
        yield w


async def test_what_is_kept_of_faults_follows_every_look(city: World):
    """`page` holds what was kept against what is written anew."""
    for second, events in (
        (301, [("east", 300, DOWN)]),
        (310, [("leaf", 305, DOWN), ("alone", 308, DOWN)]),
        (400, [("alone", 390, UP)]),
        (500, [("leaf", 480, UP), ("west", 490, DOWN)]),
        (900, [("east", 800, UP)]),
    ):
        await city.say(*events)
        city.to(second)
        await city.look()
        before = samples(city, "sla_fault_age_seconds")
        city.to(second + 1)
        assert before
        assert samples(city, "sla_fault_age_seconds") == {labels: age + 1 for labels, age in before.items()}


async def test_the_families_of_an_open_and_a_cleared_fault_word_for_word(city: World):
    await city.say(("east", 300, DOWN), ("leaf", 310, DOWN), ("alone", 100, DOWN), ("alone", 160.5, UP))
    await city.look()
    city.to(160.5 + 1801)
    await city.look()
    fault = of("east", 300)
    labels = f'fault="{fault}",root="east",role="node",priority="P3"'
    deadline = START // SECOND + 300 + 10_800
    told = [
        line
        for line in text(city).splitlines()
        if "_clearing_" not in line or 'role="' not in line or 'role="node"' in line
    ]
    assert "\n".join(told) == "\n".join(
        [
            "# HELP sla_fault_clearing_seconds Clearing times, each fault once, when nothing can reopen it any more.",
            "# TYPE sla_fault_clearing_seconds histogram",
            *(
                f'sla_fault_clearing_seconds_bucket{{le="{le}",role="node"}} 1.0'
                for le in (
                    "300.0",
                    "900.0",
                    "1800.0",
                    "3600.0",
                    "7200.0",
                    "10800.0",
                    "14400.0",
                    "28800.0",
                    "86400.0",
                    "+Inf",
                )
            ),
            'sla_fault_clearing_seconds_count{role="node"} 1.0',
            'sla_fault_clearing_seconds_sum{role="node"} 60.5',
            "# HELP sla_faults_open Faults that are neither restored nor withdrawn.",
            "# TYPE sla_faults_open gauge",
            *(f'sla_faults_open{{priority="{each}"}} {float(each == "P3")}' for each in ("P1", "P2", "P3", "P4")),
            (
                "# HELP sla_faults Faults whose clock started in the period, by outcome; evidence that comes later may"
                " change it."
            ),
            "# TYPE sla_faults gauge",
            *(
                f'sla_faults{{outcome="{outcome}",period="{period}"}} {float(outcome in ("in_time", "pending"))}'
                for period in ("2026", "2026-01")
                for outcome in ("in_time", "late", "pending", "undecided")
            ),
            (
                "# HELP sla_platform_up 1 while the platform is UP or DEGRADED by its components, 0 while it is DOWN;"
                " no sample while unknown."
            ),
            "# TYPE sla_platform_up gauge",
            'sla_platform_up{platform="cloud"} 1.0',
            "# HELP sla_fault_age_seconds Since the clock of an open fault started.",
            "# TYPE sla_fault_age_seconds gauge",
            f"sla_fault_age_seconds{{{ordered(labels)}}} 1661.5",
            "# HELP sla_fault_deadline_timestamp_seconds When an open fault is late: 3 h after its clock.",
            "# TYPE sla_fault_deadline_timestamp_seconds gauge",
            f"sla_fault_deadline_timestamp_seconds{{{ordered(labels)}}} {exposition.floatToGoString(deadline)}",
            "# HELP sla_fault_members What an open fault has taken with it.",
            "# TYPE sla_fault_members gauge",
            f"sla_fault_members{{{ordered(labels)}}} 1.0",
            (
                "# HELP sla_fault_info 1 for each open fault, with what the registers say of its root; county is a code"
                " of the division register."
            ),
            "# TYPE sla_fault_info gauge",
            f"sla_fault_info{{{ordered(labels + EMPTY)}}} 1.0",
            "# HELP sla_site_up 1 while any line of the site is up, 0 while all are DOWN; no sample while unknown.",
            "# TYPE sla_site_up gauge",
            'sla_site_up{site="S-2"} 1.0',
            "# HELP sla_site_redundancy_lost 1 while the site is up and one of its lines is DOWN.",
            "# TYPE sla_site_redundancy_lost gauge",
            'sla_site_redundancy_lost{site="S-2"} 0.0',
        ]
    )


def ordered(labels: str) -> str:
    """As both formats write them: by name."""
    return ",".join(sorted(labels.split(",")))


async def test_every_role_s_clearing_times_are_counted_from_0(city: World):
    counts = samples(city, "sla_fault_clearing_seconds_count")
    roles = (
        "core", "exit", "county_node", "node", "line", "platform", "component", "service", "host", "camera",
        "certificate",
    )  # fmt: skip
    assert counts == {f'role="{role}"': 0.0 for role in roles}


async def test_open_metrics_says_the_same(city: World):
    await city.say(("east", 300, DOWN))
    await city.look()
    plain = {line for line in text(city).splitlines() if not line.startswith("#")}
    told = {line for line in text(city, open_metrics=True).splitlines() if not line.startswith("#")}
    assert {value_of(line) for line in told} == {value_of(line) for line in plain}
    assert text(city, open_metrics=True).endswith("# EOF")


def value_of(line: str) -> tuple[str, float]:
    name, _, value = line.rpartition(" ")
    return name, float(value)


async def test_every_sample_of_a_simulated_store_says_so(tmp_path: Path):
    async with world(tmp_path, **REGISTERS) as w:
        w.agent.writer.set_meta("simulated", "true")
    async with world(tmp_path) as w:
        await w.say(*((name, 0, UP) for name in EVERYTHING), ("alone", 10, DOWN), ("alone", 20, UP), ("west", 30, DOWN))
        w.to(60)
        await w.look()
        w.to(4000)
        await w.look()
        found = [line for line in text(w).splitlines() if not line.startswith("#")]
    assert len(found) > 20
    assert [line for line in found if 'simulated="true"' not in line] == []


@pytest.mark.parametrize(
    ("lines", "up", "lost"),
    [
        ((UP, UP), 1, 0),
        ((DOWN, UP), 1, 1),
        ((UP, DOWN), 1, 1),
        ((DOWN, DOWN), 0, None),
        ((UNKNOWN, UP), 1, 0),
        ((UNKNOWN, DOWN), None, None),
        ((UNKNOWN, UNKNOWN), None, None),
    ],
)
async def test_a_site_by_its_lines(city: World, lines: tuple[State, State], up: float | None, lost: float | None):
    await city.say(("L-1", 300, lines[0]), ("L-2", 300, lines[1]), ("east#if/2", 300, lines[1]))
    await city.look()
    assert samples(city, "sla_site_up").get('site="S-2"') == up
    assert samples(city, "sla_site_redundancy_lost").get('site="S-2"') == lost
    assert 'site="S-3"' not in samples(city, "sla_site_up"), "nothing is there that could say it"


async def test_a_line_whose_interface_is_down_is_down_although_its_far_address_answers(city: World):
    await city.say(("east#if/2", 300, DOWN))
    await city.look()
    assert samples(city, "sla_site_redundancy_lost") == {'site="S-2"': 1}


async def test_a_line_out_of_service_takes_no_part_in_its_site(tmp_path: Path):
    links = (
        "link_id,a_site,b_site,carrier,contracted_mbps,far_address,in_service_from,in_service_to",
        "L-1,S-1,S-2,电信,100,127.0.0.8,2024-01-01,2026-01-01T08:05:00+08:00",
        "L-2,S-1,S-2,移动,100,127.0.0.9,,",
    )
    async with world(tmp_path, **{**REGISTERS, "links": links}) as w:
        await w.say(("L-1", 0, UP), ("L-2", 0, UP))
        w.to(600)
        await w.look()
        assert (samples(w, "sla_site_up"), samples(w, "sla_site_redundancy_lost")) == (
            {'site="S-2"': 1},
            {'site="S-2"': 0},
        )
        await w.say(("L-2", 310, DOWN))
        await w.look()
        assert samples(w, "sla_site_up") == {'site="S-2"': 0}, "the line that was given up cannot hide it"


@pytest.mark.parametrize(
    ("states", "up"),
    [
        ({"east": DOWN}, 1),
        ({"east": DOWN, "west": DOWN}, 0),
        ({"alone": DOWN}, 0),
        ({"alone": UNKNOWN}, None),
        ({"east": DOWN, "west": UNKNOWN}, None),
        ({"alone": DOWN, "east": UNKNOWN}, 0),
        ({"alone": State.DEGRADED}, 1),
    ],
)
async def test_a_platform_by_its_components(city: World, states: dict[str, State], up: float | None):
    await city.say(*((name, 300, state) for name, state in states.items()))
    await city.look()
    assert samples(city, "sla_platform_up").get('platform="cloud"') == up


async def test_a_site_may_be_a_component(tmp_path: Path):
    components = ("component_id,platform_id,member", "c-1,cloud,S-2")
    async with world(tmp_path, **{**REGISTERS, "components": components}) as w:
        await w.say(("L-1", 0, UP), ("L-2", 0, DOWN))
        w.to(600)
        await w.look()
        assert samples(w, "sla_platform_up") == {'platform="cloud"': 1}
        await w.say(("L-1", 300, DOWN))
        await w.look()
        assert samples(w, "sla_platform_up") == {'platform="cloud"': 0}


async def test_what_a_fault_has_taken_is_named_once_with_the_fault(city: World):
    await city.say(("east", 300, DOWN), ("leaf", 310, DOWN), ("twig", 311, DOWN), ("alone", 400, DOWN))
    await city.look()
    east, alone = of("east", 300), of("alone", 400)
    of_node = 'role="node"'
    assert page_samples(city, "sla_target_fault") == {
        ordered(f'fault="{east}",part="root",{of_node},root="east",target="east"'): 1,
        ordered(f'fault="{east}",part="member",{of_node},root="east",target="leaf"'): 1,
        ordered(f'fault="{east}",part="member",{of_node},root="east",target="twig"'): 1,
        ordered(f'fault="{alone}",part="root",{of_node},root="alone",target="alone"'): 1,
    }


async def test_members_are_named_up_to_a_bound_and_small_faults_first(city: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(faultparts, "OF_ONE", 1)
    monkeypatch.setattr(faultparts, "IN_ALL", 2)
    await city.say(("east", 300, DOWN), ("leaf", 310, DOWN), ("twig", 311, DOWN), ("alone", 400, DOWN))
    await city.look()
    named = [re.findall(r'target="(\w+)"', labels)[0] for labels in page_samples(city, "sla_target_fault")]
    assert named == ["alone", "east"]


def page_samples(w: World, name: str) -> dict[str, float]:
    found = re.findall(rf"^{name}\{{(.*)\}} (\S+)$", page(w), re.MULTILINE)
    return {labels: float(value) for labels, value in found}


async def test_a_population_is_everybody_in_service_by_state(city: World):
    await city.say(("east", 300, DOWN), ("leaf", 310, DOWN), ("alone", 400, UNKNOWN))
    await city.look()
    nodes = {
        state: page_samples(city, "sla_population_targets")[f'county="",role="node",state="{state}"']
        for state in ("up", "degraded", "down", "unknown")
    }
    assert nodes == {"up": 3, "degraded": 0, "down": 2, "unknown": 1}
    await city.say(("east", 500, UP), ("leaf", 500, UP), ("alone", 500, UP))
    await city.look()
    found = page_samples(city, "sla_population_targets")
    assert found['county="",role="node",state="up"'] == 6
    assert sum(value for labels, value in found.items() if 'role="line"' in labels) == 2


async def test_the_root_s_place_is_told_with_its_fault(tmp_path: Path):
    divisions = ("code,name,level,parent_code", "610981,旬阳市,county,", "610981100,城关镇,township,610981")
    sites = ("site_id,name,division_code", "S-1,核心,", "S-2,城关,610981100")
    registers = {"divisions": divisions, "sites": sites, "links": LINKS}
    async with world(tmp_path, **registers) as w:
        await w.say(("L-1", 0, UP), ("L-2", 0, UP), ("L-1", 300, DOWN))
        w.to(600)
        await w.look()
        (labels,) = page_samples(w, "sla_fault_info")
        wanted = ('carrier="电信"', 'county="610981"', 'root="L-1"', 'site="S-2"', 'role="line"')
        assert [each for each in wanted if each not in labels] == []
        found = page_samples(w, "sla_population_targets")
        assert found['county="610981",role="line",state="down"'] == 1
        assert w.watch.where.county_name("610981") == "旬阳市"


async def test_a_window_is_told_while_it_runs(tmp_path: Path):
    window = (
        "window_id,scope,start,end,approved_by,approved_at,notified_at,reason",
        "W-1,alone,2026-01-01T08:10:00+08:00,2026-01-01T08:20:00+08:00,王,2025-12-20,2025-12-20,割接",
    )
    async with world(tmp_path) as w:
        w.take("maintenance", *window)
        w.watch.refresh()
        await w.say(("alone", 0, UP))
        for seconds, told in ((599, {}), (600, {'target="alone"': 1.0}), (1199, {'target="alone"': 1.0}), (1200, {})):
            w.to(seconds)
            await w.look()
            assert page_samples(w, "sla_target_in_maintenance") == told


async def test_before_the_first_look_nothing_is_told_of_faults(tmp_path: Path):
    async with world(tmp_path) as w:
        assert not [line for line in page(w).splitlines() if re.match(r"sla_(faults|fault_age|population)", line)]
        await w.look()
        assert page_samples(w, "sla_faults_open")


async def test_promtool_has_nothing_to_say(city: World):
    promtool = need_program("promtool")
    await city.say(("east", 300, DOWN), ("L-1", 300, DOWN), ("alone", 100, DOWN), ("alone", 200, UP))
    await city.look()
    city.to(2200)
    await city.look()
    said = page(city)
    for name in ("fault_age_seconds", "fault_clearing_seconds_count", "site_up", "platform_up"):
        assert f"\nsla_{name}{{" in said
    command = [promtool, "check", "metrics"]
    checked = subprocess.run(command, input=said.encode(), capture_output=True, check=False, timeout=120)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
