"""Seals: 72 h after a month, never in doubt of the clock, revised by what came later (E3, T4, vectors 17, 39, 40)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from agent.chainmetrics import ChainMetrics
from agent.cli.common import open_reader
from agent.cli.main import app
from agent.errors import UsageError
from agent.figures.book import Shelf
from agent.figures.plan import PlanTables, as_json
from agent.plans import plan_by_id
from agent.registers.catalogue import REGISTERS
from agent.sealing import PROVISIONAL_US, Asked, Sealer, Sources
from agent.sealjobs import SealJobs, clock_words
from agent.stores.base import Batch, Component, EdgeRow, RunRequest, SealStanding
from agent.stores.opening import Location
from agent.stores.touching import BEGINS, ENDS
from sla.model import Cause, Degraded, Edge, State
from sla.periods import month
from sla.plans import Plan
from tests.agent.chain_worlds import HOUR_US, ZONE, World

JUNE = month(2025, 6, ZONE)
DAY_US = 24 * HOUR_US
OVER = JUNE.end + PROVISIONAL_US
TARGETS = "target_id,kind,address,role,in_service_from,in_service_to,source_doc\n"
WINDOWS = "window_id,scope,start,end,approved_by,approved_at,notified_at,reason,document\n"


class Watched(World):
    """A store of one target that was UP since May, and its sealer."""

    def __init__(self, path: Path, plans: Sequence[Plan] = ()) -> None:
        super().__init__(path)
        start = JUNE.start - 5 * DAY_US
        self.run = self.writer.start_run(RunRequest("v", "b", start, (0, start), "0", 1))
        edge = EdgeRow(1, self.run.boot_no, 1, Edge(start, State.UP, Degraded.NONE, Cause.PROBE))
        self.writer.write(self.run, Batch(OVER + 40 * DAY_US, [Component(1, "t1", "", "tcp")], [edge]))
        sources = Sources(self.writer.reader, Shelf(), lambda: plans)
        self.sealer = Sealer(self.maker, self.writer, ZONE, sources)

    def late(self, at: int, seq: int) -> None:
        """An edge that is dated back."""
        edge = EdgeRow(1, self.run.boot_no, seq, Edge(at, State.DOWN, Degraded.NONE, Cause.PROBE))
        self.writer.write(self.run, Batch(OVER, edges=[edge]))


@pytest.fixture
def world(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "ledger.db")


class Clocks:
    """A watch that says what the test wants."""

    def __init__(self, *, unresolved: bool = False, synchronised: bool | None = True) -> None:
        self.unresolved, self.synchronised = unresolved, synchronised


def jobs(world: Watched, clocks: Clocks, now: int = OVER) -> SealJobs:
    return SealJobs(world.sealer, lambda: now, lambda: clocks, ChainMetrics(CollectorRegistry()))


TIMES = "2025-06-10T00:00:00+08:00,2025-06-10T04:00:00+08:00"
APPROVED = "2025-06-01T00:00:00+08:00"


def seals(path: Path) -> list[SealStanding]:
    with open_reader(Location(path)) as reader:
        return reader.seals()


def sla_agent(path: Path, *words: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, [words[0], "--store", f"sqlite:///{path}", *words[1:]])
    return ran.exit_code, ran.output


def test_a_month_is_due_72_h_after_its_end_and_those_before_it_in_its_first_year_with_it(world: Watched) -> None:
    may = month(2025, 5, ZONE).end + PROVISIONAL_US
    assert world.sealer.due(may - 1) == []
    assert world.sealer.due(may) == [f"2025-0{number}" for number in range(1, 6)]
    world.sealer.seal("2025-05", Asked(may, "agent"))
    assert world.sealer.due(OVER)[-1] == "2025-06"


@pytest.mark.parametrize("period", ["2025", "2025-Q2", "2025-13", "junk", "2025-6", ""])
def test_what_is_no_month_is_refused(world: Watched, period: str) -> None:
    with pytest.raises(UsageError, match="wanted a month: 2025-06"):
        world.sealer.seal(period, Asked(OVER, "agent"))


def test_a_month_is_provisional_for_72_h_and_sealed_once(world: Watched) -> None:
    with pytest.raises(UsageError, match="provisional until 72 h after its end"):
        world.sealer.seal("2025-06", Asked(OVER - 1, "agent"))
    world.sealer.seal("2025-06", Asked(OVER, "agent"))
    with pytest.raises(UsageError, match="2025-06 is sealed"):
        world.sealer.seal("2025-06", Asked(OVER, "agent"))


def test_a_seal_names_heads_figures_clock_and_the_seal_before(tmp_path: Path) -> None:
    plan = plan_by_id("ankang")
    world = Watched(tmp_path / "ledger.db", [plan])
    world.head(JUNE.start)
    first = world.sealer.seal("2025-05", Asked(OVER, "agent"))
    second = world.sealer.seal("2025-06", Asked(OVER, "zhang", "not synchronised, accepted by zhang"))
    assert (first.seal.first_head, first.seal.last_head, first.seal.before) == (1, 2, "")
    assert (second.seal.first_head, second.seal.last_head, second.seal.before) == (3, 3, first.digest)
    assert (second.seal.sealed_by, second.seal.said["clock"]) == ("zhang", "not synchronised, accepted by zhang")
    assert list(second.seal.figures) == ["ankang"]
    code, said = sla_agent(world.location.path or Path(), "verify", "--expect", first.digest)
    assert code == 0
    assert "that of seal 1 of 2025-05, revision 1" in said


SEAL_COLUMNS = ["period", "revision", "zone", "sealed_at", "sealed_by", "first_head", "last_head", "last_digest"]


@pytest.mark.parametrize("column", [*SEAL_COLUMNS, "heads", "figures", "said", "before", "digest"])
def test_a_seal_that_is_changed_is_named(world: Watched, column: str) -> None:
    world.sealer.seal("2025-06", Asked(OVER, "agent"))
    to = {"figures": """'{"a": "b"}'""", "said": "'{}'"}.get(
        column, f"CASE typeof({column}) WHEN 'text' THEN 'ab' ELSE 9 END"
    )
    world.sql(f"UPDATE seals SET {column} = {to}")
    code, said = sla_agent(world.location.path or Path(), "verify")
    assert code == 1
    assert "FAILED: seal 1 of" in said


def test_figures_and_seals_that_are_changed_or_dropped_are_named(tmp_path: Path) -> None:
    world = Watched(tmp_path / "ledger.db", [plan_by_id("ankang")])
    for period in ("2025-05", "2025-06"):
        world.sealer.seal(period, Asked(OVER, "agent"))
    path = world.location.path or Path()
    assert sla_agent(path, "verify")[0] == 0
    world.sql("UPDATE seal_figures SET body = replace(body, 'null', '1') WHERE seal = 2")
    assert "the figures of plan ankang that are kept with it" in sla_agent(path, "verify")[1]
    world.sql("DELETE FROM seals WHERE number = 2")
    assert "seal 2: missing at the end: its figures are there" in sla_agent(path, "verify")[1]
    world.sql("UPDATE seals SET number = 2 WHERE number = 1")
    assert "missing: seal 1 before it" in sla_agent(path, "verify")[1]


def test_later_data_make_a_revision_with_its_reasons_and_the_old_seal_still_verifies(world: Watched) -> None:
    first = world.sealer.seal("2025-06", Asked(OVER, "agent"))
    world.late(JUNE.end + DAY_US, 2)  # of July: concerns nobody
    world.head(OVER + HOUR_US)
    assert world.sealer.revise(Asked(OVER + HOUR_US, "agent")) == []
    world.late(JUNE.start + DAY_US, 3)
    world.head(OVER + 2 * HOUR_US)
    (second,) = world.sealer.revise(Asked(OVER + 2 * HOUR_US, "agent"))
    assert world.sealer.revise(Asked(OVER + 3 * HOUR_US, "agent")) == []
    assert (second.seal.revision, second.seal.said["revises"], second.seal.before) == (2, first.digest, first.digest)
    because = {"table": "edges", "by": "agent", "rows": 1, "first": ["1/1/1/3"]}
    assert second.seal.said["because"] == [because]
    path = world.location.path or Path()
    assert sla_agent(path, "verify", "--expect", first.digest)[0] == 0


def test_nothing_is_sealed_while_a_step_of_the_clock_is_unresolved(world: Watched) -> None:
    """Vector 17, at the seal."""
    doubt = jobs(world, Clocks(unresolved=True))
    assert not doubt.look(lambda: None)
    with pytest.raises(UsageError, match="a step of the clock is unresolved"):
        doubt.on_demand("2025-06", "zhang", accept_clock=True)
    assert seals(world.location.path or Path()) == []


@pytest.mark.parametrize("synchronised", [False, None])
def test_an_unsynchronised_clock_waits_for_a_person(world: Watched, synchronised: bool | None) -> None:
    clocks = jobs(world, Clocks(synchronised=synchronised))
    assert not clocks.look(lambda: None)
    with pytest.raises(UsageError, match="--accept-clock"):
        clocks.on_demand(None, "zhang", accept_clock=False)
    done = clocks.on_demand(None, "zhang", accept_clock=True)
    assert [kept.seal.period for kept in done.seals][-2:] == ["2025-05", "2025-06"]
    assert done.seals[-1].seal.said["clock"] == "not synchronised, accepted by zhang"
    assert done.words[-1].startswith("2025-06 sealed, revision 1, up to head ")


def test_months_are_sealed_by_themselves_once_an_hour(world: Watched) -> None:
    told = jobs(world, Clocks())
    assert told.look(lambda: None)
    assert [each.kept.seal.sealed_by for each in seals(world.location.path or Path())] == ["agent"] * 6
    assert not told.look(lambda: None)
    assert clock_words(True, "agent", accept_clock=False) == "synchronised"


def test_a_report_is_sealed_only_where_each_month_of_its_period_is(tmp_path: Path) -> None:
    plan = plan_by_id("ankang")
    world = Watched(tmp_path / "ledger.db", [plan])

    def told(period: str) -> tuple[str, str | None]:
        table = PlanTables(world.writer.reader).table(plan, period, now=OVER)
        body = as_json(table)
        return body["status"], body["seal"]

    kept = world.sealer.seal("2025-06", Asked(OVER, "agent"))
    assert told("2025-06") == ("sealed", f"sha256:{kept.digest}")
    assert told("2025-Q2") == ("provisional", None)
    world.sealer.seal("2025-04", Asked(OVER, "agent"))
    last = world.sealer.seal("2025-05", Asked(OVER, "agent"))
    assert told("2025-Q2") == ("sealed", f"sha256:{last.digest}")


def imported(path: Path, kind: str, text: str, *more: str) -> None:
    file = path.with_name(f"{kind}.csv")
    file.write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(app, ["import", kind, str(file), "--store", f"sqlite:///{path}", *more])
    assert ran.exit_code == 0, ran.output


@pytest.fixture
def outage(tmp_path: Path) -> Path:
    """A store without an agent: a target, three hours DOWN in June, and June sealed."""
    path = tmp_path / "told.db"
    imported(path, "targets", TARGETS + "L1,tcp,192.0.2.1:80,line,,,\n")
    states = ("01T00:00:00+08:00,up", "10T00:00:00+08:00,down", "10T03:00:00+08:00,up")
    rows = "\n".join(("target_id,at,state", *(f"L1,2025-06-{each}" for each in states)))
    imported(path, "history", rows, "--as-of", "2025-07-01T00:00:00+08:00")
    code, said = sla_agent(path, "seal", "--period", "2025-06", "--accept-clock")
    assert (code, said.splitlines()[0][:30]) == (0, "2025-06 sealed, revision 1, up")
    return path


def available(path: Path, target: str = "L1") -> dict[str, Any]:
    span = ("--from", "2025-06-01", "--to", "2025-07-01")
    code, said = sla_agent(path, "availability", "--target", target, *span, "--json")
    assert code == 0, said
    body: dict[str, Any] = json.loads(said)
    return body


def test_a_window_that_is_imported_after_the_seal_is_a_revision_that_names_it(outage: Path) -> None:
    """This store never had a heartbeat, so that the window counts as documented."""
    before = available(outage)
    imported(outage, "maintenance", f"{WINDOWS}W1,L1,{TIMES},局长,{APPROVED},{APPROVED},光缆,文1\n")
    after = available(outage)
    assert after["all_in"] == before["all_in"] != after["excluding_approved"]
    code, said = sla_agent(outage, "seal", "--accept-clock")
    assert code == 0
    assert "2025-06 sealed, revision 2" in said
    assert "1 rows of register_rows by" in said
    assert "maintenance/W1/1" in said
    assert sla_agent(outage, "verify", "--expect", seals(outage)[0].kept.digest)[0] == 0


def test_a_window_that_is_imported_the_morning_after_excludes_nothing_and_is_a_revision(world: Watched) -> None:
    """Vector 39 through the chain: approved in time, but recorded after its start, which an agent was there to see."""
    path = world.location.path
    assert path is not None
    down = JUNE.start + 9 * DAY_US
    world.late(down, 2)
    back = EdgeRow(1, world.run.boot_no, 3, Edge(down + 3 * HOUR_US, State.UP, Degraded.NONE, Cause.PROBE))
    world.writer.write(world.run, Batch(OVER + 40 * DAY_US, edges=[back]))
    world.close()
    imported(path, "targets", TARGETS + "t1,tcp,192.0.2.1:80,line,,,\n")
    assert sla_agent(path, "seal", "--period", "2025-06", "--accept-clock")[0] == 0
    before = available(path, "t1")
    imported(path, "maintenance", f"{WINDOWS}W1,t1,{TIMES},局长,{APPROVED},{APPROVED},光缆,文1\n")
    after = available(path, "t1")
    assert before["us"]["down"] == 3 * HOUR_US
    assert after["excluding_approved"] == after["all_in"] == before["all_in"]
    code, said = sla_agent(path, "seal", "--accept-clock")
    assert (code, "maintenance/W1/1" in said) == (0, True), said
    assert sla_agent(path, "verify", "--expect", seals(path)[0].kept.digest)[0] == 0


def test_a_target_that_is_retired_over_its_outage_is_a_revision_and_the_headline_stays(outage: Path) -> None:
    """Vector 40 through the chain."""
    before = available(outage)
    retired = "L1,tcp,192.0.2.1:80,line,,2025-06-09T00:00:00+08:00,文2\n"
    imported(outage, "targets", TARGETS + retired)
    after = available(outage)
    assert (after["all_in"], after["us"]) == (before["all_in"], before["us"])
    code, said = sla_agent(outage, "seal", "--accept-clock")
    assert code == 0
    assert "2025-06 sealed, revision 2" in said
    assert "targets/L1/2" in said
    assert sla_agent(outage, "verify")[0] == 0


def test_a_seal_on_a_store_without_an_agent_asks_for_an_unsynchronised_clock(
    outage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.clock.SystemClock.synchronised", lambda _: False)
    code, said = sla_agent(outage, "seal", "--period", "2025-05")
    assert code == 2
    assert "--accept-clock" in said


def test_the_times_of_every_record_are_known_to_the_seals() -> None:
    undated = [register for register in REGISTERS.values() if not register.dated and register.start]
    assert {register.start for register in undated} <= set(BEGINS)
    assert {register.end for register in undated} <= set(ENDS)


def test_a_seal_that_fails_is_tried_again_in_the_next_hour(world: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    now, tried = [OVER], []

    def fail(*_: object) -> None:
        tried.append(now[0])
        raise UsageError("no")

    monkeypatch.setattr(world.sealer, "seal", fail)
    told = SealJobs(world.sealer, lambda: now[0], Clocks, ChainMetrics(CollectorRegistry()))
    with pytest.raises(UsageError):
        told.look(lambda: None)
    assert not told.look(lambda: None)
    now[0] += HOUR_US
    with pytest.raises(UsageError):
        told.look(lambda: None)
    assert tried == [OVER, OVER + HOUR_US]
