"""How late scheduled probes start with and without /probe beside them: one agent, quiet and asked in turns.

The lateness is the agent's own histogram, so a p99 is read between two of its borders.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from bench.processes import cpu_seconds, free_port, get, process, wait_for
from bench.subject import address_of

RATE = 500
"""Requests to /probe a second."""

CONNECTIONS = 100
"""Of whoever asks: twice the pool."""

Buckets = Mapping[float, float]
"""Upper border to how many were not later."""


class Turn(NamedTuple):
    """One stretch of time. Units: seconds; `answered` and `busy` count requests to /probe."""

    lateness_p99: float
    launched: int
    answered: int = 0
    busy: int = 0
    answer_p99: float = 0.0
    cpu: float = 0.0


class Result(NamedTuple):
    """Turns without and with requests, alternated."""

    quiet: list[Turn]
    asked: list[Turn]


def compare(targets: int, seconds: float, warm: float, turns: int) -> Result:
    """One agent over `targets` loopback targets every 15 s; so many turns of each sort."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peer, port = free_port(), free_port()
        stack.enter_context(
            process([sys.executable, "-m", "bench.listener", str(peer), "tcp"], folder / "listener.log")
        )
        command = [sys.executable, "-m", "bench.subject", "--kind", "tcp", "--targets", str(targets)]
        agent = stack.enter_context(
            process([*command, "--port", str(peer), "--listen", str(port)], folder / "agent.log")
        )
        base = f"http://127.0.0.1:{port}"
        wait_for(f"{base}/-/ready", agent)
        time.sleep(warm)
        result = Result([], [])
        for _ in range(turns):
            cpu = cpu_seconds(agent.pid)
            quiet = _quiet(base, seconds)
            middle = cpu_seconds(agent.pid)
            asked = asyncio.run(_asked(base, peer, seconds))
            result.quiet.append(quiet._replace(cpu=middle - cpu))
            result.asked.append(asked._replace(cpu=cpu_seconds(agent.pid) - middle))
        return result


def _quiet(base: str, seconds: float) -> Turn:
    before = _buckets(base)
    time.sleep(seconds)
    return _turn(before, _buckets(base))


async def _asked(base: str, peer: int, seconds: float) -> Turn:
    """Ask at an even pace, whatever the answers do."""
    before = await asyncio.to_thread(_buckets, base)
    statuses: list[int] = []
    times: list[float] = []
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)  # kept, as a scraper keeps them
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        began = time.monotonic()
        for number in range(int(RATE * seconds)):
            await asyncio.sleep(began + number / RATE - time.monotonic())
            query = {"module": "measured", "target": address_of("tcp", number % 10_000, peer)}
            group.create_task(_ask(session, f"{base}/probe", query, statuses, times))
    turn = _turn(before, await asyncio.to_thread(_buckets, base))
    p99 = sorted(times)[int(len(times) * 0.99)] if times else 0.0
    return turn._replace(answered=statuses.count(200), busy=statuses.count(503), answer_p99=p99)


async def _ask(
    session: aiohttp.ClientSession, url: str, query: Mapping[str, str], statuses: list[int], times: list[float]
) -> None:
    began = time.monotonic()
    async with session.get(url, params=query) as got:
        await got.read()
    statuses.append(got.status)
    times.append(time.monotonic() - began)


def _turn(before: Buckets, after: Buckets) -> Turn:
    grown = {border: after[border] - before.get(border, 0.0) for border in sorted(after)}
    return Turn(_quantile(grown, 0.99), int(grown[float("inf")]))


def _quantile(buckets: Buckets, share: float) -> float:
    """Between the borders in proportion, as histogram_quantile does."""
    wanted = share * buckets[float("inf")]
    low, below = 0.0, 0.0
    for border, count in buckets.items():
        if count >= wanted:
            inside = (wanted - below) / (count - below) if count > below else 0.0
            return low if border == float("inf") else low + (border - low) * inside
        low, below = border, count
    return low


def _buckets(base: str) -> Buckets:
    for family in text_string_to_metric_families(get(f"{base}/metrics")):
        if family.name == "sla_agent_lateness_seconds":
            return {float(one.labels["le"]): one.value for one in family.samples if one.name.endswith("_bucket")}
    raise RuntimeError("the agent's page has no lateness")
