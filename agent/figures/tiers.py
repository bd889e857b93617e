"""When the loss and delay of a line were measured and held against the limits of its tier (C4)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.stores.base import Reader, Record
from sla.confirm import FOREVER
from sla.maintenance import union
from sla.model import State, Window
from sla.timeline import clip


class Force(NamedTuple):
    """From when to when which limits were in force, none before the first agent that had them."""

    window: Window
    limits: Mapping[str, Mapping[str, float]]


def in_force(reader: Reader) -> list[Force]:
    """The limits of tiers by what starts and reloads recorded (E7). Shape: sorted, one each as long as none changed."""
    found = [record for kind in ("start", "reload") for record in reader.records(kind)]
    return list(_spoken(sorted(found, key=_at)))


def told(asked: Asked) -> str:
    """Each set of limits that was in force in the period, with its first instant, in words."""
    window = asked.window
    inside = (each for each in in_force(asked.reader) if each.window.start < window.end)
    shown = (each for each in inside if each.limits and each.window.end > window.start)
    return "; ".join(f"{asked.time(each.window.start)}: {_words(each.limits)}" for each in shown) or "-"


def judged(asked: Asked, line: str) -> list[Window]:
    """When the probe of a line's far address spoke of loss and delay, by limits of its tier.

    An interface that is up has not measured them, and time that a file states was held against limits of others.
    """
    heard = asked.known.readings_of(line)
    held = (force.window for force in in_force(asked.reader) if force.limits)
    known = (span for window in held for span in clip(heard, window))
    return union(Window(span.start, span.end) for span in known if span.state is not State.UNKNOWN)


def _spoken(records: Iterable[Record]) -> Iterator[Force]:
    said = ((record.at, json.loads(record.body).get("tiers") or {}) for record in records)
    changes = [next(same) for _, same in groupby(said, key=_limits)]
    ends = [*(at for at, _ in changes), FOREVER]
    for (_, limits), window in zip(changes, map(Window._make, pairwise(ends)), strict=True):
        yield Force(window, limits)


def _words(limits: Mapping[str, Mapping[str, float]]) -> str:
    return ", ".join(
        f"{tier} loss <= {each['loss_ratio']:g}, rtt <= {each['rtt_seconds']:g} s" for tier, each in limits.items()
    )


def _limits(said: tuple[int, Mapping[str, Mapping[str, float]]]) -> Mapping[str, Mapping[str, float]]:
    return said[1]


def _at(record: Record) -> int:
    return record.at
