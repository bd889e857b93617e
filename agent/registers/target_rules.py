"""Rows of the targets register by the rules of targets in agent.yml (agent.config.target_rules)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from agent.config.addresses import check_address, check_families
from agent.config.draft import Draft
from agent.config.problems import Found as ConfigFound
from agent.config.problems import Rule
from agent.config.schema import TargetRow
from agent.config.target_rules import (
    confirmations_are_second_opinions,
    intervals_hold_a_probe,
    kinds_are_known,
    modules_are_known,
    modules_are_of_the_kind,
    planes_are_known,
    this_vantage_probes_them,
    timeouts_fit_the_module,
)
from agent.registers.entries import Entry
from agent.registers.rules import Found
from agent.registers.view import View

SETTINGS = ("kind", "module", "plane", "vantage", "interval_seconds", "timeout_seconds")
_OF_SETTINGS = (
    kinds_are_known,
    modules_are_known,
    modules_are_of_the_kind,
    planes_are_known,
    intervals_hold_a_probe,
    timeouts_fit_the_module,
    this_vantage_probes_them,
)
_FROM_CONFIGURATION = frozenset({Rule.MODULE, Rule.PLANE, Rule.DEFAULT_MODULE})
_UNNAMED = "; no configuration was named (--config.file), so only built-in modules and no planes are known"
_STAND_IN = {"target_id": "x", "address": "x"}


def targets_are_as_in_the_configuration(view: View, _: ZoneInfo) -> Iterator[Found]:
    """A row may say what a target of agent.yml may say."""
    if view.register.name != "targets":
        return
    draft = view.known.draft()
    yield from _settings(view, draft)
    yield from _addresses(view, draft)
    yield from _confirmations(view, draft)


def _settings(view: View, draft: Draft) -> Iterator[Found]:
    """Rows with the same settings have the same problems, so each combination is looked at once."""
    groups: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in view.entries:
        if "kind" in entry.values:
            groups.setdefault(tuple(map(entry.values.get, SETTINGS)), []).append(entry)
    rows = {number: _row(dict(zip(SETTINGS, key, strict=True))) for number, key in enumerate(groups)}
    members = list(groups.values())
    for rule in _OF_SETTINGS:
        for found in rule(replace(draft, rows=rows)):
            for entry in members[int(found.path[1])]:
                yield _found(view, entry, found)


def _addresses(view: View, draft: Draft) -> Iterator[Found]:
    for entry in view.entries:
        kind, address = draft.kinds.get(entry.values.get("kind", "")), entry.values.get("address")
        if kind is not None and address is not None:
            for found in check_address(kind, address, ("targets", 0, "address")):
                yield _found(view, entry, found)
        families = entry.values.get("families_required") or ()
        if address is not None:
            for found in check_families(families, address, ("targets", 0, "families_required")):
                yield _found(view, entry, found)


def _confirmations(view: View, draft: Draft) -> Iterator[Found]:
    entries = [entry for entry in view.entries if {"kind", "address", "confirm"} <= entry.values.keys()]
    columns = ("kind", "address", "module", "confirm")
    rows = {number: _row({name: entry.values.get(name) for name in columns}) for number, entry in enumerate(entries)}
    for found in confirmations_are_second_opinions(replace(draft, rows=rows)):
        yield _found(view, entries[int(found.path[1])], found)


def _row(values: Mapping[str, Any]) -> TargetRow:
    given = {name: value for name, value in values.items() if value is not None}
    return TargetRow.model_validate({**_STAND_IN, **given})


def _found(view: View, entry: Entry, found: ConfigFound) -> Found:
    unnamed = view.known.vantage is None and found.rule in _FROM_CONFIGURATION
    return Found(entry, str(found.path[-1]), found.text + (_UNNAMED if unnamed else ""))
