"""The text of a maintenance window's scope (M1): items with `;` between them, each an id or pairs joined by `,`."""

from typing import NamedTuple

from agent.config.problems import nearest, show
from agent.config.values import is_name

PAIRS = ("site", "kind", "role", "plane", "carrier", "module", "responsible_unit", "vantage", "target")
"""What pairs may ask of a target; site is its site_id, target its own id."""


class Item(NamedTuple):
    """One item: an id, or pairs that a target must all have."""

    id: str
    pairs: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.id or ",".join(f"{key}={value}" for key, value in self.pairs)


def parse_scope(text: str) -> list[Item]:
    """The items of a scope. Errors: ValueError from "wanted" on."""
    items = [part for part in map(str.strip, text.replace("；", ";").split(";")) if part]
    if not items:
        raise ValueError("wanted ids or pairs such as site=S1,kind=icmp, with ; between them")
    return [_pairs(item) if "=" in item or "＝" in item else _id(item) for item in items]


def canonical_scope(text: str) -> str:
    """A scope in one way of writing. Errors: ValueError from "wanted" on."""
    return ";".join(map(str, parse_scope(text)))


def _id(text: str) -> Item:
    target, hash_, part = text.partition("#")
    if not is_name(target) or (hash_ and not is_name(part)):
        step = "; put ; between ids" if {",", "，", "、"} & set(text) else ""
        raise ValueError(f"wanted ids or pairs such as site=S1,kind=icmp, and {show(text)} is neither{step}")
    return Item(text)


def _pairs(text: str) -> Item:
    pairs = []
    for pair in text.replace("，", ",").replace("＝", "=").split(","):
        key, _, value = map(str.strip, pair.partition("="))
        if key not in PAIRS:
            raise ValueError(f"wanted pairs of {', '.join(PAIRS)}, and {show(key)} is none; {nearest(key, PAIRS)}")
        if not value or "=" in value:
            raise ValueError(f"wanted one value after {key}=; write {key}=VALUE")
        pairs.append((key, value))
    return Item("", tuple(pairs))
