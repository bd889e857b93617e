"""What is kept of the page from look to look says what a page that is written anew says, whatever has happened."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.exporter import Exporter
from agent.page import Kept, text_of
from agent.portions import IN_PLACE, PORTION, arranged
from agent.targets import Watched
from collectors.base import Outcome, Reading, Reason
from sla.model import Window
from tests.agent.worlds import SECOND, START, World, target

NAMES = [f"t{n}" for n in range(7)]
SERVICE = (Window(START, START + 100 * SECOND), Window(START + 200 * SECOND, START + 10**6 * SECOND))


def anew(exporter: Exporter) -> str:
    """The page of the same entries by an exporter that has kept nothing."""
    fresh = copy(exporter)
    fresh._portions = {kind: (-1, []) for kind in exporter._portions}
    return text_of(fresh.chunks(open_metrics=False))


def watched(name: str, variant: int) -> Watched:
    """A target; its variants differ in kind, labels and dates."""
    kinds, labels, services = ("tcp", "icmp"), ((), (("plane", "业务"),)), ((), SERVICE)
    return replace(
        target(name), kind=kinds[variant % 2], labels=labels[variant // 2 % 2], service=services[variant // 4]
    )


def do(world: World, name: str, what: int) -> None:
    """One of the things that happen to a target, or to all of them."""
    held = next(each for each in world.watched if each.id == name)
    values = {"rtt_seconds": what / 1000, "loss_ratio": 0.0} if what % 3 else {}
    match what % 8:
        case 0 | 1 | 2:
            world.read_as(Reading(outcome=Outcome.OK, values=values), name)
        case 3 | 4:
            world.read_as(Reading(outcome=Outcome.FAILED, reason=Reason.TIMEOUT, values=values), name)
        case 5:
            world.read_as(Reading(outcome=Outcome.ERROR, reason=Reason.RESOURCES), name)
        case 6:
            world.watched[world.watched.index(held)] = changed = watched(name, what // 8)
            world.ledger.watch(changed)
        case _ if what < 32:
            world.ledger.forget(name, world.run_clock.now_us())
            world.ledger.watch(held)
        case _:
            world.ledger.break_off(world.run_clock.now_us(), world.run_clock.now_us())


happenings = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 63), st.sampled_from([0, 0, 1, 10, 60, 95]), st.booleans()),
    max_size=25,
)


@given(happened=happenings)
def test_a_kept_page_equals_a_page_written_anew(happened: list[tuple[str, int, int, bool]]) -> None:
    seconds = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        TemporaryDirectory() as folder,
        World(Path(folder) / "l.db", [watched(name, number) for number, name in enumerate(NAMES)]) as world,
    ):
        patch.setattr("agent.portions.PORTION", 2)
        for name, what, later, commit in happened:
            do(world, name, what)
            seconds += later
            world.to(seconds, commit=commit)
            assert text_of(world.exporter.chunks(open_metrics=False)) == anew(world.exporter)


def kept(world: World) -> list[Kept]:
    """The pieces of the page that may be said again."""
    return [piece for piece in world.exporter.chunks(open_metrics=False) if isinstance(piece, Kept) and piece.size]


def test_only_the_portion_of_what_has_changed_is_written_again(tmp_path: Path) -> None:
    names = [f"t{n}" for n in range(4 * PORTION)]
    with World(tmp_path / "l.db", [target(name) for name in names]) as world:
        for name in names:
            world.read("ok", name)
        first = kept(world)
        assert all(piece.is_new for piece in first)
        text = text_of(first)
        world.read("ok", "t7")
        second = [
            piece for piece in world.exporter.chunks(open_metrics=False) if isinstance(piece, Kept) and piece.size
        ]
        changed = [piece for piece in second if piece not in first]
        assert {'target="t7"' in piece.text() for piece in changed} == {True}
        assert len(changed) * 3 < len(second)
        assert text_of(second) != text


def test_entries_lie_in_the_order_of_their_turns(tmp_path: Path) -> None:
    names = [f"t{n}" for n in range(3000)]
    with World(tmp_path / "l.db", [target(name) for name in names]) as world:
        found = []
        assert list(arranged(list(world.ledger.entries()), found)) == []
        ends = [(min(phases), max(phases)) for phases in ([e.watched.phase_ns for e in p.entries] for p in found)]
        assert sorted(entry.name for portion in found for entry in portion.entries) == sorted(names)
        place = target().interval_ns * IN_PLACE / len(names)
        assert all(earlier[1] < later[0] + place for earlier, later in pairwise(ends))


def test_thousands_are_put_in_order_in_several_turns(tmp_path: Path) -> None:
    with World(tmp_path / "l.db", [target()]) as world:
        [entry] = world.ledger.entries()
        found = []
        assert len(list(arranged([entry] * 12_000, found))) == 2
        assert sum(len(portion.entries) for portion in found) == 12_000


def test_a_kept_piece_says_the_same_to_whoever_asks_at_once() -> None:
    text = 'sla_target_up{名称="一"} 1\n' * 1000
    for _ in range(50):
        piece = Kept(text)
        with ThreadPoolExecutor(4) as askers:
            said = [askers.submit(piece.text) for _ in range(4)]
        assert [each.result() for each in said] == [text] * 4
        assert not piece.is_new
