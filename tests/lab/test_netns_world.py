"""The city in namespaces, asked by the agent's own collectors from where the agent would stand, and the command."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.config import Config, load
from agent.lab.addresses import Plan, plan
from agent.lab.city import City
from agent.lab.netns.namespaces import inside
from agent.lab.netns.world import NetnsWorld
from agent.lab.peers.certificates import authority
from agent.lab.peers.staff import Clocks
from agent.lab.registers import KINDS as KIND_OF
from agent.lab.registers import module_of, write
from agent.lab.script import Action
from collectors import KINDS
from collectors.base import Outcome, Reading, Reason, Target
from tests.lab.netns_worlds import namespaces, need_lab
from tests.lab.worlds import city

OK, FAILED = Outcome.OK, Outcome.FAILED
COUNTY, OTHER = "610981", "610902"
SECONDS = 120


class Running:
    """A world that runs, and the modules that an agent would have for it."""

    def __init__(self, made: City, planned: Plan, world: NetnsWorld, config: Config) -> None:
        self.city, self.plan, self.world, self.config = made, planned, world, config

    async def outcomes(self, *ids: str) -> list[Outcome]:
        return [(await self.ask(id_)).outcome for id_ in ids]

    async def ask(self, id_: str) -> Reading:
        """What the agent's own collector reads of a thing, or of a line by its far address."""
        return (await self.ask_all(id_))[""]

    async def ask_all(self, id_: str) -> dict[str, Reading]:
        return await asyncio.to_thread(self._ask_there, id_)

    def _ask_there(self, id_: str) -> dict[str, Reading]:
        """In a thread of its own: the lab's own loop answers meanwhile."""
        with inside(self.world.before_commands.split()[3]):
            return asyncio.run(self._asked(id_))

    async def _asked(self, id_: str) -> dict[str, Reading]:
        if id_ in self.city.lines:
            kind, name, address = "icmp", "icmp", self.plan.ends[id_].far
        else:
            thing = self.city.things[id_]
            kind, name = KIND_OF.get(thing.service, thing.service), module_of(thing)
            address = self.plan.address(thing)
        module = self.config.modules[name]
        found = next(each for each in KINDS if each.name == kind)
        async with found.build(module.options) as collector:
            target = Target(id=id_, address=address, timeout_seconds=module.timeout_seconds)
            return {reading.component: reading for reading in await collector.collect(target)}

    async def do(self, what: str, where: str = "", **more: object) -> Action:
        action = Action.model_validate({"at": 0.0, "for": 60.0, "what": what, "where": where, **more})
        await self.world.apply(action)
        return action


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    need_lab()
    clock, small = SystemClock(), city()
    clocks = Clocks(wall=lambda: clock.wall_us() / 1e6, monotonic=lambda: clock.monotonic_ns() / 1e9)
    planned = plan(small, "netns")
    world = NetnsWorld(small, planned, authority(folder, clocks.wall), clocks)
    config = load(write(folder, small, planned, listen_address="127.0.0.1:0"), KINDS)
    await world.start()
    try:
        yield Running(small, planned, world, config)
    finally:
        await world.stop()
    assert not [name for name in namespaces() if name in world.before_commands]


@pytest.mark.root
async def test_everything_in_the_city_answers_and_each_line(tmp_path: Path):
    async with running(tmp_path) as lab:
        ids = [*(thing.id for thing in lab.city.things.values()), *lab.city.lines]
        found = await asyncio.to_thread(lambda: {id_: lab._ask_there(id_)[""] for id_ in ids})
        assert {id_: reading.detail for id_, reading in found.items() if reading.outcome is not OK} == {}


@pytest.mark.root
async def test_a_dead_uplink_takes_everything_behind_it_and_nothing_else(tmp_path: Path):
    async with running(tmp_path) as lab:
        behind = [f"UP-{COUNTY}", f"RT-{COUNTY}", f"L-{COUNTY}-1", f"L-{COUNTY}-2", f"NODE-{COUNTY}100"]
        cut = await lab.do("uplink_cut", f"S-{COUNTY}")
        again = await lab.do("uplink_cut", f"S-{COUNTY}")
        assert await lab.outcomes(*behind) == [FAILED] * 5
        assert await lab.outcomes(f"RT-{OTHER}", "SSO") == [OK] * 2
        await lab.world.undo(cut)
        assert await lab.outcomes(behind[0]) == [FAILED], "the second action still holds"
        await lab.world.undo(again)
        assert await lab.outcomes(*behind) == [OK] * 5


