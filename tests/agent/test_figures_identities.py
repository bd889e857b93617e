"""Every named scenario of cases_identities/*.yml, through the store: coverage, its pack, and the outside verifier (C2).

`met` has who answered as whom and when, in local time; `certificate-1` stands for a certificate of that number.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.figures.book import Book
from agent.figures.coverage import Question, covered
from agent.figures.timelines import Timelines
from agent.packs import verify
from agent.plans import plan_by_id
from agent.stores.base import Batch, Component, EdgeRow, RunRequest
from agent.stores.identifying import DayMet
from agent.stores.sighting import DaySeen
from sla.coverage import LEVELS, NO_CLAIMS, Coverage
from sla.model import Cause, Degraded, Edge, State
from sla.periods import to_datetime, to_us
from tests.agent.figure_cases import Books, books
from tests.agent.import_cases import ZONE, at
from tests.agent.pack_worlds import head, pack
from tests.agent.test_packs_changed import remade

FOLDER = Path(__file__).parent / "cases_identities"
CUT, NOW = at("2026-06-01"), at("2026-06-01T06:00:00")
BEGIN = at("2026-05-01")
MINUTE = 60_000_000
TARGETS = ("a", "b", "c")
ROW = next(row for row in plan_by_id("ankang").rows if row.id == "extranet_coverage_rate")


def cases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.yml")):
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield pytest.param(case, id=case["name"])


def case_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each.values[0] for each in cases() if each.id == name)
    return found


def full(word: str) -> str:
    """`certificate-1` in full."""
    kind, dash, number = word.partition("-")
    return f"{kind}:{int(number):0{64 if kind == 'certificate' else 24}x}" if dash else word


def fill(made: Books, case: dict[str, Any]) -> None:
    """The three townships and what was seen of them."""
    made.enter("divisions", "code,name,level", *(f"{unit},{unit}镇,township" for unit in "ABC"))
    sites = [f"S{unit},{unit},2024-06-01" for unit in "ABC"]
    made.enter("sites", "site_id,division_code,accepted_on", *sites, "SX,,2024-06-01")
    addresses = {name: f"10.0.0.{number}" for number, name in enumerate(TARGETS, 1)} | case.get("addresses", {})
    rows = [f"{name},tls,{addresses[name]}:443,S{name.upper()}" for name in TARGETS]
    made.enter("targets", "target_id,kind,address,site_id", *rows)
    for row in case.get("register", ()):
        said = {**row, "identity": full(row["identity"])}
        made.enter("identities", ",".join(said), ",".join(map(str, said.values())))
    seen(made, [line.split(" ", 2) for line in case.get("met", ())])


def seen(made: Books, met: list[list[str]]) -> None:
    """A run of an agent from BEGIN on: every target up all the time, and who answered."""
    ids = {name: number for number, name in enumerate(TARGETS, 1)}
    run = made.writer.start_run(RunRequest("v", "boot", BEGIN, (0, BEGIN), "test", 1))
    edges = [EdgeRow(id_, run.boot_no, id_, Edge(BEGIN, State.UP, Degraded.NONE, Cause.PROBE)) for id_ in ids.values()]
    days = [DaySeen(day_of(CUT - MINUTE), id_, CUT - MINUTE, CUT - MINUTE) for id_ in ids.values()]
    parts = [Component(id_, name, "", "tls") for name, id_ in ids.items()]
    rows = [
        DayMet(day_of(when), ids[name], full(who), when, when) for name, who, text in met for when in [moment(text)]
    ]
    made.writer.write(run, Batch(NOW, parts, edges, sightings=days, identities=rows))


def day_of(when: int) -> int:
    return to_datetime(when, ZONE).date().toordinal()


def moment(text: str) -> int:
    return to_us(datetime.fromisoformat(text).replace(tzinfo=ZONE))


def asked(made: Books, cut: int = CUT) -> Coverage:
    known = Timelines(made.reader, Book.read(made.reader), cut)
    return covered(made.reader, known, ZONE, Question("extranet", LEVELS, cut))


def told(case: dict[str, Any], what: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """`certificate-1 B C` as the coverage has it."""
    said = case["expected"].get(what, {})
    return {
        unit: {full(line.split()[0]): tuple(line.split()[1:]) for line in lines} for unit, lines in sorted(said.items())
    }


@pytest.mark.parametrize("case", list(cases()))
def test_who_is_verified(case: dict[str, Any], tmp_path: Path) -> None:
    with books() as made:
        fill(made, case)
        found = asked(made)
        head(made, NOW)
        packed = pack(made, plan_by_id("ankang"), ROW, tmp_path / "p.zip", period="2026-05", now=NOW)
    assert list(found.total.lists["verified"]) == case["expected"]["verified"]
    assert found.shared_by == told(case, "shared")
    assert found.repeated_by == told(case, "repeating")
    status, said = verify.verify(str(packed), "en", None)
    assert status == 0, said
    assert "the pack holds" in said


def test_a_day_s_row_tells_of_both_its_ends(tmp_path: Path) -> None:
    """The week ends inside a day whose row has a time before and one after the cut-off."""
    with books() as made:
        fill(made, {"met": ["a certificate-1 2026-05-31 01:00:00", "b certificate-1 2026-05-31 13:00:00"]})
        for when in (at("2026-05-31T12:00:00"), at("2026-05-31T13:00:00")):
            assert asked(made, when).total.beside["shared"] == ()
        assert asked(made, at("2026-05-31T13:00:00") + 1).total.beside["shared"] == ("A", "B")
        assert asked(made, at("2026-06-07T01:00:00") + 1).total.beside["shared"] == ()


def test_a_row_written_anew_in_the_pack_fails_at_the_chain(tmp_path: Path) -> None:
    """The day is in a head: who changes it in the pack, digests and all, still has the head against him."""
    with books() as made:
        fill(made, case_of("one certificate behind two units"))
        head(made, NOW, {"identities": day_of(CUT) - 1})
        packed = pack(made, plan_by_id("ankang"), ROW, tmp_path / "p.zip", period="2026-05", now=NOW)
    status, said = verify.verify(str(packed), "en", None)
    assert status == 0
    assert "identities" not in said.partition("not checked")[0].partition("chain:")[2]
    mine, another = full("certificate-1"), full("certificate-7")
    forged = remade(packed, tmp_path, "identities.csv", lambda text: text.replace(mine, another, 1))
    status, said = verify.verify(str(forged), "en", None)
    assert status == 1
    assert "the chain does not hold" in said


WRONG = {
    "identities not compared": (
        "Shown",
        lambda *_: type("None_", (), {"of": lambda *_: frozenset()})(),
        "one certificate behind two units",
    ),
    "the register not read": ("claims", lambda *_: NO_CLAIMS, "the unit whose site names it"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_engine_is_caught_by_the_pack(wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, instead, case = WRONG[wrong]
    with books() as made:
        fill(made, case_of(case))
        monkeypatch.setattr(f"agent.figures.coverage.{name}", instead)
        packed = pack(made, plan_by_id("ankang"), ROW, tmp_path / "p.zip", period="2026-05", now=NOW)
    status, said = verify.verify(str(packed), "en", None)
    assert status == 1
    assert "figure.json lists" in said
