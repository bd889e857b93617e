"""A page of 258 000 samples: ours, written from the entries, against generate_latest on a custom Collector."""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent import metrics
from agent.exporter import Exporter
from agent.page import Piece, text_of
from bench.aligned import Lags
from sla.model import State
from tests.agent.worlds import World, target

TARGETS = 43_000
SHOWN = (metrics.UP, metrics.STREAK, metrics.PROBES, metrics.SUCCESSES, metrics.DURATION, metrics.RTT)
"""Six families of one sample: 258 000 in all. The time families are measured beside, as they come on top."""


class Cost(NamedTuple):
    """CPU seconds of one page, its samples, and the loop's worst lag while it was written."""

    cpu: float
    samples: int
    lag_max: float


class Same(Collector):
    """The six families through the library."""

    def __init__(self, world: World) -> None:
        self._world = world

    def collect(self) -> Iterator[Metric]:
        for family in SHOWN:
            kind = CounterMetricFamily if family.type is metrics.Type.COUNTER else GaugeMetricFamily
            made = kind(family.name, family.help, labels=list(metrics.TARGET_LABELS))
            for entry in self._world.ledger.entries():
                made.add_metric([entry.name, "tcp", "m", "", "v"], 0.000123)
            yield made


async def _page(exporter: Exporter) -> Cost:
    lags = Lags()
    watch = asyncio.ensure_future(lags.watch())
    await asyncio.sleep(0.1)
    began = time.process_time()
    pieces = list[Piece]()
    for piece in exporter.chunks(open_metrics=False):
        pieces.append(piece)
        await asyncio.sleep(0)
    cpu = time.process_time() - began
    await asyncio.sleep(0.02)
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    return Cost(cpu, text_of(pieces).count("\n"), max(lags.seen))


async def _library(registry: CollectorRegistry) -> Cost:
    """In a thread, as the library's own handlers do it."""
    lags = Lags()
    watch = asyncio.ensure_future(lags.watch())
    await asyncio.sleep(0.1)
    began = time.process_time()
    page = await asyncio.to_thread(generate_latest, registry)
    cpu = time.process_time() - began
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    return Cost(cpu, page.count(b"\n"), max(lags.seen))


def compare() -> Mapping[str, Cost]:
    """The library's page first, then ours: of the same six families, again when few or none were probed, of all."""
    with (
        TemporaryDirectory() as folder,
        World(Path(folder) / "l.db", [target(f"t{n}") for n in range(TARGETS)]) as world,
    ):
        registry = CollectorRegistry()
        registry.register(Same(world))
        library = asyncio.run(_library(registry))
        six, everything = Exporter({}, world.ledger.settle, world.run_clock.now_us, {}, SHOWN), world.exporter
        for watched in world.watched:
            world.read("ok", watched.id) if watched is world.watched[0] else None
        for entry in world.ledger.entries():
            entry.last = entry.last or next(iter(world.ledger.entries())).last
            entry.values = {"rtt_seconds": 0.000123}
            entry.series, entry.state = "", State.UP
            six.changed(entry)
            six.reading(entry)
        pages = {"generate_latest": library, "the same families": asyncio.run(_page(six))}
        pages["again, none probed since"] = asyncio.run(_page(six))
        for entry in world.ledger.entries():
            if entry.watched.phase_ns < entry.watched.interval_ns // 4:
                six.reading(entry)
        pages["again, a quarter probed since"] = asyncio.run(_page(six))
        for entry in world.ledger.entries():
            entry.series = ""
            everything.changed(entry)
            everything.reading(entry)
        return {**pages, "all families": asyncio.run(_page(everything))}
