"""Packed marks are the same marks."""

from hypothesis import given
from hypothesis import strategies as st

from agent.stores.packedmarks import PackedMarks
from sla.model import Cause, Degraded, State
from sla.timeline import Mark

MARKS = st.lists(
    st.builds(
        Mark,
        st.integers(-(2**62), 2**62),
        st.sampled_from(State),
        st.integers(0, 2**17 - 1).map(Degraded),
        st.sampled_from(Cause),
        st.just(0),
    )
)


@given(st.dictionaries(st.integers(1, 50), MARKS))
def test_what_was_packed_comes_back(everything: dict[int, list[Mark]]) -> None:
    packed = PackedMarks(everything.items())
    assert {component: packed.of(component) for component in everything} == everything


@given(st.dictionaries(st.integers(1, 5), MARKS, min_size=1))
def test_what_was_taken_is_gone_and_the_others_stay(everything: dict[int, list[Mark]]) -> None:
    packed = PackedMarks(everything.items())
    first, *others = everything
    assert packed.take(first) == everything[first]
    assert packed.take(first) == packed.of(first) == []
    assert [packed.of(other) for other in others] == [everything[other] for other in others]


def test_of_what_has_no_edges_nothing_stands() -> None:
    assert PackedMarks([]).of(7) == PackedMarks([]).take(7) == []
