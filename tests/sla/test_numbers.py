"""V1, V3: exact comparison; display truncates and never flatters."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.numbers import meets, percent


@pytest.mark.parametrize(
    ("ratio", "decimals", "text"),
    [
        ((1, 1), 4, "100.0000"),
        ((0, 1), 4, "0.0000"),
        ((10**18 - 1, 10**18), 4, "99.9999"),
        ((2, 3), 2, "66.66"),
        ((118, 120), 2, "98.33"),
        ((19, 20), 2, "95.00"),
        ((31_378_319, 31_536_000), 4, "99.4999"),
        ((8700, 8760), 4, "99.3150"),
        ((8740, 8760), 4, "99.7716"),
        ((1, 3), 0, "33"),
        ((1, 100_000_000), 4, "0.0000"),
        ((1, 2000), 2, "0.05"),
        ((0, 0), 4, "-"),
        (None, 4, "-"),
    ],
)
def test_a_percentage_is_truncated(ratio: tuple[int, int] | None, decimals: int, text: str) -> None:
    assert percent(ratio, decimals) == text


COUNT = st.integers(0, 2**63)


@given(COUNT, st.integers(1, 2**63), st.integers(0, 8))
def test_what_is_printed_is_never_more_and_less_by_under_one_last_digit(n: int, d: int, decimals: int) -> None:
    n = min(n, d)
    shown, exact = Fraction(percent((n, d), decimals)), Fraction(100 * n, d)
    assert shown <= exact < shown + Fraction(1, 10**decimals)
    assert (shown == 100) == (n == d)


@given(COUNT, st.integers(1, 2**63), COUNT, st.integers(1, 2**63))
def test_comparison_is_exact(n: int, d: int, tn: int, td: int) -> None:
    assert meets((n, d), (tn, td)) == (Fraction(n, d) >= Fraction(tn, td))
    assert meets((n, d), (tn, td), strict=True) == (Fraction(n, d) > Fraction(tn, td))


def test_equality_meets_unless_the_target_is_strict() -> None:
    assert meets((19, 20), (95, 100))
    assert not meets((19, 20), (95, 100), strict=True)


@pytest.mark.parametrize("ratio", [(0, 0), (5, 0), (1, -1)])
def test_without_a_denominator_there_is_nothing_to_compare(ratio: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="denominator"):
        meets(ratio, (1, 2))


@pytest.mark.parametrize("ratio", [(-1, 5), (1, -5)])
def test_a_negative_part_is_refused(ratio: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="negative"):
        percent(ratio, 2)
