"""V4: sums of numerators and denominators; what is missing widens; what is defined otherwise stands apart."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.availability import Bounds
from sla.rollup import NOTHING, UNBOUNDED, Part, roll_up


def part(key: str, n: int, d: int, more: int = 0, **said: object) -> Part:
    return Part(key, Bounds((n, d), (n + more, d)), **said)  # type: ignore[arg-type]  # keywords of a test


@st.composite
def told(draw: st.DrawFn) -> list[Part]:
    keys = draw(st.lists(st.integers(0, 99), unique=True, max_size=8))
    found = []
    for key in keys:
        d = draw(st.integers(0, 10**15))
        n = draw(st.integers(0, d))
        found.append(part(str(key), n, d, draw(st.integers(0, d - n))))
    return found


@given(told(), st.integers(0, 8))
def test_parts_of_parts_make_the_same_whole(parts: list[Part], cut: int) -> None:
    (whole,) = roll_up(parts)
    groups = [roll_up(some)[0] for some in (parts[:cut], parts[cut:])]
    (again,) = roll_up([Part(str(number), each.bounds) for number, each in enumerate(groups)])
    assert again.bounds == whole.bounds


@given(told().filter(lambda parts: any(each.bounds and each.bounds.low[1] for each in parts)), st.integers(1, 10**15))
def test_what_is_missing_never_improves(parts: list[Part], weight: int) -> None:
    (whole,) = roll_up(parts)
    (less,) = roll_up([*parts, Part("missing", None, weight=weight)])
    assert Fraction(*less.bounds.low) <= Fraction(*whole.bounds.low)
    assert Fraction(*less.bounds.high) >= Fraction(*whole.bounds.high)
    assert less.missing == ("missing",)
    assert less.is_bounded


def test_no_average_of_percentages() -> None:
    (whole,) = roll_up([part("small", 1, 1), part("large", 0, 99)])
    assert whole.bounds.low == (1, 100)


def test_of_unknown_weight_nothing_bounds_the_whole() -> None:
    (whole,) = roll_up([part("a", 9, 10), Part("b", None)])
    assert (whole.bounds, whole.is_bounded, whole.missing) == (UNBOUNDED, False, ("b",))


def test_other_definitions_stand_side_by_side() -> None:
    parts = [part("a", 9, 10, definition="x"), part("b", 1, 10, definition="y"), part("c", 8, 10, definition="x")]
    first, second = roll_up([*parts, Part("d", None, weight=5)])
    assert (first.definition, first.bounds) == ("x", Bounds((17, 25), (22, 25)))
    assert (second.definition, second.bounds) == ("y", Bounds((1, 15), (6, 15)))
    assert first.missing == second.missing == ("d",)


def test_nothing_counts_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        roll_up([part("a", 1, 2), part("a", 1, 2)])


def test_what_no_part_has_is_added_once() -> None:
    """F11: a gap of our own may hide one fault, in whichever part; each part shows it, the whole has it once."""
    parts = [part(key, 5, 5, widened=Bounds((5, 6), (5, 5))) for key in "ab"]
    (whole,) = roll_up(parts, beyond=Bounds((0, 1), (0, 0)))
    assert whole.bounds == Bounds((10, 11), (10, 10))
    assert [each.shown for each in whole.parts] == [Bounds((5, 6), (5, 5))] * 2


def test_nothing_at_all() -> None:
    (whole,) = roll_up([])
    assert whole.bounds == NOTHING
