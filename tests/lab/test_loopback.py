"""The city on loopback, asked by the agent's own collectors: that all is well, and each thing that can happen."""

import asyncio
import socket

import pytest

from agent.errors import UsageError
from agent.lab.lab import without_ipv6
from agent.lab.loopback import LoopbackWorld, has_ipv6
from agent.lab.peers.certificates import authority
from agent.lab.peers.listening import _BIND_TO_DEVICE
from collectors.base import Outcome, Reason
from tests.lab.worlds import city, running


@pytest.fixture
async def lab(tmp_path):
    async with running(tmp_path) as made:
        yield made


async def said(lab, id_, component=""):
    reading = (await lab.ask(id_))[component]
    return reading.outcome, reading.reason


OK = (Outcome.OK, None)
REFUSED = (Outcome.FAILED, Reason.REFUSED)
TIMEOUT = (Outcome.FAILED, Reason.TIMEOUT)


async def test_every_target_answers_its_own_kind(lab):
    for thing in lab.city.targets:
        assert await said(lab, thing.id) == OK, thing.id


async def test_a_cut_uplink_is_refused_behind_it_and_over_when_it_is_over(lab):
    act = await lab.do("uplink_cut", "S-610981")
    for id_ in ("UP-610981", "RT-610981", "PORTAL-610981", "NODE-610981100", "REC-610981101-1", "CAM-610981101-0001"):
        assert await said(lab, id_) == REFUSED, id_
    for id_ in ("UP-610902", "RT-610902", "CAM-610902-0001", "SSO"):
        assert await said(lab, id_) == OK, id_
    await lab.world.undo(act)
    for id_ in ("UP-610981", "RT-610981", "CAM-610981101-0001"):
        assert await said(lab, id_) == OK, id_


async def test_a_cut_line_is_down_at_both_ends_and_the_site_answers(lab):
    act = await lab.do("line_cut", "L-610902-1")
    upper, lower = await lab.ask("UP-610902"), await lab.ask("RT-610902")
    down = {name for name, reading in {**upper, **lower}.items() if reading.outcome is Outcome.FAILED}
    assert down == {"if/GE0/0/1"}
    assert upper["if/GE0/0/1"].outcome is lower["if/GE0/0/1"].outcome is Outcome.FAILED
    assert await said(lab, "PORTAL-610902") == OK
    second = await lab.do("line_cut", "L-610902-2")
    assert await said(lab, "PORTAL-610902") == REFUSED
    await lab.world.undo(act)
    assert await said(lab, "PORTAL-610902") == OK
    await lab.world.undo(second)
    assert (await lab.ask("RT-610902"))["if/GE0/0/1"].outcome is Outcome.OK


async def test_counters_move_while_a_line_is_up_and_stand_while_it_is_cut(lab):
    async def octets(name):
        return (await lab.ask("RT-610902"))[name].values["in_octets_total"]

    before = await octets("if/GE0/0/2")
    while await octets("if/GE0/0/2") == before:
        await asyncio.sleep(0.01)
    await lab.do("line_cut", "L-610902-1")
    cut, other = await octets("if/GE0/0/1"), await octets("if/GE0/0/2")
    while await octets("if/GE0/0/2") == other:
        await asyncio.sleep(0.01)
    assert await octets("if/GE0/0/1") == cut


@pytest.mark.parametrize("id_", ["SSO", "SHARE", "DNS-1", "RT-610902", "REC-610902-1", "HOST-001"])
async def test_who_is_silent_takes_everything_and_says_nothing(lab, id_):
    await lab.do("silent", id_)
    assert await said(lab, id_) == TIMEOUT


async def test_who_is_slow_is_ok_and_takes_as_long(lab):
    before = (await lab.ask("SYS-002"))[""].values["processing_seconds"]
    await lab.do("slow", "SYS-002", delay="1200ms")
    after = (await lab.ask("SYS-002"))[""]
    assert after.outcome is Outcome.OK
    assert after.values["processing_seconds"] >= 1.2 > before


async def test_a_share_of_exchanges_is_lost(lab):
    await lab.do("loss", "S-610902001", ratio=1)
    assert await said(lab, "CAM-610902001-0001") == TIMEOUT
    assert await said(lab, "CAM-610902-0001") == OK


