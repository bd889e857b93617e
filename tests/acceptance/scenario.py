"""A scenario as its file says it: a small city, what happens to it, and the answer made by hand."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Spans = list[tuple[str, str]]
"""From one mark of the script to another."""


@dataclass(frozen=True)
class Spot:
    """One target: what it is and how it is asked."""

    id: str
    role: str = "node"
    kind: str = "icmp"
    module: str = ""
    families: str = ""
    name: str = ""


@dataclass(frozen=True)
class Place:
    """A site behind lines of the register, or behind a trunk that no register knows."""

    id: str
    parent: str
    lines: tuple[str, ...]
    trunk: tuple[str, ...]
    targets: tuple[Spot, ...]


@dataclass(frozen=True)
class Step:
    """One line of the script: an action, or a condition that is waited for."""

    what: str
    where: Any
    mark: str = ""
    ratio: float = 0.0
    readings: int = 0


@dataclass(frozen=True)
class Times:
    """What the availability of one id has to say; what is not named is 0, the rest is up."""

    spans: dict[str, Spans] = field(default_factory=dict)
    because: dict[str, Spans] | None = None


@dataclass(frozen=True)
class Scenario:
    """One file."""

    name: str
    places: tuple[Place, ...]
    script: tuple[Step, ...]
    limits: dict[str, float]
    faults: list[dict[str, Any]]
    vantage: list[dict[str, str]]
    availability: dict[str, Times]


STATES = ("degraded", "down", "unknown")
ACTIONS = ("until", "cut", "mend", "lose", "silence", "drop6", "undo", "own_device_down", "own_device_up")


def read(path: Path) -> Scenario:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(said) - {"limits"} == {"says", "city", "script", "answer"}, f"{path.name}: {sorted(said)}"
    answer = said["answer"]
    assert set(answer) <= {"faults", "vantage", "availability"}, f"{path.name}: {sorted(answer)}"
    return Scenario(
        name=path.stem,
        places=tuple(_place(id_, body or {}) for id_, body in said["city"].items()),
        script=tuple(_step(path, line) for line in said["script"]),
        limits=said.get("limits", {}),
        faults=answer["faults"],
        vantage=answer.get("vantage", []),
        availability={id_: _times(body or {}) for id_, body in answer["availability"].items()},
    )


def _place(id_: str, body: dict[str, Any]) -> Place:
    targets = tuple(Spot(spot, **(words or {})) for spot, words in body.pop("targets").items())
    parent, lines, trunk = body.pop("on", "S-CORE"), body.pop("lines", ()), body.pop("trunk", ())
    assert not body, f"{id_}: {sorted(body)}"
    return Place(id_, parent, tuple(lines), tuple(trunk), targets)


def _step(path: Path, line: dict[str, Any]) -> Step:
    (what,) = (each for each in line if each in ACTIONS)
    options = {"mark": line.get("as", ""), "ratio": line.get("ratio", 0.0), "readings": line.get("readings", 0)}
    assert set(line) <= {what, "as", "ratio", "readings"}, f"{path.name}: {line}"
    return Step(what, line[what], **options)


def _times(body: dict[str, Any]) -> Times:
    assert set(body) <= {*STATES, "because"}, sorted(body)
    because = body.get("because")
    return Times(
        {state: _spans(body[state]) for state in STATES if state in body},
        None if because is None else {why: _spans(spans) for why, spans in because.items()},
    )


def _spans(said: list[list[str]]) -> Spans:
    return [(start, end) for start, end in said]
