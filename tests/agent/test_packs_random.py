"""E4: the outside verifier agrees with the engine on any world, in an empty environment; a wrong engine is caught."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.packs import verify
from agent.packs.build import verifier
from agent.plans import BUILT_IN, plan_by_id
from sla import availability, faults, verdict
from sla.faults import Outcome
from sla.timeline import Span
from tests.agent.figure_cases import NOW as LATER
from tests.agent.figure_cases import books
from tests.agent.pack_worlds import City, pack, packs, varied
from tests.agent.report_worlds import city as year_of_a_city
from tests.depth import examples

ALONE = "result: the pack agrees with itself"
"""Of a pack behind which no chain stands."""
BARE = 6
"""Of so many packs one is verified by a bare Python; the others by the same code here, which takes less time."""


def bare(path: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """python3 -I -S verify.py PACK with no environment and in an empty folder."""
    program = folder / "verify.py"
    program.write_text(verifier(), encoding="utf-8")
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    command = [sys.executable, "-I", "-S", str(program), str(path), "--lang", "en", *words]
    return subprocess.run(command, env={}, cwd=empty, capture_output=True, text=True, check=False)


@pytest.mark.torture
@settings(
    max_examples=examples(6),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_any_world_verifies(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    with books() as made:
        City(made, dice).fill()
        plan = varied(dice.choice(BUILT_IN), dice, dated=dice.random() < 0.5)
        by_formula = {row.formula: row for row in plan.rows}
        chosen = replace(plan, rows=tuple(by_formula.values()))
        for number, (row, path) in enumerate(packs(made, chosen, tmp_path / "one.zip")):
            if (seed + number) % BARE == 0:
                ran = bare(path, tmp_path)
                assert (ran.returncode, ran.stderr) == (0, ""), f"{seed} {row.id}\n{ran.stdout}"
                assert "result: the pack holds" in ran.stdout or ALONE in ran.stdout
            else:
                status, said = verify.verify(str(path), "en", None)
                assert status == 0, f"{seed} {row.id}\n{said}"


@pytest.mark.parametrize("plan", BUILT_IN)
def test_every_row_of_every_plan(tmp_path: Path, plan: str) -> None:
    with books() as made:
        year_of_a_city(made)
        dice = random.Random(plan)
        chosen = varied(plan, dice)
        seen = set()
        for row, path in packs(made, chosen, tmp_path / "one.zip", period="2025", now=LATER):
            if row.formula in seen:
                status, said = verify.verify(str(path), "zh", None)
            else:
                ran = bare(path, tmp_path)
                status, said = ran.returncode, ran.stdout + ran.stderr
            seen.add(row.formula)
            assert status == 0, f"{row.id}\n{said}"


def _rounded(low, high, target, *, computable=True):
    """A verdict that rounds half a percent up."""
    found = verdict.judge(low, high, target, computable=computable)
    return verdict.Verdict.MET if found is verdict.Verdict.MISSED else found


def _without_down(timeline, service, window):
    """UNKNOWN and one outage taken for up."""
    made = _INSIDE(timeline, service, window)
    return [
        span._replace(state=availability.State.UP) if span.state is availability.State.UNKNOWN else span
        for span in made
    ]


_INSIDE = availability._inside


def _short(timeline, service, window):
    """The first outage is dropped."""
    made: list[Span] = _INSIDE(timeline, service, window)
    first = next((span for span in made if span.state is availability.State.DOWN), None)
    return [span._replace(state=availability.State.UP) if span is first else span for span in made]


def _in_time(*about):
    """A late fault is taken for one in time."""
    found = _OUTCOME(*about)
    return Outcome.IN_TIME if found is Outcome.LATE else found


_OUTCOME = faults.outcome


@pytest.mark.parametrize(
    ("where", "name", "wrong", "formula"),
    [
        ("sla.indicators", "judge", _rounded, "clearing_rate"),
        ("sla.availability", "_inside", _without_down, "availability_composite"),
        ("sla.availability", "_inside", _short, "availability_composite"),
        ("sla.faults", "outcome", _in_time, "clearing_rate"),
    ],
    ids=["a missed verdict rounded up", "unknown taken for up", "an outage dropped", "a late fault taken for in time"],
)
def test_a_wrong_engine_is_caught(tmp_path, monkeypatch, where, name, wrong, formula) -> None:
    plan = plan_by_id("ankang")
    row = next(row for row in plan.rows if row.formula == formula)
    with books() as made:
        year_of_a_city(made)
        sound = pack(made, plan, row, tmp_path / "sound.zip", period="2025", now=LATER)
        monkeypatch.setattr(f"{where}.{name}", wrong)
        bad = pack(made, plan, row, tmp_path / "bad.zip", period="2025", now=LATER)
    assert bare(sound, tmp_path).returncode == 0
    ran = bare(bad, tmp_path)
    assert ran.returncode == 1
    assert "figure.json" in ran.stdout
