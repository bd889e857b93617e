"""Faults live: the same as the reports say of the same ledger, each with an id that never vanishes (F5, F6)."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import faultbuild
from agent.faultkept import HORIZON_US
from agent.stores import marking, noting
from sla.model import State
from tests.agent.fault_worlds import CITY, DOWN, UNKNOWN, UP, World, of, world
from tests.agent.worlds import SECOND, START
from tests.depth import examples

DAY = 86_400
NAMES = [row.partition(",")[0] for row in CITY]
ALL_UP = tuple((name, 0.0, UP) for name in NAMES)


@pytest.fixture(autouse=True, scope="module")
def small_portions() -> Iterator[None]:
    """What is built anew is read in several portions even of these few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faultbuild, "_PORTION", 2)
        patch.setattr(noting, "_TOLD_AT_ONCE", 2)
        patch.setattr(marking, "PORTION", 3)
        yield


steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(NAMES), st.integers(0, 12), st.sampled_from([UP, DOWN, DOWN, UNKNOWN, State.DEGRADED])
        ),
        st.sampled_from(["look", "look", "rebuild"]),
    ),
    max_size=25,
)


@settings(max_examples=examples(25), deadline=None)
@given(steps=steps, unit=st.sampled_from([45, 170, 1800, DAY // 2]))
def test_whatever_order_edges_come_in_the_live_faults_are_those_of_the_reports(steps, unit):
    async def live() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with world(Path(folder)) as w:
                await w.say(*ALL_UP)
                await play(w, steps, unit)

    asyncio.run(live())


around = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(-20, 20), st.sampled_from([UP, UP, DOWN, DOWN, UNKNOWN])), max_size=25
)


@settings(max_examples=examples(60), deadline=None)
@given(edges=around, unit=st.sampled_from([45, 170, 600, 1800]))
def test_whatever_lies_across_the_horizon_is_told_as_the_reports_tell_it(edges, unit):
    horizon = 20 * DAY - HORIZON_US // SECOND

    async def once() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with world(Path(folder)) as w:
                w.to(20 * DAY)
                told = sorted(
                    ((name, horizon + at * unit, state) for name, at, state in edges), key=lambda each: each[1]
                )
                await w.say(*ALL_UP, *told)
                await w.look()
                w.check()

    asyncio.run(once())


async def play(w: World, steps, unit: int) -> None:
    """Each edge lies up to so many units back, two days at most; time goes on by one unit after each."""
    now = 13 * unit
    for step in steps:
        w.to(now)
        if isinstance(step, str):
            if step == "rebuild":
                w.watch.refresh()
            await w.look()
            w.check()
        else:
            name, back, state = step
            await w.say((name, now - min(back * unit, 2 * DAY), state))
            now += unit
    w.to(now)
    await w.look()
    w.check()


async def test_an_uplink_that_is_found_down_last_takes_the_faults_that_were_told_before(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(700)
        await w.say(("leaf", 600, DOWN), ("twig", 610, DOWN))
        assert [(fault.root, fault.members) for fault in await w.look()] == [("leaf", ("twig",))]
        w.to(720)
        await w.say(("east", 640, DOWN))
        (fault,) = await w.look()
        assert (fault.id, fault.members) == (of("east", 640), ("leaf", "twig"))
        assert w.events(of("leaf", 600)) == [("opened", None), ("joined", fault.id)]
        assert w.events(fault.id) == [("opened", None)]
        old = await w.web.get(f"/api/v1/faults/{of('leaf', 600)}", 404)
        assert f"it joined fault {fault.id}" in old.json["detail"]
        assert w.events(of("twig", 610)) == [], "it was a member from the first look on"


async def test_a_fault_that_later_evidence_takes_back_is_void(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(700)
        await w.say(("alone", 600, DOWN))
        await w.look()
        await w.say(("alone", 590, UNKNOWN))  # the vantage was cut off since before its first failure (S6)
        assert await w.look() == []
        assert w.events(of("alone", 600)) == [("opened", None), ("void", None)]
        old = await w.web.get(f"/api/v1/faults/{of('alone', 600)}", 404)
        assert "withdrawn at" in old.json["detail"]


async def test_what_was_told_before_a_restart_is_told_on_and_nothing_twice(tmp_path: Path):
    leaf, east = of("leaf", 600), of("east", 500)
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(700)
        await w.say(("leaf", 600, DOWN), ("alone", 600, DOWN))
        await w.look()
        await w.say(("east", 500, DOWN))  # durable, and nobody looked at it before the end
    async with world(tmp_path) as w:
        w.to(720)
        faults = await w.look()
        w.check()
        assert [fault.id for fault in faults] == [east, of("alone", 600)]
        assert w.events(leaf) == [("opened", None), ("joined", east)]
        assert w.events(of("alone", 600)) == [("opened", None)]
        await w.look()
        assert w.events(east) == [("opened", None)]


async def test_a_record_that_the_store_refuses_is_written_with_the_next_look(tmp_path: Path, caplog):
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(700)
        await w.say(("alone", 600, DOWN))
        w.agent.writer._db.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON fault_events BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        await w.watch._look_safely()
        await w.watch._look_safely()
        assert [record.message for record in caplog.records if "cannot be recorded" in record.message] != []
        assert len([record for record in caplog.records if "cannot be recorded" in record.message]) == 1
        assert [fault.root for fault in w.watch.open] == ["alone"], "shown all the same"
        w.agent.writer._db.execute("DROP TRIGGER full")
        await w.watch._look_safely()
        assert w.events(of("alone", 600)) == [("opened", None)]


async def test_a_bug_of_ours_ends_no_probe_and_the_next_look_reads_everything_anew(tmp_path: Path, monkeypatch, caplog):
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        await w.look()
        w.to(700)
        await w.say(("alone", 600, DOWN))
        with monkeypatch.context() as broken:
            broken.setattr("agent.faultwatch.derive", lambda *_: 1 // 0)
            await w.watch._look_safely()
            await w.watch._look_safely()
        assert len([record for record in caplog.records if "could not be looked at" in record.message]) == 1
        await w.watch._look_safely()
        w.check()
        assert [fault.root for fault in w.watch.open] == ["alone"]


async def test_counts_of_a_year_hold_what_is_older_than_the_live_reducer_and_nothing_twice(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(20 * DAY)
        hours = 3600.0
        await w.say(
            ("alone", 1 * DAY, DOWN), ("alone", 1 * DAY + 1 * hours, UP),  # old and in time
            ("west", 2 * DAY, DOWN), ("west", 2 * DAY + 4 * hours, UP),  # old and late
            ("alone", 19 * DAY, DOWN), ("alone", 19 * DAY + 2 * hours, UP),  # of the last days
            ("leaf", 3 * DAY, DOWN),  # open all the time
        )  # fmt: skip
        await w.look()
        w.check()
        assert w.watch.counts == {"2026": {"in_time": 2, "late": 2}, "2026-01": {"in_time": 2, "late": 2}}
        assert [fault.root for fault in w.watch.faults] == ["leaf", "alone"]
        w.to(25 * DAY)
        await w.look()
        w.check()
        assert w.watch._kept.since == w.web.now() - HORIZON_US, "built anew when it has grown old"
        assert w.watch.counts["2026"] == {"in_time": 2, "late": 2}


async def test_an_outage_across_the_horizon_is_one_fault_with_its_first_onset(tmp_path: Path):
    """F5 and F6 over the instant from which on the reducer remembers."""
    horizon = 20 * DAY - HORIZON_US / SECOND
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(20 * DAY)
        await w.say(
            ("alone", horizon - 120, DOWN), ("alone", horizon - 60, UP),
            ("alone", horizon + 60, DOWN), ("alone", horizon + 90, UP),  # the same fault, reopened (F5)
            ("east", horizon - 7200, DOWN), ("east", horizon - 3600, UP),
            ("leaf", horizon - 7190, DOWN), ("leaf", horizon + 3600, UP),  # a residual, not a fault of its own onset
            ("core", horizon - DAY, DOWN), ("west", horizon - DAY, DOWN), ("west", horizon - DAY / 2, UP),
        )  # fmt: skip
        await w.look()
        w.check()
        assert [(fault.root, fault.id) for fault in w.watch.faults] == [
            ("core", of("core", horizon - DAY)),
            ("alone", of("alone", horizon - 120)),
        ]


async def test_a_residual_of_what_ended_before_the_horizon_is_one_still(tmp_path: Path):
    """Its uplink failed twice within ten minutes (F5) and was back two hours before what the reducer remembers."""
    horizon = 20 * DAY - HORIZON_US / SECOND
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(20 * DAY)
        await w.say(
            ("east", horizon - 7200, DOWN), ("east", horizon - 5400, UP),
            ("east", horizon - 5000, DOWN), ("east", horizon - 4800, UP),
            ("leaf", horizon - 7190, DOWN), ("leaf", horizon + 3600, UP),
        )  # fmt: skip
        (fault,) = await w.look()
        w.check()
        assert (fault.id, fault.residual) == (of("leaf", horizon - 4800), True)
        assert w.watch.counts["2026"] == {"in_time": 2}, "the uplink's among the older ones, and not here again"


async def test_a_repeat_of_what_ended_before_the_horizon_is_one_still(tmp_path: Path):
    horizon = 20 * DAY - HORIZON_US / SECOND
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(20 * DAY)
        await w.say(
            ("alone", horizon - DAY + 3000, DOWN), ("alone", horizon - DAY + 3600, UP),
            ("alone", horizon + 3600, DOWN), ("alone", horizon + 7200, UP),  # a day after that restoration (F5)
            ("leaf", horizon - DAY + 2900, DOWN), ("leaf", horizon - DAY + 3599, UP),
            ("leaf", horizon + 3600, DOWN), ("leaf", horizon + 7200, UP),  # a second more than a day
        )  # fmt: skip
        assert {fault.root: fault.repeat for fault in await w.look()} == {"alone": True, "leaf": False}
        w.check()


async def test_a_year_that_ends_takes_its_counts_with_it(tmp_path: Path):
    ends = 365 * DAY - 8 * 3600  # 2027-01-01T00:00:00+08:00
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(ends - 60)
        w.agent.housekeeping.begin_periods()
        await w.say(("alone", ends - 600, DOWN))
        await w.look()
        assert w.watch.counts == {"2026": {"pending": 1}, "2026-12": {"pending": 1}}
        w.to(ends + 300)
        await w.say(("alone", ends + 100, UP), ("west", ends + 200, DOWN))
        await w.look()
        assert w.watch.counts == {"2027": {"pending": 1}, "2027-01": {"pending": 1}}, (
            "a fault counts where it began (F8)"
        )
        w.agent.housekeeping.begin_periods()
        await w.look()
        w.check()


async def test_a_fault_is_counted_as_cleared_once_and_only_when_nothing_can_change_it(tmp_path: Path):
    def cleared(w: World) -> float:
        labels = {"role": "node"}
        return w.agent.metrics.registry.get_sample_value("sla_fault_clearing_seconds_count", labels) or 0

    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(1000)
        await w.say(("alone", 100, DOWN), ("alone", 400, UP))
        await w.look()
        w.to(400 + 1800)
        await w.look()
        assert cleared(w) == 0, "half an hour, its end not included"
        w.to(400 + 1801)
        await w.look()
        await w.look()
        w.watch.refresh()
        await w.look()
        assert cleared(w) == 1
        assert w.agent.metrics.registry.get_sample_value("sla_fault_clearing_seconds_sum", {"role": "node"}) == 300
        await w.say(("leaf", 1900, DOWN), ("leaf", 2000, UP))
        await w.look()
    async with world(tmp_path) as w:  # dated on from the last durable instant: 2201 s after START
        await w.look()
        assert cleared(w) == 0, "what was final before this start was counted then"
        w.to(3801 - 2201)
        await w.look()
        assert cleared(w) == 1, "and what becomes final now is counted now"


async def test_a_doubt_for_the_moment_neither_ends_a_fault_nor_stays(tmp_path: Path):
    """One good reading of a target that is DOWN is no recovery; the next failure takes it back without an edge (S3)."""
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(100)
        await w.say(("alone", 60, DOWN))
        component = w.agent.ledger.component_of("alone").id
        w.to(4 * 3600)
        w.agent.committer.doubt(component, w.web.now() - 60 * SECOND)
        w.watch.refresh()
        (fault,) = await w.look()
        assert (str(fault.outcome), fault.restored) == ("late", None)
        w.agent.committer.doubt(component, None)
        await w.look()
        w.check()


async def test_silence_that_has_just_begun_is_not_forgotten(tmp_path: Path):
    """The reports take a few seconds of silence for what is not durable yet; an edge that says so stays one (F10)."""
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(610)
        await w.say(("alone", 600, UNKNOWN))
        w.watch.refresh()
        await w.look()
        w.to(900)
        await w.say(("alone", 880, DOWN))
        (fault,) = await w.look()
        w.check()
        assert fault.onset == (START + 600 * SECOND, START + 880 * SECOND)


async def test_a_later_run_cannot_rewrite_what_an_earlier_one_made_durable(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(700)
        await w.say(("alone", 600, DOWN))
    async with world(tmp_path) as w:
        w.to(300)
        await w.look()
        await w.say(("alone", 650, UP))
        (fault,) = await w.look()
        w.check()
        assert fault.restored == (START + 700 * SECOND, START + 700 * SECOND)


async def test_service_that_begins_or_ends_needs_no_edge(tmp_path: Path):
    """What is DOWN when its service ends is withdrawn, not restored (A2); 12:00 is four hours after the start."""
    rows = (*CITY, "going,tcp,127.0.0.1:8,port,node,,,2026-01-01T12:00:00+08:00")
    async with world(tmp_path, *rows) as w:
        await w.say(*ALL_UP, ("going", 0, UP))
        w.to(3 * 3600)
        await w.say(("going", 2 * 3600, DOWN))
        (fault,) = await w.look()
        assert not fault.withdrawn
        w.to(4 * 3600 + 1)
        (fault,) = await w.look()
        w.check()
        assert (fault.withdrawn, fault.restored, w.watch.open) == (True, None, [])
        await w.say(("going", 4 * 3600, UP))
        await w.look()
        w.check()
        assert w.watch.said("going")[0] is State.OUT


SITES = ("site_id", "S-1", "S-2")
LINKS = (
    "link_id,a_site,b_site,carrier,contracted_mbps,far_address,a_device,a_if",
    "L-1,S-1,S-2,电信,100,127.0.0.9,east,1",
)


async def test_a_line_fails_by_the_interface_at_its_end_too(tmp_path: Path):
    async with world(tmp_path, sites=SITES, links=LINKS) as w:
        await w.say(*ALL_UP, ("L-1", 0, UP), ("east#if/1", 0, UP))
        await w.look()
        w.check()
        w.to(700)
        await w.say(("east#if/1", 600, DOWN))
        await w.look()
        w.check()
        assert w.watch.said("L-1")[0] is DOWN, "its far address answers by another way (A6)"
        assert [fault.root for fault in w.watch.faults] == ["L-1"], "the interface is no fault beside its line"
        await w.say(("east#if/1", 650, UP))
        await w.look()
        w.check()
        assert [fault.restored is None for fault in w.watch.faults] == [False]


async def test_an_interface_that_is_first_heard_of_later_is_evidence_at_once(tmp_path: Path):
    async with world(tmp_path, sites=SITES, links=LINKS) as w:
        await w.say(*ALL_UP, ("L-1", 0, UP))
        await w.look()
        w.to(700)
        await w.say(("east#if/1", 600, DOWN))
        assert [fault.root for fault in await w.look()] == ["L-1"]
        w.check()


async def test_a_window_that_is_imported_counts_at_the_next_look(tmp_path: Path):
    heading = "window_id,scope,start,end,approved_by,approved_at,notified_at,reason,document"
    row = "W-1,alone,2026-01-01T10:00:00+08:00,2026-01-01T11:00:00+08:00,张主任,2025-12-20,2025-12-21,割接,1号"
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        w.to(3600)
        await w.look()
        w.take("maintenance", heading, row)
        await w.agent.registers_changed()
        w.to(2.5 * 3600)
        await w.say(("alone", 2.25 * 3600, DOWN))
        assert await w.look() == []
        w.check()
        w.to(3.5 * 3600)
        (fault,) = await w.look()
        w.check()
        assert (fault.overrun, fault.id) == (True, of("alone", 3 * 3600))


async def test_a_fault_that_joined_a_planned_outage_names_it_and_its_window(tmp_path: Path):
    heading = "window_id,scope,start,end,approved_by,approved_at,notified_at,reason,document"
    row = "W-1,east,2026-01-01T10:00:00+08:00,2026-01-01T11:00:00+08:00,张主任,2025-12-20,2025-12-21,割接,1号"
    async with world(tmp_path) as w:
        w.take("maintenance", heading, row)
        await w.agent.registers_changed()
        await w.say(*ALL_UP)
        w.to(2.5 * 3600)
        await w.say(("leaf", 2.25 * 3600, DOWN))
        assert len(await w.look()) == 1
        await w.say(("east", 2.25 * 3600 + 10, DOWN))
        assert await w.look() == []
        old = await w.web.get(f"/api/v1/faults/{of('leaf', 2.25 * 3600)}", 404)
        assert "part of the planned outage of east from 2026-01-01T10:15:10+08:00 (window W-1)" in old.json["detail"]


async def test_a_change_of_the_registers_keeps_every_other_target_s_place_in_the_schedule(tmp_path: Path):
    async with world(tmp_path) as w:
        before = {name: job.due_ns for name, job in w.agent.runner.schedule._jobs.items()}
        jobs = dict(w.agent.runner.schedule._jobs)
        w.to(5)
        w.take("targets", "target_id,kind,address,module,role,site_id,parents,in_service_to",
               "leaf,tcp,127.0.0.1:50,port,node,,east,", "new,tcp,127.0.0.1:51,port,node,,east,")  # fmt: skip
        await w.agent.registers_changed()
        after = w.agent.runner.schedule._jobs
        assert set(after) == {*before, "new"}
        assert [name for name in before if after[name] is not jobs[name]] == ["leaf"]
        assert all(after[name].due_ns == before[name] for name in before if name != "leaf")
        w.to(700)
        await w.say(*ALL_UP)
        await w.say(("east", 600, DOWN), ("new", 0, UP), ("new", 610, DOWN))
        (fault,) = await w.look()
        w.check()
        assert fault.members == ("new",)


async def test_targets_behind_what_is_down_are_probed_with_a_short_timeout_until_it_is_back(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.say(*ALL_UP)
        await w.look()
        assert w.agent.runner.behind == {}
        w.to(700)
        await w.say(("east", 600, DOWN))
        await w.look()
        behind = w.agent.runner.behind
        assert {name: target.timeout_seconds for name, target in behind.items()} == {"leaf": 2.0, "twig": 2.0}
        assert all(target.single_attempt for target in behind.values())
        await w.say(("west", 610, DOWN))
        await w.look()
        assert sorted(w.agent.runner.behind) == ["both", "leaf", "twig"]
        w.take("targets", "target_id,kind,address,module,role,site_id,parents,in_service_to",
               "leaf,tcp,127.0.0.1:50,port,node,,east,")  # fmt: skip
        await w.agent.registers_changed()
        await w.look()
        assert w.agent.runner.behind["leaf"].address == "127.0.0.1:50", "as the register has it now"
        await w.say(("east", 650, UP))
        await w.look()
        assert w.agent.runner.behind == {}
