"""Ways to the core, over targets, links, sites, platforms and components: none may lead back to where it began."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from agent.registers.rules import Found
from agent.registers.view import INLINE, Dated, View

TOLD = 100
"""Cycles that are told of one file."""

Ways = dict[str, list[str]]

_COLUMN = {"targets": "parents", "links": "a_site", "components": "member", "divisions": "parent_code"}
_REGISTERS = ("targets", "links", "platforms", "components")


def parents_have_no_cycle(view: View, _: ZoneInfo) -> Iterator[Found]:
    """A way to the core ends. Rows of different times may each be right: they are looked at time by time."""
    name = view.register.name
    if name not in _COLUMN:
        return
    rows = [(register, row) for register in _watched(view) for row in view.dated(register)]
    ways = core(_ways(rows, view))
    if not ways:
        return
    entries = {entry.id: entry for entry in reversed(view.entries)}
    near = [(register, row) for register, row in rows if _touches(register, row, ways)]
    begins = _begins(near)
    told: set[frozenset[str]] = set()
    for at in sorted({row.start for _, row in near if row.start is not None} | {-(1 << 62)}):
        for cycle in cycles(_ways([one for one in near if _holds(one[1], at, begins)], view)):
            mine = [entries[id_] for id_ in cycle if id_ in entries]
            if frozenset(cycle) in told or not mine or len(told) >= TOLD:
                continue
            told.add(frozenset(cycle))
            entry = min(mine, key=lambda one: (one.sheet, one.line))
            place = cycle.index(entry.id)
            shown = " -> ".join([*cycle[place:], *cycle[:place], entry.id])
            text = f"got {shown}, wanted parents without a cycle; remove one of them"
            yield Found(entry, _COLUMN[name], text)


def _watched(view: View) -> tuple[str, ...]:
    """Registers that make ways; without a configuration the store tells of its targets."""
    if view.register.name == "divisions":
        return ("divisions",)
    return _REGISTERS if view.known.vantage is not None else (*_REGISTERS, INLINE)


def _ways(rows: Iterable[tuple[str, Dated]], view: View) -> Ways:
    ways: Ways = {}
    for register, row in rows:
        for id_, parents in _edges(register, row):
            ways.setdefault(id_, []).extend(parents)
    if view.register.name != "divisions":
        for id_, columns in view.known.targets.items():
            if id_ not in ways:
                ways[id_] = [parent.partition("#")[0] for parent in columns.get("parents") or ()]
    return ways


def _edges(register: str, row: Dated) -> Iterator[tuple[str, list[str]]]:
    """Who lives by whom, by one row. A composite lives by its members, a site by the links whose b_site it is."""
    body = row.body
    if register in ("targets", INLINE):
        yield row.id, [parent.partition("#")[0] for parent in body.get("parents", ())]
    elif register == "divisions":
        yield row.id, [body["parent_code"]] if "parent_code" in body else []
    elif register == "links":
        yield row.id, [body["a_site"]] if "a_site" in body else []
        if "b_site" in body:
            yield body["b_site"], [row.id]
    elif register == "components":
        yield row.id, [body["member"].partition("#")[0]] if "member" in body else []
        if "platform_id" in body:
            yield body["platform_id"], [row.id]


def _touches(register: str, row: Dated, ways: Collection[str]) -> bool:
    return any(id_ in ways for id_, _ in _edges(register, row))


def _begins(rows: Iterable[tuple[str, Dated]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for _, row in rows:
        if row.start is not None:
            found.setdefault(row.id, []).append(row.start)
    return found


def _holds(row: Dated, at: int, begins: Mapping[str, list[int]]) -> bool:
    """Whether the row is the one of its id that holds at an instant; an open one ends where the next begins."""
    if (row.start is not None and row.start > at) or (row.end is not None and row.end <= at):
        return False
    return not any((row.start is None or start > row.start) and start <= at for start in begins.get(row.id, ()))


def core(ways: Mapping[str, Collection[str]]) -> Ways:
    """Cycles, and what lies between them."""
    left = residue(ways)
    children: Ways = {id_: [] for id_ in left}
    for id_, parents in left.items():
        for parent in parents:
            children[parent].append(id_)
    kept = residue(children)
    return {id_: [parent for parent in left[id_] if parent in kept] for id_ in kept}


def residue(ways: Mapping[str, Collection[str]]) -> Ways:
    """What is left when everything whose ways all end is taken away: cycles, and what hangs on them."""
    left = {id_: sum(parent in ways for parent in parents) for id_, parents in ways.items()}
    children: Ways = {}
    for id_, parents in ways.items():
        for parent in parents:
            if parent in ways:
                children.setdefault(parent, []).append(id_)
    ended = deque(id_ for id_, count in left.items() if not count)
    while ended:
        id_ = ended.popleft()
        del left[id_]
        for child in children.get(id_, ()):
            left[child] -= 1
            if not left[child]:
                ended.append(child)
    return {id_: [parent for parent in ways[id_] if parent in left] for id_ in left}


def cycles(ways: Mapping[str, Collection[str]]) -> Iterator[list[str]]:
    """Cycles that have no id in common, until every other way ends."""
    left = residue(ways)
    while left:
        walk: dict[str, None] = {}
        at = min(left)
        while at not in walk:
            walk[at] = None
            at = min(left[at])
        names = list(walk)
        cycle = names[names.index(at) :]
        yield cycle
        left = residue({id_: parents for id_, parents in left.items() if id_ not in cycle})
