"""What /metrics says of coverage: units by status, kept between two looks, none without a register."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from agent.coveragewatch import CoverageWatch
from agent.errors import StoreError
from agent.figures.book import Shelf
from agent.stores.reading import SqliteReader
from tests.agent.import_cases import ZONE
from tests.agent.register_cases import NOW, Registers, registers

HISTORY = "target_id,at,state\nmb,2026-01-01T00:00:00+08:00,up\nzy,2026-01-01T00:00:00+08:00,down\n"
ACCEPTED = "site_id,division_code,accepted_on\nS-MB,610924101,2025-01-01\nS-ZY,610924,2025-01-01\n"


@pytest.fixture
def store() -> Iterator[Registers]:
    with registers() as made:
        yield made


def watch(store: Registers, registry: CollectorRegistry, **common: str) -> CoverageWatch:
    return CoverageWatch(store.reader, Shelf(), ZONE, lambda: NOW, registry, common)


def scraped(registry: CollectorRegistry, name: str) -> dict[str, float]:
    text = generate_latest(registry).decode()
    return {m[1]: float(m[2]) for m in re.finditer(rf"^{name}\{{(.*)\}} (\S+)$", text, re.MULTILINE)}


async def test_units_by_status_and_the_share_of_each_level(store: Registers) -> None:
    store.city()
    store.take("sites", ACCEPTED)
    store.take("history", HISTORY, as_of=NOW, create_targets=True)
    registry = CollectorRegistry()
    await watch(store, registry, simulated="true").look()
    ratios = scraped(registry, "sla_coverage_ratio")
    assert ratios == {
        'level="city",network="extranet",simulated="true"': 0.0,
        'level="county",network="extranet",simulated="true"': 0.0,
        'level="township",network="extranet",simulated="true"': 1.0,
        **{f'level="{level}",network="video",simulated="true"': 0.0 for level in ("city", "county", "township")},
    }
    units = scraped(registry, "sla_coverage_units")
    assert units['level="county",network="extranet",simulated="true",status="stale"'] == 1
    assert units['level="village",network="extranet",simulated="true",status="verified"'] == 0
    assert sum(value for labels, value in units.items() if "extranet" in labels) == 3


async def test_without_divisions_there_is_nothing_to_say(store: Registers) -> None:
    registry = CollectorRegistry()
    await watch(store, registry).look()
    assert scraped(registry, "sla_coverage_units") == scraped(registry, "sla_coverage_ratio") == {}


async def test_a_change_of_registers_is_looked_at_at_once(store: Registers) -> None:
    registry = CollectorRegistry()
    watched = watch(store, registry)
    serving = asyncio.create_task(watched.serve())
    while watched._changed.is_set():
        await asyncio.sleep(0)
    store.city()
    async with asyncio.timeout(30):
        while not watched.found:
            watched.refresh()
            await asyncio.sleep(0.01)
    serving.cancel()
    assert watched.found["extranet"].total.d == 3


async def test_a_store_that_does_not_answer_leaves_no_old_figure(
    store: Registers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.city()
    watched = watch(store, CollectorRegistry())
    await watched.look()
    assert watched.found
    monkeypatch.setattr(SqliteReader, "register_state", _refuse)
    for _ in range(2):
        await watched.look()
    assert watched.found == {}
    assert len(caplog.records) == 1


def _refuse(_: SqliteReader) -> int:
    raise StoreError("gone")
