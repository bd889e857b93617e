"""The lab as a program: the city, its registers and its world, played until a signal."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agent.clock import Clock
from agent.lab.addresses import BASE, Plan, plan
from agent.lab.building import build
from agent.lab.city import City, Form, Scale
from agent.lab.city_file import read_city_file
from agent.lab.loopback import has_ipv6
from agent.lab.peers.certificates import authority
from agent.lab.peers.staff import Clocks
from agent.lab.player import Tell, play, refuse_impossible
from agent.lab.registers import write
from agent.lab.script import NOTHING, Story, read_story
from agent.lab.world import World
from agent.lab.worlds import make_world

READY = "ready:"
"""How the line begins that says that everything answers."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody asks of the lab. `story` None: nothing happens."""

    city_file: Path
    story: Path | None
    folder: Path
    scale: Scale = "small"
    form: Form = "loopback"
    base: int = BASE
    listen_address: str = "127.0.0.1:9610"


@dataclass(frozen=True)
class Papers:
    """The city on paper. `agent_yml` is the configuration for an agent that measures it."""

    city: City
    plan: Plan
    story: Story
    agent_yml: Path


@dataclass(frozen=True)
class Lab:
    """A lab that is ready to start."""

    papers: Papers
    world: World


def write_papers(wanted: Wanted, tell: Tell) -> Papers:
    """Read and plan everything, and write what an agent is told of it. Errors: ConfigError, UsageError."""
    city = build(read_city_file(wanted.city_file), wanted.scale)
    if wanted.form == "loopback" and not has_ipv6():
        city, without = without_ipv6(city)
        tell(f"no ::1 on this host: {', '.join(without)} are left out")
    story = NOTHING if wanted.story is None else read_story(wanted.story, city)
    planned = plan(city, wanted.form, base=wanted.base)
    path = write(wanted.folder, city, planned, listen_address=wanted.listen_address)
    return Papers(city, planned, story, path)


def prepare(papers: Papers, clock: Clock) -> Lab:
    """The world for it, and the certificates of its systems. Errors: UsageError."""

    def wall() -> float:
        return clock.wall_us() / 1e6

    ca = authority(papers.agent_yml.parent, wall)
    clocks = Clocks(wall=wall, monotonic=lambda: clock.monotonic_ns() / 1e9)
    world = make_world(papers.city, papers.plan, ca, clocks)
    refuse_impossible(papers.story, world)
    return Lab(papers, world)


async def serve(lab: Lab, tell: Tell) -> None:
    """Until SIGTERM or SIGINT. Errors: UsageError where the world cannot start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(lab, stop.wait, tell)


async def run(lab: Lab, until: Callable[[], Awaitable[object]], tell: Tell) -> None:
    """Start the world, play the story, stop the world when `until` ends. Errors: UsageError."""
    city = lab.papers.city
    if lab.world.limits:
        tell(lab.world.limits)
    await lab.world.start()
    try:
        tell(f"{READY} {city.name}, {len(list(city.targets))} targets, {len(city.lines)} lines, {lab.papers.plan.form}")
        async with asyncio.TaskGroup() as group:
            player = group.create_task(play(lab.papers.story, lab.world, tell))
            await until()
            player.cancel()
    finally:
        await lab.world.stop()


def without_ipv6(city: City) -> tuple[City, list[str]]:
    """The city without what is asked over IPv6, and the ids of that."""
    gone = [thing.id for thing in city.things.values() if thing.ipv6]
    return replace(city, things={id_: thing for id_, thing in city.things.items() if not thing.ipv6}), gone
