"""Coverage of divisions (C1-C3): who is in the denominator, what each unit is, and what may speak for it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.coverage import NO_CLAIMS, WITHIN_US, Claims, Coverage, Sighting, Site, Status, Unit, coverage
from tests.depth import examples

CUT = 10**15
HOUR = 3_600_000_000
BEFORE = CUT - HOUR


def one(sightings: Sequence[Sighting], accepted: int | None = 0) -> Coverage:
    """One township with one site."""
    return coverage([Unit("T", "township")], [Site("S", "T", accepted)], sightings, CUT)


def status(found: Coverage, unit: str = "T") -> str:
    (status,) = (name for name, ids in found.total.lists.items() if unit in ids)
    return status


def seen(ok: int | None = None, failed: int | None = None, **rest: object) -> Sighting:
    return Sighting("t", "S", ok, failed, **rest)  # type: ignore[arg-type]  # the rest of its fields by name


def test_vector_20_a_hundred_townships() -> None:
    """98 are claimed, 96 answered in the 7 days: 96 %, claimed 98 %, and the two are named."""
    names = [f"T{number:03}" for number in range(100)]
    units = [Unit(name, "township") for name in names]
    sites = [Site(f"S-{name}", name, 0) for name in names[:98]]
    sightings = [Sighting(f"t-{name}", f"S-{name}", BEFORE, None) for name in names[:96]]
    found = coverage(units, sites, sightings, CUT, levels=["township"])
    assert found.levels["township"].low == (96, 100)
    assert found.total.claimed == (98, 100)
    assert found.total.lists["unmeasured"] == ("T096", "T097")
    assert found.total.lists["none"] == ("T098", "T099")
    assert found.total.high == (98, 100)


@pytest.mark.parametrize(
    ("ok", "failed", "expected"),
    [
        (CUT - WITHIN_US, None, Status.VERIFIED),
        (CUT - WITHIN_US - 1, CUT - 1, Status.STALE),
        (CUT - WITHIN_US - 1, CUT - WITHIN_US, Status.STALE),
        (CUT - WITHIN_US - 1, CUT - WITHIN_US - 1, Status.UNMEASURED),
        (CUT - WITHIN_US - 1, None, Status.UNMEASURED),
        (CUT - 1, None, Status.VERIFIED),
        (CUT, None, Status.UNMEASURED),
    ],
)
def test_vector_32_the_borders_of_the_seven_days(ok: int, failed: int | None, expected: Status) -> None:
    assert status(one([seen(ok, failed)])) == expected


@pytest.mark.parametrize(
    ("accepted", "sightings", "expected"),
    [
        (CUT - 1, [seen(BEFORE)], Status.VERIFIED),
        (CUT, [seen(BEFORE)], Status.UNDECLARED),  # accepted at the cut-off: not before it
        (None, [seen(BEFORE)], Status.UNDECLARED),
        (None, [seen(None, BEFORE)], Status.NONE),
        (None, [], Status.NONE),
        (0, [], Status.UNMEASURED),
        (0, [seen(None, BEFORE), seen(BEFORE)], Status.VERIFIED),
        (0, [seen(None, BEFORE, maybe_ok=True)], Status.UNMEASURED),  # what may have been ok is not stale
    ],
)
def test_what_a_unit_is(accepted: int | None, sightings: list[Sighting], expected: Status) -> None:
    assert status(one(sightings, accepted)) == expected


def test_a_unit_with_several_sites_counts_once() -> None:
    sites = [Site("S", "T", 0), Site("S2", "T", 0)]
    found = coverage([Unit("T", "township")], sites, [seen(BEFORE), Sighting("u", "S2", BEFORE, None)], CUT)
    assert found.total.low == (1, 1)


def test_only_an_accepted_site_verifies() -> None:
    """Another site of the unit answers, but nobody accepted it."""
    sites = [Site("S", "T", 0), Site("S2", "T", None)]
    found = coverage([Unit("T", "township")], sites, [Sighting("u", "S2", BEFORE, None)], CUT)
    assert status(found) == Status.UNMEASURED


def test_a_zone_counts_only_by_decision_and_is_listed_either_way() -> None:
    units = [Unit("C", "city"), Unit("Z1", "zone"), Unit("Z2", "zone", True), Unit("X", "township", False)]
    found = coverage(units, [], [], CUT)
    assert (found.left_out, found.counted_zones) == (("X", "Z1"), ("Z2",))
    assert found.total.d == 2
    assert found.levels["zone"].d == 1


def test_levels_that_the_plan_does_not_name_are_not_counted() -> None:
    units = [Unit("C", "city"), Unit("V", "village")]
    found = coverage(units, [], [], CUT, levels=["city", "county", "township"])
    assert found.total.d == 1
    assert {level: each.d for level, each in found.levels.items()} == {"city": 1, "county": 0, "township": 0}


def two(*sightings: Sighting, claims: Claims = NO_CLAIMS) -> Coverage:
    units = [Unit("A", "township"), Unit("B", "township")]
    return coverage(units, [Site("SA", "A", 0), Site("SB", "B", 0)], sightings, CUT, claims=claims)


SAME = frozenset({"10.1.1.1"})


def test_an_address_behind_two_units_verifies_neither_unless_one_site_names_it() -> None:
    both = (
        Sighting("a", "SA", BEFORE, None, identities=SAME, days=frozenset({7})),
        Sighting("b", "SB", BEFORE, None, identities=SAME),
    )
    nobody = two(*both)
    assert nobody.total.lists["unmeasured"] == ("A", "B")
    assert nobody.total.beside["shared"] == ("A", "B")
    assert nobody.days == {"A": 0, "B": 0}
    assert nobody.shared_by == {"A": {"10.1.1.1": ("B",)}, "B": {"10.1.1.1": ("A",)}}
    assert nobody.total.why["A"] == ("10.1.1.1 is also at B",)
    named = two(*both, claims=Claims({"10.1.1.1": "SA"}))
    assert (named.total.lists["verified"], named.total.lists["unmeasured"]) == (("A",), ("B",))
    assert named.total.beside["shared"] == ("B",)
    assert named.days["A"] == 1
    elsewhere = two(*both, claims=Claims({"10.1.1.1": "SGONE"}))
    assert elsewhere.total.lists["verified"] == ()


def test_one_of_several_identities_that_others_have_is_enough() -> None:
    """A reading speaks for a unit only if nothing that it shows could be another's (C2)."""
    mine = Sighting("a", "SA", BEFORE, None, identities=frozenset({"10.1.1.1", "cert"}))
    other = Sighting("b", "SB", None, BEFORE, identities=frozenset({"10.1.1.2", "cert"}))
    found = two(mine, other)
    assert found.total.lists["verified"] == found.total.lists["stale"] == ()
    assert found.shared_by == {"A": {"cert": ("B",)}, "B": {"cert": ("A",)}}


