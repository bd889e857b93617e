"""Registers as the figures of plans take them: who is in the account then, and what it claims today (A2, C1-C6)."""

from typing import Any

import pytest

from agent.figures import standing
from agent.figures.book import Book
from sla.accepted import accepted, measured, used
from sla.deadlines import Incident, Issue
from sla.model import Window
from sla.points import demands
from tests.agent.import_cases import at
from tests.agent.register_cases import Registers, registers

CUT = at("2026-01-01")
YEAR = Window(at("2025-01-01"), CUT)


def unseen(_: str) -> None:
    """No probe looks at anything."""


def book(store: Registers) -> Book:
    return Book.read(store.reader)


def taken(kind: str, *texts: str, recorded: tuple[str, ...] = ()) -> Book:
    """A book over files of one register, recorded in turn."""
    with registers() as store:
        times = recorded or ("2026-06-01",) * len(texts)
        for text, day in zip(texts, times, strict=True):
            store.take(kind, text, now=at(day))
        return book(store)


NETWORK = (
    "network_id,name,department,migrated_on,accepted_on,acceptance_doc,old_line_closed_on,old_line_doc,exempt_doc\n"
)


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        ("2025-03-01,2025-04-01,文1,2025-04-02,,", "done"),
        ("2025-03-01,2025-04-01,文1,,文2,", "done"),
        ("2025-03-01,2025-04-01,文1,,,", "partial"),
        ("2025-03-01,2025-04-01,,2025-04-02,,", "partial"),
        ("2025-03-01,,文1,2025-04-02,,", "partial"),
        ("2025-03-01,2026-01-01,文1,2025-04-02,,", "partial"),
        (",,,,,", "not_done"),
    ],
)
def test_a_private_network_is_integrated_in_full_or_not(cells: str, status: str) -> None:
    found = accepted(
        standing.private_networks(taken("private_networks", f"{NETWORK}n,n,d,{cells}\n"), CUT, unseen), CUT
    )
    assert found.lists[status] == ("n",)


def test_an_exempt_network_leaves_only_with_a_document() -> None:
    found = taken("private_networks", f"{NETWORK}n,n,d,,,,,,国发1号\nm,m,d,,,,,,\n")
    share = accepted(standing.private_networks(found, CUT, unseen), CUT)
    assert (share.d, share.beside["exempt"]) == (1, ("n",))


def test_a_later_word_takes_nothing_out_and_an_acceptance_counts_from_its_date() -> None:
    """Exempted in March 2026: the headline of 2025 keeps it; accepted in December, entered in January: it counts."""
    plain, exempt = f"{NETWORK}n,n,d,,,,,,\n", f"{NETWORK}n,n,d,,,,,,国发1号\n"
    later = taken("private_networks", plain, exempt, recorded=("2025-05-01", "2026-03-01"))
    assert accepted(standing.private_networks(later, CUT, unseen), CUT).d == 1
    assert accepted(standing.private_networks(later.in_hindsight(), CUT, unseen), CUT).d == 0
    done = f"{NETWORK}n,n,d,2025-11-01,2025-12-20,文,2025-12-21,,\n"
    entered = taken("private_networks", plain, done, recorded=("2025-05-01", "2026-01-10"))
    assert accepted(standing.private_networks(entered, CUT, unseen), CUT).low == (1, 1)
    assert accepted(standing.private_networks(entered, at("2025-12-01"), unseen), at("2025-12-01")).low == (0, 1)


def test_a_row_counts_while_it_is_in_service() -> None:
    head = "network_id,name,department,in_service_from,in_service_to\n"
    text = f"{head}a,a,d,2025-06-01,\nb,b,d,,2025-12-31\nc,c,d,2026-01-01,\n"
    found = taken("private_networks", text)
    assert [item.id for item in standing.private_networks(found, CUT, unseen)] == ["a"]
    assert [item.id for item in standing.private_networks(found, CUT - 1, unseen)] == ["a"]


def test_clouds_two_networks_and_their_evidence() -> None:
    with registers() as store:
        store.take("platforms", "platform_id,name,class,integrated_on,integration_doc\nc1,x,云平台,2025-02-01,文\n"
                   "c2,x,cloud,,\nown,x,city_cloud,2025-02-01,文\nold,x,,2025-02-01,文\n")  # fmt: skip
        store.take(
            "sites",
            "site_id,to_integrate,integrated_on,integration_doc\na,是,2025-02-01,文\nb,是,,\nc,,2025-02-01,文\n",
        )
        said: dict[str, Any] = {"c1": True, "a": False}
        cloud = accepted(standing.clouds(book(store), CUT, said.get), CUT)
        nets = accepted(standing.two_networks(book(store), CUT, said.get), CUT)
    assert (cloud.low, cloud.beside["seen"]) == ((1, 2), ("c1",))
    assert (nets.low, nets.beside["unseen"]) == ((1, 2), ("a",))


