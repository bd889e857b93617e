"""A city's file and a scale into the whole model."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

from agent.config.schema import Role
from agent.lab.city import (
    City,
    Component,
    Division,
    Interface,
    Level,
    Line,
    Plane,
    Platform,
    Scale,
    Service,
    Site,
    Thing,
)
from agent.lab.city_file import SIMULATED, CityFile, County, Part
from agent.lab.city_file import Scale as ScaleFile

PLANES: tuple[Plane, ...] = ("business", "video")
_ANCHORS = 2
_STREET = "街道"


def build(file: CityFile, scale: Scale) -> City:
    """The city at one scale. Errors: KeyError for a scale that the file does not have."""
    return _Builder(file, scale).city()


class _Builder:
    def __init__(self, file: CityFile, scale: Scale) -> None:
        self._file = file
        self._name = scale
        self._scale: ScaleFile = file.scales[scale]
        self._divisions: list[Division] = []
        self._sites: dict[str, Site] = {}
        self._lines: dict[str, Line] = {}
        self._things: dict[str, Thing] = {}
        self._platforms: list[Platform] = []
        self._core: tuple[str, ...] = ()

    def city(self) -> City:
        self._core_of_the_city()
        for platform in self._file.platforms:
            self._platform(platform.id, platform.name, platform.parts)
        self._systems_and_hosts()
        wanted = self._scale.counties
        counties = [county for county in self._file.counties if wanted is None or county.code in wanted]
        for number, county in enumerate(counties, start=1):
            self._county(number, county)
        self._cameras()
        return City(
            name=self._file.name,
            scale=self._name,
            in_service_from=self._file.in_service_from,
            divisions=tuple(self._divisions),
            sites=self._sites,
            lines=self._lines,
            things=self._things,
            platforms=tuple(self._platforms),
            anchors={plane: _anchors(plane) for plane in PLANES},
        )

    def _core_of_the_city(self) -> None:
        code, name = self._file.code, self._file.name.removesuffix(SIMULATED)
        self._divisions.append(Division(code=code, name=self._file.name, level="city", parent=None))
        self._site(code, f"{name}核心机房", "city", (0, 0))
        for number in (1, 2):
            self._thing(f"RT-CORE-{number}", f"市级核心路由器{number}", "snmp", Role.CORE, code)
        self._core = tuple(self._things)
        for plane in PLANES:
            for id_ in _anchors(plane):
                self._thing(id_, "监测点自检", "tcp", Role.NODE, code, plane=plane)
                self._things[id_] = replace(self._things[id_], is_anchor=True)

    def _platform(self, id_: str, name: str, parts: Iterable[Part]) -> None:
        components = []
        for part in parts:
            self._part(part)
            own = Component(id=f"{id_}.{part.id}", name=part.name, thing=part.id, group=part.group)
            components.append(own)
        self._platforms.append(Platform(id=id_, name=name, components=tuple(components)))

    def _part(self, part: Part) -> None:
        name, code = part.name.removesuffix(SIMULATED), self._file.code
        self._thing(part.id, name, part.kind, part.role, code, plane=part.plane, parents=self._core)
        if part.ipv6:
            self._thing(f"{part.id}-V6", f"{name} IPv6", part.kind, Role.SERVICE, code, parents=self._core)
            self._things[f"{part.id}-V6"] = replace(self._things[f"{part.id}-V6"], ipv6=True)

    def _systems_and_hosts(self) -> None:
        code = self._file.code
        for number in range(1, self._scale.systems + 1):
            kind: Service = "https" if number % 2 else "http"
            self._thing(f"SYS-{number:03}", f"上云业务系统{number}", kind, Role.SERVICE, code, parents=self._core)
        for number in range(1, self._scale.hosts + 1):
            self._thing(f"HOST-{number:03}", f"政务云主机{number}", "host_page", Role.HOST, code, parents=self._core)

    def _county(self, number: int, county: County) -> None:
        code, name, up = county.code, county.name, f"UP-{county.code}"
        self._divisions.append(Division(code=code, name=_marked(name), level="county", parent=self._file.code))
        self._sites[f"S-{up}"] = Site(
            id=f"S-{up}", name=_marked(f"{name}上联汇聚"), division=self._file.code, level="city",
            number=(number, 0), is_uplink=True,
        )  # fmt: skip
        self._site(code, f"{name}政务中心", "county", (number, 0))
        self._thing(up, f"{name}上联汇聚路由器", "snmp", Role.NODE, up, parents=self._core)
        router = f"RT-{code}"
        self._thing(router, f"{name}核心路由器", "snmp", Role.COUNTY_NODE, code)
        self._two_lines(code, name, up, up, router)
        self._thing(f"PORTAL-{code}", f"{name}政务服务门户", "https", Role.SERVICE, code, parents=(router,))
        for place, (township, own) in enumerate(self._townships(county), start=1):
            self._township(own, township, code, (number, place))

    def _townships(self, county: County) -> Iterator[tuple[str, str]]:
        """Names and codes; sub-districts are numbered from 001, towns from 100, as in the public code set."""
        streets, towns = count(1), count(100)
        for name in county.townships[: self._scale.townships]:
            yield name, f"{county.code}{next(streets if name.endswith(_STREET) else towns):03}"

    def _township(self, code: str, name: str, county: str, number: tuple[int, int]) -> None:
        self._divisions.append(Division(code=code, name=_marked(name), level="township", parent=county))
        self._site(code, f"{name}便民服务中心", "township", number)
        self._thing(f"NODE-{code}", f"{name}接入节点", "tcp", Role.NODE, code)
        self._two_lines(code, name, county, f"RT-{county}", None)
        for village in range(1, self._scale.villages + 1):
            own = Division(
                code=f"{code}{200 + village}", name=_marked(f"{name}第{village}村"), level="village", parent=code
            )
            self._divisions.append(own)

    def _two_lines(self, code: str, name: str, above: str, a_device: str, b_device: str | None) -> None:
        """One of each carrier, on an interface of its own at each end that has a router."""
        mbps = self._file.county_mbps if b_device else self._file.township_mbps
        slot = 0 if b_device else 1
        for number, carrier in enumerate(self._file.carriers, start=1):
            id_, place = f"L-{code}-{number}", len(self._things[a_device].interfaces) + (1 if b_device else -1)
            a_if = f"GE0/{slot}/{place}"
            self._lines[id_] = Line(
                id=id_, name=_marked(f"{name}{carrier}线路"), a_site=f"S-{above}", b_site=f"S-{code}",
                tier="metro" if b_device else "access", carrier=carrier, mbps=mbps, group=f"G-{code}",
                a_device=a_device, a_if=a_if, b_device=b_device, b_if=f"GE0/0/{number}" if b_device else None,
            )  # fmt: skip
            self._interface(a_device, Interface(name=a_if, line=id_, mbps=mbps))
            if b_device is not None:
                self._interface(b_device, Interface(name=f"GE0/0/{number}", line=id_, mbps=mbps))

    def _interface(self, router: str, interface: Interface) -> None:
        thing = self._things[router]
        self._things[router] = replace(thing, interfaces=(*thing.interfaces, interface))

    def _cameras(self) -> None:
        """The channels, spread evenly over counties and townships, behind recorders."""
        sites = [site for site in self._sites.values() if site.level != "city"]
        each, more = divmod(self._scale.channels, len(sites))
        for index, site in enumerate(sites):
            self._cameras_of(site, each + (index < more))

    def _cameras_of(self, site: Site, channels: int) -> None:
        code = site.division
        node = f"RT-{code}" if site.level == "county" else f"NODE-{code}"
        for number, first in enumerate(range(0, channels, self._scale.channels_per_recorder), start=1):
            recorder = f"REC-{code}-{number}"
            self._thing(recorder, f"{code}录像机{number}", "rtsp", Role.NODE, code, plane="video", parents=(node,))
            for channel in range(first, min(first + self._scale.channels_per_recorder, channels)):
                id_ = f"CAM-{code}-{channel + 1:04}"
                self._thing(
                    id_, f"{code}视频点位{channel + 1}", "rtsp", Role.CAMERA, code, plane="video", parents=(recorder,)
                )
                self._things[id_] = replace(self._things[id_], recorder=recorder)

    def _site(self, code: str, name: str, level: Level, number: tuple[int, int]) -> None:
        self._sites[f"S-{code}"] = Site(id=f"S-{code}", name=_marked(name), division=code, level=level, number=number)

    def _thing(  # noqa: PLR0913 (what a thing is, in the order in which one says it)
        self, id_: str, name: str, service: Service, role: Role, code: str, *,
        plane: Plane = "business", parents: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self._things[id_] = Thing(
            id=id_, name=_marked(name), service=service, role=role, site=f"S-{code}", plane=plane, parents=parents,
            unit="安康市数据局（模拟）",
        )  # fmt: skip


def _anchors(plane: Plane) -> tuple[str, ...]:
    return tuple(f"ANCHOR-{plane}-{number}" for number in range(1, _ANCHORS + 1))


def _marked(name: str) -> str:
    return f"{name}{SIMULATED}"
