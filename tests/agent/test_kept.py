"""What is kept from look to look says what a whole look says, to the last digit, whatever happens between."""

from collections.abc import Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.model import Degraded, State
from tests import depth
from tests.agent.kept_worlds import DAY, HOUR, PROBED, SECOND, World, world

Step = Callable[[World], None]

AGO = (0, 5 * SECOND, 14 * SECOND, 16 * SECOND, 3 * 60 * SECOND, 50 * 60 * SECOND, 3 * HOUR, DAY)
PAUSES = (SECOND, 14 * SECOND, 16 * SECOND, 5 * 60 * SECOND, 11 * 60 * SECOND, 3 * HOUR + SECOND, 26 * HOUR, 8 * DAY)
SAID = (
    (State.UP, Degraded.NONE),
    (State.DOWN, Degraded.NONE),
    (State.DOWN, Degraded.NONE),
    (State.UNKNOWN, Degraded.NONE),
    (State.DEGRADED, Degraded.LOSS),
    (State.DEGRADED, Degraded.BLIP),
)
SCOPES = ("core", "L-a1", "n-b", "site=S-a", "cloud")
ROWS = (
    ("targets", "target_id,kind,address,role,site_id,parents", "n-d,icmp,10.0.0.5,node,S-c,core"),
    ("targets", "target_id,kind,address,role,site_id,parents", "n-c,icmp,10.0.0.4,county_node,S-c,n-a"),
    ("sites", "site_id,division_code,accepted_on", "S-c,610923,2025-03-01"),
    ("divisions", "code,name,level,parent_code", "610924,丁,county,6109"),
    ("platforms", "platform_id,name,class", "cloud-2,云二,city_cloud"),
    ("identities", "identity,repeats,decision_doc", f"certificate:{'1' * 64},y,文"),
    ("identities", "identity,site_id", "engine:8000000001,S-a"),
)


MARKS = ("certificate:" + "1" * 64, "engine:8000000001")


def wait(us: int, late: int) -> Step:
    def step(city: World) -> None:
        city.now += us
        city.write(late=late)

    return step


def steps() -> st.SearchStrategy[Step]:
    name, ago = st.sampled_from(PROBED), st.sampled_from(AGO)
    edge = st.builds(lambda who, when, said: lambda city: city.edge(who, when, *said), name, ago, st.sampled_from(SAID))
    lateness = st.sampled_from((0, 0, 0, 10 * SECOND, 20 * SECOND))
    return st.one_of(
        edge,
        edge,
        edge,
        st.builds(wait, st.sampled_from(PAUSES), lateness),
        st.builds(wait, st.sampled_from(PAUSES), lateness),
        st.builds(lambda who, when: lambda city: city.doubt(who, when), name, st.none() | ago),
        st.builds(lambda who, when, ok: lambda city: city.sight(who, when, is_ok=ok), name, ago, st.booleans()),
        st.builds(lambda who, when, mark: lambda city: city.meet(who, when, mark), name, ago, st.sampled_from(MARKS)),
        st.builds(
            lambda scope, ahead, days: lambda city: city.window(scope, ahead, days_before=days),
            st.sampled_from(SCOPES),
            st.sampled_from((60 * SECOND, 6 * HOUR)),
            st.sampled_from((1, 5)),
        ),
        st.builds(
            lambda root, when: lambda city: city.reported(root, when), st.sampled_from((*PROBED[:6], "S-a", "?")), ago
        ),
        st.builds(lambda row: lambda city: city.enter(*row), st.sampled_from(ROWS)),
        st.just(World.note),
        st.just(World.new_component),
    )


@settings(max_examples=depth.examples(25), deadline=None)
@given(st.lists(st.tuples(steps(), st.booleans()), min_size=3, max_size=14))
def test_what_is_kept_says_what_a_whole_look_says(happens: Sequence[tuple[Step, bool]]) -> None:
    with world() as city:
        for step, looked_at in happens:
            step(city)
            if looked_at:
                assert list(city.differing()) == []
        assert list(city.differing()) == []


@settings(max_examples=depth.examples(5), deadline=None)
@given(st.lists(steps(), min_size=3, max_size=8), st.sampled_from((60 * SECOND, 3 * HOUR)))
def test_a_look_back_in_time_is_a_look_of_its_own(happens: Sequence[Step], back: int) -> None:
    with world() as city:
        city.now += 4 * HOUR
        city.write()
        for step in happens:
            step(city)
        assert list(city.differing()) == []
        assert list(city.differing(as_of=city.now - back)) == []
        assert list(city.differing()) == []


def test_a_look_back_loses_nothing_that_was_heard_after_it() -> None:
    """An edge that a look took in, then a look at the time before it: the next one knows the edge."""
    with world() as city:
        city.now += 4 * HOUR
        city.write()
        city.edge("core", 5 * SECOND, State.DOWN)
        for back in (0, 60 * SECOND, 30 * SECOND, 0):
            assert list(city.differing(as_of=city.now - back)) == []
