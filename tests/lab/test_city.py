"""The model of the city: what the plan of Ankang says, no id and no address twice, everything hangs on the core."""

from collections import Counter
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from agent.config import ConfigError
from agent.errors import UsageError
from agent.lab.addresses import plan
from agent.lab.city_file import read_city_file
from tests.lab.worlds import ANKANG, city

SCALES = ("small", "city")
COUNTIES = ("汉滨区", "汉阴县", "石泉县", "宁陕县", "紫阳县", "岚皋县", "平利县", "镇坪县", "白河县", "旬阳市")


@pytest.mark.parametrize("scale", SCALES)
def test_no_id_stands_for_two_things(scale):
    made = city(scale)
    ids = [*made.sites, *made.lines, *made.things, *(p.id for p in made.platforms)]
    ids += [part.id for platform in made.platforms for part in platform.components]
    assert [id_ for id_, times in Counter(ids).items() if times > 1] == []
    codes = [division.code for division in made.divisions]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("scale", SCALES)
def test_every_reference_exists(scale):
    made = city(scale)
    codes = {division.code for division in made.divisions}
    assert {d.parent for d in made.divisions} - {None} <= codes
    assert {site.division for site in made.sites.values()} <= codes
    assert {thing.site for thing in made.things.values()} <= made.sites.keys()
    assert {parent for thing in made.things.values() for parent in thing.parents} <= made.things.keys()
    assert {end for line in made.lines.values() for end in (line.a_site, line.b_site)} <= made.sites.keys()
    assert {part.thing for p in made.platforms for part in p.components} <= made.things.keys()
    for line in made.lines.values():
        for device, name in ((line.a_device, line.a_if), (line.b_device, line.b_if)):
            if device is not None:
                assert (name, line.id) in {(each.name, each.line) for each in made.things[device].interfaces}


@pytest.mark.parametrize("scale", SCALES)
def test_everything_of_a_county_hangs_on_its_uplink(scale):
    made = city(scale)
    for site in made.sites.values():
        if site.level == "county":
            behind = made.behind(made.uplink_of(site.id))
            townships = {s.id for s in made.sites.values() if s.level == "township" and s.number[0] == site.number[0]}
            assert behind == {made.uplink_of(site.id), site.id} | townships
            assert len(townships) > 0


@pytest.mark.parametrize("scale", SCALES)
def test_each_site_below_the_core_has_two_lines_of_two_carriers(scale):
    made = city(scale)
    for id_, lines in made.lines_of.items():
        level = made.sites[id_].level
        rate = {"county": 1000, "township": 100}.get(level)
        assert [line.mbps for line in lines] == ([rate, rate] if rate else [])
        assert len({line.carrier for line in lines}) == len(lines)
        assert len({line.group for line in lines}) <= 1


def test_the_whole_city_has_the_plan_s_counts():
    made = city("city")
    names = [d.name.removesuffix("（模拟）") for d in made.divisions if d.level == "county"]
    assert sorted(names) == sorted(COUNTIES)
    assert sum(d.level == "township" for d in made.divisions) == 139
    assert sum(thing.is_camera for thing in made.things.values()) == 43_000
    assert {thing.plane for thing in made.targets} == {"business", "video"}
    assert len(made.lines) == 2 * (10 + 139)


def test_the_small_city_is_a_few_dozen_targets_of_every_service():
    made = city()
    targets = list(made.targets)
    assert 36 <= len(targets) <= 60
    assert {t.service for t in targets} == {"tcp", "dns", "http", "https", "tls", "snmp", "rtsp", "host_page"}
    assert any(thing.ipv6 for thing in targets)


@pytest.mark.parametrize("scale", SCALES)
def test_every_name_says_that_it_is_simulated(scale):
    made = city(scale)
    named = [*made.divisions, *made.sites.values(), *made.lines.values(), *made.things.values(), *made.platforms]
    assert [each.name for each in named if not each.name.endswith("（模拟）")] == []
    assert made.name == "安康市（模拟）"


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("form", ["loopback", "netns"])
def test_no_two_things_share_a_place(scale, form):
    made = city(scale)
    planned = plan(made, form)
    assert planned.places.keys() == made.things.keys()
    assert len(set(planned.places.values())) == len(planned.places)
    for thing in made.things.values():
        place = planned.places[thing.id]
        assert ip_address(place.host).version == (6 if thing.ipv6 else 4)
        assert 0 < place.port < 65_536
        if form == "loopback":
            assert ip_address(place.host).is_loopback
            assert 16_000 < place.port < 32_768, "below what Linux gives to clients"


@pytest.mark.parametrize("scale", SCALES)
def test_in_namespaces_every_thing_lies_in_its_site_s_prefix_and_in_no_other(scale):
    made = city(scale)
    planned = plan(made, "netns")
    v4 = [ip_network(prefix[0]) for prefix in planned.prefixes.values()]
    assert sum(a.overlaps(b) for n, a in enumerate(v4) for b in v4[n + 1 :]) == 0
    for thing in made.things.values():
        host = ip_address(planned.places[thing.id].host)
        assert host in ip_network(planned.prefixes[thing.site][thing.ipv6])
    ends = [end for line in planned.ends.values() for end in (line.near, line.far)]
    assert len(ends) == len(set(ends)) == 2 * len(made.lines)
    assert not any(ip_address(end) in network for end in ends[:20] for network in v4)


def test_cameras_of_a_recorder_are_addresses_at_one_port():
    made = city("city")
    planned = plan(made, "loopback")
    for recorder, cameras in made.cameras_of.items():
        assert {planned.places[camera.id].port for camera in cameras} == {planned.places[recorder].port}
        assert len(cameras) <= 64
    assert len({planned.places[recorder].port for recorder in made.cameras_of}) == len(made.cameras_of)


def test_a_base_without_room_is_refused():
    with pytest.raises(UsageError, match="--ports: got 65000, wanted a port from 1024 to"):
        plan(city(), "loopback", base=65_000)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: 安康市（模拟）", "name: 安康市", "name: got 安康市, wanted a name that ends with （模拟）"),
        ('code: "610921"', 'code: "610902"', "got 610902 a second time"),
        ('counties: ["610902", "610981"]', 'counties: ["610999"]', "got 610999, wanted codes of `counties`"),
        ("county_mbps: 1000", "county_mbps: many", "county_mbps: got many, wanted a whole number"),
        ("platforms:", "platfroms:", "got an unknown option; did you mean platforms?"),
    ],
)
def test_a_city_s_file_with_a_mistake_is_refused_with_its_line(tmp_path: Path, old, new, message):
    text = ANKANG.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "city.yml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_city_file(file)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{file}:")
