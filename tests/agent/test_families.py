"""A target that must answer on both IP versions, from the register to its states: real peers on 127.0.0.1 and ::1."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.resolve import Address
from sla.model import Degraded, State
from tests.agent.fault_worlds import World, world
from tests.agent.register_cases import registers

HOST = "both.test"


class Peers:
    """One port on both loopback addresses; each may be closed, and is refused from then on."""

    def __init__(self) -> None:
        self._four = socket.create_server(("127.0.0.1", 0))
        self.port = self._four.getsockname()[1]
        self._six = socket.create_server(("::1", self.port), family=socket.AF_INET6)

    def close(self, family: int) -> None:
        (self._four if family == 4 else self._six).close()


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peers]:
    """The peers, behind a name that has an address of each version."""
    made = Peers()

    def look_up(host: str, port: int, family: int, _: int) -> list[Address]:
        assert host == HOST
        return [Address(family, ("127.0.0.1", port) if family == socket.AF_INET else ("::1", port, 0, 0))]

    monkeypatch.setattr("collectors.resolve.look_up", look_up)
    yield made
    made.close(4)
    made.close(6)


async def probe(w: World, times: int) -> None:
    """Regular probes a minute apart, and what they come to."""
    watched = w.agent.watched["both"]
    for _ in range(times):
        w.web.clock.seconds += 60
        w.agent.runner.pulse.beat()
        readings = await w.agent.runner.measure(watched, w.agent.clock.monotonic_ns())
        w.agent.ledger.record(watched, w.web.now(), 0.01, readings)
    await w.look()


def states(w: World) -> dict[str, State]:
    return {part or "both": entry.state for part, entry in w.agent.ledger.of_target("both").items()}


async def test_one_version_that_fails_makes_it_degraded_and_both_make_it_down(tmp_path: Path, peers: Peers):
    registers = ("target_id,kind,address,module,families_required", f"both,tcp,{HOST}:{peers.port},port,4;6")
    async with world(tmp_path, targets=registers) as w:
        await probe(w, 2)
        assert states(w) == {"both": State.UP, "v4": State.UP, "v6": State.UP}
        peers.close(6)
        await probe(w, 3)
        assert states(w) == {"both": State.DEGRADED, "v4": State.UP, "v6": State.DOWN}
        assert w.agent.ledger.of_target("both")[""].degraded is Degraded.FAMILY
        assert [fault.root for fault in w.watch.open] == ["both#v6"]
        w.check()
        peers.close(4)
        await probe(w, 3)
        assert states(w) == {"both": State.DOWN, "v4": State.DOWN, "v6": State.DOWN}
        w.check()
        assert {fault.root: fault.members for fault in w.watch.open}["both"][0] == "both#v4"


async def test_one_required_version_is_the_one_that_is_asked(tmp_path: Path, peers: Peers):
    """The name has both; an answer on IPv4 proves nothing of IPv6."""
    registers = ("target_id,kind,address,module,families_required", f"both,tcp,{HOST}:{peers.port},port,6")
    async with world(tmp_path, targets=registers) as w:
        peers.close(6)
        await probe(w, 4)
        assert states(w) == {"both": State.DOWN}


def test_a_numeric_address_is_refused_the_version_it_has_not():
    """It would stay unmeasured for ever beside an answer on the other one."""
    with registers() as store:
        text = "target_id,kind,address,families_required\nx,tcp,127.0.0.1:5,4;6\ny,icmp,::1,6\n"
        (said,) = store.refused("targets", text)
    assert said == (
        "targets.csv:2: families_required: got 4;6, but 127.0.0.1:5 has IP version 4 only; give a host name that "
        "has each version, or a target for each address"
    )
