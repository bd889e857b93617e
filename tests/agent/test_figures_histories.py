"""Questions about everything read one id after the other: the same answer, in memory that a year does not fill."""

import tracemalloc
from collections.abc import Iterable, Iterator
from typing import cast

import pytest

from agent.figures.book import Shelf
from agent.figures.classes import derived, was_down
from agent.figures.faults import desk_rows
from agent.figures.timelines import Timelines
from agent.stores import marking
from agent.stores.base import Batch, Component, EdgeRow, Reader, RunRequest
from sla.model import Cause, Degraded, Edge, State, Window
from sla.timeline import Mark
from tests.agent.city_cases import MINUTE, START, blips, city
from tests.agent.figure_cases import Books, books
from tests.agent.import_cases import at


@pytest.fixture
def made() -> Iterator[Books]:
    with books() as empty:
        yield empty


def known(made: Books, until: int) -> Timelines:
    return Timelines(made.reader, Shelf().book(made.reader), until)


def test_in_passing_every_id_has_the_marks_that_it_has_when_asked_for(
    made: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    city(made)
    monkeypatch.setattr(marking, "PORTION", 2)
    monkeypatch.setattr("agent.figures.timelines._FEW", 2)
    until = at("2025-01-03")
    one, passing, loaded = (known(made, until) for _ in range(3))
    loaded.load_all()
    names = [*one.topology.members(), *one.topology.sites]
    wanted = {name: one.marks(name) for name in names}
    assert {name for name, history in wanted.items() if was_down(history)} >= {"line-a", "r2", "cam1", "a"}
    assert dict(passing.histories(names)) == wanted
    assert dict(loaded.histories(names)) == wanted


def test_who_never_failed_makes_no_difference_to_the_faults(made: Books) -> None:
    city(made)
    seen = known(made, at("2025-01-03"))
    histories = dict(seen.histories(seen.topology.members()))
    failed = {name: history for name, history in histories.items() if was_down(history)}
    desk = list(desk_rows(seen))
    assert failed.keys() < histories.keys()
    told = derived(seen, failed, desk)
    assert told == derived(seen, histories, desk)
    assert {fault.root for fault in told.faults} == {"line-a", "cam4", "cam5"}


def test_a_commit_while_everything_is_read_does_not_extend_what_was_read_before(made: Books) -> None:
    run = made.writer.start_run(RunRequest("core", "boot", START, (0, START), "test", 1))
    first = EdgeRow(1, run.boot_no, 1, Edge(START, State.UP, Degraded.NONE, Cause.PROBE))
    made.writer.write(run, Batch(START + MINUTE, [Component(1, "t", "", "icmp")], [first]))
    after = EdgeRow(1, run.boot_no, 2, Edge(START + 2 * MINUTE, State.DOWN, Degraded.NONE, Cause.PROBE))

    class Late:
        """The next batch becomes durable after the edges were read, and before anything else is asked."""

        def all_marks(self) -> Iterable[tuple[int, list[Mark]]]:
            found = list(made.reader.all_marks())
            made.writer.write(run, Batch(START + 3 * MINUTE, [], [after]))
            return found

        def __getattr__(self, name: str) -> object:
            return getattr(made.reader, name)

    late = Timelines(cast(Reader, Late()), Shelf().book(made.reader), START + 3 * MINUTE)
    late.load_all()
    said = [(span.start, span.end, span.state) for span in late.of("t")]
    assert said == [(START, START + MINUTE, State.UP), (START + MINUTE, START + 3 * MINUTE, State.UNKNOWN)]


def test_what_a_question_about_faults_needs_does_not_grow_with_blips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "PORTION", 2)
    monkeypatch.setattr("agent.figures.timelines._FEW", 2)

    def most(times: int) -> int:
        with books() as one:
            blips(one, targets=200, times=times)
            until = START + (2 * times + 1) * MINUTE
            one.faults.find(_year(), now=until)  # what is kept for the next question is there
            tracemalloc.start()
            try:
                found = one.faults.find(_year(), now=until)
                assert [fault.root for fault in found.faults] == ["t001"]
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    few, many = most(5), most(50)
    assert many < 2 * few, f"{few} bytes with 5 blips of each of 200 targets, {many} with 50"


def _year() -> Window:
    return Window(START, at("2026-01-01"))
