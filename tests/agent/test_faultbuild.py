"""What the live reducer begins with: the same in whatever portions it is read, and no larger for a longer past."""

import tracemalloc
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from agent import faultbuild
from agent.faultkept import HORIZON_US, Kept, Ledger
from agent.figures.book import Shelf
from agent.stores import marking, noting
from agent.stores.noting import FaultEvent
from sla.faults import fault_id
from sla.model import State, Window
from tests.agent.city_cases import MINUTE, NOON, START, blips, city
from tests.agent.figure_cases import Books, books
from tests.agent.import_cases import ZONE, at

YEAR = {"2025": Window(START, at("2026-01-01"))}
RECENT = at("2025-01-03")
LATER = at(NOON) + HORIZON_US + 3 * 1440 * MINUTE
"""When the faults of noon are no longer of the last days, but for the one that has not ended."""


@pytest.fixture
def made() -> Iterator[Books]:
    with books() as empty:
        city(empty)
        yield empty


def built(made: Books, now: int) -> Kept:
    return faultbuild.build(Ledger(reader=made.reader, shelf=Shelf(), zone=ZONE), YEAR, now)


def told(kept: Kept) -> dict[str, Any]:
    """All that a look rests on, comparable."""
    names = ("desk", "older", "past", "since", "cuts", "names", "alive", "told", "gone", "borders")
    reread = {component: sorted(items) for component, items in kept.reread.items()}
    return {name: getattr(kept, name) for name in names} | {"reread": reread, "histories": kept.state.histories}


def opened(made: Books, root: str, start: int) -> str:
    """The ledger says that a fault has opened."""
    id_ = fault_id(root, start)
    made.writer.add_fault_events([FaultEvent(id_, 0, start, "opened", root, start, None, start)])
    return id_


@pytest.mark.parametrize("now", [RECENT, LATER])
def test_it_is_the_same_in_whatever_portions_it_is_read(made: Books, monkeypatch: pytest.MonkeyPatch, now: int) -> None:
    opened(made, "line-a", at(NOON))
    opened(made, "cam1", at(NOON))
    opened(made, "r2", at(NOON))
    whole = told(built(made, now))
    assert {"cam1", "cam2", "cam5"} & whole["cuts"].keys() == ({"cam5"} if now == LATER else set())
    for portion in (1, 2, 5):
        monkeypatch.setattr(faultbuild, "_PORTION", portion)
        monkeypatch.setattr(noting, "_TOLD_AT_ONCE", portion)
        monkeypatch.setattr(marking, "PORTION", portion)
        assert told(built(made, now)) == whole


def test_what_is_of_the_last_days_is_alive_and_what_joined_it_is_told(made: Books) -> None:
    line, camera = opened(made, "line-a", at(NOON)), opened(made, "cam1", at(NOON))
    void = opened(made, "cam2", at(NOON))
    kept = built(made, RECENT)
    desk, lasting = fault_id("cam4", at(NOON)), fault_id("cam5", at(NOON))
    assert kept.alive.keys() == {line, desk, lasting}
    assert {(each.id, each.root, each.holder) for each in kept.gone} == {(camera, "cam1", line), (void, "cam2", None)}
    assert kept.told.keys() == {line, camera, void}
    assert kept.older == {"2025": Counter()}


def test_what_is_older_is_counted_and_nothing_is_said_of_it_again(made: Books) -> None:
    line = opened(made, "line-a", at(NOON))
    kept = built(made, LATER)
    assert line not in kept.alive
    assert kept.older["2025"].total() == 1
    assert line not in kept.told, "half a million of them in a year would be held for nothing"
    assert line in kept.past or kept.state.histories["line-a"][0].at > at(NOON)
    assert kept.gone == []


def test_what_a_build_needs_does_not_grow_with_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faultbuild, "_PORTION", 2)
    monkeypatch.setattr(marking, "PORTION", 2)
    monkeypatch.setattr("agent.figures.timelines._FEW", 2)

    def most(times: int) -> tuple[int, int]:
        with books() as one:
            blips(one, targets=200, times=times, state=State.DOWN)
            now = START + (2 * times + 1) * MINUTE + HORIZON_US + 86_400_000_000 + 300 * MINUTE
            built(one, now)  # what the interpreter keeps of a first time is there
            tracemalloc.start()
            try:
                kept = built(one, now)
                assert kept.older["2025"].total() == 200, "blips within ten minutes are one fault"
                return tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()

    few, many = most(5), most(50)
    assert many[0] < 1.2 * few[0], f"kept: {few[0]} bytes with 5 outages of each of 200 targets, {many[0]} with 50"
    assert many[1] < 1.5 * few[1], f"at most: {few[1]} bytes with 5 outages, {many[1]} with 50"
