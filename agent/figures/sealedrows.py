"""A sealed month keeps the figures of its seal (V7, E3): what is reckoned now stands beside them."""

from collections.abc import Mapping
from typing import Any

from agent.figures.standing import last_seal
from agent.stores.base import Reader
from sla.plans import Plan

Json = dict[str, Any]

HELD = ("n", "d", "low", "high", "claimed", "display", "verdict", "late", "pending", "allowed", "parts")
"""What a figure is held against its seal by; words and adoption may become others."""


def sealed_rows(reader: Reader, plan: Plan, period: str, as_of: int) -> Mapping[str, Json]:
    """The rows of a sealed month by id; none of a period that is no month, is not sealed, or was not yet as of then."""
    seal = last_seal(reader, period, plan.zone_info)
    if seal is None or as_of < seal.sealed_at:
        return {}
    table = reader.sealed_figures(seal.number).get(plan.id)
    return {} if table is None else {row["id"]: row for row in table["indicators"]}


def differing(sealed: Json | None, now: Json) -> Json | None:
    """What the seal says, where it is not what is reckoned now."""
    if sealed is None or (_held(sealed) == _held(now) and digests(sealed) == digests(now)):
        return None
    return {**{name: sealed.get(name) for name in HELD if name != "parts"}, "definition_digest": digests(sealed)[0]}


def keep_redefined(sealed: Json | None, now: Json) -> Json:
    """A table in which a row keeps its sealed figures where its definition is another one than in the seal (V7)."""
    before = {} if sealed is None else {row["id"]: row for row in sealed["indicators"]}
    rows = [before[row["id"]] if _is_redefined(before.get(row["id"]), row) else row for row in now["indicators"]]
    return {**now, "indicators": rows}


def digests(row: Json) -> list[str | None]:
    """The definitions that a published row rests on: its own, and those of its parts."""
    return [each["parameters"].get("definition_digest") for each in (row, *(row.get("parts") or ()))]


def _is_redefined(sealed: Json | None, now: Json) -> bool:
    return sealed is not None and None not in digests(sealed) and digests(sealed) != digests(now)


def _held(row: Json) -> list[object]:
    parts = [[part.get(name) for name in HELD if name != "parts"] for part in row.get("parts") or ()]
    return [*(row.get(name) for name in HELD if name != "parts"), parts]
