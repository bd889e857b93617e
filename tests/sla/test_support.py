"""业务支撑率 (C4): demands, fullness, limits and N-1, with what nobody measured in the bounds."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.bins import BIN_US
from sla.model import Degraded, State, Window
from sla.support import Line, Quality, Rates, Support, System, quality, support
from sla.timeline import Span
from tests.depth import examples

MEGA = 1_000_000
STARTS = [n * BIN_US for n in range(100)]
GOOD = Quality(100, 100, 100)


def flat(mbps: int, known: int = 100) -> Rates:
    return {start: Fraction(mbps * MEGA) for start in STARTS[:known]}


def line(
    name: str = "L", mbps: int = 100, load: int = 50, *, known: int = 100, group: str = "", kept: Quality = GOOD
) -> Line:
    """A line of so many Mbit/s, as full in each known bin of one direction, idle in the other."""
    busy = dict.fromkeys(STARTS, mbps * MEGA)
    return Line(name, mbps * MEGA, group, busy, (flat(load, known), flat(0, known)), kept)


def system(name: str = "s", mbps: int | None = 10, links: tuple[str, ...] = ("L",)) -> System:
    return System(name, None if mbps is None else mbps * MEGA, links)


def status(found: Support, name: str = "s") -> str:
    (status,) = (word for word, ids in found.headline.lists.items() if name in ids)
    return status


def test_a_system_with_room_is_supported() -> None:
    found = support([system()], [line()]).headline
    assert (found.low, found.high, found.why) == ((1, 1), (1, 1), {})


def test_demands_add_up_on_a_link_to_no_more_than_was_contracted() -> None:
    fits = [system("a", 60), system("b", 40)]
    assert support(fits, [line()]).headline.low == (2, 2)
    over = support([*fits, system("c", 1)], [line()]).headline
    assert over.high == (0, 3)
    assert over.why["c"] == ("L: demands of 101000000 bit/s, contracted 100000000 bit/s",)


@pytest.mark.parametrize(("load", "expected"), [(70, "supported"), (71, "unsupported")])
def test_the_95th_percentile_keeps_70_percent(load: int, expected: str) -> None:
    assert status(support([system()], [line(load=load)])) == expected


def test_the_fuller_direction_counts() -> None:
    one = line()
    back = one._replace(ways=(one.ways[1], flat(71)))
    assert status(support([system()], [back])) == "unsupported"


def test_five_of_a_hundred_bins_may_be_fuller_and_a_sixth_may_not() -> None:
    """Nearest rank: the 95th of 100."""
    for full, expected in ((5, "supported"), (6, "unsupported")):
        rates = {**flat(50), **{start: Fraction(99 * MEGA) for start in STARTS[:full]}}
        assert status(support([system()], [line()._replace(ways=(rates, flat(0)))])) == expected


def test_unknown_bins_lie_between_the_bounds() -> None:
    found = support([system()], [line(known=94)]).headline
    assert (found.low, found.high) == ((0, 1), (1, 1))
    assert found.why["s"] == ("L: traffic known in 94 of 100 busy bins",)
    assert support([system()], [line(known=95)]).headline.low == (1, 1)
    assert support([system()], [line(known=0)]).headline.high == (1, 1)


@pytest.mark.parametrize(
    ("kept", "low", "high"),
    [
        (Quality(99, 100, 100), 1, 1),
        (Quality(98, 100, 100), 0, 0),
        (Quality(98, 98, 100), 0, 1),  # two bins unmeasured: 98 or 100 of 100
        (Quality(98, 99, 100), 0, 1),  # one outside, one unmeasured: 98 or 99 of 100
        (Quality(97, 99, 100), 0, 0),
        (Quality(0, 0, 100), 0, 1),
        (Quality(0, 0, 0), 0, 1),
    ],
)
def test_loss_and_rtt_keep_their_limits_in_99_percent_of_bins(kept: Quality, low: int, high: int) -> None:
    found = support([system()], [line(kept=kept)]).headline
    assert (found.low, found.high) == ((low, 1), (high, 1))


def test_every_link_that_it_needs_must_do() -> None:
    found = support([system(links=("L", "M"))], [line(), line("M", load=90)])
    assert found.headline.why["s"] == ("M: the 95th percentile of busy hours is over 70 %",)
    assert status(found) == "unsupported"


def test_no_demand_on_file_is_not_supported_in_the_low_bound_and_listed() -> None:
    found = support([system(mbps=None)], [line()]).headline
    assert (found.low, found.high, found.lists["no_demand"]) == ((0, 1), (1, 1), ("s",))


def test_no_link_on_file_and_an_unknown_link_are_undetermined() -> None:
    found = support([system("a", links=()), system("b", links=("X",))], [line()]).headline
    assert found.lists["undetermined"] == ("a", "b")
    assert found.why == {"a": ("no link on file",), "b": ("X: no such link in service at the cut-off",)}


def test_no_systems_are_not_applicable() -> None:
    assert support([], [line()]).headline.low == (0, 0)


def test_a_system_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two statuses"):
        support([system(), system()], [line()])


def test_n_minus_1_carries_all_traffic_over_what_is_left() -> None:
    """Two lines of 100 with 35 each: 70 of 100 when one is gone; with 36 each 72."""
    pair = [line("L", load=35, group="g"), line("M", load=35, group="g")]
    assert support([system()], pair).n_minus_1.low == (1, 1)
    fuller = [each._replace(ways=(flat(36), flat(0))) for each in pair]
    found = support([system()], fuller)
    assert (found.headline.low, found.n_minus_1.high) == ((1, 1), (0, 1))
    assert found.n_minus_1.why["s"] == ("L+M: the 95th percentile of busy hours is over 70 %",)


def test_n_minus_1_removes_the_largest_line_and_asks_what_is_left() -> None:
    """200 and 100: what is left is 100. A demand of 110 on both lines is asked of the group once."""
    pair = [line("L", 200, 10, group="g"), line("M", 100, 10, group="g")]
    found = support([system(mbps=100, links=("L", "M"))], pair)
    assert (found.headline.low, found.n_minus_1.low) == ((1, 1), (1, 1))
    over = support([system(mbps=110, links=("L",))], pair)
    assert (over.headline.low, over.n_minus_1.high) == ((1, 1), (0, 1))


def test_n_minus_1_of_a_line_alone_leaves_nothing() -> None:
    found = support([system()], [line()]).n_minus_1
    assert (found.high, found.why["s"]) == ((0, 1), ("L: no line carries for it",))


def test_n_minus_1_knows_a_bin_only_where_all_lines_are_known() -> None:
    pair = [line("L", load=30, group="g"), line("M", load=30, known=90, group="g")]
    found = support([system(links=("L",))], pair)
    assert (found.headline.low, found.n_minus_1.low, found.n_minus_1.high) == ((1, 1), (0, 1), (1, 1))


UP, LOSS = Degraded.NONE, Degraded.LOSS


def test_bins_inside_the_limits() -> None:
    minute = BIN_US // 5
    spans = [
        Span(0, BIN_US, State.UP),
        Span(BIN_US, BIN_US + minute, State.DEGRADED, LOSS),
        Span(BIN_US + minute, 2 * BIN_US, State.UP),
        Span(2 * BIN_US, 2 * BIN_US + minute, State.UNKNOWN),
        Span(2 * BIN_US + minute, 3 * BIN_US + 1, State.DEGRADED, Degraded.BLIP),
        Span(3 * BIN_US + 1, 4 * BIN_US, State.UNKNOWN),
        Span(4 * BIN_US, 4 * BIN_US + 1, State.DOWN),
    ]
    expected = [Quality(1, 1, 1), Quality(0, 1, 1), Quality(1, 1, 1), Quality(0, 0, 1), Quality(0, 1, 1)]
    judged = [Window(span.start, span.end) for span in spans if span.state is not State.UNKNOWN]
    assert [quality(spans, judged, [n * BIN_US]) for n in range(5)] == expected
    assert quality(spans, judged, [n * BIN_US for n in range(6)]) == Quality(2, 4, 6)


def test_a_bin_is_measured_only_where_probes_were_held_against_limits() -> None:
    """An interface that is up has measured no loss; one that is DOWN has lost everything."""
    up = [Span(0, 3 * BIN_US, State.UP)]
    share = BIN_US * 80 // 100
    assert quality(up, [], [0, BIN_US]) == Quality(0, 0, 2)
    assert quality(up, [Window(0, share)], [0, BIN_US]) == Quality(1, 1, 2)
    assert quality(up, [Window(0, share - 1)], [0]) == Quality(0, 0, 1)
    assert quality(up, [Window(1, 2), Window(BIN_US - share + 1, BIN_US + share)], [0, BIN_US]) == Quality(2, 2, 2)
    assert quality([Span(0, 1, State.DOWN), *up], [], [0]) == Quality(0, 1, 1)


LOAD = st.sampled_from([0, 30, 35, 36, 70, 71, 100])
KEPT = st.tuples(st.integers(90, 100), st.integers(90, 100)).map(lambda pair: Quality(min(pair), max(pair), 100))
LINES = st.lists(st.tuples(st.sampled_from([50, 100]), LOAD, st.integers(90, 100), KEPT, st.sampled_from(["", "g"])),
                 min_size=1, max_size=3)  # fmt: skip
SYSTEMS = st.lists(
    st.tuples(st.none() | st.integers(0, 120), st.lists(st.integers(0, 3), max_size=3, unique=True)), max_size=4
)


@settings(max_examples=examples(150))
@given(LINES, SYSTEMS, st.integers(0, 2))
def test_unknown_never_helps_and_parts_make_the_whole(
    rows: list[tuple[int, int, int, Quality, str]], asked: list[tuple[int | None, list[int]]], blinded: int
) -> None:
    lines = [
        line(f"L{n}", mbps, load, known=known, group=group, kept=kept)
        for n, (mbps, load, known, kept, group) in enumerate(rows)
    ]
    systems = [system(f"s{n}", mbps, tuple(f"L{k}" for k in links)) for n, (mbps, links) in enumerate(asked)]
    blind = [*lines]
    blind[blinded % len(lines)] = blind[blinded % len(lines)]._replace(ways=({}, {}), quality=Quality(0, 0, 100))
    before, after = support(systems, lines), support(systems, blind)
    for one, other in ((before.headline, after.headline), (before.n_minus_1, after.n_minus_1)):
        assert sum(map(len, one.lists.values())) == one.d == len(systems)
        assert other.n <= one.n <= one.high[0] <= other.high[0]