async def test_an_expired_certificate_is_named_and_another_system_s_is_good(lab):
    act = await lab.do("certificate_expired", "SSO")
    reading = (await lab.ask("SSO"))[""]
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.CERTIFICATE)
    assert "expired" in reading.detail
    assert await said(lab, "CLOUD-CMP") == OK
    await lab.world.undo(act)
    assert await said(lab, "SSO") == OK
    await lab.do("certificate_expired", "SIGN-TLS")
    assert await said(lab, "SIGN-TLS") == (Outcome.FAILED, Reason.CERTIFICATE)


async def test_a_reboot_is_a_while_of_nothing_and_an_uptime_from_zero(lab):
    before = (await lab.ask("RT-610902"))[""].values
    act = await lab.do("reboot", "RT-610902")
    assert await said(lab, "RT-610902") == REFUSED
    await lab.world.undo(act)
    after = (await lab.ask("RT-610902"))[""].values
    assert after["uptime_seconds"] < 3600 < 86_400 < before["uptime_seconds"]
    assert after["engine_boots"] == before["engine_boots"] + 1
    boot = (await lab.ask("HOST-001"))[""].values["boot_timestamp_seconds"]
    await lab.world.undo(await lab.do("reboot", "HOST-001"))
    assert (await lab.ask("HOST-001"))[""].values["boot_timestamp_seconds"] > boot + 86_400


async def test_a_dead_recorder_takes_its_cameras_along(lab):
    act = await lab.do("recorder_dead", "REC-610902-1")
    assert await said(lab, "REC-610902-1") == await said(lab, "CAM-610902-0002") == REFUSED
    assert await said(lab, "CAM-610902001-0001") == OK
    await lab.world.undo(act)
    assert await said(lab, "CAM-610902-0002") == OK


@pytest.mark.parametrize("id_", ["CLOUD-GATE-1", "CAM-610902-0001", "DNS-2"])
async def test_what_flaps_is_gone_and_back_again_and_again(lab, id_):
    act = await lab.do("flapping", id_, period="400ms")
    wanted, seen = [False, True, False, True], []
    while len(seen) < len(wanted):
        is_ok = (await said(lab, id_))[0] is Outcome.OK
        if is_ok is wanted[len(seen)]:
            seen.append(is_ok)
        await asyncio.sleep(0.01)
    await lab.world.undo(act)
    assert await said(lab, id_) == OK


async def test_two_actions_on_one_thing_end_one_by_one(lab):
    first, second = await lab.do("silent", "DNS-1"), await lab.do("silent", "DNS-1")
    await lab.world.undo(first)
    assert await said(lab, "DNS-1") == TIMEOUT
    await lab.world.undo(second)
    assert await said(lab, "DNS-1") == OK


async def test_loopback_says_what_it_cannot_do(lab):
    with pytest.raises(UsageError, match="reaches its own loopback without any uplink"):
        await lab.do("own_uplink_dead")
    assert await said(lab, "SSO") == OK


async def test_a_taken_port_is_named_and_nothing_is_left_open(lab):
    again = LoopbackWorld(lab.city, lab.plan, authority(lab.folder, lab.world._clocks.wall), lab.world._clocks)
    with pytest.raises(UsageError, match=r"the lab: 127\.90\.0\.1:\d+ is taken; .* --ports BASE"):
        await again.start()
    assert not any(peer.listener.is_open for peer in again._peers)


async def test_a_recorder_s_listener_is_bound_to_the_loopback_device_alone(lab):
    """It takes every address at its port; from outside this host nobody may reach it."""
    (made,) = (peer for peer in lab.world._peers if peer.thing.id == "REC-610902-1")
    own = made.listener._now.own
    assert own.getsockopt(socket.SOL_SOCKET, _BIND_TO_DEVICE, 16).rstrip(b"\0") == b"lo"
    assert own.getsockname() == ("0.0.0.0", lab.plan.places["REC-610902-1"].port)


async def test_a_stopped_world_leaves_nothing_open(tmp_path):
    async with running(tmp_path) as made:
        peers = made.world._peers
    assert not any(peer.listener.is_open for peer in peers)


def test_without_ipv6_the_city_lacks_exactly_what_is_asked_over_it():
    whole = city()
    without, gone = without_ipv6(whole)
    assert gone == ["SSO-V6", "SHARE-V6"]
    assert whole.things.keys() - without.things.keys() == set(gone)
    assert isinstance(has_ipv6(), bool)
