"""The parts of /probe: collectors on loan, admission, our own bugs, and the page of what cannot be known."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import load
from agent.config.model import ModuleConfig
from agent.probing.admission import Companion, allowed, canonical, host_of, number_of
from agent.probing.borrowed import IDLE_NS, Borrowed
from agent.probing.page import address_hash, page
from agent.probing.prober import OVERDUE_NS, BusyError, Prober, Surroundings, Wish
from agent.schedule import Schedule
from collectors import KINDS
from collectors.base import CollectorUnavailableError, Kind, Module, Reading, Target, failed, ok
from collectors.base import Reason as R
from tests.agent.worlds import target


class Scripted:
    """A collector that does what the test says, and knows whether it is open."""

    def __init__(self, made: list["Scripted"], behaviour: object) -> None:
        self.made = made
        self.behaviour = behaviour
        self.is_open = False

    async def __aenter__(self) -> Self:
        if self.behaviour == "unavailable":
            raise CollectorUnavailableError("not here")
        if self.behaviour == "unbuilt":
            raise ValueError("our bug while opening")
        self.made.append(self)
        self.is_open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.is_open = False

    async def collect(self, target: Target) -> Sequence[Reading]:
        if isinstance(self.behaviour, Exception):
            raise self.behaviour
        if self.behaviour == "hangs":
            await asyncio.Event().wait()
        return self.behaviour if isinstance(self.behaviour, list) else [ok({"rtt_seconds": 0.1})]


def kind(made: list[Scripted], behaviour: object, *, owns_deadline: bool = False) -> Kind:
    return Kind(
        name="scripted",
        module_type=Module,
        build=lambda _: Scripted(made, behaviour),
        check_address=lambda _: "",
        values={"rtt_seconds": "A value."},
        owns_deadline=owns_deadline,
        asks_to_dial=True,
    )


def module(name: str = "m", timeout: float = 5.0) -> ModuleConfig:
    return ModuleConfig(
        name=name,
        kind="scripted",
        interval_seconds=60,
        retry_interval_seconds=10,
        retry_given=False,
        limits={},
        options=Module(timeout=timeout),
    )


async def probed(tmp_path: Path, behaviour: object, timeout: float = 5.0, *, cut_off: bool = False) -> str:
    """The page of one probe of a scripted kind."""
    path = tmp_path / "agent.yml"
    path.write_text(f"store: {{url: 'sqlite:///{tmp_path}/l.db'}}\nprobe: {{allow: [10.0.0.0/8]}}\n")
    config = load(path, KINDS)
    around = Surroundings(lambda: config, dict, lambda: 0, lambda reading, _, __: reading, lambda: 0, lambda _: cut_off)
    prober = Prober(around, {"scripted": kind([], behaviour)})
    serving = asyncio.create_task(prober.serve())
    await asyncio.sleep(0)
    try:
        return page(await prober.probe(Wish(module(timeout=timeout), "10.0.0.1", timeout)))
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        assert prober.active == 0


@pytest.mark.parametrize(
    ("behaviour", "outcome", "reason"),
    [
        (ValueError("ours"), "error", "internal"),
        (TimeoutError("ours too"), "error", "internal"),
        ("unbuilt", "error", "internal"),
        ("unavailable", "error", "permission"),
        ([], "error", "internal"),
        ([failed(R.REFUSED, "x")], "failed", "refused"),
        ([ok({"loss_ratio": 0.9, "echoes_sent": 20.0})], "failed", "loss"),
    ],
    ids=str,
)
async def test_what_is_not_ok_says_why(tmp_path: Path, behaviour: object, outcome: str, reason: str) -> None:
    text = await probed(tmp_path, behaviour)
    assert "\nprobe_success 0.0\n" in text
    assert f'\nsla_probe_outcome{{component="",outcome="{outcome}",reason="{reason}"}} 1.0\n' in text


async def test_a_failure_while_our_own_uplink_is_cut_is_ours(tmp_path: Path) -> None:
    refused = [failed(R.TIMEOUT, "x")]
    assert 'outcome="error",reason="isolated"' in await probed(tmp_path, refused, cut_off=True)
    assert 'outcome="failed",reason="timeout"' in await probed(tmp_path, refused, cut_off=False)
    assert 'outcome="ok",reason=""' in await probed(tmp_path, [ok()], cut_off=True)


async def test_a_kind_that_leaves_its_deadline_to_us_is_ended_by_it(tmp_path: Path) -> None:
    assert 'outcome="failed",reason="timeout"' in await probed(tmp_path, "hangs", 0.01)


async def test_one_failed_component_is_no_success(tmp_path: Path) -> None:
    text = await probed(tmp_path, [ok({"rtt_seconds": 1.0}), failed(R.UNREACHABLE, "x", component="if/7")])
    assert "\nprobe_success 0.0\n" in text
    assert '\nsla_probe_outcome{component="",outcome="ok",reason=""} 1.0\n' in text
    assert '\nsla_probe_outcome{component="if/7",outcome="failed",reason="unreachable"} 1.0\n' in text
    assert '\nsla_probe_scripted_rtt_seconds{component=""} 1.0\n' in text


async def test_collectors_are_shared_while_they_are_asked_for_and_closed_when_idle() -> None:
    made: list[Scripted] = []
    clock = [0]
    borrowed = Borrowed({"scripted": kind(made, "ok")}, lambda: clock[0])
    async with borrowed.lent(module()) as first, borrowed.lent(module()) as second:
        assert first is second
        clock[0] = 10 * IDLE_NS
        await borrowed.keep_only({"m": module()})
        assert made[0].is_open
    clock[0] += IDLE_NS
    await borrowed.keep_only({"m": module()})
    assert made[0].is_open
    clock[0] += 1
    await borrowed.keep_only({"m": module()})
    assert (made[0].is_open, borrowed.names) == (False, frozenset())


async def test_a_changed_or_removed_module_closes_after_its_last_probe() -> None:
    made: list[Scripted] = []
    borrowed = Borrowed({"scripted": kind(made, "ok")}, lambda: 0)
    async with borrowed.lent(module()):
        async with borrowed.lent(module(timeout=7.0)):
            assert [one.is_open for one in made] == [True, True]
            await borrowed.keep_only({})
            assert [one.is_open for one in made] == [True, True]
        assert [one.is_open for one in made] == [True, False]
    assert [one.is_open for one in made] == [False, False]
    assert borrowed.names == frozenset()


async def test_a_kind_that_was_not_allowed_is_tried_again() -> None:
    behaviour = ["unavailable"]
    made: list[Scripted] = []
    one = kind(made, "")
    one = Kind(
        **{name: getattr(one, name) for name in one.__slots__} | {"build": lambda _: Scripted(made, behaviour[0])}
    )
    borrowed = Borrowed({"scripted": one}, lambda: 0)
    async with borrowed.lent(module()) as opened:
        assert (opened.collector, opened.why) == (None, "not here")
    behaviour[0] = "ok"
    async with borrowed.lent(module()) as opened:
        assert opened.collector is made[0]
    await borrowed.close()
    assert not made[0].is_open


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1:80", "10.0.0.1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("http://[2001:db8::1]:80/x", "2001:db8::1"),
        ("https://Portal.example:8443/x?a=b:c", "portal.example"),
        ("name.example", "name.example"),
    ],
)
def test_the_host_of_an_address_of_any_kind(address: str, host: str) -> None:
    assert host_of(address) == host


def test_hosts_are_compared_in_one_form() -> None:
    assert canonical("2001:0DB8:0::1%eth0") == canonical("2001:db8::1")
    assert canonical("::ffff:10.0.0.1") == "10.0.0.1"
    assert canonical("Portal.Example.") == "portal.example"
    assert canonical("政务.cn") == "xn--6kr51g.cn" or canonical("政务.cn").startswith("xn--")
    assert number_of("10.0.0.01") is None
    assert number_of("10.0.0.1%" + "e" * 99) is None


@given(st.ip_addresses(), st.sampled_from(["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "::/0", "127.0.0.1"]))
def test_only_what_lies_in_a_network_is_admitted(number, network: str) -> None:
    companion = Companion(allowed((network,)), None)
    plain = getattr(number, "ipv4_mapped", None) or number
    inside = any(plain.version == one.version and plain in one for one in allowed((network,)).networks)
    assert companion.admits("some.name", str(number)) == inside
    assert bool(companion.refused) != inside


def test_the_hash_of_an_address_is_that_of_other_tools() -> None:
    for text, wanted in (("127.0.0.1", 3668918509), ("::1", 1751717746)):
        number = number_of(text)
        assert number is not None
        assert address_hash(number) == wanted


async def test_nobody_is_let_in_while_a_scheduled_probe_waits(tmp_path: Path) -> None:
    path = tmp_path / "agent.yml"
    path.write_text(f"store: {{url: 'sqlite:///{tmp_path}/l.db'}}\nprobe: {{allow: [10.0.0.0/8]}}\n")
    config, overdue = load(path, KINDS), [OVERDUE_NS + 1]
    around = Surroundings(
        lambda: config, dict, lambda: 0, lambda reading, _, __: reading, lambda: overdue[0], lambda _: False
    )
    prober = Prober(around, {"scripted": kind([], "ok")})
    serving = asyncio.create_task(prober.serve())
    await asyncio.sleep(0)
    with pytest.raises(BusyError, match="scheduled probes are late and come first"):
        await prober.probe(Wish(module(), "10.0.0.1", 5.0))
    overdue[0] = OVERDUE_NS
    assert (await prober.probe(Wish(module(), "10.0.0.1", 5.0))).is_ok
    serving.cancel()
    await asyncio.wait([serving])


def test_a_schedule_says_how_long_its_first_probe_waits() -> None:
    now = [0]
    schedule = Schedule(lambda: now[0], lambda _: None, lambda _, __: None)
    assert schedule.overdue_ns == 0
    schedule.add(target())
    due = schedule._instants[0]
    assert schedule.overdue_ns == 0
    now[0] = due + 7
    assert schedule.overdue_ns == 7
