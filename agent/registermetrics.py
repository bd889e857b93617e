"""What /metrics says of the registers: of which county a site and a line are, and of which carrier and tier a line is.

Dashboards join by these, so that no target has to carry more labels. Written in pieces at the scrape, as there may be
thousands.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from agent import metrics
from agent.figures.book import Book
from agent.metrics import Family
from agent.page import header
from agent.page import labels as written
from sla.composite import Said
from sla.model import State

CHUNK = 250
"""Samples that are written in one piece; between pieces the loop runs."""

_DEEPEST = 8
"""Divisions that are climbed at most from a village to its county: a register's mistake must not be a loop."""

_UP = {State.UP: "1", State.DEGRADED: "1", State.DOWN: "0"}

Sample = tuple[str, Sequence[str]]
"""The value as text, and the values of a family's own labels."""


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

    def _lines(self) -> Iterator[Sample]:
        for id_, *_ in self.rows.links:
            up = _UP.get(self._said(id_)[0])
            if up is not None:
                yield up, [id_]

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