@pytest.mark.root
async def test_a_cut_line_is_down_by_its_far_address_and_by_its_routers(tmp_path: Path):
    async with running(tmp_path) as lab:
        line = lab.city.lines[f"L-{COUNTY}-1"]
        cut = await lab.do("line_cut", line.id)
        assert await lab.outcomes(line.id, f"L-{COUNTY}-2", f"RT-{COUNTY}", f"NODE-{COUNTY}100") == [FAILED, OK, OK, OK]
        ports = await lab.ask_all(line.a_device)
        assert {name: reading.outcome for name, reading in ports.items() if name}[f"if/{line.a_if}"] is FAILED
        await lab.world.undo(cut)
        assert await lab.outcomes(line.id) == [OK]
        assert (await lab.ask_all(line.a_device))[f"if/{line.a_if}"].outcome is OK


@pytest.mark.root
async def test_what_is_silent_lost_slow_or_expired_is_so_and_ends(tmp_path: Path):
    async with running(tmp_path) as lab:
        recorder = next(iter(lab.city.cameras_of))
        camera = lab.city.cameras_of[recorder][0].id
        silent = [await lab.do("silent", "SHARE"), await lab.do("recorder_dead", recorder)]
        assert [(await lab.ask(id_)).reason for id_ in ("SHARE", camera)] == [Reason.TIMEOUT] * 2
        expired, slow = await lab.do("certificate_expired", "SSO"), await lab.do("slow", "SYS-002", delay="500ms")
        assert (await lab.ask("SSO")).reason is Reason.CERTIFICATE
        late = await lab.ask("SYS-002")
        assert late.outcome is OK
        assert late.values["connect_seconds"] >= 0.5
        for action in (*silent, expired, slow):
            await lab.world.undo(action)
        assert await lab.outcomes("SHARE", camera, "SSO", "SYS-002") == [OK] * 4


@pytest.mark.root
async def test_a_router_that_restarts_is_away_and_has_begun_anew(tmp_path: Path):
    async with running(tmp_path) as lab:
        router = f"RT-{COUNTY}"
        before = (await lab.ask(router)).values["uptime_seconds"]
        reboot = await lab.do("reboot", router)
        assert await lab.outcomes(router) == [FAILED]
        await lab.world.undo(reboot)
        assert (await lab.ask(router)).values["uptime_seconds"] < 60 < before


@pytest.mark.root
async def test_without_its_own_uplink_the_agent_reaches_nothing(tmp_path: Path):
    async with running(tmp_path) as lab:
        dead = await lab.do("own_uplink_dead")
        assert OK not in await lab.outcomes("SSO", f"RT-{COUNTY}", f"L-{COUNTY}-1")
        await lab.world.undo(dead)
        assert await lab.outcomes("SSO", f"RT-{COUNTY}", f"L-{COUNTY}-1") == [OK] * 3


@pytest.mark.root
async def test_what_flaps_is_away_and_there_by_turns_and_stays_at_the_end(tmp_path: Path):
    async with running(tmp_path) as lab:
        flapping, seen = await lab.do("flapping", "CLOUD-GATE-1", period="12s"), set()
        async with asyncio.timeout(SECONDS):
            while not {OK, FAILED} <= seen:
                seen.add((await lab.ask("CLOUD-GATE-1")).outcome)
        await lab.world.undo(flapping)
        assert await lab.outcomes("CLOUD-GATE-1") == [OK]


@pytest.mark.root
def test_the_command_says_how_to_measure_and_leaves_no_namespace(tmp_path: Path):
    need_lab()
    words = [sys.executable, "-m", "agent", "lab", "--net", "netns", "--directory", str(tmp_path), "--story", "none"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.fullmatch(
            r"measure it with: ip netns exec (\S+) sla-agent run --config\.file \S+/agent\.yml\n", said
        )
        assert found, said
        assert process.stdout.readline().startswith("ready: 安康市（模拟）, 45 targets, 12 lines, netns")
        assert found[1] in namespaces()
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
    assert found[1] not in namespaces()
