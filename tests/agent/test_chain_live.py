"""The running agent's chain: a head when an hour is over, also in doubt of the clock, and tried again (E3, T4)."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from agent import chain as chain_module
from agent.chain import Chain
from agent.chainmetrics import ChainMetrics
from agent.errors import StoreError, UsageError
from agent.figures.book import Shelf
from agent.sealing import Sealer, Sources
from agent.sealjobs import SealJobs
from agent.stores import chaining
from agent.stores.base import RunRequest
from tests.agent.chain_worlds import HOUR_US, JUNE, ZONE, World
from tests.agent.test_sealing import Clocks


class Live(World):
    """A chain whose clock a test sets."""

    def __init__(self, path: Path, clocks: Clocks) -> None:
        super().__init__(path)
        self.now, self.registry, self.spoken = JUNE, CollectorRegistry(), 0
        self.writer.start_run(RunRequest("v", "b", JUNE, (0, JUNE), "0", 1))
        metrics = ChainMetrics(self.registry)
        sealer = Sealer(self.maker, self.writer, ZONE, Sources(self.writer.reader, Shelf(), tuple))
        seals = SealJobs(sealer, lambda: self.now, lambda: clocks, metrics)
        self.chain = Chain(self.maker, lambda: self.now, lambda: clocks, seals, metrics, self.speak)

    def speak(self) -> None:
        self.spoken += 1

    @property
    def heads(self) -> list[chaining.Kept]:
        with self.maker.reading() as db:
            return list(chaining.heads(db))

    @property
    def failures(self) -> float | None:
        return self.registry.get_sample_value("sla_agent_chain_failures_total")


def test_a_head_is_made_when_an_hour_is_over_and_once(tmp_path: Path) -> None:
    world = Live(tmp_path / "ledger.db", Clocks())
    assert not world.chain.look()
    world.now += HOUR_US
    assert world.chain.look()
    assert not world.chain.look()
    world.now += 5 * HOUR_US  # suspended, or stepped over: one head for what is there
    assert world.chain.look()
    assert [kept.head.until for kept in world.heads] == [JUNE + HOUR_US, JUNE + 6 * HOUR_US]
    assert world.walk().bad == ()


def test_heads_go_on_while_the_clock_is_in_doubt_and_say_so(tmp_path: Path) -> None:
    world = Live(tmp_path / "ledger.db", Clocks(unresolved=True))
    world.now += 40 * 24 * HOUR_US
    assert world.chain.look()
    assert world.heads[0].head.said["clock"] == "in doubt"
    assert world.heads[0].head.said["closed"] == {"bins": -1, "counts": -1, "identities": -1, "sightings": -1}
    assert world.writer.reader.seals() == []


def test_a_store_that_refuses_is_counted_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = Live(tmp_path / "ledger.db", Clocks())
    world.now += HOUR_US

    def refuse(*_: object, **__: object) -> None:
        raise StoreError("store: disk full")

    with monkeypatch.context() as patched:
        patched.setattr(world.maker, "begin", refuse)
        assert not world.chain.look()
        assert not world.chain.look()
    assert world.failures == 2
    assert world.chain.look()
    assert world.failures == 2


async def test_it_serves_speaks_and_takes_questions_until_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_module, "LOOK_SECONDS", 0.01)
    world = Live(tmp_path / "ledger.db", Clocks())
    serving = asyncio.create_task(world.chain.serve())
    world.now += HOUR_US
    async with asyncio.timeout(60):
        while not world.spoken:
            await asyncio.sleep(0.01)
    assert await world.chain.ask(lambda: len(world.heads)) == 1
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    with pytest.raises(UsageError, match="the agent stops"):
        await world.chain.ask(lambda: 0)
