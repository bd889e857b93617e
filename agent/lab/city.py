"""The city as a model: what there is and how it hangs together. Frozen; no address, no socket.

Shape: everything hangs on the core. A county has an uplink, a node on the city's side which both of its lines begin
at; behind the lines stands the county's own router; a township's two lines begin there. So one dead uplink is one
fault, with both lines, the county and all its townships behind it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from agent.config.schema import Role

Scale = Literal["small", "city"]
Form = Literal["loopback", "netns"]
Plane = Literal["business", "video"]
Level = Literal["city", "county", "township", "village"]

Service = Literal["tcp", "dns", "http", "https", "tls", "snmp", "rtsp", "host_page"]
"""What a peer speaks; `https` is kind http, `tls` is asked for its certificate alone, `tcp` says hello."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A row of the register of divisions."""

    code: str
    name: str
    level: Level
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place that lives by its lines, or by the core. `number`: county from 1 and township from 1 in it, 0 is none."""

    id: str
    name: str
    division: str
    level: Level
    number: tuple[int, int]
    is_uplink: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line between two sites, `a_site` nearer the core. Its interfaces are those of routers at its ends."""

    id: str
    name: str
    a_site: str
    b_site: str
    tier: Literal["metro", "access"]
    carrier: str
    mbps: int
    group: str
    a_device: str
    a_if: str
    b_device: str | None = None
    b_if: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One target: what it is, where it stands, and which service of which plane answers there.

    Shape: `recorder` is the id of the thing whose listener also serves this one (a camera's); `interfaces` are a
    router's, each with its speed. `ipv6`: it is asked over IPv6.
    """

    id: str
    name: str
    service: Service
    role: Role
    site: str
    plane: Plane = "business"
    parents: tuple[str, ...] = ()
    unit: str = ""
    carrier: str = ""
    recorder: str | None = None
    ipv6: bool = False
    interfaces: tuple["Interface", ...] = ()
    is_anchor: bool = False

    @property
    def is_camera(self) -> bool:
        """Whether it is one of many behind one listener."""
        return self.recorder is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """An interface of a router; `line` is the line that it ends."""

    name: str
    line: str
    mbps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of a platform: `thing` gives its evidence, parts of one `group` stand in for each other."""

    id: str
    name: str
    thing: str
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A platform and its parts."""

    id: str
    name: str
    components: tuple[Component, ...]


@dataclass(frozen=True)
class City:
    """All of it. `anchors` of each plane stand for the agent's own way into the city (S6)."""

    name: str
    scale: Scale
    in_service_from: str
    divisions: tuple[Division, ...]
    sites: Mapping[str, Site]
    lines: Mapping[str, Line]
    things: Mapping[str, Thing]
    platforms: tuple[Platform, ...]
    anchors: Mapping[Plane, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def lines_of(self) -> Mapping[str, tuple[Line, ...]]:
        """The lines that a site lives by."""
        found: dict[str, list[Line]] = {site: [] for site in self.sites}
        for line in self.lines.values():
            found[line.b_site].append(line)
        return {site: tuple(lines) for site, lines in found.items()}

    @cached_property
    def things_of(self) -> Mapping[str, tuple[Thing, ...]]:
        """What stands at a site."""
        found: dict[str, list[Thing]] = {site: [] for site in self.sites}
        for thing in self.things.values():
            found[thing.site].append(thing)
        return {site: tuple(things) for site, things in found.items()}

    @cached_property
    def cameras_of(self) -> Mapping[str, tuple[Thing, ...]]:
        """The cameras behind a recorder."""
        found: dict[str, list[Thing]] = {}
        for thing in self.things.values():
            if thing.recorder is not None:
                found.setdefault(thing.recorder, []).append(thing)
        return {recorder: tuple(cameras) for recorder, cameras in found.items()}

    @property
    def targets(self) -> Iterator[Thing]:
        """What the agent is told to measure: all but the anchors, which it only leans on."""
        return (thing for thing in self.things.values() if not thing.is_anchor)

    def uplink_of(self, site: str) -> str | None:
        """The site of the uplink that a county hangs on; None where it has none."""
        return next((line.a_site for line in self.lines_of[site] if self.sites[line.a_site].is_uplink), None)

    def behind(self, site: str) -> set[str]:
        """The site and every site that lives by lines which begin there, however far."""
        found, ahead = {site}, [site]
        while ahead:
            here = ahead.pop()
            for line in self.lines.values():
                if line.a_site == here and line.b_site not in found:
                    found.add(line.b_site)
                    ahead.append(line.b_site)
        return found
