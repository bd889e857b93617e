"""A configuration is taken without stopping the loop: what takes seconds at 43 000 targets is worked out beside it."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from agent import taking
from agent.config import Config, TargetConfig
from agent.targets import Watched
from tests.agent.fault_worlds import CITY, TARGETS, world


async def test_registers_and_targets_are_worked_out_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_in: list[threading.Thread] = []
    real = taking.watched_targets

    def seen(config: Config, targets: Iterable[TargetConfig]) -> Iterator[Watched]:
        asked_in.append(threading.current_thread())
        return real(config, targets)

    monkeypatch.setattr(taking, "watched_targets", seen)
    async with world(tmp_path, targets=(TARGETS, *CITY)) as w:
        asked_in.clear()
        await w.agent.registers_changed()
        assert asked_in
        assert threading.main_thread() not in asked_in


async def test_what_differs_is_told_apart_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    async with world(tmp_path, targets=(TARGETS, *CITY)) as w:
        agent = w.agent
        before = dict(agent.watched)
        now = agent.clock.now_us()
        same = taking.wanted(agent.config, agent.shelf, agent.reader, before, now)
        assert (same.gone, same.changed, same.new) == ([], [], [])
        assert same.kept == same.watched == before
        without = {id_: each for id_, each in before.items() if id_ != "leaf"}
        more = taking.wanted(agent.config, agent.shelf, agent.reader, without, now)
        assert ([each.id for each in more.new], more.kept) == (["leaf"], without)
        older = {**before, "ghost": before["leaf"], "east": before["west"]}
        other = taking.wanted(agent.config, agent.shelf, agent.reader, older, now)
        assert (other.gone, [each.id for each in other.changed], other.new) == (["ghost"], ["east"], [])
