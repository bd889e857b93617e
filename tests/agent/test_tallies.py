"""On which day a site's target was seen (C2, C3): firsts and lasts of a day, through the ledger and in the store."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.entries import Entry
from agent.housekeeping import DayOf
from agent.stores.base import Batch, Component, Counted, RunRequest
from agent.stores.identifying import DayMet
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.sighting import DaySeen
from agent.stores.writing import SqliteWriter
from agent.tallies import PORTION, SEEN_EVERY, Tallies
from agent.targets import Watched
from collectors.base import Target
from sla.confirm import Rules
from sla.model import Outcome
from sla.totals import Totals
from tests.agent.chain_worlds import old_store
from tests.agent.import_cases import at

DAY = 86_400_000_000


class Kept:
    """What would be written."""

    def __init__(self) -> None:
        self.counts: list[Counted] = []
        self.seen: list[DaySeen] = []
        self.met: list[DayMet] = []

    def count(self, counted: Counted) -> None:
        self.counts.append(counted)

    def sightings(self, rows: list[DaySeen]) -> None:
        self.seen += rows

    def identities(self, rows: list[DayMet]) -> None:
        self.met += rows


def entry(number: int = 1, *, site: str = "S", part: str = "") -> Entry:
    target = Target(id=f"t{number}", address="127.0.0.1", timeout_seconds=1)
    watched = Watched(
        target=target, kind="icmp", module="icmp", vantage="v", rules=Rules(60_000_000), retry_ns=1, down_loss=0.75,
        site=site,
    )  # fmt: skip
    return Entry(watched, Component(number, target.id, part, "icmp"), Totals([], 0, (), []))


def tallies(kept: Kept) -> Tallies:
    return Tallies(kept, lambda _: 202601, lambda us: us // DAY)


def test_firsts_and_lasts_of_each_day() -> None:
    kept, seen = Kept(), entry()
    told = tallies(kept)
    for when, outcome in [
        (5, Outcome.OK),
        (7, Outcome.FAILED),
        (9, Outcome.OK),
        (8, Outcome.ERROR),
        (DAY, Outcome.FAILED),
    ]:
        told.take(seen, outcome, when)
    told.flush(all_of_it=True)
    assert kept.seen == [DaySeen(0, 1, 5, 9, 7, 7), DaySeen(1, 1, None, None, DAY, DAY)]
    assert kept.counts == [Counted(1, 202601, 2, 2, 1)]


@pytest.mark.parametrize("other", [entry(site=""), entry(part="if/7")])
def test_only_targets_that_stand_at_a_site_are_kept_by_day(other: Entry) -> None:
    kept = Kept()
    told = tallies(kept)
    told.take(other, Outcome.OK, 5)
    told.flush(all_of_it=True)
    assert (kept.seen, len(kept.counts)) == ([], 1)


def test_what_was_seen_is_handed_on_now_and_then_and_counts_every_time() -> None:
    kept, seen = Kept(), entry()
    told = tallies(kept)
    for number in range(SEEN_EVERY):
        told.take(seen, Outcome.OK, number)
        told.flush()
    assert kept.seen == [DaySeen(0, 1, 0, SEEN_EVERY - 1, None, None)]
    assert len(kept.counts) == SEEN_EVERY


def test_a_flush_of_many_is_handed_on_in_portions_and_loses_nothing() -> None:
    kept = Kept()
    told = tallies(kept)
    many = [entry(number) for number in range(2 * PORTION + 7)]
    for each in many:
        told.take(each, Outcome.OK, each.component.id)
    for _ in range(SEEN_EVERY - 1):
        told.flush()
        told.take(many[0], Outcome.FAILED, 5)
    assert len(kept.counts) > PORTION
    told.flush()
    assert len(kept.seen) == PORTION, "the loop goes on after a portion"
    told.take(many[-1], Outcome.OK, 3 * PORTION)  # while it waits for its turn
    while told.go_on() is None and len(kept.seen) < len(many):
        pass
    told.flush(all_of_it=True)
    assert {row.component for row in kept.seen} == {each.component.id for each in many}
    assert sum(row.ok for row in kept.counts) == len(many) + 1
    assert sum(row.failed for row in kept.counts) == SEEN_EVERY - 1


def test_as_whom_a_site_s_target_answered_on_each_day() -> None:
    kept, target = Kept(), entry()
    told = tallies(kept)
    for when, who in [(5, "certificate:a"), (3, "certificate:a"), (9, "certificate:b"), (DAY + 1, "certificate:a")]:
        told.recognise(target, who, when)
    told.recognise(entry(2, site=""), "certificate:a", 4)
    told.recognise(entry(3, part="if/1"), "certificate:a", 4)
    told.go_on()
    new = [(0, "certificate:a", 5, 5), (0, "certificate:b", 9, 9), (1, "certificate:a", DAY + 1, DAY + 1)]
    assert kept.met == [DayMet(day, 1, *rest) for day, *rest in new], "what is new on its day leaves at the next turn"
    told.recognise(target, "certificate:a", DAY + 2)
    told.go_on()
    assert len(kept.met) == 3, "what is not waits for its flush"
    told.flush(all_of_it=True)
    assert kept.met[3:] == [
        DayMet(0, 1, "certificate:a", 3, 5),
        DayMet(0, 1, "certificate:b", 9, 9),
        DayMet(1, 1, "certificate:a", DAY + 1, DAY + 2),
    ]
    told.flush(all_of_it=True)
    assert len(kept.met) == 6


def test_what_was_told_of_days_that_are_over_is_forgotten() -> None:
    kept = Kept()
    told = tallies(kept)
    for day in range(100):
        told.recognise(entry(), "engine:8000", day * DAY)
        told.flush(all_of_it=True)
    assert len(told._told) == 2
    assert len(kept.met) == 200


def test_identities_are_handed_on_a_portion_a_turn() -> None:
    kept = Kept()
    told = tallies(kept)
    for number in range(PORTION + 1):
        told.recognise(entry(number), "engine:8000", number)
    told.go_on()
    assert len(kept.met) == PORTION
    told.go_on()
    assert len(kept.met) == PORTION + 1
    for _ in range(SEEN_EVERY):
        told.flush()
    assert len(kept.met) == 2 * PORTION + 1


def test_a_day_is_the_zone_s() -> None:
    day_of = DayOf(ZoneInfo("Asia/Shanghai"))
    assert day_of(at("2025-06-02")) == day_of(at("2025-06-03") - 1) == day_of(at("2025-06-03")) - 1


ROWS = st.lists(
    st.builds(DaySeen, st.integers(1, 3), st.integers(1, 2), *[st.none() | st.integers(0, 50)] * 4), max_size=8
)


@given(ROWS, st.randoms())
def test_in_the_store_firsts_and_lasts_only_widen_in_any_order(rows: list[DaySeen], random: object) -> None:
    connection = connect(Location(None))
    migrate(connection, Location(None))
    writer, reader = SqliteWriter(connection), SqliteReader(connection)
    run = writer.start_run(RunRequest("v", "b", 1000, (0, 1000), "0", 1))
    shuffled = [*rows]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    for row in [*rows, *shuffled]:
        writer.write(run, Batch(heartbeat=2000, sightings=[row]))
    wanted = []
    for key in sorted({row[:2] for row in rows}):
        mine = [row for row in rows if row[:2] == key]
        ends = [(min if place % 2 == 0 else max)((v for row in mine if (v := row[place]) is not None), default=None)
                for place in range(2, 6)]  # fmt: skip
        wanted.append(DaySeen(*key, *ends))
    assert reader.sightings(1, 3) == wanted
    assert reader.sightings(2, 2) == [row for row in wanted if row.day == 2]
    assert reader.first_sighting() == min((row.day for row in rows), default=None)
    connection.close()


MET = st.lists(
    st.builds(
        lambda day, component, who, ends: DayMet(day, component, who, min(ends), max(ends)),
        st.integers(1, 3),
        st.integers(1, 2),
        st.sampled_from(["certificate:a", "engine:b"]),
        st.tuples(st.integers(0, 50), st.integers(0, 50)),
    ),
    max_size=8,
)


@given(MET, st.integers(0, 51), st.randoms())
def test_in_the_store_identities_of_a_day_only_widen_in_any_order(rows: list[DayMet], cut: int, random: object) -> None:
    connection = connect(Location(None))
    migrate(connection, Location(None))
    writer, reader = SqliteWriter(connection), SqliteReader(connection)
    run = writer.start_run(RunRequest("v", "b", 1000, (0, 1000), "0", 1))
    shuffled = [*rows]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    for row in [*rows, *shuffled]:
        writer.write(run, Batch(heartbeat=2000, identities=[row]))
    wanted = []
    for key in sorted({row[:3] for row in rows}):
        mine = [row for row in rows if row[:3] == key]
        wanted.append(DayMet(*key, min(row.first_at for row in mine), max(row.last_at for row in mine)))
    assert list(connection.execute("SELECT * FROM identities ORDER BY day, component, identity")) == wanted
    assert [row[:2] for row in reader.met((2, 2), 60)] == [row[1:3] for row in wanted if row.day == 2]
    for row in reader.met((1, 3), cut):
        stamps = [at for each in wanted if each[1:3] == row[:2] for at in each[3:]]
        assert row.before == max((at for at in stamps if at < cut), default=None)
        assert row.after == min((at for at in stamps if at >= cut), default=None)
    connection.close()


def test_a_store_of_the_version_before_is_brought_up(tmp_path: Path) -> None:
    location = Location(tmp_path / "ledger.db")
    old_store(tmp_path / "ledger.db", 4)
    connection = connect(location)
    migrate(connection, location)
    assert SqliteReader(connection).first_sighting() is None
    connection.close()
