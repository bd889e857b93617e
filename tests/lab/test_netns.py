"""The lab's network of namespaces: what it builds, how it breaks, and that nothing of it stays behind."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from agent.lab.netns import Faults, Namespaces, NetnsError, NetPlan, Network, PlacePlan, network, sweep
from agent.lab.netns.namespaces import inside
from collectors.base import Reading, Target
from collectors.icmp import KIND
from collectors.icmp.options import IcmpModule
from tests.lab.netns_worlds import PLAN, UPLINK, answers, built, line, listening, namespaces, need_lab


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    with built() as made, ExitStack() as stack:
        for place in ("core", "ziyang", "langao", "huangu"):
            stack.enter_context(listening(made.place(place)))
        yield made


FAR = {f"{id_}": (f"10.41.{n}.2", f"fd41:{n}::2") for n, id_ in enumerate(("zy-1", "zy-2", "lg-1", "hg-1", "hg-2"), 1)}
ZIYANG, LANGAO, CITY = ("10.51.200.7", "fd51::beef"), ("10.52.3.4", "fd52::1"), ("10.50.0.9", "fd50::9")
HUANGU = ("10.53.0.1", "10.53.255.254", "fd53:0:ffff::1")


def heard(net: Network, addresses: tuple[str, ...], timeout: float = 3.0) -> list[str]:
    return [answers(net, address, timeout=timeout) for address in addresses]


def test_every_address_of_every_prefix_and_every_far_address_answers(net: Network):
    for addresses in (ZIYANG, LANGAO, HUANGU, CITY, *FAR.values()):
        assert set(heard(net, addresses)) == {"ok"}, addresses
    assert heard(net, ("10.99.0.1", "fd99::1")) == ["unreachable"] * 2


@pytest.mark.parametrize(("cut", "stays"), [("zy-1", "zy-2"), ("zy-2", "zy-1"), ("hg-1", "hg-2"), ("hg-2", "hg-1")])
def test_a_cut_line_fails_alone_and_its_place_goes_on_over_the_other(net: Network, cut: str, stays: str):
    net.cut(cut)
    try:
        assert net.cut_lines() == {cut}
        assert heard(net, FAR[cut]) == ["unreachable"] * 2
        assert set(heard(net, (*FAR[stays], *ZIYANG, *LANGAO, *HUANGU))) == {"ok"}
    finally:
        net.mend(cut)
    assert set(heard(net, (*FAR[cut], *FAR[stays], *ZIYANG, *HUANGU))) == {"ok"}


def test_a_place_whose_lines_are_all_cut_is_gone_with_what_is_behind_it_and_nobody_else(net: Network):
    gone = (*FAR["zy-1"], *FAR["zy-2"], *ZIYANG, *FAR["hg-1"], *HUANGU)
    net.cut("zy-1")
    net.cut("zy-2")
    try:
        assert set(heard(net, gone)) == {"unreachable"}
        assert set(heard(net, (*LANGAO, *CITY))) == {"ok"}
    finally:
        net.mend("zy-2")
        net.mend("zy-1")
    assert set(heard(net, gone)) == {"ok"}


def test_the_own_uplink_cut_leaves_nothing(net: Network):
    net.cut("@uplink")
    try:
        assert "ok" not in heard(net, (*ZIYANG, *LANGAO, *CITY, UPLINK[0].near, UPLINK[1].near), timeout=0.2)
    finally:
        net.mend("@uplink")
    assert set(heard(net, (*ZIYANG, *LANGAO, *CITY))) == {"ok"}


def test_silence_of_a_line_or_a_prefix_is_silence_and_ends(net: Network):
    faults = Faults(net)
    for what, silent, others in (
        ("lg-1", (*LANGAO, *FAR["lg-1"]), (*ZIYANG, *CITY)),
        ("10.51.200.0/24", ZIYANG[:1], (ZIYANG[1], "10.51.201.1")),
        ("10.50.0.9", CITY[:1], (CITY[1], "10.50.0.10")),
    ):
        done = faults.silence(what)
        try:
            assert set(heard(net, silent, timeout=0.2)) == {"silence"}
            assert set(heard(net, others)) == {"ok"}
        finally:
            faults.undo(done)
        assert set(heard(net, silent)) == {"ok"}


def test_one_ip_version_alone_is_lost(net: Network):
    faults = Faults(net)
    done = faults.drop_version("lg-1", version=6)
    try:
        assert heard(net, LANGAO, timeout=0.2) == ["ok", "silence"]
    finally:
        faults.undo(done)
    assert heard(net, LANGAO) == ["ok", "ok"]


@pytest.mark.parametrize(("ratio", "lost"), [(0.05, 1), (0.6, 12), (1.0, 20)])
def test_loss_is_exactly_the_share_that_was_asked_for(net: Network, ratio: float, lost: int):
    faults = Faults(net)
    done = faults.lose("lg-1", ratio=ratio)
    try:
        assert echoes_lost(net, FAR["lg-1"][0], 20) == lost
        assert [echoes_lost(net, FAR["lg-1"][0], 5) for _ in range(3)] == [each * lost // 20 for each in (5, 5, 5)]
        assert echoes_lost(net, FAR["zy-1"][0], 5) == 0
    finally:
        faults.undo(done)
    assert echoes_lost(net, FAR["lg-1"][0], 5) == 0


def echoes_lost(net: Network, address: str, count: int) -> int:
    """Counted by the agent's own prober from the vantage."""
    module = IcmpModule.model_validate({"count": count, "gap": "10ms", "timeout": "1s"})

    async def ask() -> Reading:
        async with KIND.build(module) as collector:
            (reading,) = await collector.collect(Target(id="t", address=address, timeout_seconds=1.0))
        return reading

    with inside(net.vantage):
        return round(asyncio.run(ask()).values["loss_ratio"] * count)


