"""Figures of registers (C6): dated and accepted rows, uses, and signed measures."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.accepted import Item, Measure, Use, accepted, measured, used
from sla.model import Window
from tests.depth import examples

CUT = 1000
PERIOD = Window(100, CUT)


def item(
    name: str = "a", *dates: int | None, document: str = "doc", exempt: str = "", seen: bool | None = None
) -> Item:
    return Item(name, {f"step{n}": at for n, at in enumerate(dates)}, {"document": document}, exempt, seen)


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (item("a", 1, 2), "done"),
        (item("a", 1, CUT - 1), "done"),
        (item("a", 1, CUT), "partial"),
        (item("a", 1, None), "partial"),
        (item("a", None, 1), "partial"),
        (item("a", 1, 2, document=""), "partial"),
        (item("a", None, None), "not_done"),
        (item("a", CUT, CUT), "not_done"),
        (item("a"), "not_done"),
    ],
)
def test_what_is_done_in_part_counts_nothing(row: Item, status: str) -> None:
    found = accepted([row], CUT)
    assert found.lists[status] == ("a",)
    assert found.low == found.high == (int(status == "done"), 1)


def test_what_is_missing_is_said() -> None:
    assert accepted([item("a", 1, None, document="")], CUT).why == {"a": ("step1", "document")}


def test_exempt_rows_leave_the_denominator_and_are_listed() -> None:
    found = accepted([item("a", 1), item("b", 1, exempt="国发〔2021〕1号"), item("c", None)], CUT)
    assert (found.low, found.beside["exempt"]) == ((1, 2), ("b",))


def test_evidence_stands_beside_the_claim_and_changes_no_number() -> None:
    rows = [item("a", 1, seen=True), item("b", 1, seen=False), item("c", 1), item("d", None, seen=True)]
    found = accepted(rows, CUT)
    assert (found.low, found.claimed) == ((3, 4), (3, 4))
    assert (found.beside["seen"], found.beside["unseen"], found.beside["untold"]) == (("a",), ("b",), ("c",))


def test_a_claim_is_more_than_what_was_accepted() -> None:
    found = accepted([item("a", 1, 2), item("b", 1, None), item("c", None, 1)], CUT)
    assert (found.low, found.claimed) == ((1, 3), (2, 3))


def test_nothing_on_file_is_not_applicable() -> None:
    assert accepted([], CUT).low == used([], PERIOD, CUT).low == (0, 0)


@pytest.mark.parametrize(
    ("row", "low", "high"),
    [
        (Use("a", 1, 100, "doc"), (1, 1), (1, 1)),
        (Use("a", 1, 99, "doc"), (0, 1), (0, 1)),
        (Use("a", 1, None, "doc"), (0, 1), (0, 1)),
        (Use("a", 1, 100), (0, 1), (0, 1)),
        (Use("a", 1, CUT, "doc"), (0, 1), (1, 1)),
        (Use("a", None, 100, "doc"), (0, 0), (0, 0)),
        (Use("a", CUT, 100, "doc"), (0, 0), (0, 0)),
        (Use("a", 1, 100, "doc", exempt="doc"), (0, 0), (0, 0)),
    ],
)
def test_uses(row: Use, low: tuple[int, int], high: tuple[int, int]) -> None:
    found = used([row], PERIOD, CUT)
    assert (found.low, found.high) == (low, high)


def test_a_service_that_has_just_gone_online_does_not_count_yet() -> None:
    assert used([Use("a", 970, None)], PERIOD, CUT, online_for=30).d == 0
    assert used([Use("a", 969, None)], PERIOD, CUT, online_for=30).d == 1
    assert used([Use("a", CUT - 1, None)], PERIOD, CUT).d == 1
    assert used([Use("a", CUT, None)], PERIOD, CUT).d == 0


def measure(name: str, at: int, numerator: int, denominator: int | None = 100) -> Measure:
    pair = None if denominator is None else (denominator, 1)
    return Measure(name, at, (numerator, 1), pair, "doc", "signer")


def test_the_last_signed_figure_of_the_period_up_to_as_of() -> None:
    rows = [measure("m1", 99, 1), measure("m2", 100, 2), measure("m3", 500, 3), measure("m4", CUT, 4)]
    assert measured(rows, PERIOD, 2 * CUT).low == (3, 100)
    assert measured(rows, PERIOD, 500).low == (2, 100)
    assert measured(rows, PERIOD, 501).beside == {"measures": ("m3",)}
    assert measured(rows, PERIOD, 501).why == {"m3": ("doc, signer",)}


def test_without_a_figure_it_is_not_computable() -> None:
    found = measured([measure("m", 99, 1)], PERIOD, CUT)
    assert (found.low, "no signed figure" in found.not_computable) == ((0, 0), True)


def test_two_figures_of_one_date_that_differ_are_none() -> None:
    found = measured([measure("m", 500, 1), measure("n", 500, 2)], PERIOD, CUT)
    assert ("m, n" in found.not_computable, found.beside) == (True, {"measures": ("m", "n")})
    assert measured([measure("m", 500, 1), measure("n", 500, 1)], PERIOD, CUT).low == (1, 100)


def test_counts_and_scores_have_a_denominator_of_one() -> None:
    assert measured([measure("m", 500, 5210, None)], PERIOD, CUT).low == (5210, 1)
    score = Measure("m", 500, (785, 10), None, "doc", "signer")
    assert measured([score], PERIOD, CUT).low == (785, 10)


@settings(max_examples=examples(100))
@given(*[st.tuples(st.integers(1, 10**9), st.sampled_from([1, 10, 1000]))] * 2)
def test_decimals_stay_exact(numerator: tuple[int, int], denominator: tuple[int, int]) -> None:
    found = measured([Measure("m", 500, numerator, denominator, "d", "s")], PERIOD, CUT)
    assert Fraction(*found.low) == Fraction(*numerator) / Fraction(*denominator)


DATE = st.none() | st.sampled_from([1, CUT - 1, CUT])
ROWS = st.lists(
    st.tuples(st.lists(DATE, max_size=3), st.booleans(), st.booleans(), st.none() | st.booleans()), max_size=6
)


@settings(max_examples=examples(150))
@given(ROWS, st.data())
def test_parts_make_the_whole_and_a_lost_date_never_helps(
    rows: list[tuple[list[int | None], bool, bool, bool | None]], data: st.DataObject
) -> None:
    items = [
        item(f"i{n}", *dates, document="d" * document, exempt="e" * exempt, seen=seen)
        for n, (dates, document, exempt, seen) in enumerate(rows)
    ]
    found = accepted(items, CUT)
    assert sum(map(len, found.lists.values())) == found.d == sum(not each.exempt for each in items)
    assert found.n <= (found.claimed or (0, 0))[0] <= found.d
    if not items:
        return
    place = data.draw(st.integers(0, len(items) - 1))
    less = [*items]
    less[place] = less[place]._replace(dates=dict.fromkeys(less[place].dates))
    assert accepted(less, CUT).n <= found.n


def test_a_use_between_the_cut_off_and_the_period_s_end_is_a_later_one() -> None:
    found = used([Use("a", 1, CUT - 50, "doc", "")], PERIOD, CUT - 100)
    assert (found.low, found.high) == ((0, 1), (1, 1))
    assert found.lists["used_later"] == ("a",)


def test_a_row_without_any_step_claims_nothing() -> None:
    found = accepted([item("a"), item("b", 1)], CUT)
    assert found.claimed == (1, 2)
    assert found.beside["untold"] == ("b",)
