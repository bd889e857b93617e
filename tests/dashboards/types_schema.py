"""The JSON schema made of the types that Grafana publishes, and what of a dashboard it does not take."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
MADE = ROOT / "tests" / "data" / "grafana" / "dashboard.schema.json"
HOW = Path(__file__).parent / "schema"


class Refused(NamedTuple):
    """Where in a dashboard, list indexes as #, and what is wrong there."""

    where: str
    what: str


@cache
def made() -> Json:
    """The committed file: `schema`, and what it was `made` from."""
    return dict(json.loads(MADE.read_text(encoding="utf-8")))


def of(*path: str) -> Json:
    """What stands in types.ts under a name."""
    found: Json = made()["schema"]
    for name in path:
        found = found["properties"][name]
    return found


def refused(dashboard: Json) -> Iterator[Refused]:
    """Everything that Grafana's types do not take, each panel by its own type."""
    yield from against(of("dashboard"), {**dashboard, "panels": []}, "")
    for panel in dashboard.get("panels", ()):
        if panel.get("type") == "row":
            yield from against(of("row"), panel, "/panels/#")
        else:
            yield from against(of("panel"), panel, "/panels/#")
            yield from of_options(panel)
            yield from of_fields(panel)


def of_options(panel: Json) -> Iterator[Refused]:
    """What the types of the panel's own kind say of its options and of `custom`; Panel leaves both open."""
    kind = panel.get("type", "")
    if kind not in of("options")["properties"]:
        yield Refused("/panels/#/type", f"no type for the options of {kind!r}")
        return
    yield from against(of("options", kind), panel.get("options", {}), f"/panels/# {kind}/options")
    custom = panel.get("fieldConfig", {}).get("defaults", {}).get("custom")
    if custom is not None:
        yield from of_custom(kind, custom)


def of_custom(kind: str, custom: Json) -> Iterator[Refused]:
    """`custom` of a kind of panel that has one."""
    if kind in of("custom")["properties"]:
        yield from against(of("custom", kind), custom, f"/panels/# {kind}/custom")
    else:
        yield Refused(f"/panels/# {kind}/custom", "this kind of panel has none")


def of_fields(panel: Json) -> Iterator[Refused]:
    """Each override as the property of a field that it sets."""
    for override in panel.get("fieldConfig", {}).get("overrides", ()):
        for each in override["properties"]:
            name = each["id"].removeprefix("custom.")
            if name != each["id"]:
                yield from of_custom(panel["type"], {name: each["value"]})
            else:
                yield from against(of("field"), {name: each["value"]}, "/overrides")


def against(schema: Json, value: Any, at: str) -> Iterator[Refused]:
    """What a schema does not take, one line for each; of alternatives the one that comes nearest."""
    validator = jsonschema.Draft7Validator(schema)
    for error in validator.iter_errors(value):
        best = jsonschema.exceptions.best_match([error]) or error
        where = "".join(f"/{'#' if isinstance(part, int) else part}" for part in best.absolute_path)
        yield Refused(at + where, re.sub(r"\s+", " ", best.message))
