"""What /metrics says of the registers: of which county a site and a line are, and of which carrier and tier a line is.

Dashboards join by these, so that no target has to carry more labels. Written in pieces at the scrape, as there may be
thousands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from agent import metrics
from agent.figures.book import Book
from agent.page import pieces
from sla.composite import Said
from sla.model import State

_DEEPEST = 8
"""Divisions that are climbed at most from a village to its county: a register's mistake must not be a loop."""

_UP = {State.UP: "1", State.DEGRADED: "1", State.DOWN: "0"}

Sample = tuple[Sequence[str], str]
"""The values of a family's own labels, and the sample's as text."""


class Registered(NamedTuple):
    """The rows of the registers that are in service, as label values in the order of their families."""

    counties: Sequence[Sequence[str]] = ()
    sites: Sequence[Sequence[str]] = ()
    links: Sequence[Sequence[str]] = ()


def registered(book: Book, now: int) -> Registered:
    """What of the registers holds now. Shape: the county of a site of the city itself is ""."""
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
    """The families of the registers; `said` is what a line is in by all that is evidence of it (A6)."""

    def __init__(self, said: Callable[[str], Said], common: Mapping[str, str]) -> None:
        self._said = said
        self._common = common
        self.rows = Registered()

    def chunks(self, *, open_metrics: bool) -> Iterator[str]:
        """The page, piece by piece."""
        rows = self.rows
        for family, own in (
            (metrics.COUNTY_INFO, rows.counties),
            (metrics.SITE_INFO, rows.sites),
            (metrics.LINK_INFO, rows.links),
        ):
            yield from pieces(family, ((each, "1") for each in own), self._common, open_metrics=open_metrics)
        yield from pieces(metrics.LINK_UP, self._lines(), self._common, open_metrics=open_metrics)

    def _lines(self) -> Iterator[Sample]:
        for id_, *_ in self.rows.links:
            up = _UP.get(self._said(id_)[0])
            if up is not None:
                yield [id_], up