def test_what_may_repeat_by_decision_is_not_compared_and_is_listed() -> None:
    both = [
        Sighting(f"t{unit}", f"S{unit}", BEFORE, None, identities=frozenset({f"10.{unit}", "cert"})) for unit in "AB"
    ]
    found = two(*both, claims=Claims(repeating={"cert"}))
    assert found.total.lists["verified"] == ("A", "B")
    assert (found.total.beside["shared"], found.total.beside["repeating"]) == ((), ("A", "B"))
    assert found.repeated_by == {"A": {"cert": ("B",)}, "B": {"cert": ("A",)}}
    assert found.total.why["A"] == ("cert may repeat by decision and is also at B",)
    alone = two(both[0], claims=Claims(repeating={"cert"}))
    assert alone.total.beside["repeating"] == ()
    two_things = [each._replace(identities=each.identities | {"engine"}) for each in both]
    assert two(*two_things, claims=Claims(repeating={"cert"})).total.lists["verified"] == ()


def test_two_targets_of_one_unit_may_share_an_address() -> None:
    sightings = [seen(BEFORE, identities=SAME), Sighting("u", "S", BEFORE, None, identities=SAME)]
    found = one(sightings)
    assert (status(found), found.total.beside["shared"]) == (Status.VERIFIED, ())


