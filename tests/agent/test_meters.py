"""Bins of traffic in a living ledger: restarts, kills, steps of the clock, and readings without rates (C4, T4)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commit import BINS_LIMIT
from agent.meters import Meters, sample_of
from agent.stores.base import Component
from agent.stores.binning import BinRow
from agent.stores.opening import connect
from agent.stores.reading import SqliteReader
from collectors.base import Reading, Reason, error, failed, ok
from sla.bins import BIN_US, Bin, Sample
from sla.model import Window
from tests.agent.worlds import SECOND, START, World, target

INTERVAL = 60
MEGA = 1_000_000
EVER = Window(START - 10 * BIN_US, START + 1000 * BIN_US)
STEP = 3600 * SECOND


@pytest.fixture
def world(tmp_path: Path):
    with World(tmp_path / "ledger.db", [target("sw", interval=INTERVAL)]) as made:
        made.ledger.meters.in_doubt = lambda: made.watch.unresolved
        yield made


def rates(bits_in: float = MEGA, bits_out: float = 2 * MEGA, seconds: float = INTERVAL) -> dict[str, float]:
    return {"in_bytes_per_second": bits_in / 8, "out_bytes_per_second": bits_out / 8, "rate_seconds": seconds}


def probe(world: World, at: float, values: dict[str, float] | None = None, component: str = "if/eth0") -> None:
    """A probe of the device that starts at a second; without values its interface is up and says no rates."""
    world.to(at)
    world.read_as(ok(values or {}, component), "sw")
    world.commit()


def probes(world: World, first: float, last: float, **told: float) -> None:
    """Probes in turn, each with what passed since the one before; the first has none before it."""
    probe(world, first)
    at = first
    while at < last:
        at += INTERVAL
        probe(world, at, rates(**told))


def restart(world: World) -> None:
    world.start()
    world.ledger.meters.in_doubt = lambda: world.watch.unresolved


def kept(world: World, component: str = "sw#if/eth0") -> list[tuple[float, float, int, int]]:
    """What the store alone says: begin and covered seconds of bins, bits."""
    connection = connect(world.location, read_only=True)
    reader = SqliteReader(connection)
    try:
        known = reader.component(component)
        bins = [] if known is None else reader.bins(known.id, EVER)
        return [((e.start - START) / SECOND, e.covered_us / SECOND, e.bits_in, e.bits_out) for e in bins]
    finally:
        reader.close()


def test_probes_every_minute_fill_bins_that_are_durable_when_they_are_full(world: World) -> None:
    probes(world, 0, 300)
    assert kept(world) == [(0, 300, 300 * MEGA, 600 * MEGA)]
    probe(world, 330, rates(seconds=30))
    assert kept(world) == [(0, 300, 300 * MEGA, 600 * MEGA)]
    probe(world, 620, rates(seconds=290))
    assert kept(world)[1:] == [(300, 300, 300 * MEGA, 600 * MEGA)]


def test_only_interfaces_are_metered(world: World) -> None:
    for component in ("", "disk//", "iff/eth0"):
        world.to(100 if component == "" else 200)
        world.read_as(ok(rates(), component), "sw")
    world.stop()
    assert [kept(world, name) for name in ("sw", "sw#disk//", "sw#iff/eth0")] == [[], [], []]


def test_a_reading_without_rates_leaves_its_time_uncovered(world: World) -> None:
    probes(world, 0, 120)
    probe(world, 180)  # the device started anew, a counter wrapped or passed line rate: the collector leaves rates out
    probe(world, 240, rates())
    probe(world, 300, rates())
    assert kept(world) == [(0, 240, 240 * MEGA, 480 * MEGA)]


def test_a_device_that_starts_anew_leaves_two_gaps_no_bits(world: World) -> None:
    probes(world, 0, 600)
    world.to(660)
    world.read_as(failed(Reason.TIMEOUT, "no answer"), "sw")
    probe(world, 720)  # the first sample after its start
    probes_after = [780, 840, 900]
    for at in probes_after:
        probe(world, at, rates())
    assert kept(world) == [(0, 300, 300 * MEGA, 600 * MEGA), (300, 300, 300 * MEGA, 600 * MEGA),
                           (600, 180, 180 * MEGA, 360 * MEGA)]  # fmt: skip


def test_an_interface_that_is_down_is_counted_and_an_error_is_not(world: World) -> None:
    probes(world, 0, 120)
    world.to(180)
    world.read_as(failed(Reason.MISMATCH, "down", rates(0, 0), "if/eth0"), "sw")
    world.to(240)
    world.read_as(error(Reason.LATE, "our loop", rates(), "if/eth0"), "sw")
    probe(world, 300, rates(0, 0))
    assert kept(world) == [(0, 240, 120 * MEGA, 240 * MEGA)]


def test_a_re_probe_and_a_longer_mean_over_the_same_time_count_nothing_twice(world: World) -> None:
    probes(world, 0, 240)
    probe(world, 250, rates(seconds=10))
    probe(world, 300, rates(seconds=200))  # reaches back over what is counted already
    assert kept(world) == [(0, 300, 300 * MEGA, 600 * MEGA)]


def test_an_interface_that_fell_silent_gives_what_it_has_when_nothing_more_can_come(world: World) -> None:
    probes(world, 0, 240)
    world.to(749)
    assert kept(world) == []
    world.to(750)
    assert kept(world) == [(0, 240, 240 * MEGA, 480 * MEGA)]
    probe(world, 800, rates(seconds=440))
    world.to(2000)
    assert kept(world)[1:] == [(300, 240, 240 * MEGA, 480 * MEGA), (600, 200, 200 * MEGA, 400 * MEGA)]


def test_a_mean_over_more_than_a_bin_and_a_half_covers_nothing(world: World) -> None:
    probe(world, 0)
    probe(world, 600, rates(seconds=600))
    world.stop()
    assert kept(world) == []


def test_a_clean_stop_keeps_the_running_bin_and_the_next_run_adds_to_it(world: World) -> None:
    probes(world, 0, 180)
    world.stop()
    assert kept(world) == [(0, 180, 180 * MEGA, 360 * MEGA)]
    world.clock.seconds = 190
    restart(world)
    probe(world, 200)  # the new run's collector has no sample yet
    probe(world, 260, rates())
    probe(world, 320, rates())
    assert kept(world) == [(0, 280, 280 * MEGA, 560 * MEGA)]


def test_a_run_takes_nothing_from_before_its_start(world: World) -> None:
    world.clock.seconds = 100
    world.kill()
    restart(world)
    probe(world, 130, rates())
    world.stop()
    assert kept(world) == [(0, 30, 30 * MEGA, 60 * MEGA)]


def test_a_kill_loses_the_running_bin_and_nothing_before_it(world: World) -> None:
    probes(world, 0, 540)
    world.kill()
    assert kept(world) == [(0, 300, 300 * MEGA, 600 * MEGA)]
    world.clock.seconds = 545
    restart(world)
    probe(world, 550)
    for at in (610, 670, 730, 790, 850, 910):
        probe(world, at, rates())
    assert kept(world)[1:] == [(300, 50, 50 * MEGA, 100 * MEGA), (600, 300, 300 * MEGA, 600 * MEGA)]
    assert not Bin(0, 50 * SECOND, 0, 0).is_known


@pytest.mark.parametrize("step_us", [STEP, -STEP])
def test_bins_that_a_step_in_doubt_touches_are_unknown_and_those_after_it_are_not(world: World, step_us: int) -> None:
    probes(world, 0, 540)
    world.clock.wall_offset = step_us
    world.to(541)
    world.watch.look()
    probe(world, 600, rates())
    probe(world, 660, rates())
    world.clock.wall_offset = 0
    world.to(700)
    world.watch.look()
    assert not world.watch.unresolved
    for at in range(720, 1261, 60):
        probe(world, at, rates())
    assert kept(world) == [(0, 300, 300 * MEGA, 600 * MEGA), (900, 300, 300 * MEGA, 600 * MEGA)]


def test_after_a_jump_of_the_dating_bins_begin_behind_it(world: World) -> None:
    probes(world, 0, 540)
    world.clock.wall_offset = STEP
    world.to(541)
    assert world.watch.accept("op").jump_us == STEP
    for at in range(600, 1261, 60):
        world.clock.seconds = at
        probe(world, at, rates())
    assert kept(world) == [
        (0, 300, 300 * MEGA, 600 * MEGA),
        (3600 + 600, 300, 300 * MEGA, 600 * MEGA),
        (3600 + 900, 300, 300 * MEGA, 600 * MEGA),
    ]


def test_a_start_with_the_wall_clock_behind_the_last_record_bins_nothing_until_it_has_passed(world: World) -> None:
    probes(world, 0, 600)
    world.stop()
    world.clock.boot = "another"
    world.clock.wall_offset = -300 * SECOND
    restart(world)
    probes(world, 610, 840)
    assert len(kept(world)) == 2
    world.to(901)
    world.watch.look()
    assert not world.watch.unresolved
    probes(world, 905, 1625)
    found = kept(world)
    assert len(found) > 2
    assert all(covered <= 300 for _, covered, _, _ in found)


def test_a_component_that_leaves_the_configuration_keeps_what_it_had(world: World) -> None:
    probes(world, 0, 240)
    world.ledger.forget("sw", world.run_clock.now_us())
    world.to(760)
    assert kept(world) == [(0, 240, 240 * MEGA, 480 * MEGA)]


def test_a_store_that_refuses_for_long_fills_no_memory(world: World) -> None:
    row = BinRow(1, Bin(0, 1, 0, 0))
    world.committer.bins([row] * BINS_LIMIT)
    world.committer.bins([row])
    assert len(world.committer._take().bins) == BINS_LIMIT


@pytest.mark.parametrize(
    "values",
    [
        {},
        rates() | {"rate_seconds": 0.0},
        rates() | {"rate_seconds": float("inf")},
        rates() | {"in_bytes_per_second": float("nan")},
        rates() | {"out_bytes_per_second": -1.0},
        rates() | {"out_bytes_per_second": float("inf")},
        {name: value for name, value in rates().items() if name != "rate_seconds"},
        {name: value for name, value in rates().items() if name != "in_bytes_per_second"},
    ],
)
def test_values_that_do_not_say_both_directions_are_no_sample(values: dict[str, float]) -> None:
    assert sample_of(values, START) is None


@given(
    st.integers(1, 450_00),
    st.integers(0, 50_000_000_000 * 450),
    st.integers(0, 50_000_000_000 * 450),
)
def test_whole_octets_come_back_out_of_a_rate(ticks: int, octets_in: int, octets_out: int) -> None:
    seconds = ticks / 100
    said = sample_of(rates(octets_in * 8 / seconds, octets_out * 8 / seconds, seconds), START)
    assert said == Sample(START - ticks * 10_000, START, octets_in * 8, octets_out * 8)


def test_a_reading_in_doubt_is_not_taken_even_before_time_goes_on() -> None:
    kept: list[BinRow] = []
    meters = Meters(kept.extend, 0)
    interface = Component(1, "sw", "if/eth0", "snmp")
    meters.in_doubt = lambda: True
    meters.take(interface, ok(rates(), "if/eth0"), START)
    meters.in_doubt = bool
    meters.finish()
    assert kept == []


def test_what_is_not_metered_takes_no_memory() -> None:
    def refuse(rows: object) -> None:
        pytest.fail(f"{rows} was kept")

    meters = Meters(refuse, 0)
    for number in range(10):
        meters.take(Component(number, "h", "disk//", "host"), Reading(outcome=ok().outcome, values=rates()), START)
    meters.finish()
    assert meters._meters == {}
