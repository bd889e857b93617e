"""Every named scenario of cases_composite/*.yml: composites, lines and sites, and what windows exclude of them.

The notation is that of cases/*.yml. `composite` says how the members make it: `all`, `any`, `at_least` with `of`
(gates inside in the same words), `line` from its evidence, `site` from its lines and `answers`, or `families`.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from sla.composite import ALL, Gate, evaluate, excluded, excluded_time, families, line, redundancy_lost, site, state_now
from sla.model import Cause, Degraded, State, Window
from sla.timeline import Mark, Span, clip, fold, overlay, spans
from tests.sla.test_cases import Reader, _edges, _said

FILES = sorted(Path(__file__).parent.joinpath("cases_composite").glob("*.yml"))
KNOWN = (State.UP, State.DEGRADED, State.DOWN)


def _cases() -> Iterator[Any]:
    for file in FILES:
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield pytest.param(case, id=f"{file.stem}/{case['name']}")


class World(Reader):
    """A case's members, and the composite made of them."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__(given)
        self.inside = self.window(given["window"])
        self.shape = given["composite"]
        self.timelines = {name: self._member(name, text) for name, text in given["members"].items()}

    def windows(self, name: str) -> list[Window]:
        return [self.window(text) for text in self.given.get("windows", {}).get(name, [])]

    def composite(self) -> list[Span]:
        of = self._named
        if "line" in self.shape:
            return line(of("line"), self.inside)
        if "families" in self.shape:
            return families(of("families"), self.inside)
        if "site" in self.shape:
            return site(of("site"), of("answers"), self.inside)
        return evaluate(gate_of(self.shape), self.timelines.__getitem__, self.inside)

    def excluded(self) -> list[Window]:
        own = self.windows("itself")
        if "site" not in self.shape:
            return excluded(gate_of(self.shape), own, self.timelines.__getitem__, self.windows, self.inside)
        members = [(self.timelines[name], self.windows(name)) for name in self.shape["site"]]
        return excluded_time(self.composite(), members, own, self.inside)

    def _named(self, key: str) -> list[list[Span]]:
        return [self.timelines[name] for name in self.shape.get(key, [])]

    def _member(self, name: str, text: str) -> list[Span]:
        marks = [Mark(at, state, why, Cause.PROBE) for at, state, why in _edges(self, text)]
        told = spans(fold(marks), self.inside, self.inside.end)
        if name not in self.given.get("imported", {}):
            return told
        foreign = clip(told, self.window(self.given["imported"][name]))
        return overlay(told, [span._replace(imported=True, cause=Cause.IMPORTED) for span in foreign])


def gate_of(shape: dict[str, Any]) -> Gate:
    ((word, names),) = ((word, shape[word]) for word in ("all", "any", "of") if word in shape)
    need = {"all": ALL, "any": 1}.get(word, shape.get("at_least"))
    assert need is not None
    return Gate(need, tuple(gate_of(name) if isinstance(name, dict) else name for name in names))


def _by_state(timeline: list[Span]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for span in timeline:
        sums[span.state.label] += span.length
    return dict(sums)


def _by_reason(timeline: list[Span]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for span in timeline:
        sums.update({str(flag.name).lower(): span.length for flag in span.degraded})
    return dict(sums)


def _by_source(timeline: list[Span]) -> dict[str, int]:
    sums = Counter({"probe": 0, "imported": 0})
    for span in timeline:
        if span.state in KNOWN:
            sums["imported" if span.imported else "probe"] += span.length
    return dict(sums)


@pytest.mark.parametrize("case", list(_cases()))
def test_the_case_comes_out_as_derived(case: dict[str, Any]) -> None:
    world, expected = World(case["given"]), case["expected"]
    found = world.composite()
    excused = [span for window in world.excluded() for span in clip(found, window)] if "excluded" in expected else []
    figures = {
        "us": _by_state(found),
        "degraded_us": _by_reason(found),
        "source_us": _by_source(found),
        "redundancy_lost_us": redundancy_lost(found, world.inside),
        "excluded_us": _by_state(excused),
    }
    if "edges" in expected:
        assert _said(found, world.inside) == _edges(world, expected["edges"])
    if "excluded" in expected:
        assert world.excluded() == [world.window(text) for text in expected["excluded"]]
    assert {key: figures[key] for key in figures if key in expected} == {
        key: expected[key] for key in figures if key in expected
    }
    assert sum(expected["us"].values()) == world.inside.length


GATES = [case for case in _cases() if {"all", "any", "of"} & set(case.values[0]["given"]["composite"])]


@pytest.mark.parametrize("case", GATES)
def test_the_live_page_says_at_every_edge_what_the_timeline_says(case: dict[str, Any]) -> None:
    world = World(case["given"])
    gate = gate_of(world.shape)
    for span in world.composite():
        for at in (span.start, span.end - 1):
            assert state_now(gate, partial(_at, world.timelines, at)) == (span.state, span.degraded)


def _at(timelines: dict[str, list[Span]], at: int, name: str) -> tuple[State, Degraded]:
    (span,) = clip(timelines[name], Window(at, at + 1))
    return span.state, span.degraded


def test_every_case_says_its_story_its_rules_and_its_derivation() -> None:
    cases = [case.values[0] for case in _cases()]
    assert len(cases) >= 30
    for case in cases:
        assert {"name", "story", "rules", "given", "expected", "derivation"} <= set(case), case["name"]
        assert case["story"].strip()
        assert case["derivation"].strip()
        assert set(case["expected"]) <= EXPECTED, case["name"]
    assert len({case["name"] for case in cases}) == len(cases)


EXPECTED = {"edges", "us", "degraded_us", "source_us", "redundancy_lost_us", "excluded", "excluded_us"}


def test_every_vector_of_the_method_about_composites_has_a_case() -> None:
    assert {case.values[0].get("vector") for case in _cases()} >= {9, 19, 33, 38}
