"""Order statistics by nearest rank (F9): always a value that occurred, never one between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.clearing import Clearing, clearing, nearest_rank


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7], 1, 7),
        ([7], 100, 7),
        ([1, 2], 50, 1),
        ([1, 2, 3], 50, 2),
        ([40, 10, 30, 20], 50, 20),
        (list(range(1, 21)), 95, 19),
        (list(range(1, 22)), 95, 20),
        (list(range(1, 101)), 95, 95),
    ],
)
def test_the_rank_is_the_nearest_one_above(values: list[int], percent: int, expected: int | None) -> None:
    assert nearest_rank(values, percent) == expected


def test_clearing_times_say_how_many_they_are() -> None:
    assert clearing([30, 10, 20]) == Clearing(3, 20, 30)
    assert clearing([]) == Clearing(0, None, None)


@pytest.mark.parametrize("percent", [0, 101, -5])
def test_what_is_no_percentage_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match="wanted 1 to 100"):
        nearest_rank([1], percent)


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(1, 100))
def test_enough_values_do_not_exceed_it_and_no_smaller_value_would_do(values: list[int], percent: int) -> None:
    found = nearest_rank(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    smaller = [value for value in values if value < found]
    assert not smaller or sum(value <= max(smaller) for value in values) * 100 < percent * len(values)
