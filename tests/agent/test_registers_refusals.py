"""One bad file for each rule, with its exact words; nothing of a bad file is applied, and all its problems are told."""

from typing import Any, NamedTuple

import pytest

from agent.errors import UsageError
from tests.agent.import_cases import at
from tests.agent.register_cases import knows, registers

TARGET = "target_id,kind,address"
LINK = "link_id,a_site,b_site,carrier,contracted_mbps"
WINDOW = "window_id,scope,start,end,reason"
FAULT = "fault_id,root,reported"
ANY = "a target, link, site, platform or component in this file or imported before"
SHARED = "wanted one that nothing else has; targets, links, sites, platforms, components, systems share their ids"
HAS_COME = "wanted a time that has come (it is 2026-06-01T00:00:00+08:00); correct the time"
NO_CYCLE = "wanted parents without a cycle; remove one of them"
UNNAMED = "no configuration was named (--config.file), so only built-in modules and no planes are known"


class Bad(NamedTuple):
    """A file, and what is said of it."""

    rule: str
    kind: str
    text: str
    said: tuple[str, ...]
    options: dict[str, Any] = {}  # noqa: RUF012  # never changed


BAD = [
    Bad(
        "an id and its begin twice, however the date is written",
        "targets",
        f"{TARGET},in_service_from\na,icmp,10.0.0.9,2025-01-01\na,icmp,10.0.0.9,2025年1月1日\n",
        ("3: target_id: got a a second time, wanted each id once for one in_service_from; the first is in line 2",),
    ),
    Bad(
        "the id of a record twice",
        "maintenance",
        f"{WINDOW}\nw,core,2026-07-01,2026-07-02,x\nw,core,2026-08-01,2026-08-02,x\n",
        ("3: window_id: got w a second time, wanted each id once; the first is in line 2",),
    ),
    Bad(
        "two rows of an id that overlap, in any order",
        "targets",
        f"{TARGET},in_service_from,in_service_to\na,icmp,10.0.0.9,2025/2/1,\na,icmp,10.0.0.9,2025-01-01,2025-03-01\n",
        (
            (
                "2: in_service_from: got a row of a from 2025-02-01T00:00:00+08:00, wanted it from "
                "2025-03-01T00:00:00+08:00 on, when the row from 2025-01-01T00:00:00+08:00 (in line 3) ends; "
                "correct one of the two"
            ),
        ),
    ),
    Bad(
        "end at the start",
        "targets",
        f"{TARGET},in_service_from,in_service_to\na,icmp,10.0.0.9,2025-01-01,2025-01-01\n",
        (
            (
                "2: in_service_to: got 2025-01-01T00:00:00+08:00, wanted later than in_service_from, "
                "2025-01-01T00:00:00+08:00; correct one of them"
            ),
        ),
    ),
    Bad(
        "a window that ends before it starts",
        "maintenance",
        f"{WINDOW}\nw,core,2026-07-02,2026-07-01,x\n",
        (
            (
                "2: end: got 2026-07-01T00:00:00+08:00, wanted later than start, 2026-07-02T00:00:00+08:00; "
                "correct one of them"
            ),
        ),
    ),
    Bad(
        "restored before onset",
        "faults",
        f"{FAULT},onset,restored\nf,core,2026-05-01 09:00,2026-05-01 08:00,2026-05-01 07:59:59\n",
        (
            (
                "2: restored: got 2026-05-01T07:59:59+08:00, wanted no earlier than onset, 2026-05-01T08:00:00+08:00; "
                "correct one of them"
            ),
        ),
    ),
    Bad(
        "restored before it was reported, where no onset is known",
        "faults",
        f"{FAULT},restored\nf,core,2026-05-01 09:00,2026-05-01 08:00\n",
        (
            (
                "2: restored: got 2026-05-01T08:00:00+08:00, wanted no earlier than reported, "
                "2026-05-01T09:00:00+08:00; "
                "correct one of them"
            ),
        ),
    ),
    Bad(
        "stamps in the future, each of them",
        "faults",
        f"{FAULT},onset,detected,acknowledged,restored,closed\nf,core,{','.join(['2026-06-02'] * 6)}\n",
        tuple(
            f"2: {column}: got 2026-06-02, {HAS_COME}"
            for column in ("acknowledged", "closed", "detected", "onset", "reported", "restored")
        ),
    ),
    Bad(
        "approval and notice in the future",
        "maintenance",
        f"{WINDOW},approved_at,notified_at\nw,core,2026-07-01,2026-07-02,x,2026-06-02,2026-06-03\n",
        (f"2: approved_at: got 2026-06-02, {HAS_COME}", f"2: notified_at: got 2026-06-03, {HAS_COME}"),
    ),
    Bad(
        "acceptance in the future",
        "sites",
        "site_id,accepted_on\ns,2026-06-02\n",
        (f"2: accepted_on: got 2026-06-02, {HAS_COME}",),
    ),
    Bad(
        "a parent that nobody knows",
        "targets",
        f"{TARGET},parents\na,icmp,10.0.0.9,core;cor\n",
        (f"2: parents: got the unknown id cor, wanted the id of {ANY}; did you mean core?",),
    ),
    Bad(
        "an unknown site",
        "targets",
        f"{TARGET},site_id\na,icmp,10.0.0.9,S-MX\n",
        (
            (
                "2: site_id: got the unknown site S-MX, wanted the id of a site in this file or imported before; "
                "did you mean S-MB?"
            ),
        ),
    ),
    Bad(
        "unknown sites of a link",
        "links",
        f"{LINK}\nL-3,S-ZX,S-MX,电信,1G\n",
        (
            (
                "2: a_site: got the unknown site S-ZX, wanted the id of a site in this file or imported before; "
                "did you mean S-ZY?"
            ),
            (
                "2: b_site: got the unknown site S-MX, wanted the id of a site in this file or imported before; "
                "did you mean S-MB?"
            ),
        ),
    ),
    Bad(
        "an unknown platform and an unknown member",
        "components",
        "component_id,platform_id,member\nc,clud,zyy#if/1\n",
        (
            (
                "2: member: got the unknown id zyy#if/1, wanted the id of a target, link or site in this file or "
                "imported before; known: L-1, L-2, S-CORE, S-MB, S-ZY, core, mb, zy"
            ),
            (
                "2: platform_id: got the unknown platform clud, wanted the id of a platform in this file or imported "
                "before; did you mean cloud?"
            ),
        ),
    ),
    Bad(
        "an unknown division and parent of a division",
        "divisions",
        "code,name,level,parent_code\n610924102,向阳镇,镇,61092\n",
        (
            (
                "2: parent_code: got the unknown division 61092, wanted the id of a division in this file or imported "
                "before; did you mean 610924?"
            ),
        ),
    ),
    Bad(
        "a site in no known division",
        "sites",
        "site_id,division_code\ns,61092\n",
        (
            (
                "2: division_code: got the unknown division 61092, wanted the id of a division in this "
                "file or imported "
                "before; did you mean 610924?"
            ),
        ),
    ),
    Bad(
        "a root and a window that nobody knows",
        "faults",
        f"{FAULT},window_id\nf,cor,2026-05-01,W-1\n",
        (
            f"2: root: got the unknown id cor, wanted the id of {ANY}; did you mean core?",
            (
                "2: window_id: got the unknown maintenance window W-1, wanted the id of a maintenance "
                "window in this file "
                "or imported before; none is defined"
            ),
        ),
    ),
    Bad(
        "an unknown kind",
        "targets",
        "target_id,kind,address\na,icmq,10.0.0.9\n",
        ("2: kind: got the unknown kind icmq, wanted one of this agent's; did you mean icmp?",),
    ),
    Bad(
        "an address of another kind",
        "targets",
        f"{TARGET}\na,tcp,10.0.0.9\n",
        ("2: address: got '10.0.0.9', wanted host:port, for example 10.0.0.1:22 or [2001:db8::1]:22",),
    ),
    Bad(
        "an unknown module, without a configuration",
        "targets",
        f"{TARGET},module\na,icmp,10.0.0.9,icnp\n",
        (f"2: module: got the unknown module icnp, wanted one that exists; did you mean icmp?; {UNNAMED}",),
    ),
    Bad(
        "an unknown plane, with a configuration",
        "targets",
        f"{TARGET},plane\na,icmp,10.0.0.9,业务\n",
        ("2: plane: got the unknown plane 业务, wanted one of `planes`; known: 公用",),
        {"known": knows(planes=frozenset({"公用"}))},
    ),
    Bad(
        "planes of a site that nobody knows",
        "sites",
        "site_id,planes\ns,公用;业务\n",
        ("2: planes: got the unknown plane 业务, wanted one of `planes` in the configuration; known: 公用",),
        {"known": knows(planes=frozenset({"公用"}))},
    ),
    Bad(
        "a module of another kind, and an interval shorter than its timeout",
        "targets",
        f"{TARGET},module,interval_seconds,timeout_seconds\na,tcp,10.0.0.9:22,icmp,,\nb,icmp,10.0.0.9,,1,2\n",
        (
            "2: module: got icmp of kind icmp, wanted a module of kind tcp; change kind or module",
            (
                "3: interval_seconds: got an interval of 1 s and a timeout of 2 s with module icmp, wanted interval >= "
                "timeout; raise interval_seconds or lower timeout_seconds"
            ),
        ),
    ),
    Bad(
        "confirmations that are no second opinion",
        "targets",
        f"{TARGET},confirm\na,icmp,10.0.0.9,icmp\nb,icmp,10.0.0.9,icnp\nc,icmp,10.0.0.9,tcp_connect\n",
        (
            "2: confirm: got icmp, which is the target's own module, wanted another one",
            f"3: confirm: got the unknown module icnp, wanted one that exists; did you mean icmp?; {UNNAMED}",
            (
                "4: confirm: got tcp_connect of kind tcp, which cannot dial 10.0.0.9; got '10.0.0.9', "
                "wanted host:port, "
                "for example 10.0.0.1:22 or [2001:db8::1]:22"
            ),
        ),
    ),
    Bad(
        "another vantage's target",
        "targets",
        f"{TARGET},vantage\na,icmp,10.0.0.9,elsewhere\n",
        ("2: vantage: got elsewhere, wanted this vantage, core-room; leave it out or correct it",),
        {"known": knows()},
    ),
    Bad(
        "a cycle inside the file, told once",
        "targets",
        f"{TARGET},parents\na,icmp,10.0.0.9,b\nb,icmp,10.0.0.9,a#if/1\nc,icmp,10.0.0.9,b\n",
        (f"2: parents: got a -> b -> a, {NO_CYCLE}",),
    ),
    Bad(
        "a cycle over rows imported before",
        "targets",
        f"{TARGET},parents\ncore,icmp,10.0.0.1,mb\n",
        (f"2: parents: got core -> mb -> zy -> core, {NO_CYCLE}",),
    ),
    Bad(
        "a cycle over links",
        "links",
        f"{LINK}\nL-3,S-MB,S-CORE,电信,1G\n",
        (f"2: a_site: got L-3 -> S-MB -> L-2 -> S-ZY -> L-1 -> S-CORE -> L-3, {NO_CYCLE}",),
    ),
    Bad(
        "a cycle over a platform and its component",
        "targets",
        f"{TARGET},parents\nmb,icmp,10.0.0.1,cloud\n",
        (f"2: parents: got mb -> cloud -> cloud-web -> mb, {NO_CYCLE}",),
    ),
    Bad(
        "a cycle of divisions",
        "divisions",
        "code,name,level,parent_code\n6109,安康市,市,610924101\n",
        (f"2: parent_code: got 6109 -> 610924101 -> 610924 -> 6109, {NO_CYCLE}",),
    ),
    Bad(
        "an id that another register has",
        "links",
        f"{LINK}\ncore,S-CORE,S-MB,电信,1G\n",
        (f"2: link_id: got core, which is the id of a target, {SHARED}",),
    ),
    Bad(
        "an id that a target of the configuration has",
        "platforms",
        "platform_id,name\nprobe-1,平台\n",
        (f"2: platform_id: got probe-1, which is the id of a target, {SHARED}",),
        {"registered": {"probe-1": "icmp"}},
    ),
    Bad(
        "scopes that match nothing",
        "maintenance",
        f'{WINDOW}\nw1,core;cor,2026-07-01,2026-07-02,x\nw2,"site=S-MB,kind=icmp",2026-07-01,2026-07-02,x\n',
        (
            (
                "2: scope: got cor, which is no id, wanted the id of a target, link, site, platform or component; "
                "did you mean core?"
            ),
            "3: scope: got site=S-MB,kind=icmp, which no target matches, wanted pairs that select one; correct it",
        ),
    ),
    Bad(
        "scopes that cannot be read",
        "maintenance",
        f'{WINDOW}\nw1,sites=S-MB,2026-07-01,2026-07-02,x\nw2,"core,mb",2026-07-01,2026-07-02,x\n',
        (
            (
                "2: scope: got sites=S-MB, wanted pairs of site, kind, role, plane, carrier, module, responsible_unit, "
                "vantage, target, and sites is none; did you mean site?"
            ),
            (
                "3: scope: got core,mb, wanted ids or pairs such as site=S1,kind=icmp, and core,mb is neither; "
                "put ; between ids"
            ),
        ),
    ),
    Bad(
        "required cells that are empty, or say that there is nothing",
        "links",
        f"{LINK}\nL-3,S-CORE,S-MB,无,\n",
        (
            "2: carrier: got 无, wanted a value; fill it in",
            "2: contracted_mbps: got nothing, wanted a value; fill it in",
        ),
    ),
    Bad(
        "a required heading that is missing",
        "faults",
        "fault_id,root\nf,core\n",
        (
            (
                "1: reported: got no such heading, wanted it, or 报障时间 or 申告时间 or 报修时间 or 受理时间; "
                "add it, or name its heading with --map FILE"
            ),
        ),
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=[bad.rule for bad in BAD])
def test_a_bad_file_is_refused_whole_in_these_words(bad: Bad):
    with registers() as store:
        said = store.city().refused(bad.kind, bad.text, **bad.options)
    assert said == [f"{bad.kind}.csv:{line}" for line in bad.said]


def test_all_problems_of_a_row_are_told_at_once_whatever_rule_finds_them():
    text = f"{TARGET},site_id,parents,interval_seconds\ncore,icmp,10.0.0.1,S-X,y,0\nmb mb,tcp,10.0.0.3,,,1\n"
    with registers() as store:
        said = store.city().refused("targets", text)
    assert [line.partition(": got")[0] for line in said] == [
        "targets.csv:2: interval_seconds",
        "targets.csv:2: parents",
        "targets.csv:2: site_id",
        "targets.csv:3: address",
        "targets.csv:3: interval_seconds",
        "targets.csv:3: target_id",
    ]


def test_a_row_that_overlaps_one_imported_before_is_refused():
    head = f"{TARGET},in_service_from,in_service_to"
    with registers() as store:
        store.take("targets", f"{head}\na,icmp,10.0.0.9,2025-01-01,2025-06-01\n")
        said = store.refused("targets", f"{head}\na,icmp,10.0.0.9,2025-05-01,\n")
    assert said == [
        (
            "targets.csv:2: in_service_from: got a row of a from 2025-05-01T00:00:00+08:00, wanted it from "
            "2025-06-01T00:00:00+08:00 on, when the row from 2025-01-01T00:00:00+08:00 (imported before) ends; "
            "correct one of the two"
        )
    ]


def test_rows_that_meet_do_not_overlap():
    head = f"{TARGET},in_service_from,in_service_to"
    with registers() as store:
        outcome = store.take("targets", f"{head}\na,icmp,10.0.0.9,2025-01-01,2025-06-01\na,icmp,10.0.0.8,2025-06-01,\n")
    assert outcome.tally.added == 2


def test_parents_that_change_places_at_a_date_are_no_cycle():
    head = f"{TARGET},parents,in_service_from"
    before, after = "2025-01-01", "2026-01-01"
    turned = [f"a,icmp,10.0.0.8,,{before}", f"b,icmp,10.0.0.9,a,{before}"]
    turned += [f"a,icmp,10.0.0.8,b,{after}", f"b,icmp,10.0.0.9,,{after}"]
    with registers() as store:
        assert store.take("targets", "\n".join([head, *turned])).tally.added == 4
        said = store.refused("targets", f"{head}\nb,icmp,10.0.0.9,a,{after}\n")
    assert said == [f"targets.csv:2: parents: got b -> a -> b, {NO_CYCLE}"]


@pytest.mark.parametrize("ends", [("2026-05-01 08:00", "2026-05-01 08:00"), ("2026-05-01 08:00", "")])
def test_a_fault_may_be_over_at_once_or_not_yet(ends):
    onset, restored = ends
    with registers() as store:
        text = f"{FAULT},onset,restored\nf,core,2026-05-01 09:00,{onset},{restored}\n"
        assert store.city().take("faults", text).tally.added == 1


def test_borders_of_windows_and_of_service_may_lie_ahead():
    with registers() as store:
        store.city()
        store.take("maintenance", f"{WINDOW}\nw,core,2027-01-01,2027-01-02,x\n")
        store.take("targets", f"{TARGET},in_service_from\nnew,icmp,10.0.0.9,2027-01-01\n")
        assert store.rows("maintenance")[0].body["start"] == at("2027-01-01")


def test_a_moved_window_needs_an_approval_of_its_own():
    head = f"{WINDOW},approved_by,approved_at"
    first = f"{head}\nw,core,2026-07-01,2026-07-02,x,李,2026-05-20\n"
    moved = first.replace("2026-07-02", "2026-07-03")
    with registers() as store:
        store.city().take("maintenance", first)
        said = store.refused("maintenance", moved)
        assert store.take("maintenance", moved.replace("05-20", "05-25")).tally.added == 1
        assert store.take("maintenance", first.replace(",x,", ",y,")).tally.added == 1
        assert store.take("maintenance", moved.replace("李,2026-05-20", ",")).tally.added == 1
        assert [row.version for row in store.rows("maintenance")] == [1, 2, 3, 4]
    assert said == [
        (
            "maintenance.csv:2: approved_at: got 2026-05-20T00:00:00+08:00, the approval of this "
            "window before its start, "
            "end or scope was moved, wanted one of its own; write when the move was approved, or leave "
            "approved_at empty"
        )
    ]


def test_a_component_of_a_scope_must_be_one_that_its_target_has_where_that_is_known():
    history = "target_id,at,state\ncore#if/1,2025-01-01T00:00:00+08:00,up\n"
    with registers() as store:
        store.city()
        text = f"{WINDOW}\nw,core#if/7,2026-07-01,2026-07-02,x\n"
        assert store.preview("maintenance", text).tally.added == 1
        store.take("history", history, as_of=at("2026-01-01"))
        said = store.refused("maintenance", text)
        assert store.take("maintenance", text.replace("if/7", "if/1")).tally.added == 1
    assert said == [
        (
            "maintenance.csv:2: scope: got core#if/7, which is no id, wanted the id of a target, link, "
            "site, platform or "
            "component; did you mean core#if/1?"
        )
    ]


@pytest.mark.parametrize("option", [{"create_targets": True}, {"as_of": at("2026-01-01")}])
def test_options_of_histories_are_refused(option):
    name = "--create-targets" if "create_targets" in option else "--as-of"
    with registers() as store, pytest.raises(UsageError) as caught:
        store.take("sites", "site_id\ns\n", **option)
    assert str(caught.value) == f"import sites: got {name}, wanted none: it is for histories; leave it out"
