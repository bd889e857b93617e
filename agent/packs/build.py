"""A pack out of a store: all that one published number rests on, and the program that makes it again (E4)."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import IO, Any, NamedTuple
from zoneinfo import ZoneInfo

from agent.config.builtin import DEFAULT_MODULES, DEFAULT_ROLES
from agent.figures.asked import Asked
from agent.figures.formulas.clearing import CLEARING, RATED_ROLES
from agent.figures.parts import refuse_split
from agent.figures.plan import PlanTables, Table, adoption, row_as_json
from agent.packs import tables
from agent.packs.chainproof import prove
from agent.packs.readme import readme
from agent.packs.scope import Scope, scope_of
from agent.packs.writing import PackFile
from agent.stores.packing import LedgerRows
from agent.stores.registering import register_versions
from agent.version import METHOD_VERSION, VERSION
from sla.confirm import FOREVER
from sla.faults import Fault
from sla.indicators import Judged
from sla.plans import Change, Row
from sla.workdays import WorkCalendar

FORMAT = 2
RULES = {
    "down_after": 3, "up_after": 2, "validity_intervals": "3/2", "late_after_seconds": 10_800,
    "reopen_within_seconds": 600, "short_notice_hours": 72, "covered_within_hours": 168, "gap_over_seconds": 10_800,
}  # fmt: skip
"""Parameters of the method that no plan changes."""

_HORIZON = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
_MICROSECOND = timedelta(microseconds=1)

Json = dict[str, Any]


class Packed(NamedTuple):
    """What was written: its name without an ending, the digest, and how many objects and rows it has."""

    stem: str
    digest: str
    objects: int
    rows: int


def write_pack(tables_of: PlanTables, wanted: tuple[Asked, str], row: Row, out: IO[bytes]) -> Packed:
    """Write the pack of one row of a plan. Shape: `wanted` is a question and the name of its period."""
    asked, period = wanted
    refuse_split(asked, row, "a pack")
    judged = tables_of.row(asked, row)
    head = tables_of.head_of(asked, period)
    scope = scope_of(asked, row, judged)
    rows = asked.reader.ledger()
    file = PackFile(out)
    count = _tables(file, asked, scope, rows)
    versions = {name: str(version) for name, version in sorted(register_versions(rows.connection).items())}
    _documents(file, asked, (head, judged), versions)
    chain = prove(rows.connection, scope, tables.things(asked, scope), asked.as_of, file)
    file.document("chain.json", chain)
    file.text("README.txt", readme(asked, head, judged))
    file.text("verify.py", verifier())
    digest = file.finish()
    return Packed(f"{asked.plan.id}-{row.id}-{period}", digest, len(scope.counted), count)


def verifier() -> str:
    """The program that checks packs, as it stands in every one of them."""
    return resources.files("agent.packs").joinpath("verify.py").read_text(encoding="utf-8")


def _tables(file: PackFile, asked: Asked, scope: Scope, rows: LedgerRows) -> int:
    found = tables.things(asked, scope)
    return sum(
        (
            file.table("bins.csv", tables.BINS, tables.bins(asked, scope, found)),
            file.table("counted.csv", ("object", "status"), tables.counted(scope)),
            file.table("events.csv", tables.EVENTS, rows.events(tables.EVENT_KINDS)),
            file.table("gaps.csv", tables.GAPS, tables.gaps(asked, found)),
            file.table("identities.csv", tables.IDENTITIES, tables.identities(scope, found, rows)),
            file.table("objects.csv", tables.OBJECTS, tables.objects(asked, scope, found, rows)),
            file.table("readings.csv", tables.READINGS, tables.readings(asked, found, rows)),
            file.table("registers.csv", tables.REGISTERS, tables.registers(rows, scope)),
            file.table("runs.csv", tables.RUNS, rows.runs()),
            file.table("sightings.csv", tables.SIGHTINGS, tables.sightings(scope, found, rows)),
            file.table("timelines.csv", tables.TIMELINES, tables.timelines(asked, found, rows)),
            file.table("told.csv", tables.TOLD, tables.told(asked, found, rows)),
            file.table("words.csv", tables.WORDS, rows.words()),
            file.table("windows.csv", tables.WINDOWS, tables.windows(asked, scope)),
        )
    )


def _documents(file: PackFile, asked: Asked, told: tuple[Table, Judged], versions: Mapping[str, str]) -> None:
    head, judged = told
    file.document("method.json", {**_method(asked, head, judged), "register_versions": versions})
    file.document("row.json", _row(judged.row))
    file.document("figure.json", _figure(head, judged))
    file.document("calendar.json", _calendar(asked.calendar))
    faults = [_fault(asked, each) for each in asked.found.faults] if judged.row.formula == CLEARING.name else []
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in faults)
    file.text("faults.json", f'{{"faults": [\n{lines}\n]}}\n')


def _change(change: Change) -> Json:
    """Options of the plan, from when on they hold, and who adopted that."""
    adopted = None if change.adopted is None else change.adopted._asdict()
    return {**change.options._asdict(), "since": change.since, "adopted": adopted}


def _method(asked: Asked, head: Table, judged: Judged) -> Json:
    """The method and every parameter in force; what changed inside the period stands in events.csv with its date."""
    plan = asked.plan
    adopted = adoption(plan, judged.row)
    return {
        "pack_format": FORMAT,
        "software": VERSION,
        "method_version": METHOD_VERSION,
        "simulated": head.simulated,
        "plan": plan.id,
        "indicator": judged.row.id,
        "period": head.period,
        "period_start": asked.period.start,
        "period_end": asked.period.end,
        "as_of": asked.as_of,
        "as_of_text": asked.time(asked.as_of),
        "zone": plan.zone,
        "zone_offsets_us": _offsets(asked.zone),
        "register_version": head.register_version,
        "variant": str(plan.variant),
        "clock": plan.clock,
        "short_notice_excludes": plan.short_notice_excludes,
        "counts_quality": plan.counts_quality,
        **({"history": [_change(each) for each in plan.history]} if plan.history else {}),
        "adopted": None if adopted is None else adopted._asdict(),
        "rules": RULES,
        "parameters": _plain(judged.figure.parameters),
        "rated_roles": list(RATED_ROLES),
        "kind_roles": dict(DEFAULT_ROLES),
        "kind_modules": dict(DEFAULT_MODULES),
        "module_intervals_us": dict(asked.book.module_intervals),
        "vantage": asked.book.vantage,
        "first_imported": asked.reader.first_imported(),
        "first_sighting": asked.reader.first_sighting(),
    }


def _row(row: Row) -> Json:
    """The plan's row verbatim."""
    return {
        "no": row.no,
        "id": row.id,
        "category": row.category,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "definition_zh": row.definition_zh,
        "attribute": row.attribute,
        "targets": {str(year): target.text for year, target in row.targets.items()},
        "unit": row.unit,
        "formula": row.formula,
        "basis": str(row.basis),
        "scope": _plain(row.scope),
        "parameters": _plain(row.parameters),
        "source": None if row.source is None else row.source._asdict(),
        "note": row.note,
    }


