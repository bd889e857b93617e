"""Scopes of maintenance windows (M1): which targets pairs select, and that no item matches nothing."""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from agent.config.builtin import DEFAULT_MODULES, DEFAULT_ROLES
from agent.config.problems import nearest, show
from agent.registers.rules import SUGGESTED, Found
from agent.registers.scope_text import PAIRS, Item, parse_scope
from agent.registers.view import INLINE, View
from agent.stores.registering import parse_body

NAMED = ("targets", "links", "sites", "platforms", "components")
"""What an item may name by its id."""


def scopes_match_something(view: View, _: ZoneInfo) -> Iterator[Found]:
    """An item that matches nothing is a slip of the pen: nobody would know that the window excludes nothing."""
    if view.register.name != "maintenance":
        return
    ids, targets, budget = view.ids(*NAMED), Selector(view), SUGGESTED
    for entry in view.entries:
        for item in parse_scope(entry.values["scope"]) if "scope" in entry.values else ():
            if item.pairs:
                if not targets.select(item):
                    text = f"got {show(item)}, which no target matches, wanted pairs that select one; correct it"
                    yield Found(entry, "scope", text)
            elif (wrong := _unknown(item.id, ids, view)) is not None:
                step = f"; {nearest(item.id, wrong)}" if budget > 0 else ""
                budget -= 1
                wanted = "wanted the id of a target, link, site, platform or component"
                yield Found(entry, "scope", f"got {show(item.id)}, which is no id, {wanted}{step}")


def _unknown(name: str, ids: set[str], view: View) -> set[str] | None:
    """The names that may have been meant; None for one that exists. Components are known from their first reading."""
    target, _, part = name.partition("#")
    if target not in ids:
        return ids
    parts = view.parts.get(target)
    if not part or parts is None or part in parts:
        return None
    return {f"{target}#{known}" for known in parts}


class Selector:
    """Which targets have which values in the columns that pairs may ask for."""

    def __init__(self, view: View) -> None:
        self._having: dict[tuple[str, str], set[str]] = {}
        noted = ((row.id, parse_body(row.body)) for row in view.stored(INLINE))
        rows = ((row.id, row.body) for row in view.dated("targets"))
        for source in (view.known.targets.items(), noted, rows):
            for id_, body in source:
                self._note(id_, asked_of(id_, body, view.known.vantage))
        for id_, kind in view.registered.items():
            self._note(id_, {"target": id_, "kind": kind})

    def select(self, item: Item) -> set[str]:
        """The targets that have all of an item's pairs."""
        return set.intersection(*(self._having.get(pair, set()) for pair in item.pairs))

    def _note(self, id_: str, values: Mapping[str, str]) -> None:
        for pair in values.items():
            self._having.setdefault(pair, set()).add(id_)


def asked_of(id_: str, body: Mapping[str, Any], vantage: str | None) -> dict[str, str]:
    """What pairs may ask of a target's row, with the defaults of its kind."""
    kind = str(body.get("kind", ""))
    defaults = {
        "target": id_,
        "site": body.get("site_id"),
        "role": body.get("role") or DEFAULT_ROLES.get(kind, "node"),
        "module": body.get("module") or DEFAULT_MODULES.get(kind, kind),
        "vantage": body.get("vantage") or vantage,
    }
    return {name: str(value) for name in PAIRS if (value := defaults.get(name) or body.get(name)) is not None}
