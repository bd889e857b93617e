"""When targets were last seen, as a store proves it: the very readings, files, and states that can only understate."""

from collections.abc import Iterator
from contextlib import closing
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.figures.book import Book
from agent.figures.sightings import Seen, Sightings
from agent.figures.timelines import Timelines
from agent.imports import ImportRequest, apply_import
from agent.stores.base import Batch, Component, EdgeRow, RunRequest
from agent.stores.opening import Location, connect, migrate
from agent.stores.sighting import DaySeen
from agent.stores.writing import SqliteWriter
from sla.confirm import NEW, Rules, advance, step
from sla.coverage import WITHIN_US
from sla.model import Edge, Outcome, Window
from sla.model import Seen as Reading
from sla.periods import to_datetime
from tests.agent.import_cases import ZONE, at
from tests.depth import examples

CUT = at("2026-01-20")
START = CUT - WITHIN_US
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
OK, FAILED = Outcome.OK, Outcome.FAILED


class World:
    """A store with one target, whose readings go the way they go in the agent."""

    def __init__(self) -> None:
        connection = connect(Location(None))
        migrate(connection, Location(None))
        self.writer = SqliteWriter(connection)

    def run(self, readings: list[tuple[int, Outcome]], *, kept: bool, started: int = CUT - 30 * DAY) -> None:
        """A run from its start to the cut-off, with these readings; `kept`: with days of sightings."""
        run = self.writer.start_run(RunRequest("v", "b", started, (0, started), "0", 1))
        track, edges = NEW, []
        for when, outcome in readings:
            done = step(track, Reading(when, outcome), Rules(MINUTE))
            track, edges = done.track, [*edges, *done.edges]
        edges += advance(track, CUT, Rules(MINUTE)).edges
        rows = [EdgeRow(1, run.boot_no, number, edge) for number, edge in enumerate(edges, start=1)]
        days = [self._day(when, outcome) for when, outcome in readings] if kept else []
        first = [DaySeen(to_datetime(started, ZONE).date().toordinal(), 2, started, started)] if kept else []
        there = {component.id for component in self.writer.reader.components()}
        named = [Component(1, "t", "", "icmp"), Component(2, "u", "", "icmp")]
        new = [component for component in named if component.id not in there]
        self.writer.write(run, Batch(CUT, new, rows, sightings=[*days, *first]))

    def take(self, kind: str, text: str, **options: object) -> None:
        """Import a file."""
        given = {"file": "f.csv", "now": CUT + DAY, "by": "x", "zone": ZONE, "create_targets": True, **options}
        apply_import(self.writer, ImportRequest(kind=kind, data=text.encode(), **given))  # type: ignore[arg-type]  # options by name

    def seen(self, cut: int = CUT) -> Sightings:
        reader = self.writer.reader
        return Sightings(reader, Timelines(reader, Book.read(reader), cut), cut)

    @staticmethod
    def _day(when: int, outcome: Outcome) -> DaySeen:
        day = to_datetime(when, ZONE).date().toordinal()
        return DaySeen(day, 1, when, when) if outcome is OK else DaySeen(day, 1, None, None, when, when)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with closing(made.writer):
        yield made


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([(START, OK)], Seen(START, None, False)),
        ([(START - 1, OK)], Seen(None, None, False)),
        ([(START - 1, OK), (START, FAILED)], Seen(None, START, False)),
        ([(CUT - 1, OK)], Seen(CUT - 1, None, False)),
        ([(CUT - 1, OK), (CUT, OK)], Seen(CUT - 1, None, False)),
        ([(CUT, OK)], Seen(None, None, False)),
        ([(START + DAY, FAILED), (START + 2 * DAY, OK), (START + 3 * DAY, FAILED)],
         Seen(START + 2 * DAY, START + 3 * DAY, False)),
    ],
)  # fmt: skip
def test_vector_32_days_of_sightings_have_the_very_readings(
    world: World, readings: list[tuple[int, Outcome]], expected: Seen
) -> None:
    """Single readings, of which no state tells: the component is UNKNOWN all the time."""
    world.run(readings, kept=True)
    assert world.seen().of("t") == expected


def every(minutes: range, outcome: Outcome = OK, begin: int = START) -> list[tuple[int, Outcome]]:
    return [(begin + number * MINUTE, outcome) for number in minutes]


def test_a_state_proves_a_reading_no_older_than_its_validity(world: World) -> None:
    """Without days of sightings: UP to 1.5 intervals after the last reading, which is what it proves."""
    world.run(every(range(-5, 10)), kept=False)
    assert world.seen().of("t") == Seen(START + 9 * MINUTE, None, False)


def test_up_of_which_too_little_lies_inside_proves_nothing_and_may_hide_one(world: World) -> None:
    world.run(every(range(-5, 0), begin=START), kept=False)
    assert world.seen().of("t") == Seen(None, None, True)


