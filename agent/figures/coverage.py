"""Coverage of divisions out of a store (C1-C3): the division register, accepted sites, and what answered at them.

The video network is the plane `video` (or 视频, 视频网), and cameras; every other plane, and what names none, is the
extranet. A site that names no plane may be on either.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.config.addresses import host_of, same_host
from agent.config.tokens import is_token
from agent.figures.book import INLINE, Body, Book
from agent.figures.identities import Shown, claims
from agent.figures.sightings import Seen, Sightings
from agent.figures.timelines import Timelines, by_name
from agent.stores.base import Reader
from sla.coverage import Coverage, Sighting, Site, Unit, coverage
from sla.model import Window

EXTRANET, VIDEO = "extranet", "video"
NETWORKS = (EXTRANET, VIDEO)
VIDEO_PLANES = frozenset({"video", "视频", "视频网"})

_LOCAL = frozenset({"host", "host_page"})
"""Kinds that ask the agent's own machine or a page on it: their address says nothing of a site's identity."""


class Question(NamedTuple):
    """Which coverage. Units: microseconds UTC. Shape: `days` is the period whose days are counted (C3), None: none."""

    network: str
    levels: Collection[str]
    cut: int
    days: Window | None = None


def covered(reader: Reader, known: Timelines, zone: ZoneInfo, asked: Question) -> Coverage:
    """Coverage in the last instant before the cut-off. Shape: `known` knows all up to it at least."""
    components = by_name(reader)
    seen = Sightings(reader, known, asked.cut, components)
    shown = Shown(reader, components, asked.cut)
    return counted(known.book, asked, _sightings(seen, shown, known.book, zone, asked))


def counted(book: Book, asked: Question, seen: Iterable[Sighting]) -> Coverage:
    """The same by what is known of every target already."""
    units, places, said = _units(book, asked.cut), sites(book, asked), claims(book, asked.cut)
    return coverage(units, places, seen, asked.cut, levels=asked.levels, claims=said)


def _units(book: Book, cut: int) -> Iterator[Unit]:
    for id_, body in book.held_in("divisions", cut - 1):
        yield Unit(id_, str(body["level"]), body.get("counts_in_coverage"))


def sites(book: Book, asked: Question) -> Iterator[Site]:
    """Where a site stands goes by what held then, whether it is accepted by what is known today of that time."""
    for id_, body in book.held_in("sites", asked.cut - 1):
        told = book.known_of("sites", id_, asked.cut - 1)
        accepted = told.get("accepted_on") if _is_on(asked.network, body) else None
        if body.get("division_code"):
            yield Site(id_, str(body["division_code"]), accepted)


def _is_on(network: str, body: Body) -> bool:
    planes = set(body.get("planes") or ())
    return not planes or bool(planes & VIDEO_PLANES if network == VIDEO else planes - VIDEO_PLANES)


def _sightings(seen: Sightings, shown: Shown, book: Book, zone: ZoneInfo, asked: Question) -> Iterator[Sighting]:
    """What was seen of every target and line that stands at a site, on the network that is asked for.

    One ok reading says all that a figure asks of a target: nothing more is looked up of those that have one.
    """
    last_ok = seen.last_ok()
    for id_, site, own in standing(book, asked.network, asked.cut):
        at = last_ok.get(id_)
        found = seen.of(id_) if at is None else Seen(at, None, maybe_ok=False)
        days = seen.days(id_, asked.days, zone) if asked.days else frozenset[int]()
        yield Sighting(id_, site, *found, days, own | shown.of(id_))


def standing(book: Book, network: str, cut: int) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Id and site of what speaks for a network in the last instant before the cut-off, and its address as identity."""
    for register in ("targets", INLINE):
        for id_, body in book.held_in(register, cut - 1):
            if body.get("site_id") and _speaks_for(network, body):
                yield id_, str(body["site_id"]), _reached_at(_host(body))
    if network != VIDEO:
        for id_, body in book.held_in("links", cut - 1):
            yield id_, str(body["b_site"]), _reached_at(host_of(str(body.get("far_address") or "")))


def _speaks_for(network: str, body: Body) -> bool:
    """A target of the video network is on its plane or, without a plane, is a camera."""
    if body.get("plane"):
        is_video = body["plane"] in VIDEO_PLANES
    else:
        is_video = body.get("role") == "camera" or body.get("kind") == "rtsp"
    return is_video is (network == VIDEO)


def _reached_at(host: str) -> frozenset[str]:
    return frozenset({f"address:{same_host(host)}"} if host else ())


def _host(body: Body) -> str:
    """The host behind an address; one address behind several units speaks for none of them (C2)."""
    address = str(body.get("address") or "")
    return "" if body.get("kind") in _LOCAL or is_token(address) else host_of(address)
