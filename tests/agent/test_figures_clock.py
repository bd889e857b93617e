"""The clock of a plan that says `clock: detected` (F2), from its file to its table: the answer is reckoned by hand.

- a: failed at 08:00, 08:01 and 08:02, restored at 11:01:00. From the onset 3:01:00, late; from the
  third 2:59:00, in time.
- b: restored at 11:02:00. From the onset 3:02:00, late; from the third 3:00:00, in time.
- c: restored at 11:02:01. Late by both, 3:02:01 and 3:00:01.
- d: as b, but reported 30 s after the first failed reading. Late by both: 3:01:30 from the report.
- e: failed at 23:59 of the last day of 2025, restored at 00:30. In time by both, of 2025 or of 2026.
- old: a file says down from 08:00:00 to 11:00:01. Late by both: a file tells of no readings.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.figures.kept import Kept
from agent.figures.plan import PlanTables, as_json
from agent.plans import load_plan, plan_by_id
from agent.plans.options import reads
from agent.stores.base import Batch, Component, EdgeRow, Leaving, RunRequest
from sla.changes import with_options
from sla.confirm import FOREVER
from sla.model import Cause, Degraded, Edge, Outcome, Seen, State
from sla.plans import Change, Options
from tests.agent.figure_cases import DESK, NOW, Books, books
from tests.agent.import_cases import at

ROOT = Path(__file__).parents[2]
RATE = "fault_timely_handling_rate"
START, STOP = "2025-02-01", "2026-02-01"
DOWN_UP = {
    "a": ("2025-03-01T08:00:00", "2025-03-01T11:01:00"),
    "b": ("2025-04-01T08:00:00", "2025-04-01T11:02:00"),
    "c": ("2025-05-01T08:00:00", "2025-05-01T11:02:01"),
    "d": ("2025-06-01T08:00:00", "2025-06-01T11:02:00"),
    "e": ("2025-12-31T23:59:00", "2026-01-01T00:30:00"),
}


@pytest.fixture
def made():
    with books() as empty:
        heading = "target_id,kind,address,role"
        names = [*DOWN_UP, "old"]
        empty.enter("targets", heading, *(f"{id_},icmp,10.0.0.{n},node" for n, id_ in enumerate(names, 1)))
        empty.states("old,2025-01-01,up", "old,2025-01-10T08:00:00,down", "old,2025-01-10T11:00:01,up", until=START)
        probed(empty)
        report = "GD-1,d,2025-06-01T08:00:30+08:00,,,"
        empty.enter("faults", DESK, report, recorded="2025-06-02")
        yield empty


def probed(made: Books) -> None:
    """A run whose outages were declared at the third failed reading, a minute after a minute."""
    run = made.writer.start_run(RunRequest("core", "boot", at(START), (0, at(START)), "test", 1))
    known = {component.name: component.id for component in made.reader.components()}
    new = [Component(len(known) + n, id_, "", "icmp") for n, id_ in enumerate(DOWN_UP, 1)]
    edges = [
        (component.id, edge)
        for component in new
        for edge in (
            _edge(START, State.UP),
            _down(DOWN_UP[component.target][0]),
            _edge(DOWN_UP[component.target][1], State.UP),
        )
    ]
    rows = [EdgeRow(id_, run.boot_no, seq, edge) for seq, (id_, edge) in enumerate(edges, 1)]
    made.writer.stop_run(run, Batch(at(STOP), new, rows), Leaving({}))


def _edge(when: str, state: State) -> Edge:
    return Edge(at(when), state, Degraded.NONE, Cause.PROBE, 0, (Seen(at(when), Outcome.OK),))


def _down(when: str) -> Edge:
    first = datetime.fromisoformat(when)
    failed = [at((first + timedelta(minutes=n)).isoformat()) for n in range(3)]
    evidence = tuple(Seen(each, Outcome.FAILED, "timeout") for each in failed)
    return Edge(failed[0], State.DOWN, Degraded.NONE, Cause.PROBE, 0, evidence)


def told(made: Books, folder: Path, clock: str, period: str) -> tuple[dict, dict]:
    """The row of the table, and the figures beside it by name."""
    text = (ROOT / "config" / "plans" / "ankang.yml").read_text(encoding="utf-8")
    assert text.count("\nclock: onset") == 1
    file = folder / f"{clock}.yml"
    file.write_text(text.replace("\nclock: onset", f"\nclock: {clock}"), encoding="utf-8")
    table = PlanTables(made.reader).table(load_plan(file), period, now=NOW)
    (found,) = (each for each in as_json(table)["indicators"] if each["id"] == RATE)
    (judged,) = (each for each in table.rows if each.row.id == RATE)
    return found, {each.name: (each.low, each.high) for each in judged.figure.beside}


@pytest.mark.parametrize(
    ("clock", "period", "in_time", "late"),
    [
        ("onset", "2025", 1, 5),
        ("detected", "2025", 2, 3),
        ("onset", "2026-01", 0, 0),
        ("detected", "2026-01", 1, 0),
        ("onset", "2025-03", 0, 1),
        ("detected", "2025-03", 1, 0),
        ("detected", "2025-05", 0, 1),
        ("detected", "2025-06", 0, 1),
        ("detected", "2025-01", 0, 1),
        ("detected", "2025-12", 0, 0),
    ],
)
def test_the_clock_of_the_plan_decides(
    made: Books, tmp_path: Path, clock: str, period: str, in_time: int, late: int
) -> None:
    found, _ = told(made, tmp_path, clock, period)
    whole = in_time + late
    assert (found["low"], found["high"]) == (([in_time, whole], [in_time, whole]) if whole else (None, None))
    assert found["late"] == late
    assert found["parameters"]["clock"] == clock


def test_the_figure_by_the_onset_stands_beside_the_other(made: Books, tmp_path: Path) -> None:
    assert told(made, tmp_path, "detected", "2025")[1]["onset"] == ((1, 6), (1, 6))
    assert "onset" not in told(made, tmp_path, "onset", "2025")[1]


@pytest.mark.parametrize(("first", "then"), [("onset", "detected"), ("detected", "onset")])
def test_a_fault_across_the_day_on_which_the_clock_changes_is_counted_once(made: Books, first: str, then: str) -> None:
    """e: of 2025 where it has the clock of its onset, of 2026 where it has that of its detection."""
    history = (Change(-FOREVER, Options(clock=first), None), Change(at("2026-01-01"), Options(clock=then), None))
    changed = with_options(replace(plan_by_id("ankang"), clock=first, history=history), reads)
    for kept in (None, Kept(made.reader)):
        tables = PlanTables(made.reader, kept=kept)
        counted = {}
        for period in ("2025-12", "2026-01"):
            rows = as_json(tables.table(changed, period, now=NOW))["indicators"]
            counted[period] = next(row["d"] for row in rows if row["id"] == RATE)
        assert counted == ({"2025-12": 1, "2026-01": None} if first == "onset" else {"2025-12": None, "2026-01": 1})
