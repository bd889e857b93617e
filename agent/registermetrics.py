"""What /metrics says of the registers: of which county a site and a line are, of which carrier and tier a line is, and
how many targets are in which state.

Dashboards join by these, so that no target has to carry more labels; and they read counts, so that no panel sums up
43 000 series. Written in pieces at the scrape.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from agent import metrics
from agent.figures.book import Book
from agent.metrics import Family
from agent.page import header
from agent.page import labels as written
from agent.targets import Duty, Watched
from sla.composite import Said
from sla.model import State

CHUNK = 250
"""Samples, or targets that are looked at, in one piece; between pieces the loop runs."""

_DEEPEST = 8
"""Divisions that are climbed at most from a village to its county: a register's mistake must not be a loop."""

_UP = {State.UP: "1", State.DEGRADED: "1", State.DOWN: "0"}

Sample = tuple[str, list[str]]
"""The value as text, and the values of a family's own labels."""


class Registered(NamedTuple):
    """The rows of the registers that are in service, as label values in the order of their families."""

    counties: list[list[str]] = []
    sites: list[list[str]] = []
    links: list[list[str]] = []
    county_of: Mapping[str, str] = {}


def registered(book: Book, now: int) -> Registered:
    """What of the registers holds now. Shape: `county_of` is by site, "" for one of the city itself."""
    places = dict(book.held_in("divisions", now))
    sites = dict(book.held_in("sites", now))
    county_of = {id_: _county(places, str(body.get("division_code") or "")) for id_, body in sites.items()}
    return Registered(
        counties=[[code, _word(places[code], "name")] for code in sorted(set(county_of.values()) & places.keys())],
        sites=[[id_, county_of[id_], _word(body, "owner_level")] for id_, body in sites.items()],
        links=[
            [id_, site, county_of.get(site, ""), _word(body, "carrier"), _word(body, "tier")]
            for id_, body in book.held_in("links", now)
            for site in [_word(body, "b_site")]
        ],
        county_of=county_of,
    )


def _word(body: Mapping[str, object], column: str) -> str:
    return str(body.get(column) or "")


def _county(places: Mapping[str, Mapping[str, object]], code: str) -> str:
    """The county that a division is or is in; "" where it is in none."""
    for _ in range(_DEEPEST):
        body = places.get(code)
        if body is None:
            break
        if body.get("level") == "county":
            return code
        code = _word(body, "parent_code")
    return ""


class RegisterMetrics:
    """The families of the registers; `said` is what a target or a line is in by all that is evidence of it (A6)."""

    def __init__(
        self,
        said: Callable[[str], Said],
        watched: Callable[[], Mapping[str, Watched]],
        common: Mapping[str, str],
    ) -> None:
        self._said, self._watched = said, watched
        self._common = list(common.items())
        self.rows = Registered()

    def chunks(self, *, open_metrics: bool) -> Iterator[str]:
        """The page, piece by piece."""
        rows = self.rows
        for family, own in (
            (metrics.COUNTY_INFO, rows.counties),
            (metrics.SITE_INFO, rows.sites),
            (metrics.LINK_INFO, rows.links),
        ):
            yield from self._pieces(family, (("1", each) for each in own), open_metrics=open_metrics)
        yield from self._pieces(metrics.LINK_UP, self._lines(), open_metrics=open_metrics)
        found: Counter[tuple[str, str, str, str]] = Counter()
        yield from self._counting(found)
        counts = ((str(count), list(own)) for own, count in sorted(found.items()))
        yield from self._pieces(metrics.TARGETS, counts, open_metrics=open_metrics)

    def _lines(self) -> Iterator[Sample]:
        for id_, *_ in self.rows.links:
            up = _UP.get(self._said(id_)[0])
            if up is not None:
                yield up, [id_]

    def _counting(self, found: Counter[tuple[str, str, str, str]]) -> Iterator[str]:
        """Each empty text is a chance for the loop to run."""
        county_of = self.rows.county_of
        for number, (id_, each) in enumerate(list(self._watched().items()), start=1):
            if each.duty is Duty.TARGET:
                found[each.kind, each.role, county_of.get(each.site, ""), self._said(id_)[0].label] += 1
            if number % CHUNK == 0:
                yield ""

    def _pieces(self, family: Family, samples: Iterable[Sample], *, open_metrics: bool) -> Iterator[str]:
        head, rest = header(family, open_metrics=open_metrics), iter(samples)
        while piece := list(islice(rest, CHUNK)):
            named = (sorted([*zip(family.labels, own, strict=True), *self._common]) for _, own in piece)
            yield head + "".join(
                f"{family.name}{{{written(pairs)}}} {value}\n" for pairs, (value, _) in zip(named, piece, strict=True)
            )
            head = ""
        if head:  # as prometheus-client does: a family without samples is there
            yield head
