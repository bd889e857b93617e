"""From a scenario's file to what is played: the city on paper, its configuration, what people enter, all checked.

What people enter is tried out on a store in memory, in the order of its times, before anything is written.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from agent.config import Config, ConfigError, load
from agent.config.problems import Found, Problem, Rule, dotted, nearest
from agent.errors import UsageError
from agent.figures.book import Book
from agent.imports import ImportProblemsError, ImportRequest, RowProblem, apply_import
from agent.imports.files import read_file
from agent.instants import format_instant
from agent.lab.addresses import Plan, plan
from agent.lab.building import build
from agent.lab.city import City
from agent.lab.city_file import CityFile, read_city_file
from agent.lab.documents import refuse
from agent.lab.registers import write
from agent.registered import with_registers
from agent.registers import REGISTERS, known_of
from agent.simulate.answers import Answers
from agent.simulate.engine import Play
from agent.simulate.registered import anchor_id, city_of
from agent.simulate.schema import MOST_TARGETS, Entered
from agent.simulate.schema import City as Choice
from agent.simulate.script import ZONE, Script, holdings, outages, problems, read_script, recorded_at
from agent.stores.opening import Location, connect, migrate
from agent.stores.writing import SqliteWriter
from collectors import KINDS

AUTHOR = "scenario"
ADDRESS = "127.0.0.1:9610"
_FILE = "scenario"


def prepare(path: Path, folder: Path) -> tuple[Script, Play]:
    """The scenario, ready to be played; the city's papers are written into `folder`.

    Errors: ConfigError with everything that is wrong with the file, by line; UsageError.
    """
    script, tree, found = read_script(path)
    if script is None:
        refuse(str(path), tree, found)
        raise UsageError(f"{path}: got a file that cannot be read, wanted one as docs/simulate.md shows it")
    choice = script.scenario.city
    found += _mixed(choice)
    stage = _own(script, choice.agent) if choice.agent is not None else _of_lab(script, folder, found)
    found += problems(script, stage.city)
    config, requests = stage.config, [*stage.requests, *_requests(script, stage.config, found)]
    refuse(str(path), tree, found)
    _check_size(script, _tried(script, config, requests))
    answers = Answers(stage.city, holdings(script, stage.city), script.window, stage.anchors)
    return script, Play(config=config, window=script.window, answers=answers, outages=outages(script), entered=requests)


class Stage(NamedTuple):
    """Where a scenario plays: `anchors` are things of the city by the address of the self-check that they answer."""

    city: City
    config: Config
    requests: list[ImportRequest]
    anchors: Mapping[str, str]


def _mixed(choice: Choice) -> Iterator[Found]:
    """A city is one of three; an agent.yml of one's own says all of it."""
    given = [name for name in ("file", "inline", "agent") if getattr(choice, name) is not None]
    if len(given) > 1:
        text = f"got {' and '.join(given)}, wanted one of them; leave the others out"
        yield Found(Rule.VALUE, ("city", given[1]), text)
    for name in sorted(choice.model_fields_set - {"agent"}) if choice.agent is not None and len(given) == 1 else ():
        yield Found(Rule.VALUE, ("city", name), "got it beside agent, wanted it with a city's file; leave it out")


def _of_lab(script: Script, folder: Path, found: list[Found]) -> Stage:
    """The lab's papers for one of its cities."""
    city = _city(script, found)
    config, requests = _papers(script, city, folder)
    places = _plan(city).places
    return Stage(city, config, requests, {str(places[id_]): id_ for ids in city.anchors.values() for id_ in ids})


def _own(script: Script, agent: Path) -> Stage:
    """Somebody's own configuration and registers. Errors: ConfigError, UsageError for what is wrong with those."""
    path = script.path.parent / agent
    config = load(path, KINDS)
    files = [(each.kind, str(path.parent / each.file)) for each in config.registers]
    start = script.window.start
    requests = [_request(script, config, kind, name, read_file(Path(name)), start) for kind, name in files]
    config = replace(config, registers=())
    with _trial() as writer:
        for request in requests:
            apply_import(writer, request)
        city = city_of(config, Book.read(writer.reader), start)
    anchors = {address: anchor_id(address) for plane in config.planes.values() for address in plane.anchors}
    return Stage(city, config, requests, anchors)


@contextmanager
def _trial() -> Iterator[SqliteWriter]:
    memory = Location(None)
    with closing(connect(memory)) as db:
        migrate(db, memory)
        yield SqliteWriter(db)


def _city(script: Script, found: list[Found]) -> City:
    """The city on paper. Errors: ConfigError for its own file."""
    choice = script.scenario.city
    file = choice.inline or read_city_file(_city_file(script, choice))
    unknown = set(choice.counties or ()) - {county.code for county in file.counties}
    for code in sorted(unknown):
        known = nearest(code, [county.code for county in file.counties])
        found.append(Found(Rule.VALUE, ("city", "counties"), f"got {code}, wanted codes of the city's file; {known}"))
    if choice.scale not in file.scales:
        found.append(
            Found(Rule.VALUE, ("city", "scale"), f"got {choice.scale}, wanted one of: {', '.join(file.scales)}")
        )
    if unknown or choice.scale not in file.scales:
        refuse(str(script.path), script.tree, found)
    return build(_as_asked(file, choice), choice.scale)


