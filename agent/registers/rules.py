"""What rows ask of each other, of the store and of the configuration. Each rule yields what it finds."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.config.problems import nearest, show
from agent.instants import format_instant
from agent.registers.entries import Entry
from agent.registers.schema import NAMESPACE, Field
from agent.registers.view import Dated, View

SUGGESTED = 20
"""Unknown ids of a file that get a suggestion; looking for one takes a while."""

_ONE = {
    "targets": "target",
    "links": "link",
    "sites": "site",
    "platforms": "platform",
    "components": "component",
    "divisions": "division",
    "maintenance": "maintenance window",
    "systems": "system",
    "identities": "identity",
    "video_points": "video point",
}


class Found(NamedTuple):
    """One problem of a row."""

    entry: Entry
    column: str
    text: str


Rule = Callable[[View, ZoneInfo], Iterable[Found]]


def ids_are_unique(view: View, _: ZoneInfo) -> Iterator[Found]:
    """An id, or of a dated register an id with its begin, stands once in a file."""
    register = view.register
    wanted = f"wanted each id once for one {register.start}" if register.dated else "wanted each id once"
    first: dict[tuple[str, int | None], Entry] = {}
    for entry in _whole(view, register.id, register.start if register.dated else register.id):
        before = first.setdefault(entry.key, entry)
        if before is not entry:
            yield Found(entry, register.id, f"got {entry.id} a second time, {wanted}; the first is in {_place(before)}")


def ids_share_one_namespace(view: View, _: ZoneInfo) -> Iterator[Found]:
    """An id means one thing, whichever register names it."""
    register = view.register
    if not register.shares_ids:
        return
    owners = {row.id: name for name in NAMESPACE if name != register.name for row in view.stored(name)}
    own = {row.id for row in view.stored(register.name)}
    configured = {*view.registered, *view.known.targets}
    inline = view.inline_ids if register.name != "targets" else set()
    for entry in view.entries:
        if register.name == "targets" and entry.id in configured:
            text = f"got {entry.id}, which stands in agent.yml, wanted it in one place; remove one of them"
            yield Found(entry, register.id, text)
            continue
        owner = owners.get(entry.id) or ("targets" if entry.id in inline and entry.id not in own else None)
        if owner is not None:
            text = f"got {entry.id}, which is the id of a {_ONE.get(owner, owner)}, wanted one that nothing else has; "
            yield Found(entry, register.id, f"{text}{', '.join(NAMESPACE)} share their ids")


def times_are_in_order(view: View, zone: ZoneInfo) -> Iterator[Found]:
    """What begins ends later; a fault is restored no earlier than it began or, if nobody knows, was reported."""
    register = view.register
    wanted = "wanted no earlier than" if register.meets else "wanted later than"
    for entry in view.entries:
        start_column = register.start if register.start in entry.values else register.start_else or register.start
        start, end = entry.values.get(start_column), entry.values.get(register.end)
        if start is None or end is None or end > start or (register.meets and end == start):
            continue
        begun = f"{start_column}, {format_instant(start, zone)}"
        yield Found(entry, register.end, f"got {format_instant(end, zone)}, {wanted} {begun}; correct one of them")


def one_of_several_is_there(view: View, _: ZoneInfo) -> Iterator[Found]:
    """A row that may say a thing in one of several columns says it in one."""
    needed = view.register.needs_one
    for entry in view.entries if needed else ():
        if not any(column in entry.values for column in needed) and entry.damaged.isdisjoint(needed):
            yield Found(entry, needed[0], f"got nothing, wanted one of {', '.join(needed)}; fill one in")


def parts_are_within_the_whole(view: View, _: ZoneInfo) -> Iterator[Found]:
    """A share's numerator is at most its denominator."""
    for entry in view.entries if view.register.name == "measures" else ():
        part, whole = entry.values.get("numerator"), entry.values.get("denominator")
        if part is not None and whole is not None and part > whole:
            yield Found(entry, "numerator", f"got {part}, wanted at most the denominator, {whole}; correct one of them")


