"""Every named scenario of cases_faults/*.yml: from states and topology to faults, members and the rate.

The notation is that of test_cases.py: local times (Asia/Shanghai) on the case's `day` or with a date, `a .. b`
half-open. Every item is UP from the day before at 00:00 unless its `record` is `new`. `behind` lists redundant ways: an
item, or `2 of a b c`, or such lists under the time for which they hold. `as_of` is the next midnight if not given.
`windows` are those of test_cases_maintenance.py with the item that each is `of`. A fault is complete: flags, members
and what else is left out are not there; an onset or a restoration that is a span is an interval (F10).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sla.availability import availability
from sla.faults import DeskRow, Fault, Planned
from sla.maintenance import WindowRow, rule, union
from sla.model import Cause, Degraded, State, Window
from sla.numbers import meets, percent
from sla.rate import Gap, Rate, rate
from sla.rootcause import Derived, begin, derive
from sla.timeline import Mark, spans
from sla.topology import Graph, Item, Way
from tests.sla.test_cases import STATES
from tests.sla.test_cases_maintenance import DAY, Records

FILES = sorted(Path(__file__).parent.joinpath("cases_faults").glob("*.yml"))
SECOND = 1_000_000
ALWAYS = Window(0, 1 << 62)
FLAGS = ("overrun", "residual", "repeat", "withdrawn")


def _cases() -> Iterator[Any]:
    for file in FILES:
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield pytest.param(case, id=f"{file.stem}/{case['name']}")


class World(Records):
    """Reads items, their states and what people recorded."""

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.given.get("items", {})
        return found

    @property
    def midnight(self) -> int:
        return self.instant("00:00:00")

    @property
    def as_of(self) -> int:
        return self.instant(self.given["as_of"]) if "as_of" in self.given else self.midnight + DAY

    def graph(self) -> Graph:
        return Graph([self.item(name, said) for name, said in self.items.items()])

    def item(self, name: str, said: dict[str, Any]) -> Item:
        behind = said.get("behind", [])
        dated = behind if isinstance(behind, dict) else {None: behind}
        ways = tuple(
            (ALWAYS if when is None else self.window(when), tuple(_way(t) for t in texts))
            for when, texts in dated.items()
        )
        return Item(name, said.get("role", "node"), said.get("interval", 60) * SECOND, ways)

    def history(self, said: dict[str, Any]) -> list[Mark]:
        marks = [] if said.get("record") == "new" else [_mark(self.midnight - DAY, "up")]
        for line in said.get("states", "").strip().splitlines():
            clock, name = line.rsplit(" ", 1)
            marks.append(_mark(self.instant(clock), name))
        return marks

    def planned(self) -> dict[str, list[Window]]:
        return {name: self.counting(name) for name in self.items}

    def counting(self, name: str) -> list[Window]:
        rows = [self.row(said) for said in self.given.get("windows", []) if said["of"] == name]
        return union(ruling.effective for ruling in rule(rows, self.heartbeat()) if ruling.counts)

    def row(self, said: dict[str, Any]) -> WindowRow:
        recorded = self.stamp(said, "recorded")
        assert recorded is not None
        stamps = self.stamp(said, "approved"), self.stamp(said, "notified")
        return WindowRow(said["id"], 1, *self.window(said["time"]), stamps[0] is not None, *stamps, recorded)

    def desk(self) -> list[DeskRow]:
        return [
            DeskRow(
                said["id"],
                said["root"],
                self.instant(said["reported"]),
                restored=self.instant(said["restored"]) if "restored" in said else None,
                role=said.get("role", "service"),
            )
            for said in self.given.get("desk", [])
        ]

    def derived(self) -> Derived:
        histories = {name: self.history(said) for name, said in self.items.items()}
        graph = self.graph()
        return derive(graph, begin(graph, histories, self.planned()), self.as_of, self.desk())

    def interval(self, text: str) -> tuple[int | None, int]:
        """`a .. b`, `.. b` without a bound, or one instant."""
        early, dots, late = text.rpartition("..")
        at = self.instant(late)
        if not dots:
            return at, at
        return (self.instant(early), at) if early.strip() else (None, at)

    def fault(self, said: dict[str, Any]) -> dict[str, Any]:
        onset = self.interval(said["onset"])
        return {
            "root": said["root"],
            "start": self.instant(said["start"]) if "start" in said else onset[1],
            "onset": onset,
            "restored": self.interval(said["restored"]) if "restored" in said else None,
            "outcome": said["outcome"],
            "members": sorted(said.get("members", [])),
            "flags": sorted(said.get("flags", [])),
            "source": said.get("source", "probe"),
        }

    def planned_outage(self, said: dict[str, Any]) -> Planned:
        restored = self.instant(said["restored"]) if "restored" in said else None
        members = tuple(sorted(said.get("members", [])))
        return Planned(said["root"], self.instant(said["onset"]), restored, members, self.window(said["window"]))

    def rate(self, found: Derived) -> Rate:
        said = self.given["rate"]
        gaps = [Gap(text.split(";")[0], self.window(text.split(";")[1])) for text in said.get("gaps", [])]
        faults = [*found.faults, *self.many(said.get("counts", {}))]
        per_mille = (round(float(said["target"]) * 10), 1000) if "target" in said else None
        return rate(faults, self.window(said["period"]), said.get("roles"), gaps, per_mille, said.get("strict", False))

    def many(self, counts: dict[str, int]) -> list[Fault]:
        """Faults of which only the outcome matters, one an hour: 10 min, or 4 h."""
        length = {"in_time": DAY // 144, "late": DAY // 6}
        names = [(outcome, f"{outcome}-{i}") for outcome, count in counts.items() for i in range(count)]
        graph = Graph([Item(name, "node", SECOND) for _, name in names])
        histories = {}
        for hour, (outcome, name) in enumerate(names):
            at = self.midnight - DAY + hour * DAY // 24
            histories[name] = [_mark(at - DAY, "up"), _mark(at, "down"), _mark(at + length[outcome], "up")]
        return list(derive(graph, begin(graph, histories, {}), self.midnight + 300 * DAY).faults)


def _way(text: str) -> Way:
    words = text.split()
    return Way(int(words[0]), tuple(words[2:])) if words[1:2] == ["of"] else Way(1, (text,))


def _mark(at: int, name: str) -> Mark:
    if name == "removed":
        return Mark(at, State.UNKNOWN, Degraded.NONE, Cause.WITHDRAWN)
    cause = Cause.IMPORTED if name.startswith("imported-") else Cause.PROBE
    return Mark(at, STATES[name.removeprefix("imported-")], Degraded.NONE, cause)


def _said(fault: Fault) -> dict[str, Any]:
    return {
        "root": fault.root,
        "start": fault.start,
        "onset": fault.onset,
        "restored": fault.restored,
        "outcome": fault.outcome.value,
        "members": list(fault.members),
        "flags": sorted(flag for flag in FLAGS if getattr(fault, flag)),
        "source": fault.source,
    }


@pytest.mark.parametrize("case", list(_cases()))
def test_the_case_comes_out_as_derived(case: dict[str, Any]) -> None:
    world, expected = World(case["given"]), case["expected"]
    found = world.derived()
    if "faults" in expected:
        want = [world.fault(said) for said in expected["faults"]]
        assert [_said(fault) for fault in found.faults] == sorted(want, key=lambda f: (f["start"], f["root"]))
        assert list(found.planned) == sorted(world.planned_outage(said) for said in expected.get("planned", []))
        assert [row.id for row in found.unlinked] == expected.get("unlinked", [])
    for name, minutes in expected.get("down_min", {}).items():
        assert _down(world, name) == minutes
    if "rate" in expected:
        _check_rate(case, expected["rate"], world.rate(found))


def _down(world: World, name: str) -> int:
    day = Window(world.midnight, world.midnight + DAY)
    return availability(spans(world.history(world.items[name]), day, world.as_of), [], day).parts.down // (60 * SECOND)


def _check_rate(case: dict[str, Any], expected: dict[str, Any], found: Rate) -> None:
    counts = {name: getattr(found, name) for name in ("in_time", "late", "pending", "undecided", "n")}
    assert counts == {name: expected.get(name, 0) for name in counts}
    assert [list(found.low), list(found.high)] == [expected["low"], expected["high"]]
    assert found.allowed == expected.get("allowed")
    if "shown" in expected:
        assert percent(found.low, 2) == expected["shown"]
    if "verdict" in expected:
        said = case["given"]["rate"]
        target, strict = (round(float(said["target"]) * 10), 1000), said.get("strict", False)
        low, high = (meets(bound, target, strict=strict) for bound in (found.low, found.high))
        assert expected["verdict"] == ("met" if low else "undetermined" if high else "missed")


def test_every_case_says_its_story_its_rules_and_its_derivation() -> None:
    cases = [case.values[0] for case in _cases()]
    for case in cases:
        assert {"name", "story", "rules", "given", "expected", "derivation"} <= set(case), case["name"]
        assert case["story"].strip()
        assert case["derivation"].strip()
    assert len({case["name"] for case in cases}) == len(cases)


def test_every_vector_that_is_about_faults_has_a_case() -> None:
    numbers = {case.values[0].get("vector") for case in _cases()}
    assert {5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 18, 25, 26, 31, 34, 35, 36, 37, 42, 43, 44} <= numbers