async def test_a_slow_prefix_is_slow_by_what_was_asked_and_loses_nothing(net: Network):
    faults = Faults(net)
    slow = faults.slow("10.52.0.0/16", "fd52::/32", *CITY, seconds=0.3)
    try:
        for address in (*LANGAO, *CITY):
            before = time.monotonic()
            assert await asyncio.to_thread(answers, net, address, timeout=5.0) == "ok"
            assert time.monotonic() - before >= 0.3
        assert await asyncio.to_thread(answers, net, ZIYANG[0]) == "ok"
    finally:
        faults.undo(slow)
    assert await asyncio.to_thread(heard, net, LANGAO) == ["ok", "ok"]


def test_nothing_of_it_stays_behind():
    with built(NetPlan(UPLINK, (PlacePlan("x", (line("x-1", 9),)),))) as made:
        assert {made.core, made.vantage, made.place("x")} <= set(namespaces())
    assert not {made.core, made.vantage, made.place("x")} & set(namespaces())
    with pytest.raises(ZeroDivisionError), built(NetPlan(UPLINK, ())) as broken:
        raise ZeroDivisionError
    assert broken.core not in namespaces()


def test_a_lab_that_was_killed_is_swept_by_the_next_and_a_living_one_is_not():
    need_lab()
    script = """
import os, signal
from agent.lab.netns import Namespaces
with Namespaces() as names:
    print(names.add("core"), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    left = killed.stdout.strip()
    assert left in namespaces(), killed.stderr
    with Namespaces() as living:
        mine = living.add("core")
        assert left not in namespaces()
        assert sweep() == []
        assert mine in namespaces()


def test_what_is_missing_is_told_in_one_message(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("agent.lab.netns.needs.PATH", "/nowhere")
    with pytest.raises(NetnsError) as told, network(PLAN):
        pass
    assert str(told.value) == (
        "lab: --net netns needs root (this is user 1000), the program ip (package iproute2), the program nft (package "
        "nftables); run it as root on Linux, or take --net loopback, which needs no rights"
    )


@pytest.mark.parametrize(
    ("places", "says"),
    [
        ((PlacePlan("a", (line("x", 1),)), PlacePlan("b", (line("x", 2),))), "line x: stands there twice"),
        ((PlacePlan("a", ()), PlacePlan("a", ())), "place a: stands there twice"),
        ((PlacePlan("a", (), parent="b"), PlacePlan("b", ())), "parent b does not stand before it"),
        ((PlacePlan("a", (), ("10.1.0.0/16",)), PlacePlan("b", (), ("10.1.2.0/24",))), "wanted each prefix in one"),
        ((PlacePlan("a", (), ("10.1.0.1/16",)),), "has host bits set"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(places: tuple[PlacePlan, ...], says: str):
    with pytest.raises(NetnsError, match=says):
        NetPlan(UPLINK, places).check()


def test_what_is_not_there_is_named(net: Network):
    with pytest.raises(NetnsError, match="no line zy-9; there are @uplink, zy-1"):
        net.cut("zy-9")
    with pytest.raises(NetnsError, match="no place x; there are core, ziyang"):
        net.place("x")
    with pytest.raises(NetnsError, match="wanted a line or a prefix"):
        Faults(net).silence("zy-9")
    with pytest.raises(NetnsError, match=r"wanted a share from 0\.05 to 1"):
        Faults(net).lose("lg-1", ratio=1.5)
    with pytest.raises(NetnsError, match="was it deleted"), inside("sla-lab-0-0-core"):
        pass