def only_certificates_repeat(view: View, _: ZoneInfo) -> Iterator[Found]:
    """A certificate may be several units' by a document; all else is one unit's, or nobody's (C2)."""
    for entry in view.entries if view.register.name == "identities" else ():
        if not entry.values.get("repeats"):
            continue
        if not entry.id.startswith("certificate:"):
            yield Found(entry, "repeats", "got yes, wanted it for certificates alone; name the site in site_id")
        elif "site_id" in entry.values:
            yield Found(entry, "repeats", f"got yes beside site_id {entry.values['site_id']}, wanted one of them")
        elif "decision_doc" not in entry.values and "decision_doc" not in entry.damaged:
            yield Found(entry, "decision_doc", "got nothing, wanted the document by which the certificate may repeat")


def dated_rows_do_not_overlap(view: View, zone: ZoneInfo) -> Iterator[Found]:
    """An open row is ended by the next of its id; one with an end of its own must end before the next begins."""
    if not view.register.dated:
        return
    for rows in _rows_of_ids(view):
        for one, other in pairwise(sorted(rows, key=_begin)):
            entry = other.entry or one.entry
            if one.end is None or other.start is None or one.end <= other.start or entry is None:
                continue
            where = f"in {_place(one.entry)}" if one.entry else "imported before"
            begin = "without a begin" if one.start is None else f"from {format_instant(one.start, zone)}"
            text = (
                f"got a row of {other.id} from {format_instant(other.start, zone)}, wanted it from "
                f"{format_instant(one.end, zone)} on, when the row {begin} ({where}) ends; correct one of the two"
            )
            yield Found(entry, view.register.start, text)


def references_exist(view: View, _: ZoneInfo) -> Iterator[Found]:
    """What a row names is in this file, was imported before, or stands in the configuration."""
    budget = SUGGESTED
    for column in view.register.fields:
        if not column.refers or _is_not_kept(view, column):
            continue
        planes = column.refers == ("planes",)
        ids = set(view.known.planes) if planes else view.ids(*column.refers)
        for entry, name in _named(view, column):
            if (name if planes else name.partition("#")[0]) in ids:
                continue
            step = f"; {nearest(name, ids)}" if budget > 0 else ""
            budget -= 1
            yield Found(entry, column.name, f"got the unknown {_thing(column)} {show(name)}, {_wanted(column)}{step}")


def _is_not_kept(view: View, column: Field) -> bool:
    """A network whose sites or divisions nobody has registered yet names them as it needs them."""
    return column.refers in (("sites",), ("divisions",)) and not view.ids(*column.refers, implied=False)


def _named(view: View, column: Field) -> Iterator[tuple[Entry, str]]:
    for entry in view.entries:
        value = entry.values.get(column.name)
        if isinstance(value, list):
            yield from ((entry, name) for name in value)
        elif value is not None:
            yield entry, value


def _thing(column: Field) -> str:
    if column.refers == ("planes",):
        return "plane"
    return _ONE[column.refers[0]] if len(column.refers) == 1 else "id"


def _wanted(column: Field) -> str:
    if column.refers == ("planes",):
        return "wanted one of `planes` in the configuration"
    *names, last = [_ONE[register] for register in column.refers]
    kinds = f"{', '.join(names)} or {last}" if names else last
    return f"wanted the id of a {kinds} in this file or imported before"


def _whole(view: View, *columns: str) -> Iterator[Entry]:
    """Entries whose columns could be read."""
    return (entry for entry in view.entries if entry.damaged.isdisjoint(columns))


def _rows_of_ids(view: View) -> Iterator[list[Dated]]:
    """The rows of each id of the file that has several."""
    register = view.register
    times = Counter(row.id for row in view.dated(register.name))
    mine = {entry.id for entry in view.entries if times[entry.id] > 1}
    broken = {entry.id for entry in view.entries if not entry.damaged.isdisjoint((register.start, register.end))}
    found: dict[str, list[Dated]] = {}
    for row in view.dated(register.name):
        if row.id in mine and row.id not in broken:
            found.setdefault(row.id, []).append(row)
    return iter(found.values())


def _begin(row: Dated) -> tuple[bool, int]:
    return row.start is not None, row.start or 0


def _place(entry: Entry) -> str:
    return f"line {entry.line}" + (f" of sheet {show(entry.sheet)}" if entry.sheet else "")


RULES: tuple[Rule, ...] = (
    ids_are_unique,
    ids_share_one_namespace,
    times_are_in_order,
    one_of_several_is_there,
    parts_are_within_the_whole,
    only_certificates_repeat,
    dated_rows_do_not_overlap,
    references_exist,
)
"""Rules of every register."""
