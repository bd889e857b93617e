"""The parameters of a figure in words: their names, and the codes in them. What a program reads stays in codes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.language import EN, N_, catalogue

NAMES: Mapping[str, str] = {
    "network": N_("network"),
    "levels": N_("levels"),
    "within_hours": N_("counts as seen within, hours"),
    "variant": N_("counted"),
    "platforms": N_("platforms"),
    "composition": N_("composed by rule"),
    "members": N_("members"),
    "together": N_("of them together"),
    "limit_seconds": N_("to be cleared within"),
    "clock": N_("the clock starts at"),
    "roles": N_("roles"),
    "quality_faults": N_("faults of quality"),
    "working_days": N_("working days"),
    "deadlines": N_("deadlines"),
    "dates": N_("steps that need a date"),
    "documents": N_("steps that need a document"),
    "online_for_days": N_("online for at least, days"),
    "utilisation_percent": N_("busy at most, percent"),
    "inside_percent": N_("bins inside the limits at least, percent"),
    "busy_hours": N_("busy hours"),
    "basis": N_("counts as online"),
    "points": N_("points"),
    "tier_limits": N_("limits of lines since"),
    "short_notice": N_("windows announced less than 24 h before"),
}
CODES: Mapping[str, Mapping[str, str]] = {
    "network": {"extranet": N_("extranet"), "video": N_("video network")},
    "levels": {
        "city": N_("city"),
        "county": N_("county"),
        "township": N_("township"),
        "village": N_("village"),
        "zone": N_("zone"),
    },
    "variant": {"all_in": N_("every instant in service"), "excluding_approved": N_("without approved maintenance")},
    "clock": {"onset": N_("the onset"), "detected": N_("the detection")},
    "roles": {
        "core": N_("core"),
        "exit": N_("exit"),
        "county_node": N_("county node"),
        "node": N_("node"),
        "line": N_("line"),
        "platform": N_("platform"),
        "component": N_("component"),
        "service": N_("service"),
        "host": N_("host"),
        "camera": N_("camera"),
        "certificate": N_("certificate"),
    },
    "quality_faults": {"counted": N_("rated with the others"), "apart": N_("told apart, not rated")},
    "short_notice": {"excludes": N_("excluded too"), "no": N_("not excluded")},
    "basis": {
        "signalled": N_("what a platform says is online"),
        "reachable": N_("what answers RTSP"),
        "verified": N_("what delivers its picture"),
    },
}
"""Codes by parameter; a value without a word here is a number, a time of day or a name that people chose."""

TIMES: Mapping[str, int] = {"limit_seconds": 3600}
"""Parameters told in hours. Units: seconds to the hour."""


def told(parameters: Mapping[str, Any], language: str, column: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Name and value of each, in words; `column` names a column of a register."""
    words = catalogue(language).gettext
    for name, value in parameters.items():
        yield words(NAMES[name]) if name in NAMES else name, _value(name, value, language, column)


def _value(name: str, value: Any, language: str, column: Callable[[str], str]) -> str:
    if isinstance(value, list | tuple):
        return (", " if language == EN else "、").join(_value(name, each, language, column) for each in value) or "-"
    if isinstance(value, Mapping):
        colon, comma = (": ", "; ") if language == EN else ("：", "；")
        return comma.join(f"{severity}{colon}{_limits(each, language)}" for severity, each in value.items())
    if name in TIMES and value % TIMES[name] == 0:
        return f"{value // TIMES[name]} h"
    if name in ("dates", "documents"):
        return column(str(value))
    code = CODES.get(name, {}).get(str(value))
    return str(value) if code is None else catalogue(language).gettext(code)


def _limits(value: Mapping[str, Any], language: str) -> str:
    """A deadline of a severity: hours, or else working days."""
    words = catalogue(language).gettext
    if value.get("hours") is not None:
        return words(N_("%(n)s h")) % {"n": value["hours"]}
    return words(N_("%(n)s working days")) % {"n": value["working_days"]}
