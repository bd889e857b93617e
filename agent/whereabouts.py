"""Where things stand and whose they are, as the registers say it last: for alerts and messages, never for figures."""

from collections.abc import Mapping
from typing import NamedTuple

from agent.figures.book import Book

_COUNTY = "county"
_DEPTH = 10
"""Levels of divisions that are climbed; more is a cycle."""


class Place(NamedTuple):
    """What the registers say of one id; "" is not said. `county` is the code of the county that it stands in."""

    name: str = ""
    site: str = ""
    county: str = ""
    carrier: str = ""
    responsible_unit: str = ""


NOWHERE = Place()


class Whereabouts:
    """Of one reading of the registers. Made in a thread, asked anywhere."""

    def __init__(self, book: Book | None = None) -> None:
        self._book = book
        self._divisions = {} if book is None else {id_: book.last("divisions", id_) for id_ in book.ids("divisions")}
        self._county_of_site: dict[str, str] = {}

    def of(self, id_: str) -> Place:
        """A target, a part of one, a line or a component."""
        if self._book is None:
            return NOWHERE
        body = self._book.latest(id_.partition("#")[0])
        site = str(body.get("b_site") or body.get("site_id") or "")
        return Place(
            name=str(body.get("name") or ""),
            site=site,
            county=self._county(site),
            carrier=str(body.get("carrier") or ""),
            responsible_unit=str(body.get("responsible_unit") or ""),
        )

    def county(self, id_: str) -> str:
        """The county alone."""
        if self._book is None:
            return ""
        body = self._book.latest(id_)
        return self._county(str(body.get("b_site") or body.get("site_id") or ""))

    def county_name(self, code: str) -> str:
        """What a county is called, its code where no register says it."""
        return str(self._divisions.get(code, {}).get("name") or code)

    def _county(self, site: str) -> str:
        if site not in self._county_of_site:
            self._county_of_site[site] = self._climb(site)
        return self._county_of_site[site]

    def _climb(self, site: str) -> str:
        """From the site's division up to the county; "" where none is above it."""
        if self._book is None or not site:
            return ""
        code = str(self._book.latest(site).get("division_code") or "")
        for _ in range(_DEPTH):
            body: Mapping[str, object] = self._divisions.get(code, {})
            if body.get("level") == _COUNTY:
                return code
            code = str(body.get("parent_code") or "")
        return ""
