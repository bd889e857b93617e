"""Verdicts, targets and printed numbers by themselves (V1-V3): exact, strict where ">" is printed, never flattering."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.availability import Ratio
from sla.numbers import meets
from sla.verdict import (
    NO_TARGET,
    NUMBER,
    PERCENT,
    Op,
    Target,
    Verdict,
    allowed_misses,
    display,
    judge,
    parse_target,
    settled,
)
from tests.sla.worlds import examples

HOUR = 3_600_000_000
YEAR = 8760 * HOUR
LEAP = 8784 * HOUR


def percent(text: str) -> Target:
    return parse_target(2025, text, PERCENT)


# --- targets as printed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unit", "op", "value"),
    [
        ("99.5%", PERCENT, Op.GE, Fraction(199, 200)),
        ("100%", PERCENT, Op.GE, Fraction(1)),
        (">95%", PERCENT, Op.GT, Fraction(19, 20)),
        ("＞95％", PERCENT, Op.GT, Fraction(19, 20)),
        ("≥ 95 %", PERCENT, Op.GE, Fraction(19, 20)),
        ("/", PERCENT, Op.NONE, None),
        ("未整合", PERCENT, Op.TEXT, None),
        ("5000", NUMBER, Op.GE, Fraction(5000)),
        ("12万", "万", Op.GE, Fraction(120_000)),
        ("80 万", "万", Op.GE, Fraction(800_000)),
        ("30 个", "个", Op.GE, Fraction(30)),
        ("82.5", NUMBER, Op.GE, Fraction(165, 2)),
    ],
)
def test_a_printed_cell_is_read_exactly(text: str, unit: str, op: Op, value: Fraction | None) -> None:
    assert parse_target(2025, text, unit) == Target(2025, text, op, value)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("90", PERCENT), ("90%", NUMBER), ("90 %%", PERCENT), ("9O%", PERCENT), ("12万", NUMBER), ("12万", "个"),
     ("百分之九十", PERCENT), ("９0%", PERCENT), ("90%（试行）", PERCENT), ("-5%", PERCENT), ("1e3", NUMBER)],
)  # fmt: skip
def test_what_may_be_a_figure_is_never_taken_for_words(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match=r"^wanted "):
        parse_target(2025, text, unit)


# --- verdicts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "target", "verdict"),
    [
        ((0, HOUR), (HOUR, HOUR), "99.5%", Verdict.UNDETERMINED),  # vector 1
        ((YEAR - 157_680_000_000, YEAR), (YEAR - 157_680_000_000, YEAR), "99.5%", Verdict.MET),  # vector 2
        ((YEAR - 157_681_000_000, YEAR), (YEAR - 157_681_000_000, YEAR), "99.5%", Verdict.MISSED),
        ((LEAP - 157_680_000_000, LEAP), (LEAP - 157_680_000_000, LEAP), "99.5%", Verdict.MET),  # vector 3
        ((8700, 8760), (8740, 8760), "99.5%", Verdict.UNDETERMINED),  # vector 4
        ((8700, 8760), (8740, 8760), "99%", Verdict.MET),
        ((118, 120), (118, 120), "99%", Verdict.MISSED),  # vector 5
        ((19, 20), (19, 20), "95%", Verdict.MET),  # vector 6
        ((19, 20), (19, 20), ">95%", Verdict.MISSED),
        ((96, 100), (96, 100), "100%", Verdict.MISSED),  # vector 20
        ((50, 51), (50, 50), "99%", Verdict.UNDETERMINED),  # vector 37
        ((0, 0), (0, 0), "99%", Verdict.NOT_APPLICABLE),
        ((0, 1), (0, 0), "99%", Verdict.UNDETERMINED),  # nothing rated, but a gap may hide a late fault
        (None, None, "99%", Verdict.UNDETERMINED),
        ((5, 5), (5, 5), "/", Verdict.NO_TARGET),
        ((0, 0), (0, 0), "/", Verdict.NO_TARGET),
        ((5, 5), (5, 5), "未整合", Verdict.NO_TARGET),
    ],
)
def test_the_verdict_is_the_first_that_holds(
    low: Ratio | None, high: Ratio | None, target: str, verdict: Verdict
) -> None:
    assert judge(low, high, percent(target)) is verdict


def test_what_cannot_be_computed_is_said_before_nothing_to_rate_and_after_no_target() -> None:
    assert judge((0, 0), (0, 0), percent("99%"), computable=False) is Verdict.NOT_COMPUTABLE
    assert judge(None, None, percent("/"), computable=False) is Verdict.NO_TARGET


def test_an_advisory_target_binds_nobody() -> None:
    assert judge((5, 5), (5, 5), percent("90%")._replace(advisory=True)) is Verdict.NO_TARGET
    assert judge((5, 5), (5, 5), NO_TARGET) is Verdict.NO_TARGET


def test_a_count_is_compared_as_it_is() -> None:
    target = parse_target(2025, "12万", "万")
    assert judge((120_000, 1), (120_000, 1), target) is Verdict.MET
    assert judge((119_999, 1), (119_999, 1), target) is Verdict.MISSED


@pytest.mark.parametrize(
    ("worst", "best", "is_settled"),
    [("met", "met", True), ("missed", "missed", True), ("missed", "met", False), ("no_target", "no_target", False)],
)
def test_a_running_period_is_decided_when_both_ends_agree(worst: str, best: str, is_settled: bool) -> None:
    assert settled(Verdict(worst), Verdict(best)) is is_settled


# --- numbers as printed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "target", "decimals", "text"),
    [
        ((YEAR - 157_680_000_000, YEAR), "99.5%", 4, "99.5000%"),  # vector 2
        ((YEAR - 157_681_000_000, YEAR), "99.5%", 4, "99.4999%"),
        ((LEAP - 157_680_000_000, LEAP), "99.5%", 4, "99.5013%"),  # vector 3
        ((8700, 8760), "99.5%", 4, "99.3150%"),  # vector 4
        ((118, 120), "99%", 2, "98.33%"),  # vector 5
        ((19, 20), ">95%", 2, "95.00%"),  # vector 6
        ((96, 100), "100%", 2, "96.00%"),
        ((10**9 - 1, 10**9), "100%", 2, "99.99%"),
        ((7, 7), "100%", 2, "100%"),
        ((8, 7), "100%", 2, "114.28%"),
        ((999_954, 1_000_000), "99.9955%", 2, "99.9954%"),  # two decimals would print it like its target
        ((99_994, 100_000), "99.995%", 2, "99.994%"),  # and no more digits than it takes
        ((10**43 - 2, 10**43), "99." + 41 * "9" + "%", 2, "99." + 40 * "9" + "%"),  # 40 at most
        ((0, 7), "90%", 2, "0.00%"),
        ((0, 0), "90%", 2, "-"),
        (None, "90%", 2, "-"),
    ],
)
def test_numbers_are_cut_and_never_look_like_a_target_they_miss(
    ratio: Ratio | None, target: str, decimals: int, text: str
) -> None:
    assert display(ratio, percent(target), decimals) == text


@pytest.mark.parametrize(
    ("ratio", "unit", "text"),
    [
        ((120_000, 1), "万", "12万"),
        ((125_500, 1), "万", "12.55万"),
        ((30, 1), "个", "30个"),
        ((413, 5), NUMBER, "82.6"),
        ((5000, 1), NUMBER, "5000"),
        ((1, 3), NUMBER, "0.3333"),
    ],
)
def test_a_count_is_printed_in_the_plans_unit(ratio: Ratio, unit: str, text: str) -> None:
    assert display(ratio, NO_TARGET, 2, unit) == text


# --- allowed misses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "target", "allowed"),
    [(120, "99%", 1), (20, "95%", 1), (20, ">95%", 0), (19, "95%", 0), (99, "99%", 0), (100, "99%", 1),
     (0, "99%", None), (7, "/", None), (7, "100%", 0)],
)  # fmt: skip
def test_allowed_misses(n: int, target: str, allowed: int | None) -> None:
    assert allowed_misses(n, percent(target)) == allowed


TARGETS = st.builds(
    lambda value, strict: Target(2025, "x", Op.GT if strict else Op.GE, value),
    st.fractions(0, 1, max_denominator=10_000),
    st.booleans(),
)


@examples(300)
@given(st.integers(1, 400), TARGETS)
def test_allowed_misses_is_the_largest_number_that_still_meets(n: int, target: Target) -> None:
    found = allowed_misses(n, target)
    meeting = [k for k in range(n + 1) if meets((n - k, n), target.ratio, strict=target.strict)]
    assert found == max(meeting, default=0)


# --- what always holds -------------------------------------------------------------------------------------------


@examples(300)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(1, 20), TARGETS)
def test_a_verdict_holds_for_every_value_that_the_unknown_may_take(
    up: int, down: int, unknown: int, taken: int, target: Target
) -> None:
    whole = up + down + unknown
    if not whole:
        return
    verdict = judge((up, whole), (up + unknown, whole), target)
    inner = up + min(unknown, taken)
    alone = judge((inner, whole), (inner, whole), target)
    assert verdict in (alone, Verdict.UNDETERMINED)


@examples(300)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), TARGETS)
def test_what_is_not_known_never_helps(up: int, down: int, more: int, target: Target) -> None:
    whole = up + down + more
    if not whole:
        return
    blind = judge((up, whole), (up + more, whole), target)
    good = judge((up + more, whole), (up + more, whole), target)
    bad = judge((up, whole), (up, whole), target)
    assert blind is not Verdict.MET or bad is Verdict.MET
    assert blind is not Verdict.MISSED or good is Verdict.MISSED


@examples(500)
@given(st.integers(0, 10**9), st.integers(1, 10**9), TARGETS, st.sampled_from((0, 2, 4)))
def test_what_is_printed_never_crosses_the_target(up: int, down: int, target: Target, decimals: int) -> None:
    ratio = (up, up + down)
    printed = display(ratio, target, decimals)
    value = Fraction(printed.removesuffix("%")) / 100
    assert value <= Fraction(*ratio)
    if not meets(ratio, target.ratio):
        assert value < Fraction(*target.ratio)
        assert printed != display(target.ratio, NO_TARGET, len(printed.removesuffix("%").partition(".")[2]))


@pytest.mark.parametrize("bounds", [(None, (1, 1)), ((1, 1), None), (None, None)])
def test_a_bound_that_nobody_knows_decides_nothing(
    bounds: tuple[tuple[int, int] | None, tuple[int, int] | None],
) -> None:
    assert judge(*bounds, parse_target(2025, "99%", PERCENT)) is Verdict.UNDETERMINED


@pytest.mark.parametrize(("unit", "many"), [("万", 10_000), ("万人", 10_000), ("个", 1), ("个万", 1)])
def test_one_of_a_unit_is_as_many_as_its_first_sign_says(unit: str, many: int) -> None:
    assert parse_target(2025, f"12{unit}", unit).value == 12 * many


def test_a_wrong_unit_is_told_by_what_the_row_asks_for() -> None:
    with pytest.raises(ValueError, match="wanted the row's unit 个 behind the number"):
        parse_target(2025, "12万", "个")
    with pytest.raises(ValueError, match="wanted no unit behind the number"):
        parse_target(2025, "12个", NUMBER)