def _city_file(script: Script, choice: Choice) -> Path:
    if choice.file is not None:
        return script.path.parent / choice.file
    return Path(str(resources.files("agent") / "data" / "config" / "lab" / "ankang.yml"))


def _as_asked(file: CityFile, choice: Choice) -> CityFile:
    """The file with the numbers of its scale that the scenario names itself."""
    names = ("counties", "townships", "villages", "channels", "hosts", "systems")
    said = {name: value for name in names if (value := getattr(choice, name)) is not None}
    scale = file.scales[choice.scale].model_copy(update=said)
    since = choice.in_service_from or file.in_service_from
    return file.model_copy(update={"scales": {choice.scale: scale}, "in_service_from": since})


def _plan(city: City) -> Plan:
    return plan(city, "netns")


def _papers(script: Script, city: City, folder: Path) -> tuple[Config, list[ImportRequest]]:
    """The lab's agent.yml and registers; these are what the agent's first start finds."""
    scenario = script.scenario
    seconds = int(scenario.interval), int(scenario.camera_interval)
    path = write(folder, city, _plan(city), listen_address=ADDRESS, seconds=seconds)
    (folder / "ca.pem").touch()
    config = load(path, KINDS)
    files = [(each.kind, each.file, read_file(folder / each.file)) for each in config.registers]
    requests = [_request(script, config, kind, name, data, script.window.start) for kind, name, data in files]
    return replace(config, registers=()), requests


def _request(script: Script, config: Config, kind: str, name: str, data: bytes, now: int) -> ImportRequest:
    return ImportRequest(
        kind=kind, file=name, data=data, now=now, by=AUTHOR, zone=config.zone_info, known=known_of(config)
    )


def _requests(script: Script, config: Config, found: list[Found]) -> list[ImportRequest]:
    """What people enter, as files of rows; the file's name says which of the entries it is."""
    made = []
    for index, entered in enumerate(script.scenario.entered):
        before = len(found)
        found += _misentered(script, entered, index)
        if len(found) == before:
            name, data = f"{_FILE}:{index}", _data(script, entered)
            made.append(_request(script, config, entered.kind, name, data, recorded_at(entered.recorded_at, script)))
    return made


def _misentered(script: Script, entered: Entered, index: int) -> Iterator[Found]:
    path = ("entered", index)
    if entered.kind not in REGISTERS:
        yield Found(
            Rule.VALUE, (*path, "kind"), f"got {entered.kind}, wanted a register; {nearest(entered.kind, REGISTERS)}"
        )
        return
    known = REGISTERS[entered.kind].by_name
    for number, row in enumerate(entered.rows):
        for name in row:
            if name not in known:
                text = f"got an unknown column; {nearest(name, known)}"
                yield Found(Rule.UNKNOWN_OPTION, (*path, "rows", number, name), text, at_key=True)
    if bool(entered.rows) is (entered.file is not None):
        yield Found(Rule.MISSING, path, "got no rows, or a file beside them; wanted one of `rows` and `file`")
    try:
        at = recorded_at(entered.recorded_at, script)
    except ValueError as exc:
        yield Found(Rule.DATE, (*path, "recorded_at"), f"got {entered.recorded_at}, {exc}")
        return
    if not script.window.start <= at < script.window.end:
        text = f"got {entered.recorded_at}, wanted a time from `from` to `to`"
        yield Found(Rule.RANGE, (*path, "recorded_at"), text)


def _data(script: Script, entered: Entered) -> bytes:
    if entered.file is not None:
        return read_file(script.path.parent / entered.file)
    columns = list(dict.fromkeys(name for row in entered.rows for name in row))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(entered.rows)
    return out.getvalue().encode()


def _tried(script: Script, config: Config, requests: Iterable[ImportRequest]) -> Mapping[int, Config]:
    """Every import tried out in memory, and what is probed after each of them. Errors: ConfigError by line."""
    found: list[Problem] = []
    probed: dict[int, Config] = {}
    with _trial() as writer:
        for request in sorted(requests, key=lambda each: each.now):
            try:
                apply_import(writer, request)
            except ImportProblemsError as exc:
                found += [_placed(script, each, request) for each in exc.problems]
        if not found:
            start = script.window.start
            probed[start] = with_registers(config, Book.read(writer.reader), start)
    if found:
        raise ConfigError(found)
    return probed


def _placed(script: Script, problem: RowProblem, request: ImportRequest) -> Problem:
    """A problem of a row where it stands in the scenario."""
    name, _, index = request.file.partition(":")
    if name != _FILE or script.scenario.entered[int(index)].file is not None:
        return Problem(
            file=problem.file, line=problem.line, column=0, what=problem.column, text=problem.text, rule=Rule.VALUE
        )
    path = ("entered", int(index), "rows", max(problem.line - 2, 0), problem.column)
    line, column = script.tree.place(path)
    return Problem(
        file=str(script.path), line=line, column=column, what=dotted(path), text=problem.text, rule=Rule.VALUE
    )


def _check_size(script: Script, probed: Mapping[int, Config]) -> None:
    for config in probed.values():
        if len(config.targets) > MOST_TARGETS:
            raise UsageError(
                f"{script.path}: city: got {len(config.targets)} targets and lines, wanted at most {MOST_TARGETS}; "
                "take fewer counties, townships or channels"
            )


def words(script: Script) -> str:
    """What it is, in a line."""
    start, end = (format_instant(at, ZONE) for at in script.window)
    return f"{script.scenario.name}: {start} to {end}"
