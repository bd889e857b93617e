"""Cycles and overlaps against plain references: what is reachable from itself, what holds twice at an instant."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import AgentError
from agent.registers.topology import core, cycles, residue
from tests.agent.register_cases import registers
from tests.depth import examples

NODES = "abcdef"
GRAPHS = st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES + "x"), max_size=3, unique=True))


def reachable(ways: dict[str, list[str]], start: str) -> set[str]:
    """Everything that a node lives by, however far."""
    found: set[str] = set()
    left = list(ways.get(start, ()))
    while left:
        node = left.pop()
        if node not in found:
            found.add(node)
            left += ways.get(node, ())
    return found


@given(GRAPHS)
@settings(max_examples=examples(300), deadline=None)
def test_cycles_are_found_where_something_is_reachable_from_itself(ways):
    looped = {node for node in ways if node in reachable(ways, node)}
    found = list(cycles(ways))
    assert bool(found) == bool(looped)
    for cycle in found:
        assert set(cycle) <= looped
        for node, parent in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            assert parent in ways[node]
    assert sum(map(len, found)) == len(set().union(*found))
    rest = {node: parents for node, parents in ways.items() if node not in set().union(*found)}
    assert not residue(rest)


@given(GRAPHS)
@settings(max_examples=examples(300), deadline=None)
def test_the_core_has_every_cycle_and_no_end(ways):
    looped = {node for node in ways if node in reachable(ways, node)}
    kept = core(ways)
    assert looped <= set(kept)
    for node in kept:
        assert looped & ({node} | reachable(ways, node))


ROWS = st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(1, 9)), min_size=1, max_size=4)


@given(ROWS)
@settings(max_examples=examples(60), deadline=None)
def test_rows_are_taken_where_no_written_end_lies_after_the_next_begin(rows):
    ordered = sorted(rows, key=lambda row: row[0])
    begins = [begin for begin, _ in ordered]
    good = len(set(begins)) == len(begins) and all(end is None or end > begin for begin, end in rows)
    good = good and all(one[1] is None or one[1] <= other[0] for one, other in itertools.pairwise(ordered))
    lines = [f"a,平台,2025-0{begin}-01,{f'2025-0{end}-01' if end else ''}" for begin, end in rows]
    text = "\n".join(["platform_id,name,in_service_from,in_service_to", *lines]) + "\n"
    with registers() as store:
        try:
            taken = store.take("platforms", text).tally.added == len(rows)
        except AgentError:
            taken = False
    assert taken == good
