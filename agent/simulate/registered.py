"""The city of somebody's own agent.yml and registers: what stands where, by which lines, which interfaces end them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from agent.config import Config, TargetConfig
from agent.config.schema import Role
from agent.figures.book import Body, Book
from agent.lab.city import City, Interface, Line, Service, Site, Thing
from agent.registered import with_registers

NOWHERE = ""
"""The site of what has none, and of the self-check's own things."""

_SERVICES: Mapping[str, Service] = {
    "tls": "tls", "snmp": "snmp", "rtsp": "rtsp", "host_page": "host_page", "dns": "dns", "http": "http",
}  # fmt: skip


def city_of(config: Config, book: Book, now: int) -> City:
    """The city as its registers have it at an instant."""
    lines = {id_: _line(id_, body) for id_, body in book.held_in("links", now)}
    sites = {NOWHERE, *book.ids("sites")} | {site for line in lines.values() for site in (line.a_site, line.b_site)}
    targets = [each for each in with_registers(config, book, now).targets if each.id not in lines]
    sites |= {each.site_id for each in targets if each.site_id}
    things = {each.id: _thing(each, lines) for each in targets}
    anchors = {address: _anchor(address) for plane in config.planes.values() for address in plane.anchors}
    return City(
        name=config.vantage.name,
        scale="small",
        in_service_from="",
        divisions=(),
        sites={id_: _site(id_) for id_ in sorted(sites)},
        lines=lines,
        things={**things, **{thing.id: thing for thing in anchors.values()}},
        platforms=(),
    )


def anchor_id(address: str) -> str:
    """What one of the self-check's own things is called in the model."""
    return f"anchor:{address}"


def _site(id_: str) -> Site:
    return Site(id=id_, name=id_, division="", level="township", number=(1, 1))


def _line(id_: str, body: Body) -> Line:
    def said(name: str) -> str:
        return str(body.get(name) or "")

    return Line(
        id=id_,
        name=id_,
        a_site=said("a_site"),
        b_site=said("b_site"),
        tier="access",
        carrier=said("carrier"),
        mbps=1,
        group="",
        a_device=said("a_device"),
        a_if=said("a_if"),
        b_device=said("b_device") or None,
        b_if=said("b_if") or None,
    )


def _thing(target: TargetConfig, lines: Mapping[str, Line]) -> Thing:
    secure = target.kind == "http" and target.address.startswith("https:")
    return Thing(
        id=target.id,
        name=target.name,
        service="https" if secure else _SERVICES.get(target.kind, "tcp"),
        role=target.role,
        site=target.site_id or NOWHERE,
        interfaces=tuple(_interfaces(target.id, lines)),
    )


def _interfaces(device: str, lines: Mapping[str, Line]) -> Iterator[Interface]:
    for line in lines.values():
        ends = ((line.a_device, line.a_if), (line.b_device, line.b_if))
        yield from (Interface(name=name, line=line.id, mbps=1) for end, name in ends if end == device and name)


def _anchor(address: str) -> Thing:
    made = Thing(id=anchor_id(address), name=address, service="tcp", role=Role.NODE, site=NOWHERE)
    return replace(made, is_anchor=True)
