"""The collector of cycles beside a loop: off while anybody asks, never at what was made in masses; the timers."""

import ctypes
import gc
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent import process
from agent.process import MANY, Quiet, undisturbed


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


def test_blocks_may_overlap_and_the_last_one_ends_the_quiet() -> None:
    one, two = ExitStack(), ExitStack()
    one.enter_context(undisturbed())
    two.enter_context(undisturbed())
    one.close()
    assert not gc.isenabled()
    two.close()
    assert gc.isenabled()


def test_an_error_ends_the_quiet_too() -> None:
    with pytest.raises(ValueError, match="x"), undisturbed():
        raise ValueError("x")
    assert gc.isenabled()


@pytest.mark.parametrize(("count", "walked"), [(10, True), (MANY + 50_000, False)])
def test_what_was_made_in_masses_is_not_walked_when_the_collector_goes_on(count: int, walked: bool) -> None:
    gc.unfreeze()
    gc.collect()
    with undisturbed():
        made = [[number] for number in range(count)]
    assert (gc.get_freeze_count() == 0) is walked
    assert len(made) == count


def test_who_frees_as_much_as_it_makes_says_how_much_that_is() -> None:
    gc.unfreeze()
    old = [[number] for number in range(MANY * 2)]
    gc.collect()
    with undisturbed() as quiet:
        made = [[number] for number in range(len(old))]
        old.clear()
        quiet.made = len(made)
        assert gc.get_count()[0] < MANY
    assert Quiet.made == 0
    assert gc.get_freeze_count() >= len(made)


ASKED = """
import asyncio, sys
from agent import process
process.START_SECONDS = 0
process.share_the_interpreter()
before = sys.getswitchinterval()
asyncio.run(process.put_the_loop_first())
print(before > sys.getswitchinterval(), process._SLACK.read_text())
"""


def test_after_the_start_the_loop_goes_first() -> None:
    said = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "1000"]


async def test_a_system_that_has_no_such_setting_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_SLACK", tmp_path / "absent" / "timerslack_ns")
    monkeypatch.setattr(process, "START_SECONDS", 0)
    monkeypatch.setattr(sys, "setswitchinterval", lambda _: None)
    await process.put_the_loop_first()
    assert not any(tmp_path.iterdir())


GIVEN_BACK = """
import asyncio, os
from agent import process
from bench.processes import resident_mb
process.GIVE_BACK_SECONDS = 0.01
held = [b"x" * (100_000 + number) for number in range(600)]
top = held.pop()
before = resident_mb(os.getpid())
held.clear()
assert resident_mb(os.getpid()) > before - 10


async def main():
    task = asyncio.create_task(process.give_back_memory())
    while resident_mb(os.getpid()) > before - 40:
        await asyncio.sleep(0.01)
    task.cancel()


asyncio.run(main())
print(len(top))
"""


def test_what_lies_free_in_the_middle_of_the_heap_is_given_back() -> None:
    said = subprocess.run([sys.executable, "-c", GIVEN_BACK], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout == "100599\n"


async def test_a_library_without_such_a_call_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    await process.give_back_memory()
