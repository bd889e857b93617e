"""What a configuration and the registers want watched, worked out beside the loop: 43 000 targets take seconds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from agent.build import watched_targets
from agent.config import Config
from agent.figures.book import Book, Shelf
from agent.figures.timelines import Timelines, kept_topology
from agent.figures.topology import Topology
from agent.hints import hinted_targets
from agent.linkmetrics import Line, lines_of
from agent.registered import each_target
from agent.registermetrics import Registered, registered
from agent.stores.reading import SqliteReader
from agent.targets import Watched

AT_ONCE = 500
"""New targets between two turns of the loop."""


class Wanted(NamedTuple):
    """What to watch from now on, and how that differs from before.

    `config` is the one asked with, and has the modules that the registers' targets take besides.
    `gone` left, `changed` stay with other options, `new` were not there, `kept` are all but these; `modules` are
    the names in use.
    """

    config: Config
    book: Book
    watched: Mapping[str, Watched]
    kept: Mapping[str, Watched]
    gone: Sequence[str]
    changed: Sequence[Watched]
    new: Sequence[Watched]
    modules: set[str]
    hinted: Mapping[str, tuple[str, ...]]
    topology: Topology
    lines: list[Line]
    registered: Registered


def wanted(config: Config, shelf: Shelf, reader: SqliteReader, before: Mapping[str, Watched], now: int) -> Wanted:
    """Asked in a thread; it touches nothing that is in force. Errors: ConfigError, UsageError."""
    book, modules = shelf.book(reader), dict(config.modules)
    targets = each_target(config, book, now, modules, Timelines(reader, book, now).service)
    full = replace(config, modules=MappingProxyType(modules))
    watched = dict(_as_before(watched_targets(full, targets), before))  # one by one: nothing else is kept of them
    return Wanted(
        config=full,
        book=book,
        watched=watched,
        kept={id_: each for id_, each in watched.items() if id_ in before},
        gone=[id_ for id_ in before if id_ not in watched],
        changed=[each for each in watched.values() if each.id in before and before[each.id] is not each],
        new=[each for each in watched.values() if each.id not in before],
        modules={name for each in watched.values() for name in _modules_of(each)},
        hinted=hinted_targets(watched.values()),
        topology=kept_topology(book, reader),
        lines=lines_of(book, now),
        registered=registered(book, now),
    )


def _as_before(watched: Iterable[Watched], before: Mapping[str, Watched]) -> Iterator[tuple[str, Watched]]:
    """By id; what is as it was is the same object, or each reload would take 43 000 more and scatter the memory."""
    for each in watched:
        old = before.get(each.id)
        yield each.id, old if old == each and old is not None else each


def _modules_of(watched: Watched) -> Iterator[str]:
    yield watched.module
    yield from (module for _, module in watched.families)
    if watched.confirm:
        yield watched.confirm
