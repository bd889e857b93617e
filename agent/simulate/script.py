"""A scenario's file read and checked: every mistake at once, by line; what is left are whole actions on one clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.config.nodes import Tree
from agent.config.problems import Found, Rule, nearest
from agent.instants import parse_point
from agent.lab.city import City
from agent.lab.documents import read
from agent.lab.script import Action, Story
from agent.lab.script import problems as lab_problems
from agent.simulate.schema import MOST_SECONDS, OWN_WHATS, Event, Scenario
from sla.model import Window

ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of the lab's agent.yml."""

_MOST_ROUNDS = 5000
_ON_LINES = frozenset({"flapping", "loss", "slow"})
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A scenario on one clock. Units: microseconds UTC. Shape: actions of the lab with the time in which each holds."""

    scenario: Scenario
    path: Path
    tree: Tree
    window: Window


@dataclass(frozen=True, slots=True)
class Holding:
    """An action and when it holds. Units: microseconds UTC."""

    action: Action
    window: Window


def read_script(path: Path) -> tuple[Script | None, Tree, list[Found]]:
    """The file, and what is wrong with its times. Errors: ConfigError for what cannot be read; UsageError."""
    scenario, tree = read(path, Scenario)
    found: list[Found] = []
    start, end = (_at(text, (key,), found) for text, key in ((scenario.start, "from"), (scenario.to, "to")))
    if start is None or end is None:
        return None, tree, found
    if not 0 < end - start <= MOST_SECONDS * _SECOND:
        found.append(
            Found(
                Rule.RANGE,
                ("to",),
                "got an end that is not after the start, or more than two years behind"
                " it; wanted a time in between, correct it",
            )
        )
        return None, tree, found
    for name, key in (("interval", scenario.interval), ("camera_interval", scenario.camera_interval)):
        if not (5 <= key <= 3600 and key == int(key)):
            found.append(Found(Rule.RANGE, (name,), f"got {key:g} s, wanted whole seconds from 5s to 1h"))
    return Script(scenario=scenario, path=path, tree=tree, window=Window(start, end)), tree, found


def problems(script: Script, city: City) -> Iterator[Found]:
    """What is wrong with its events, in this city."""
    for index, event in enumerate(script.scenario.events):
        path = ("events", index)
        found: list[Found] = []
        at = _at(event.at, (*path, "at"), found)
        yield from found
        if at is not None and not script.window.start <= at < script.window.end:
            yield Found(Rule.RANGE, (*path, "at"), "got a time outside of the scenario, wanted one from `from` to `to`")
        yield from _misplaced(event, index, city)


def _misplaced(event: Event, index: int, city: City) -> Iterator[Found]:
    path = ("events", index)
    if "clean" in event.model_fields_set and event.what != "agent_down":
        yield Found(Rule.VALUE, (*path, "clean"), f"got it with {event.what}, wanted it with agent_down only")
    if event.what == "flapping" and event.lasts is None:
        yield Found(Rule.MISSING, (*path, "for"), "got nothing, wanted how long it flaps, such as 3h")
    elif event.what == "flapping" and (event.lasts or 0) / max(event.period, 1) > _MOST_ROUNDS:
        text = f"got {event.period:g} s, wanted at most {_MOST_ROUNDS} rounds; make the period longer"
        yield Found(Rule.RANGE, (*path, "period"), text)
    if event.what in OWN_WHATS:
        yield from _own_misplaced(event, index, city)
    elif not (event.what in _ON_LINES and event.where in city.lines):
        for each in lab_problems(Story(actions=(_action(event, 0.0),)), city):
            yield Found(each.rule, (*path, *each.path[2:]), each.text, each.at_key)


def _own_misplaced(event: Event, index: int, city: City) -> Iterator[Found]:
    path = ("events", index, "where")
    if event.what == "agent_down":
        if event.where:
            yield Found(Rule.VALUE, path, f"got {event.where}, wanted nothing: agent_down has no place")
        if event.lasts is None:
            yield Found(Rule.MISSING, ("events", index, "for"), "got nothing, wanted how long, such as 6h")
        return
    known = [site for site, lines in city.lines_of.items() if lines]
    if event.where not in known:
        got = event.where or "nothing"
        yield Found(Rule.VALUE, path, f"got {got}, wanted the id of a site with lines; {nearest(event.where, known)}")


def holdings(script: Script, city: City) -> list[Holding]:
    """Its events as actions of the lab, each with its time. Shape: of a script without problems."""
    found: list[Holding] = []
    for event in script.scenario.events:
        window = window_of(event, script)
        if event.what == "lines_cut":
            lines = city.lines_of[event.where]
            found += [Holding(Action(at=0.0, what="line_cut", where=line.id), window) for line in lines]
        elif event.what == "flapping":
            found += _rounds(event, window, city)
        elif event.what != "agent_down":
            found.append(Holding(_action(event, 0.0), window))
    return found


def _rounds(event: Event, window: Window, city: City) -> Iterator[Holding]:
    """Gone for the first half of each round, like the lab's."""
    what = "line_cut" if event.where in city.lines else "silent"
    period = round(event.period * _SECOND)
    for start in range(window.start, window.end, period):
        half = Window(start, min(start + period // 2, window.end))
        yield Holding(Action(at=0.0, what=what, where=event.where), half)


def outages(script: Script) -> list[tuple[Window, bool]]:
    """When the agent does not run, and whether it stopped cleanly; what touches is one. Shape: in order."""
    told = sorted((window_of(event, script), event.clean) for event in script.scenario.events if _is_agent(event))
    joined: list[tuple[Window, bool]] = []
    for window, clean in told:
        if joined and window.start <= joined[-1][0].end:
            before, was_clean = joined[-1]
            joined[-1] = (Window(before.start, max(before.end, window.end)), was_clean)
        else:
            joined.append((window, clean))
    return joined


def window_of(event: Event, script: Script) -> Window:
    """When an event holds. Units: microseconds UTC."""
    at = parse_point(event.at, ZONE)
    end = script.window.end if event.lasts is None else at + round(event.lasts * _SECOND)
    return Window(at, min(end, script.window.end))


def recorded_at(text: str | None, script: Script) -> int:
    """When rows are entered."""
    return script.window.start if text is None else parse_point(text, ZONE)


def _is_agent(event: Event) -> bool:
    return event.what == "agent_down"


def _action(event: Event, at: float) -> Action:
    said: dict[str, object] = {"at": at, "what": event.what, "where": event.where}
    said |= {name: getattr(event, name) for name in ("ratio", "delay", "period") if name in event.model_fields_set}
    return Action.model_validate(said if event.lasts is None else {**said, "for": event.lasts})


def _at(text: str, path: Sequence[str | int], found: list[Found]) -> int | None:
    try:
        return parse_point(text, ZONE)
    except ValueError as exc:
        found.append(Found(Rule.DATE, tuple(path), f"got {text}, {exc}"))
        return None