def test_common_services_are_completed_and_used() -> None:
    text = (
        "system_id,name,class,planned_doc,accepted_on,acceptance_doc,online_on,used_on,usage_doc\n"
        "a,a,common,计划1,2025-01-01,文,2025-02-01,2025-06-01,日志\nb,b,common,计划1,,,2025-02-01,2025-06-01,\n"
        "c,c,common,,2025-01-01,文,,,\nd,d,business,计划1,2025-01-01,文,2025-02-01,2025-06-01,日志\n"
    )
    found = taken("systems", text)
    assert accepted(standing.components_planned(found, CUT), CUT).low == (1, 2)
    assert used(standing.components_used(found, CUT), YEAR, CUT).low == (1, 2)


def test_business_systems_are_connected_with_a_document() -> None:
    with registers() as store:
        store.city()
        text = (
            "system_id,name,class,connected_on,connection_doc,exchange_target,exempt_doc\n"
            "a,a,,2025-02-01,文,mb,\nb,b,business,2025-02-01,,,\nc,c,common,2025-02-01,文,,\nd,d,,,,,密1\n"
        )
        store.take("systems", text)
        found = accepted(standing.systems_connected(book(store), CUT, {"mb": False}.get), CUT)
    assert (found.low, found.claimed) == ((1, 2), (2, 2))
    assert (found.beside["unseen"], found.beside["untold"], found.beside["exempt"]) == (("a",), ("b",), ("d",))


def test_demands_are_compared_quantity_by_quantity() -> None:
    text = (
        "demand_id,department,use,channels,bitrate_mbps,assigned_channels,assigned_mbps,accepted_on,acceptance_doc\n"
        "a,d,u,16,64M,16,0.064G,2025-06-01,文\nb,d,u,16,64.5M,16,64M,2025-06-01,文\n"
    )
    found = demands(standing.demands(taken("video_demands", text), CUT), CUT)
    assert found.low == (1, 2)
    assert found.why["b"] == ("bitrate_mbps: 64000000 of 64500000",)


def test_records_are_read_as_last_corrected() -> None:
    first = "issue_id,issued_at,rectified_at,focus\nq,2025-09-29,,是\np,2025-09-30,,\n"
    found = taken("data_issues", first, first.replace("29,,", "29,2025-10-09,"))
    assert standing.issues(found) == [Issue("p", at("2025-09-30")), Issue("q", at("2025-09-29"), at("2025-10-09"))]
    assert [issue.id for issue in standing.issues(found, focus_only=True)] == ["q"]


def test_an_incident_begins_with_the_earlier_of_notice_and_finding() -> None:
    head = "incident_id,severity,noticed_at,found_at,verified_at\n"
    text = f"{head}a,一般,2025-03-02,2025-03-01,2025-03-04\nb,I,2025-03-02,,\n"
    assert standing.incidents(taken("security_incidents", text)) == [
        Incident("a", "IV", at("2025-03-01"), at("2025-03-04")), Incident("b", "I", at("2025-03-02")),
    ]  # fmt: skip
    assert [standing.severity_of(word) for word in ("一般", "IV", "Ⅳ级", "urgent")] == ["IV", "IV", "IV", None]


def test_measures_keep_their_decimals() -> None:
    text = (
        "measure_id,indicator,date,numerator,denominator,document,signer\n"
        "m,i,2025-12-31,692,704,文,王\ns,j,2025-12-31,78.5,,文,王\nx,i,2025-06-30,0.5,1.25,文,王\n"
    )
    found = taken("measures", text)
    assert measured(standing.measures(found, "i"), YEAR, CUT).low == (692, 704)
    assert measured(standing.measures(found, "i"), YEAR, at("2025-07-01")).low == (50, 125)
    assert measured(standing.measures(found, "j"), YEAR, CUT).low == (785, 10)


def test_divisions_of_the_cut_off_and_a_later_level_changes_no_headline() -> None:
    text = "code,name,level,in_service_from,in_service_to\n1,市,市,,\n2,镇,镇,,2025-06-01\n3,村,村,,\n"
    found = taken("divisions", text, text.replace("3,村,村", "3,村,开发区"), recorded=("2025-01-01", "2026-02-01"))
    assert {unit.id: unit.level for unit in standing.units(found, CUT)} == {"1": "city", "3": "village"}
    assert len(standing.units(found, at("2025-06-01"))) == 3
    assert {unit.level for unit in standing.units(found.in_hindsight(), CUT)} == {"city", "zone"}


def test_sites_that_are_not_on_the_network_are_not_accepted_there() -> None:
    text = "site_id,division_code,planes,accepted_on\na,1,,2025-02-01\nb,,,2025-02-01\n"
    found = taken("sites", text)
    assert [(site.id, site.accepted) for site in standing.sites(found, CUT, lambda _: True)] == [
        ("a", at("2025-02-01"))
    ]
    assert standing.sites(found, CUT, lambda _: False)[0].accepted is None
