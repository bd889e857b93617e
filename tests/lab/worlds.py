"""A city in a world on this host's loopback, at ports that nobody has, for the tests of the lab."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent.clock import SystemClock
from agent.config import load
from agent.errors import UsageError
from agent.lab.addresses import Plan, plan
from agent.lab.building import build
from agent.lab.city import City, Scale
from agent.lab.city_file import CityFile, read_city_file
from agent.lab.lab import without_ipv6
from agent.lab.loopback import LoopbackWorld, has_ipv6
from agent.lab.peers.certificates import authority
from agent.lab.peers.staff import Clocks
from agent.lab.registers import KINDS as KIND_OF
from agent.lab.registers import module_of, write
from agent.lab.script import Action
from collectors import KINDS
from collectors.base import Reading, Target

ROOT = Path(__file__).parents[2]
ANKANG = ROOT / "config" / "lab" / "ankang.yml"
STORY = ROOT / "config" / "lab" / "story.yml"


@cache
def ankang() -> CityFile:
    """The city's file."""
    return read_city_file(ANKANG)


@cache
def city(scale: Scale = "small") -> City:
    """The city at a scale."""
    return build(ankang(), scale)


def free_base() -> int:
    """A port behind which few listen; whoever meets one that is taken tries another."""
    return random.randrange(20_000, 30_000, 10)


@dataclass
class Running:
    """A world that runs, and the modules that an agent would have for it."""

    city: City
    plan: Plan
    world: LoopbackWorld
    folder: Path

    async def ask(self, id_: str) -> dict[str, Reading]:
        """What the agent's own collector reads, by component."""
        thing = self.city.things[id_]
        name = KIND_OF.get(thing.service, thing.service)
        kind = next(kind for kind in KINDS if kind.name == name)
        module = load(self.folder / "agent.yml", KINDS).modules[module_of(thing)]
        async with kind.build(module.options) as collector:
            target = Target(id=id_, address=self.plan.address(thing), timeout_seconds=module.timeout_seconds)
            return {reading.component: reading for reading in await collector.collect(target)}

    async def do(self, what: str, where: str = "", **more: object) -> Action:
        """Something happens."""
        action = Action.model_validate({"at": 0.0, "for": 60.0, "what": what, "where": where, **more})
        await self.world.apply(action)
        return action


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    """The small city on loopback."""
    clock = SystemClock()
    clocks = Clocks(wall=lambda: clock.wall_us() / 1e6, monotonic=lambda: clock.monotonic_ns() / 1e9)
    small = city() if has_ipv6() else without_ipv6(city())[0]
    for _ in range(20):
        planned = plan(small, "loopback", base=free_base())
        world = LoopbackWorld(small, planned, authority(folder, clocks.wall), clocks)
        try:
            await world.start()
        except UsageError:
            continue
        break
    else:
        raise AssertionError("no free ports")
    write(folder, small, planned, listen_address="127.0.0.1:0")
    try:
        yield Running(small, planned, world, folder)
    finally:
        await world.stop()