def test_days_verified_are_those_on_which_any_of_its_targets_answered() -> None:
    found = one([seen(None, None, days=frozenset({1, 2})), Sighting("u", "S", None, None, days=frozenset({2, 3}))])
    assert found.days == {"T": 3}


def test_a_site_of_an_unknown_unit_is_listed_and_counts_nowhere() -> None:
    found = coverage([Unit("T", "township")], [Site("S", "gone", 0)], [seen(BEFORE)], CUT)
    assert (found.strays, found.total.low) == (("S",), (0, 1))


def test_no_units_are_not_applicable_never_all() -> None:
    assert coverage([], [], [], CUT).total.low == (0, 0)


def test_a_unit_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="unit T twice"):
        coverage([Unit("T", "city"), Unit("T", "county")], [], [], CUT)


LEVEL = st.sampled_from(["city", "county", "township", "village", "zone"])
AT = st.none() | st.sampled_from([BEFORE, CUT - WITHIN_US, CUT - WITHIN_US - 1, CUT, CUT - 1, 0])
UNITS = st.lists(st.tuples(LEVEL, st.sampled_from([None, True, False])), max_size=6).map(
    lambda rows: [Unit(f"u{n}", level, counts) for n, (level, counts) in enumerate(rows)]
)
SITES = st.lists(st.tuples(st.integers(0, 6), AT), max_size=8).map(
    lambda rows: [Site(f"s{n}", f"u{unit}", at) for n, (unit, at) in enumerate(rows)]
)
KEYS = st.frozensets(st.sampled_from("xyz"), max_size=2)
SEEN = st.lists(st.tuples(st.integers(0, 8), AT, AT, st.booleans(), KEYS), max_size=8).map(
    lambda rows: [
        Sighting(f"t{n}", f"s{site}", ok, failed, maybe, identities=keys)
        for n, (site, ok, failed, maybe, keys) in enumerate(rows)
    ]
)


@settings(max_examples=examples(200))
@given(UNITS, SITES, SEEN)
def test_parts_make_the_whole(units: list[Unit], sites: list[Site], sightings: list[Sighting]) -> None:
    """Every unit that counts has one status; levels add up to the total; the bounds enclose."""
    found = coverage(units, sites, sightings, CUT)
    total = found.total
    assert sum(map(len, total.lists.values())) == total.d == sum(unit.is_counted for unit in units)
    for bound in ("low", "high", "claimed"):
        pairs = [getattr(each, bound) for each in found.levels.values()]
        assert (sum(n for n, _ in pairs), sum(d for _, d in pairs)) == getattr(total, bound)
    assert total.low[0] <= total.high[0] <= total.claimed[0] <= total.d  # type: ignore[index]  # it is given


@settings(max_examples=examples(200))
@given(UNITS, SITES, SEEN, st.integers(0, 7), st.sampled_from("xyz"))
def test_another_identity_never_helps(
    units: list[Unit], sites: list[Site], sightings: list[Sighting], place: int, identity: str
) -> None:
    """Whatever more is seen of who answered, no unit is verified for it."""
    more = [*sightings]
    if place < len(more):
        more[place] = more[place]._replace(identities=more[place].identities | {identity})
    before, after = (coverage(units, sites, each, CUT).total for each in (sightings, more))
    assert set(after.lists["verified"]) <= set(before.lists["verified"])


@settings(max_examples=examples(200))
@given(UNITS, SITES, SEEN, st.data())
def test_unknown_never_helps(
    units: list[Unit], sites: list[Site], sightings: list[Sighting], data: st.DataObject
) -> None:
    """What is not proven any more takes nothing into the figure, and the upper bound then encloses what it was."""
    if not sightings:
        return
    place = data.draw(st.integers(0, len(sightings) - 1))
    blind = [*sightings]
    blind[place] = blind[place]._replace(ok=None, failed=None, maybe_ok=True)
    before, after = (coverage(units, sites, each, CUT).total for each in (sightings, blind))
    assert after.low[0] <= before.low[0]
    assert after.high[0] >= before.low[0]
