"""Coverage out of registers and imported histories (C1, C2): who stands where, on which network, at which address."""

import pytest

from agent.figures.book import Book
from agent.figures.coverage import Question, covered
from agent.figures.timelines import Timelines
from sla.coverage import LEVELS, Coverage
from tests.agent.import_cases import ZONE, at
from tests.agent.register_cases import NOW, Registers, knows, registers

DIVISIONS = "code,name,level\nA,甲镇,镇\nB,乙镇,镇\n"
SITES = "site_id,division_code,accepted_on,planes\nSA,A,2025-01-01,\nSB,B,2025-01-01,\n"
HISTORY = "target_id,at,state\na,2026-01-01T00:00:00+08:00,up\nb,2026-01-01T00:00:00+08:00,up\n"
PLANES = frozenset({"video", "业务"})


def asked(store: Registers, network: str = "extranet", cut: int = NOW) -> Coverage:
    book = Book.read(store.reader)
    return covered(store.reader, Timelines(store.reader, book, cut), ZONE, Question(network, LEVELS, cut))


def filled(store: Registers, targets: str, sites: str = SITES) -> Registers:
    known = knows(planes=PLANES)
    store.take("divisions", DIVISIONS)
    store.take("sites", sites, known=known)
    store.take("targets", f"target_id,kind,address,site_id,plane\n{targets}", known=known)
    store.take("history", HISTORY, as_of=NOW)
    return store


@pytest.mark.parametrize(
    ("one", "other", "verified", "shared"),
    [
        ("tcp,10.0.0.1:22", "tcp,10.0.0.2:22", ("A", "B"), ()),
        ("tcp,10.0.0.1:22", "http,https://10.0.0.1/x", (), ("A", "B")),
        ("http,http://Oa.example/a", "http,http://oa.EXAMPLE:81/b", (), ("A", "B")),
        ("tcp,[2001:db8::1]:22", "icmp,2001:db8::1", (), ("A", "B")),
        ("tcp,[2001:DB8:0::1]:22", "icmp,2001:db8::1", (), ("A", "B")),
        ("tcp,[::ffff:10.0.0.1]:22", "icmp,10.0.0.1", (), ("A", "B")),
        ("http,http://oa.example./", "icmp,OA.example", (), ("A", "B")),
    ],
)
def test_one_host_behind_two_units_speaks_for_neither(
    one: str, other: str, verified: tuple[str, ...], shared: tuple[str, ...]
) -> None:
    with registers() as store:
        found = asked(filled(store, f"a,{one},SA,\nb,{other},SB,\n")).total
    assert (found.lists["verified"], found.beside["shared"]) == (verified, shared)


@pytest.mark.parametrize(
    ("target", "plane", "sites", "extranet", "video"),
    [
        ("icmp,10.0.0.1", "", SITES, "verified", "unmeasured"),
        ("rtsp,rtsp://10.0.0.1/1", "", SITES, "unmeasured", "verified"),
        ("icmp,10.0.0.1", "video", SITES, "unmeasured", "verified"),
        ("icmp,10.0.0.1", "业务", SITES, "verified", "unmeasured"),
        ("icmp,10.0.0.1", "", SITES.replace("SA,A,2025-01-01,", "SA,A,2025-01-01,video"), "undeclared", "unmeasured"),
        ("icmp,10.0.0.1", "", SITES.replace("SA,A,2025-01-01,", "SA,A,2025-01-01,业务"), "verified", "none"),
    ],
)
def test_a_network_is_proven_by_what_stands_on_it(
    target: str, plane: str, sites: str, extranet: str, video: str
) -> None:
    with registers() as store:
        filled(store, f"a,{target},SA,{plane}\nb,icmp,10.0.0.2,,\n", sites)
        for network, status in (("extranet", extranet), ("video", video)):
            assert "A" in asked(store, network).total.lists[status]


def test_a_line_speaks_for_the_site_at_its_far_end() -> None:
    with registers() as store:
        store.take("divisions", DIVISIONS)
        store.take("sites", SITES)
        store.take("links", "link_id,a_site,b_site,carrier,contracted_mbps,far_address\nl,SA,SB,电信,100M,10.0.0.9\n")
        store.take("history", "target_id,at,state\nl,2026-01-01T00:00:00+08:00,up\n", as_of=NOW)
        assert asked(store).total.lists["verified"] == ("B",)


def test_an_acceptance_counts_from_its_date_also_where_it_was_entered_later() -> None:
    """A row that holds from 2026 on says nothing of 2025, whenever it was recorded."""
    with registers() as store:
        store.take("divisions", DIVISIONS)
        head = "site_id,division_code,in_service_from,accepted_on\n"
        store.take("sites", f"{head}SA,A,2025-01-01,\n", now=at("2025-02-01"))
        store.take("sites", f"{head}SA,A,2026-01-01,2026-02-01\n", now=at("2026-03-01"))
        assert asked(store, cut=at("2026-01-15")).total.claimed == (0, 2)
        store.take("sites", f"{head}SA,A,2025-01-01,2025-06-01\n", now=at("2026-03-02"))
        assert asked(store, cut=at("2025-12-31")).total.claimed == (1, 2)
        assert asked(store, cut=at("2025-06-01")).total.claimed == (0, 2)


def test_a_unit_leaves_with_its_row_and_its_sites_are_strays() -> None:
    with registers() as store:
        store.take("divisions", "code,name,level,in_service_to\nA,甲镇,镇,2025-06-01\nB,乙镇,镇,\n")
        store.take("sites", SITES)
        assert (asked(store).total.d, asked(store).strays) == (1, ("SA",))
        assert asked(store, cut=at("2025-06-01")).total.d == 2
