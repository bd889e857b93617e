"""One plan of addresses for each form: where every thing of the city answers. No two things share a place.

`loopback`: addresses of 127.90.0.0/15 and one port for each service (BASE + 22 and so on); each recorder has a port of
its own (BASE + 1000 and up), so that one listener serves all of its cameras. Over IPv6 there is only ::1, so each thing
has a port of its own (BASE + 900 and up).
`netns`: 10.59.0.0/16 is the city, 10.(59 + n).0.0/16 the n-th county, a /21 of it each township; services have their
real ports; lines have a /30 of 10.58.0.0/16 each. IPv6: fd61:900:n:t::/64 likewise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import count

from agent.errors import UsageError
from agent.lab.city import City, Form, Line, Service, Site, Thing

BASE = 16_000
"""The first port of the lab on loopback, below what Linux gives to clients."""

PORTS: Mapping[Service, int] = {
    "tcp": 22, "dns": 53, "http": 80, "snmp": 161, "https": 443, "tls": 636, "rtsp": 554, "host_page": 710,
}  # fmt: skip
"""Offsets from BASE on loopback."""

REAL_PORTS: Mapping[Service, int] = {**PORTS, "host_page": 9100}
_V6_PORTS, _RECORDER_PORTS, _MOST_RECORDERS = 900, 1000, 8000
_LOOPBACK, _CAMERAS = IPv4Address("127.90.0.1"), IPv4Address("127.91.0.1")
_CITY, _INTERCONNECT = IPv4Address("10.59.0.0"), IPv4Address("10.58.0.0")
_COUNTY, _TOWNSHIP = 2**16, 2**11
_UPLINK_PLACE = 31
"""The /21 of a county's /16 that is its uplink's; no county has more than 30 townships."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing answers."""

    host: str
    port: int

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.host

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Ends:
    """The interconnect addresses of a line, in one /30: near the core and far from it."""

    near: str
    far: str


@dataclass(frozen=True)
class Plan:
    """Places of all things, prefixes of all sites and ends of all lines; `prefixes` and `ends` only of netns."""

    form: Form
    base: int
    places: Mapping[str, Place]
    prefixes: Mapping[str, tuple[str, str]]
    ends: Mapping[str, Ends]

    def address(self, thing: Thing) -> str:
        """As the register names it: what the thing's kind dials."""
        place = self.places[thing.id]
        if thing.service in ("http", "https"):
            return f"{thing.service}://{place}/"
        if thing.service == "rtsp":
            return f"{place}/{thing.id}"
        return str(place)


def plan(city: City, form: Form, *, base: int = BASE) -> Plan:
    """The plan of one form. Errors: UsageError for a base that leaves no room for the ports."""
    if form == "loopback":
        recorders = sum(1 for _ in _recorders(city))
        if not 1024 <= base <= 65_535 - _RECORDER_PORTS - recorders or recorders > _MOST_RECORDERS:
            most = 65_535 - _RECORDER_PORTS - recorders
            raise UsageError(f"--ports: got {base}, wanted a port from 1024 to {most}: the lab needs those behind it")
        return Plan(form=form, base=base, places=dict(_on_loopback(city, base)), prefixes={}, ends={})
    prefixes = {
        site.id: (f"{_v4_of(site)}/{21 if site.number != (0, 0) else 16}", f"{_v6_of(site)}/64")
        for site in city.sites.values()
    }
    return Plan(form=form, base=0, places=dict(_in_netns(city)), prefixes=prefixes, ends=dict(_ends(city)))


def _recorders(city: City) -> Iterator[str]:
    return (id_ for id_ in city.cameras_of)


def _on_loopback(city: City, base: int) -> Iterator[tuple[str, Place]]:
    fixed, cameras, v6 = count(int(_LOOPBACK)), count(int(_CAMERAS)), count(base + _V6_PORTS)
    ports = {recorder: base + _RECORDER_PORTS + number for number, recorder in enumerate(_recorders(city))}
    for thing in city.things.values():
        if thing.ipv6:
            yield thing.id, Place("::1", next(v6))
        elif thing.recorder is not None:
            yield thing.id, Place(str(IPv4Address(next(cameras))), ports[thing.recorder])
        else:
            port = ports.get(thing.id, base + PORTS[thing.service])
            yield thing.id, Place(str(IPv4Address(next(fixed))), port)


def _in_netns(city: City) -> Iterator[tuple[str, Place]]:
    for site, things in city.things_of.items():
        v4, v6 = int(_v4_of(city.sites[site])), int(_v6_of(city.sites[site]))
        for number, thing in enumerate(things, start=1):
            host = str(IPv6Address(v6 + number)) if thing.ipv6 else str(IPv4Address(v4 + number))
            yield thing.id, Place(host, REAL_PORTS[thing.service])


def _v4_of(site: Site) -> IPv4Address:
    county, township = site.number
    if county == 0:
        return _CITY
    return _CITY + county * _COUNTY + (_UPLINK_PLACE if site.is_uplink else township) * _TOWNSHIP


def _v6_of(site: Site) -> IPv6Address:
    county, township = site.number
    return IPv6Address(f"fd61:900:{county:x}:{_UPLINK_PLACE if site.is_uplink else township:x}::")


def _ends(city: City) -> Iterator[tuple[str, Ends]]:
    lines: Iterator[tuple[int, Line]] = enumerate(city.lines.values())
    for number, line in lines:
        first = int(_INTERCONNECT) + 4 * number
        yield line.id, Ends(near=str(IPv4Address(first + 1)), far=str(IPv4Address(first + 2)))