def _figure(head: Table, judged: Judged) -> Json:
    said = row_as_json(head, judged)
    said.pop("evidence", None)
    said.pop("parameters", None)
    said["lists"] = {status: list(ids) for status, ids in judged.figure.lists.items()}
    said["beside"] = [_plain(each._asdict()) for each in judged.figure.beside]
    return said


def _fault(asked: Asked, fault: Fault) -> Json:
    return {
        "id": fault.id,
        "root": fault.root,
        "role": fault.role,
        "start": fault.start,
        "start_text": asked.time(fault.start),
        "onset": list(fault.onset),
        "restored": None if fault.restored is None else list(fault.restored),
        "restored_text": None if fault.restored is None else asked.time(fault.restored[1]),
        "ended": fault.ended,
        "open": fault.ended == FOREVER,
        "outcome": str(fault.outcome),
        "members": list(fault.members),
        "priority": fault.priority,
        "overrun": fault.overrun,
        "residual": fault.residual,
        "repeat": fault.repeat,
        "withdrawn": fault.withdrawn,
        "source": str(fault.source),
        "desk": [row.id for row in fault.desk],
    }


def _calendar(calendar: WorkCalendar) -> Json:
    return {
        str(year): {
            "documents": list(said.documents),
            "off": sorted(day.isoformat() for day in said.off),
            "working": sorted(day.isoformat() for day in said.working),
        }
        for year, said in sorted(calendar.years.items())
    }


def _plain(value: object) -> Any:
    """As JSON has it; what it has not as its text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | bool | type(None)) else str(value)


def _offsets(zone: ZoneInfo) -> list[list[int]]:
    """From when the zone is how far from UTC. Units: microseconds."""
    found = [[-FOREVER, _offset(_HORIZON[0], zone)]]
    at = _HORIZON[0]
    while at < _HORIZON[1]:
        following = at + timedelta(days=7)
        if _offset(following, zone) != found[-1][1]:
            found += _changes(at, following, zone)
        at = following
    return found


def _changes(low: datetime, high: datetime, zone: ZoneInfo) -> Iterator[list[int]]:
    """The change between two instants, to the second."""
    before = _offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    yield [(high - _HORIZON[0]) // _MICROSECOND, _offset(high, zone)]


def _offset(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _MICROSECOND
