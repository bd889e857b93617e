"""Video points and demands (C5): what an online rate rests on, and what of a demand was met."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.availability import Parts
from sla.model import State
from sla.points import Basis, Demand, Point, demands, online
from tests.depth import examples

HOUR = 3_600_000_000
CUT = 1000


def point(name: str, up: int, down: int = 0, unknown: int = 0, *, now: State = State.UP) -> Point:
    parts = Parts(up * HOUR, 0, down * HOUR, unknown * HOUR, 0)
    return Point(name, parts.in_service, True, {Basis.REACHABLE: parts}, {Basis.REACHABLE: now})


def test_time_is_weighed_and_unknown_stays_in_the_bounds() -> None:
    found = online([point("a", 20, 4), point("b", 10, 2, 12)])
    assert found.time == ((30 * HOUR, 48 * HOUR), (42 * HOUR, 48 * HOUR))
    assert found.measured == (36 * HOUR, 48 * HOUR)
    assert found.basis is Basis.REACHABLE


def test_degraded_is_online_and_the_snapshot_names_the_points() -> None:
    states = {"a": State.UP, "b": State.DEGRADED, "c": State.DOWN, "d": State.UNKNOWN}
    found = online([point(name, 1, now=state) for name, state in states.items()]).snapshot
    assert (found.low, found.high) == ((2, 4), (3, 4))
    assert found.lists == {"online": ("a", "b"), "offline": ("c",), "unknown": ("d",)}


def test_a_basis_that_nobody_measures_is_unknown_never_left_out() -> None:
    for basis in (Basis.SIGNALLED, Basis.VERIFIED):
        found = online([point("a", 24)], basis)
        assert found.time == ((0, 24 * HOUR), (24 * HOUR, 24 * HOUR))
        assert (found.silent, found.snapshot.low, found.snapshot.high) == (("a",), (0, 1), (1, 1))


def test_a_point_of_the_register_that_has_no_target_counts_as_unknown() -> None:
    found = online([point("a", 24), Point("b", 24 * HOUR, True, {}, {})])
    assert found.time == ((24 * HOUR, 48 * HOUR), (48 * HOUR, 48 * HOUR))
    assert found.silent == ("b",)


def test_a_target_that_was_out_while_the_point_served_is_unknown_then() -> None:
    parts = Parts(10 * HOUR, 0, 0, 0, 14 * HOUR)
    found = online([Point("a", 24 * HOUR, True, {Basis.REACHABLE: parts}, {Basis.REACHABLE: State.OUT})])
    assert found.time == ((10 * HOUR, 24 * HOUR), (24 * HOUR, 24 * HOUR))
    assert found.snapshot.lists["unknown"] == ("a",)


def test_a_point_out_of_service_at_the_end_stands_in_no_snapshot() -> None:
    assert online([point("a", 1)._replace(serves=False)]).snapshot.d == 0


def test_no_points_are_not_applicable() -> None:
    assert online([]).time.low == (0, 0)


ASKED = {"channels": 16, "concurrency": 4}


@pytest.mark.parametrize(
    ("row", "status", "why"),
    [
        (Demand("a", ASKED, ASKED, 1, "doc"), "supported", ()),
        (Demand("a", ASKED, {**ASKED, "channels": 15}, 1, "doc"), "unsupported", ("channels: 15 of 16",)),
        (Demand("a", ASKED, {"channels": 99}, 1, "doc"), "unsupported", ("concurrency: 0 of 4",)),
        (Demand("a", ASKED, ASKED, None, "doc"), "unsupported", ("not accepted with a date and a document",)),
        (Demand("a", ASKED, ASKED, CUT, "doc"), "unsupported", ("not accepted with a date and a document",)),
        (Demand("a", ASKED, ASKED, 1), "unsupported", ("not accepted with a date and a document",)),
        (Demand("a", {}, {}, 1, "doc"), "untested", ("no quantity on file",)),
    ],
)
def test_a_demand_is_met_in_full_or_not_at_all(row: Demand, status: str, why: tuple[str, ...]) -> None:
    found = demands([row], CUT)
    assert found.lists[status] == ("a",)
    assert found.why.get("a", ()) == why
    assert (found.low, found.high) == ((int(status == "supported"), 1), (int(status != "unsupported"), 1))


HOURS = st.integers(0, 24)


@settings(max_examples=examples(150))
@given(st.lists(st.tuples(HOURS, HOURS, HOURS), min_size=1, max_size=5), st.data())
def test_unknown_never_helps_and_the_bounds_enclose(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    points = [point(f"p{n}", *row) for n, row in enumerate(rows)]
    place = data.draw(st.integers(0, len(points) - 1))
    blind = [*points]
    blind[place] = blind[place]._replace(parts={}, now={})
    before, after = online(points), online(blind)
    assert after.time.low[0] <= before.time.low[0] <= before.time.high[0] <= after.time.high[0]
    assert after.time.low[1] == before.time.low[1]
    assert after.snapshot.n <= before.snapshot.n <= after.snapshot.high[0]
