"""A county's divisions by level and network: which are seen, silent or missing, and since when (C1-C3)."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.coverage import EXTRANET, NETWORKS, VIDEO, Question, sites, standing
from agent.figures.formulas.coverage import COVERAGE
from agent.figures.words import why_text
from agent.language import N_
from agent.reports.listing import At, Cell, Column, Listing, Share
from agent.reports.object_lists import DAYS, LEVEL_WORDS, STATUSES
from agent.reports.telling import Telling
from sla.coverage import CLAIMED, LEVELS, Coverage, Status
from sla.model import State
from sla.shares import Ids

NETWORK_WORDS: Mapping[str, str] = {EXTRANET: N_("extranet"), VIDEO: N_("video network")}
LEFT_OUT = "left_out"
STATUS_WORDS: Mapping[str, str] = {**STATUSES, LEFT_OUT: N_("left out of the count by decision")}
MISSING_FIRST = (Status.NONE, Status.UNDECLARED, Status.STALE, Status.UNMEASURED, Status.VERIFIED, LEFT_OUT)
COUNTS = (*reversed(MISSING_FIRST[:-1]), LEFT_OUT)

SINCE = N_(
    "Since when, as the ledger has it: of what is verified, since it was both accepted and seen; of what is silent or "
    "not measured, since it was last seen to work; empty where it never was. What is missing stands first."
)
_GOOD = (State.UP, State.DEGRADED)


class Unit(NamedTuple):
    """One division on one network; `why` says what others have too. `since` in microseconds UTC, None unknown.

    `days` is on how many days of the period it was verified (C3), None for what is left out of the count.
    """

    id: str
    level: str
    network: str
    status: str
    since: int | None
    why: Ids
    days: int | None


def coverage(telling: Telling, divisions: Collection[str]) -> Iterator[Listing]:
    """Two lists: the shares of each level and network, and behind them each division with its status."""
    found = [unit for network in networks(telling.asked) for unit in _units(telling.asked, network, divisions)]
    yield _levels(telling, found)
    yield _divisions(telling, found)


def networks(asked: Asked) -> list[str]:
    """Those whose coverage the plan prints, the extranet where it prints none."""
    named = {str(row.scope["network"]) for row in asked.plan.rows if row.formula == COVERAGE.name}
    return [network for network in NETWORKS if network in (named or {EXTRANET})]


class _Network:
    """Everything on one network at the end of the period, or at as_of."""

    def __init__(self, asked: Asked, network: str) -> None:
        self.asked, self.network = asked, network
        self.found: Coverage = asked.covered(network, LEVELS)

    @cached_property
    def accepted(self) -> Mapping[str, Mapping[str, int]]:
        """When each accepted site of each division was accepted (C2)."""
        question = Question(self.network, LEVELS, self.asked.window.end)
        made: dict[str, dict[str, int]] = {}
        for site in sites(self.asked.book, question):
            if site.accepted is not None and site.accepted < question.cut:
                made.setdefault(site.unit, {})[site.id] = site.accepted
        return made

    @cached_property
    def at_site(self) -> Mapping[str, list[str]]:
        """Targets and lines that speak for this network, by site."""
        made: dict[str, list[str]] = {}
        for id_, site, _ in standing(self.asked.book, self.network, self.asked.window.end):
            made.setdefault(site, []).append(id_)
        return made

    def since(self, unit: str, status: str) -> int | None:
        """The instant that goes with a status."""
        if status not in CLAIMED:
            return None
        good = [
            (accepted, *time)
            for site, accepted in self.accepted.get(unit, {}).items()
            for id_ in self.at_site.get(site, ())
            for time in self._good(id_)
        ]
        if status == Status.VERIFIED:
            return min((max(accepted, start) for accepted, start, end in good if end > accepted), default=None)
        return max((end for _, _, end in good), default=None)

    def _good(self, id_: str) -> list[tuple[int, int]]:
        """When it worked, before the cut-off."""
        cut, known = self.asked.window.end, self.asked.known
        spans = known.of(id_) if known.has(id_) else ()
        return [(span.start, min(span.end, cut)) for span in spans if span.state in _GOOD and span.start < cut]


def _units(asked: Asked, network: str, divisions: Collection[str]) -> Iterator[Unit]:
    view = _Network(asked, network)
    levels = {id_: str(body["level"]) for id_, body in asked.book.held_in("divisions", asked.window.end - 1)}
    shared = set(view.found.total.beside["shared"])
    lists, days = {**view.found.total.lists, LEFT_OUT: view.found.left_out}, asked.days_verified(network)
    for status, ids in lists.items():
        for id_ in ids:
            if id_ in divisions:
                since = None if id_ in shared else view.since(id_, status)
                why = view.found.total.why.get(id_, ())
                yield Unit(id_, levels[id_], network, status, since, why, days.get(id_))


def _levels(telling: Telling, found: list[Unit]) -> Listing:
    _ = telling.words
    return Listing(
        key="coverage",
        title=_("Coverage by level and network"),
        note=_("Divisions of this county at the end of the period, or at the as-of; seen in the 168 h before it (C2)."),
        columns=[
            Column(_("level"), 14),
            Column(_("network"), 14),
            Column(_("coverage"), 24),
            *(Column(_(STATUS_WORDS[status]), 14) for status in COUNTS),
        ],
        rows=[row for level in LEVEL_WORDS for network in NETWORKS for row in _level(telling, found, level, network)],
        empty=_("The register had no division of this county then."),
    )


def _level(telling: Telling, found: list[Unit], level: str, network: str) -> Iterator[list[Cell]]:
    statuses = [unit.status for unit in found if (unit.level, unit.network) == (level, network)]
    if not statuses:
        return
    counts = {status: statuses.count(status) for status in COUNTS}
    whole = len(statuses) - counts[LEFT_OUT]
    low = counts[Status.VERIFIED]
    share = Share((low, whole), (low + counts[Status.UNMEASURED], whole))
    names = (telling.words(LEVEL_WORDS[level]), telling.words(NETWORK_WORDS[network]))
    yield [*names, share, *counts.values()]


def _divisions(telling: Telling, found: list[Unit]) -> Listing:
    _ = telling.words
    levels = list(LEVEL_WORDS)
    found = sorted(found, key=lambda u: (levels.index(u.level), MISSING_FIRST.index(u.status), u.id, u.network))
    return Listing(
        key="coverage-divisions",
        title=_("Divisions one by one"),
        note=_(SINCE),
        columns=[
            Column(_("level"), 12),
            Column(_("name"), 30),
            Column(_("code"), 18),
            Column(_("network"), 14),
            Column(_("status"), 26),
            Column(_("since"), 20),
            Column(_(DAYS), 14),
        ],
        rows=[_row(telling, unit) for unit in found],
        empty=_("The register had no division of this county then."),
    )


def _row(telling: Telling, unit: Unit) -> list[Cell]:
    _ = telling.words
    status = _(STATUS_WORDS[unit.status])
    if unit.why:
        status = f"{status}; {why_text('; '.join(unit.why), telling.language)}"
    since = None if unit.since is None else At(unit.since)
    place = (_(LEVEL_WORDS[unit.level]), telling.name(unit.id), unit.id, _(NETWORK_WORDS[unit.network]))
    return [*place, status, since, unit.days]
