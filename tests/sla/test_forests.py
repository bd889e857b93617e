"""Random forests: what derive finds is what the naive reference finds, whatever way the edges came in.

A world is drawn on a grid of 30 s, on which every border of the rules lies (tol 180 s, 10 min, 3 h, 24 h). Items fail
near common instants, or hardly anything would ever stand in the way of anything.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.faults import DeskRow, Outcome, Places
from sla.maintenance import union
from sla.model import Cause, Degraded, State, Window
from sla.rootcause import Derived, begin, derive, settle, step, thinned
from sla.timeline import Mark, fold
from sla.topology import Graph, Item, Way
from tests import depth
from tests.sla import fault_oracle as oracle
from tests.sla.fault_oracle import HOUR, MINUTE, Node, OneWay, World

pytestmark = pytest.mark.torture

TICK = 30 * oracle.SECOND
BASE = 1_772_380_800_000_000
ALWAYS = Window(0, oracle.NEVER)
PAUSES = (1, 2, 6, 19, 20, 21, 40, 120, 355, 361, 2880)
"""Ticks between common instants: round tol, round 10 min, an hour, round 3 h, a day."""

KINDS = (
    (State.UP, Cause.PROBE),
    (State.UP, Cause.PROBE),
    (State.UP, Cause.PROBE),
    (State.DEGRADED, Cause.PROBE),
    (State.DOWN, Cause.PROBE),
    (State.DOWN, Cause.PROBE),
    (State.DOWN, Cause.PROBE),
    (State.DOWN, Cause.PROBE),
    (State.UNKNOWN, Cause.NO_READING),
    (State.UNKNOWN, Cause.NO_READING),
    (State.UNKNOWN, Cause.WITHDRAWN),
    (State.OUT, Cause.PROBE),
)


# --- worlds ----------------------------------------------------------------------------------------------------


def random_world(pick: random.Random, *, most: int = 6) -> World:
    """A few items in the order of their depth, with ways to those before them."""
    common = [0]
    for _ in range(pick.randint(1, 7)):
        common.append(common[-1] + pick.choice(PAUSES))
    names = [f"t{i}" for i in range(pick.randint(1, most))]
    nodes = tuple(_node(pick, names[:i], name, common) for i, name in enumerate(names))
    histories = {name: _history(pick, common) for name in names}
    planned = {name: _windows(pick, common) for name in names if pick.random() < 0.3}
    as_of = _instant(pick, common) if pick.random() < 0.3 else BASE + (common[-1] + pick.choice((1, 7, 30, 400))) * TICK
    return World(nodes, histories, planned, as_of)


def _node(pick: random.Random, above: list[str], name: str, common: list[int]) -> Node:
    interval = pick.choice((30, 60, 60, 60, 300)) * oracle.SECOND
    if not above or pick.random() < 0.1:
        return Node(name, interval)
    ways = _ways(pick, above)
    if pick.random() < 0.85:
        return Node(name, interval, ((ALWAYS, ways),))
    border = _instant(pick, common)
    later = _ways(pick, above) if pick.random() < 0.7 else ()
    return Node(name, interval, ((Window(0, border), ways), (Window(border, oracle.NEVER), later)))


def _ways(pick: random.Random, above: list[str]) -> tuple[OneWay, ...]:
    return tuple(_way(pick, above) for _ in range(pick.choice((1, 1, 1, 2, 2, 3))))


def _way(pick: random.Random, above: list[str]) -> OneWay:
    if pick.random() < 0.05:
        return 1, ("nobody",)
    members = tuple(pick.sample(above, min(len(above), pick.choice((1, 1, 1, 2, 3)))))
    return pick.choice((1, len(members), pick.randint(1, len(members)))), members


def _history(pick: random.Random, common: list[int]) -> list[Mark]:
    marks = []
    for at in sorted({_instant(pick, common) for _ in range(pick.randint(0, 7))}):
        state, cause = pick.choice(KINDS)
        marks.append(Mark(at, state, Degraded.LOSS if state is State.DEGRADED else Degraded.NONE, cause))
    return fold(marks)


def _windows(pick: random.Random, common: list[int]) -> list[Window]:
    ends = [sorted((_instant(pick, common), _instant(pick, common))) for _ in range(pick.choice((1, 1, 2)))]
    return union(Window(start, end) for start, end in ends)


def _instant(pick: random.Random, common: list[int]) -> int:
    return BASE + (pick.choice(common) + pick.choice((-7, -6, -4, -1, 0, 0, 0, 1, 2, 6, 7, 11))) * TICK


# --- the engine's words ----------------------------------------------------------------------------------------


def graph_of(world: World) -> Graph:
    return Graph(
        [
            Item(n.id, "node", n.interval, tuple((w, tuple(Way(*way) for way in ways)) for w, ways in n.ways))
            for n in world.nodes
        ]
    )


def engine(world: World) -> Derived:
    graph = graph_of(world)
    return derive(graph, begin(graph, world.histories, world.planned), world.as_of)


Plain = tuple[Sequence[object], Sequence[object]]


def plain(found: Derived) -> Plain:
    """In the words of the reference, so that a difference can be read."""
    faults = [
        (f.root, f.start, f.onset, f.restored, f.outcome.value, f.members, f.overrun, f.residual, f.repeat, f.withdrawn)
        for f in found.faults
    ]
    return sorted(faults), sorted(tuple(p) for p in found.planned)


def reference(world: World) -> Plain:
    said = oracle.verdicts(world)
    planned = [(p.root, p.onset, p.restored, p.members, p.window) for p in said.planned]
    return sorted(astuple(f) for f in said.faults), sorted(planned)


# --- begin -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", range(8))
def test_thousands_of_random_forests_come_out_as_the_reference_says(block: int) -> None:
    many = depth.examples(500)
    for seed in range(block * many, (block + 1) * many):
        world = random_world(random.Random(seed))
        assert plain(engine(world)) == reference(world), f"seed {seed}: {world}"


@settings(max_examples=depth.examples(60), deadline=None)
@given(st.randoms(use_true_random=False))
def test_faults_members_and_flags_are_those_of_the_reference(pick: random.Random) -> None:
    world = random_world(pick)
    assert plain(engine(world)) == reference(world)


@settings(max_examples=depth.examples(40), deadline=None)
@given(st.randoms(use_true_random=False))
def test_every_as_of_is_answered_by_one_state(pick: random.Random) -> None:
    world = random_world(pick)
    graph = graph_of(world)
    state = begin(graph, world.histories, world.planned)
    for as_of in [_instant(pick, [0, 20, 400]) for _ in range(4)]:
        assert plain(derive(graph, state, as_of)) == reference(replace(world, as_of=as_of))


def test_a_fault_that_is_what_it_was_is_not_made_anew_until_its_outcome_is_another() -> None:
    """A storm has tens of thousands, and each look would make them all again."""
    down = Mark(BASE, State.DOWN, Degraded.NONE, Cause.PROBE)
    graph = Graph([Item("a", "node", 60_000_000, ())])
    state = begin(graph, {"a": [down]}, {})
    first, later, late = (derive(graph, state, BASE + hours * 3_600_000_000).faults[0] for hours in (1, 2, 4))
    assert later is first
    assert (first.outcome, late) == (Outcome.PENDING, replace(first, outcome=Outcome.LATE))


@settings(max_examples=depth.examples(300), deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_kept_between_looks_says_what_would_be_found_anew(seed: int) -> None:
    """Order, priorities, repeats and words of the desk too; by these places or those, at any instant."""
    pick = random.Random(seed)
    world = random_world(pick)
    graph, told, clock = graph_of(world), dict[str, list[Mark]](), BASE
    kept = begin(graph, {}, world.planned)
    towns = [random_places(pick, world) for _ in range(2)]
    for name, mark in interleaved(pick, world.histories):
        step(graph, kept, name, mark)
        told.setdefault(name, []).append(mark)
        clock = max(clock, mark.at) + TICK * pick.choice((0, 1, 20, 360, 400))
        places, desk = pick.choice(towns), random_desk(pick, world, clock)
        as_of = clock if pick.random() < 0.9 else clock - pick.randint(0, 900) * TICK
        anew = derive(graph, begin(graph, told, world.planned), as_of, desk, places)
        causes = {fault.id: pick.choice(("power", "fibre")) for fault in anew.faults}
        for causes_told in ({}, causes):
            found = derive(graph, kept, as_of, desk, places, causes_told)
            assert found == derive(graph, begin(graph, told, world.planned), as_of, desk, places, causes_told)
            assert list(found.faults) == sorted(found.faults, key=lambda fault: (fault.start, fault.root))


def random_places(pick: random.Random, world: World) -> Places:
    """Sites at which items stand, some with items of the world as their lines."""
    names = [node.id for node in world.nodes]
    sites = [f"S{number}" for number in range(pick.randint(1, 3))]
    site_of = {name: pick.choice(sites) for name in names if pick.random() < 0.8}
    lines_of = {site: tuple(pick.sample(names, pick.randint(1, len(names)))) for site in sites if pick.random() < 0.5}
    counties = frozenset(site for site in sites if pick.random() < 0.3)
    return Places(site_of=site_of, lines_of=lines_of, counties=counties, sites=len(sites) * pick.choice((1, 5)))


def random_desk(pick: random.Random, world: World, clock: int) -> list[DeskRow]:
    """What was reported so far, of an item or of what nobody probes."""
    rows = []
    for number in range(pick.choice((0, 0, 2, 6))):
        root = pick.choice([*(node.id for node in world.nodes), "elsewhere"])
        seen = [mark.at for mark in world.histories.get(root, ()) if mark.at < clock] or [clock]
        reported = pick.choice(seen) - pick.randint(0, 360) * TICK
        rows.append(DeskRow(f"D-{number}", root, reported, pick.choice((None, reported - TICK))))
    return rows


# --- step ------------------------------------------------------------------------------------------------------

Edges = list[tuple[str, Mark]]


def interleaved(pick: random.Random, histories: Mapping[str, Sequence[Mark]]) -> Edges:
    """Each item's edges in their order, the items' in any."""
    waiting = {name: list(marks) for name, marks in histories.items() if marks}
    out: Edges = []
    while waiting:
        name = pick.choice(sorted(waiting))
        out.append((name, waiting[name].pop(0)))
        if not waiting[name]:
            del waiting[name]
    return out


def with_wrong_tails(pick: random.Random, histories: Mapping[str, Sequence[Mark]]) -> Mapping[str, Sequence[Mark]]:
    """Before a mark, others of that time or later, which it cuts off."""
    return {name: [m for mark in marks for m in (*_wrong(pick, mark), mark)] for name, marks in histories.items()}


def _wrong(pick: random.Random, mark: Mark) -> list[Mark]:
    out, at = [], mark.at
    for _ in range(pick.choice((0, 0, 1, 3))):
        state, cause = pick.choice(KINDS)
        out.append(Mark(at, state, Degraded.NONE, cause))
        at += pick.choice((1, 6, 20, 400)) * TICK
    return out


def stepped(pick: random.Random, world: World, edges: Edges) -> Derived:
    """From a store that knew nothing; in between it is looked at, by any clock, and reported."""
    graph = graph_of(world)
    state = begin(graph, {}, world.planned)
    for name, mark in edges:
        step(graph, state, name, mark)
        if pick.random() < 0.3:
            for _ in settle(graph, state, pick.choice((mark.at, mark.at + TICK, mark.at + 7 * TICK, world.as_of))):
                pass
        if pick.random() < 0.1:
            derive(graph, state, pick.choice((mark.at + TICK, world.as_of)))
    return derive(graph, state, world.as_of)


@pytest.mark.parametrize("block", range(4))
def test_edges_in_any_order_between_items_make_the_same_faults(block: int) -> None:
    many = depth.examples(200)
    for seed in range(block * many, (block + 1) * many):
        pick = random.Random(seed)
        world = random_world(pick)
        edges = interleaved(pick, with_wrong_tails(pick, world.histories))
        told: dict[str, list[Mark]] = {}
        for name, mark in edges:
            told.setdefault(name, []).append(mark)
        world = replace(world, histories={name: fold(marks) for name, marks in told.items()})
        assert plain(stepped(pick, world, edges)) == reference(world), f"seed {seed}: {world} {edges}"


@settings(max_examples=depth.examples(40), deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_wrong_tail_that_is_cut_off_leaves_no_trace(pick: random.Random) -> None:
    world = random_world(pick, most=4)
    edges = interleaved(pick, with_wrong_tails(pick, world.histories))
    told = {name: fold([mark for who, mark in edges if who == name]) for name, _ in edges}
    world = replace(world, histories=told)
    assert plain(stepped(pick, world, edges)) == plain(engine(world))


@settings(max_examples=depth.examples(100), deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_history_that_is_thinned_says_the_same_of_now_and_of_every_outage(pick: random.Random) -> None:
    world = random_world(pick, most=4)
    graph = graph_of(world)
    thin = {name: thinned(marks, world.as_of) for name, marks in world.histories.items()}
    for name, marks in world.histories.items():
        known = [mark for mark in marks if mark.at < world.as_of]
        assert known[-1:] == [mark for mark in thin[name] if mark.at < world.as_of][-1:]
        assert [mark for mark in marks if mark.at >= world.as_of] == [m for m in thin[name] if m.at >= world.as_of]
    assert plain(derive(graph, begin(graph, thin, world.planned), world.as_of)) == plain(engine(world))


def test_what_blips_for_days_is_kept_in_a_few_marks() -> None:
    """A camera that is DEGRADED every other minute; in the middle it was DOWN."""
    graph = graph_of(World((Node("c", MINUTE),), {}, {}, BASE))
    state, told = begin(graph, {}, {}), []
    for minute in range(3000):
        kind = State.DOWN if minute == 1500 else (State.UP, State.DEGRADED)[minute % 2]
        told.append(Mark(BASE + minute * MINUTE, kind, Degraded.LOSS, Cause.PROBE))
        step(graph, state, "c", told[-1])
        found = derive(graph, state, told[-1].at + TICK)
        assert state.histories["c"][-1] == told[-1]
    assert found == derive(graph, begin(graph, {"c": told}, {}), told[-1].at + TICK)
    assert len(found.faults) == 1
    assert len(state.histories["c"]) < 10
    assert len(thinned(told, told[-1].at + TICK)) < 10


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_way_that_is_known_to_be_out_of_service_only_later_is_looked_at_again(order: tuple[int, ...]) -> None:
    """c has two ways: p is DOWN, r out of service and back. What is said of r changes no outage of r, but that of c."""
    nodes = (Node("p", MINUTE), Node("r", MINUTE), Node("c", MINUTE, ((ALWAYS, ((1, ("p",)), (1, ("r",)))),)))
    edges = [
        ("p", Mark(BASE, State.DOWN, Degraded.NONE, Cause.PROBE)),
        ("r", Mark(BASE, State.OUT, Degraded.NONE, Cause.PROBE)),
        ("c", Mark(BASE + HOUR, State.DOWN, Degraded.NONE, Cause.PROBE)),
        ("r", Mark(BASE + HOUR // 2, State.UP, Degraded.NONE, Cause.PROBE)),
    ]
    told: dict[str, list[Mark]] = {}
    graph = graph_of(World(nodes, {}, {}, 0))
    state = begin(graph, {}, {})
    for number in order:
        name, mark = edges[number]
        step(graph, state, name, mark)
        told.setdefault(name, []).append(mark)
        world = World(nodes, {who: fold(marks) for who, marks in told.items()}, {}, BASE + 2 * HOUR)
        assert plain(derive(graph, state, world.as_of)) == reference(world)


def test_what_settle_tells_of_opened_and_joined_faults_adds_up_to_the_faults() -> None:
    for seed in range(depth.examples(150)):
        pick = random.Random(seed)
        world = random_world(pick)
        graph = graph_of(world)
        state = begin(graph, {}, world.planned)
        standing: set[tuple[str, int]] = set()
        clock = 0
        for name, mark in [
            *interleaved(pick, world.histories),
            ("", Mark(world.as_of, State.UP, Degraded.NONE, Cause.PROBE)),
        ]:
            step(graph, state, name, mark)
            clock = max(clock, mark.at)
            for change in settle(graph, state, clock if name else world.as_of):
                if change is not None and change.kind == "opened":
                    assert (change.item, change.start) not in standing
                    standing.add((change.item, change.start))
                elif change is not None:
                    standing.remove((change.item, change.start))
        assert standing == {(f.root, f.onset[1]) for f in derive(graph, state, world.as_of).faults}, f"seed {seed}"


@settings(max_examples=depth.examples(300), deadline=None)
@given(st.integers(0, 2**32))
def test_faults_about_a_window_are_those_of_all_that_lie_in_it(seed: int) -> None:
    pick = random.Random(seed)
    world = random_world(pick)
    graph = graph_of(world)
    at = sorted(BASE + TICK * pick.randint(-400, 4000) for _ in range(2))
    about = Window(at[0], at[1] + 1)
    every = derive(graph, begin(graph, world.histories, world.planned), world.as_of)
    some = derive(graph, begin(graph, world.histories, world.planned), world.as_of, about=about)
    assert [each for each in every.faults if about.start <= each.start < about.end] == [
        each for each in some.faults if about.start <= each.start < about.end
    ], f"seed {seed}"
    assert (every.planned, every.episodes) == (some.planned, some.episodes)