def test_down_proves_a_failure_and_a_recovery_its_first_ok(world: World) -> None:
    world.run([*every(range(-5, 3), FAILED), *every(range(3, 5))], kept=False)
    found = world.seen().of("t")
    assert found.ok == START + 4 * MINUTE
    assert found.failed is not None
    assert START <= found.failed <= START + 2 * MINUTE


def test_where_nobody_kept_single_readings_down_may_hide_an_ok_one(world: World) -> None:
    world.run(every(range(5), FAILED), kept=False)
    found = world.seen().of("t")
    assert (found.ok, found.maybe_ok) == (None, True)
    assert world.seen().answers("t") is None


@pytest.mark.parametrize(("born", "hides"), [(0, False), (30 * DAY, True)])
def test_a_store_that_kept_single_readings_from_its_first_day_hides_none(world: World, born: int, hides: bool) -> None:
    """Sightings begin with the failures of two days ago; an older store measured before without keeping them."""
    begin = CUT - 2 * DAY
    world.run(every(range(5), FAILED, begin), kept=True, started=begin)
    with world.writer.transaction() as db:
        db.execute("UPDATE runs SET started_at = started_at - ?", (born,))
    assert world.seen().of("t") == Seen(None, begin + 4 * MINUTE, hides)


def test_a_target_that_the_store_does_not_know_was_never_seen(world: World) -> None:
    world.run([], kept=True)
    assert world.seen().of("nobody") == Seen(None, None, False)
    assert world.seen().answers("nobody") is None


def test_what_an_imported_history_states_holds_as_long_as_it_is_stated(world: World) -> None:
    text = "target_id,at,state\nt,2025-06-01T00:00:00+08:00,up\nd,2025-06-01T00:00:00+08:00,down\n"
    world.take("history", text, as_of=CUT)
    assert world.seen().of("t") == Seen(CUT - 1, None, False)
    assert world.seen().of("d") == Seen(None, CUT - 1, False)
    assert world.seen().answers("t") is True
    assert world.seen().answers("d") is False


def test_imported_readings_speak_for_themselves_before_the_first_heartbeat_only(world: World) -> None:
    text = "target_id,at,outcome,interval_seconds,over_limit\nt,2026-01-13T00:00:00+08:00,ok,86400,\n"
    world.take("readings", text)
    assert world.seen().of("t").ok == START
    world.run([], kept=True, started=START - DAY)
    assert world.seen().of("t").ok is None


def test_days_are_those_of_which_an_ok_reading_is_proven(world: World) -> None:
    """Two ok on the first day, from 23:00 to 01:00 of the third, then failures."""
    night = START + 47 * HOUR
    world.run([(START + HOUR, OK), *every(range(121), begin=night), (START + 3 * DAY, FAILED)], kept=False)
    first = to_datetime(START, ZONE).date().toordinal()
    days = world.seen().days("t", Window(START, CUT), ZONE)
    assert days == {first + 1, first + 2}


STEPS = st.lists(st.tuples(st.integers(1, 200), st.sampled_from([OK, OK, OK, FAILED])), max_size=60)


@settings(max_examples=examples(60), deadline=None)
@given(STEPS, st.booleans(), st.integers(-120, 120))
def test_nothing_is_ever_claimed_that_was_not_read(steps: list[tuple[int, Outcome]], kept: bool, shift: int) -> None:
    """Against the readings themselves: never later than the last, and none claimed where none was."""
    when, readings = START + shift * MINUTE // 2, []
    for wait, outcome in steps:
        when += wait * MINUTE // 2
        readings.append((when, outcome))
    made = World()
    with closing(made.writer):
        made.run(readings, kept=kept)
        found = made.seen().of("t")
        days = made.seen().days("t", Window(START - 7 * DAY, CUT), ZoneInfo("Asia/Shanghai"))
    inside = {o: [at_ for at_, outcome in readings if outcome is o and START <= at_ < CUT] for o in (OK, FAILED)}
    for said, outcome in ((found.ok, OK), (found.failed, FAILED)):
        true = max(inside[outcome], default=None)
        assert said is None or (true is not None and said <= true)
        if kept:
            assert said == true
    if not inside[OK]:
        assert found.ok is None
    elif found.ok is None:
        assert found.maybe_ok
    truly = {to_datetime(at_, ZONE).date().toordinal() for at_, outcome in readings if outcome is OK and at_ < CUT}
    assert days <= truly
    assert not kept or days == {day for day in truly if day >= to_datetime(START - 7 * DAY, ZONE).date().toordinal()}


def test_edges_of_the_world_are_those_of_the_reducer() -> None:
    """The world above means what it says: an UP edge begins with the first of two ok readings."""
    track, edges = NEW, list[Edge]()
    for when, outcome in every(range(2)):
        done = step(track, Reading(when, outcome), Rules(MINUTE))
        track, edges = done.track, [*edges, *done.edges]
    assert [edge.at for edge in edges] == [START]
