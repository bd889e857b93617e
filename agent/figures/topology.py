"""How things hang together, out of the registers: the lines of a site, the members of a platform, the ways to the top.

A target's ways are its `parents`; without them a target stands behind the lines of its site. A line stands behind
the lines of its a_site, the end nearer the core. A parent that is a composite stands for its members.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from agent.config.builtin import DEFAULT_ROLES
from agent.figures.book import DEFAULT_INTERVAL_US, INLINE, Book
from agent.stores.base import Component
from sla.composite import ALL, Gate
from sla.confirm import FOREVER
from sla.faults import Places
from sla.model import Window
from sla.topology import Graph, Item, Way

EVER = Window(-FOREVER, FOREVER)
NODE_ROLES = frozenset({"core", "exit", "county_node", "node"})
"""Roles of targets that prove their site when they answer (A6)."""

LINE = "line"
COUNTY = "county"


class Site(NamedTuple):
    """What a site lives by: its lines, and the nodes that stand at it."""

    lines: tuple[str, ...]
    nodes: tuple[str, ...]


class Topology:
    """Built once for one reading of the registers. `components` are those that have readings of their own."""

    def __init__(self, book: Book, components: Iterable[Component]) -> None:
        self._book = book
        self._parts = [component for component in components if component.part]
        self._unregistered = [
            component for component in components if not component.part and book.register_of(component.target) is None
        ]
        self.targets = book.ids("targets", INLINE)
        self.links = book.ids("links")
        self._link_ids = frozenset(self.links)
        self.sites = self._sites()
        self.platforms = {id_: self._platform(id_) for id_ in book.ids("platforms")}

    def members(self) -> list[str]:
        """Every id that may be the root of a fault."""
        return [item.id for item in self._items()]

    def graph(self) -> Graph:
        """Everything that may be the root of a fault, with its ways to the top."""
        return Graph(list(self._items()))

    def role(self, id_: str) -> str:
        """What it is: decides where its faults are counted (F4)."""
        if id_ in self._link_ids:
            return LINE
        body = self._book.latest(id_.partition("#")[0])
        return str(body.get("role") or DEFAULT_ROLES.get(str(body.get("kind")), "node"))

    def places(self) -> Places:
        """What the priority of a fault goes by (F1)."""
        site_of = {id_: str(site) for id_ in self.targets if (site := self._book.latest(id_).get("site_id"))}
        site_of |= {id_: str(self._book.latest(id_)["b_site"]) for id_ in self.links}
        return Places(
            site_of=site_of,
            lines_of={id_: site.lines for id_, site in self.sites.items() if site.lines},
            counties=frozenset(id_ for id_ in self.sites if self._is_county(id_)),
            sites=len(self.sites),
        )

    def _sites(self) -> dict[str, Site]:
        """Every site that a register names, be it only a link's or a target's."""
        lines: dict[str, list[str]] = {id_: [] for id_ in self._book.ids("sites")}
        nodes: dict[str, list[str]] = {}
        for id_ in self.links:
            body = self._book.latest(id_)
            lines.setdefault(str(body["b_site"]), []).append(id_)
            lines.setdefault(str(body["a_site"]), [])
        for id_ in self.targets:
            if site := self._book.latest(id_).get("site_id"):
                lines.setdefault(str(site), [])
                if self.role(id_) in NODE_ROLES:
                    nodes.setdefault(str(site), []).append(id_)
        return {id_: Site(tuple(of_it), tuple(nodes.get(id_, ()))) for id_, of_it in lines.items()}

    def _platform(self, id_: str) -> Gate:
        """All of its required components, or as many as `need` says; redundancy groups inside (A5)."""
        alone: list[str | Gate] = []
        groups: dict[str, list[str]] = {}
        needs: dict[str, int] = {}
        for component in self._book.ids("components"):
            body = self._book.latest(component)
            if body.get("platform_id") != id_ or body.get("required") is False:
                continue
            group = str(body.get("redundancy_group") or "")
            if group:
                groups.setdefault(group, []).append(component)
                needs[group] = _need(body.get("group_need"), 1)
            else:
                alone.append(component)
        gates = [Gate(needs[group], tuple(members)) for group, members in groups.items()]
        return Gate(_need(self._book.latest(id_).get("need"), ALL), (*alone, *gates))

    def _items(self) -> Iterator[Item]:
        for id_ in self.targets:
            yield Item(id_, self.role(id_), self._book.interval(id_), tuple(self._target_ways(id_)))
        for id_ in self.links:
            yield Item(id_, LINE, self._book.interval(id_), tuple(self._link_ways(id_)))
        for component in self._unregistered:
            yield Item(component.name, "node", DEFAULT_INTERVAL_US, ())
        for part in self._parts:
            behind = ((EVER, (Way(1, (part.target,)),)),)
            yield Item(part.name, self.role(part.target), self._book.interval(part.target), behind)

    def _target_ways(self, id_: str) -> Iterator[tuple[Window, tuple[Way, ...]]]:
        for window, body in self._book.bodies(id_):
            parents = [str(parent) for parent in body.get("parents") or ()]
            if parents:
                yield window, tuple(way for parent in parents for way in self._ways_by(parent))
            elif site := body.get("site_id"):
                yield window, tuple(Way(1, (line,)) for line in self.sites[str(site)].lines)

    def _link_ways(self, id_: str) -> Iterator[tuple[Window, tuple[Way, ...]]]:
        for window, body in self._book.bodies(id_):
            yield window, tuple(self._ways_by(str(body["a_site"])))

    def _ways_by(self, parent: str) -> Iterator[Way]:
        """A parent as ways: itself, or what it stands for where it is a composite."""
        if parent in self.platforms:
            yield from self._ways_by_gate(self.platforms[parent])
        elif self._book.register_of(parent) == "components":
            yield from self._ways_by(str(self._book.latest(parent).get("member") or ""))
        elif parent in self.sites and self._book.register_of(parent) in (None, "sites"):
            site = self.sites[parent]
            yield from (Way(1, (member,)) for member in site.lines or site.nodes)
        elif parent:
            yield Way(1, (parent,))

    def _ways_by_gate(self, gate: Gate) -> Iterator[Way]:
        """A platform with redundant members is as many ways; one that needs all of them is one way through all."""
        members = tuple(self.evidence(member) for member in gate.members if isinstance(member, str))
        if members:
            yield Way(len(members) if gate.need == ALL else gate.need, members)
        for inner in gate.members:
            if isinstance(inner, Gate):
                yield from self._ways_by_gate(inner)

    def evidence(self, component: str) -> str:
        """The id whose readings say how a platform's component is; of anything else itself."""
        if self._book.register_of(component) != "components":
            return component
        return str(self._book.latest(component).get("member") or component)

    def _is_county(self, site: str) -> bool:
        body: Mapping[str, Any] = self._book.latest(site)
        if body.get("owner_level") == COUNTY:
            return True
        division = self._book.versions("divisions", str(body.get("division_code") or ""))
        return bool(division) and division[-1].body.get("level") == COUNTY


def _need(said: object, default: int) -> int:
    """all, any or a number."""
    if said in (None, ""):
        return default
    if said in ("all", "any"):
        return ALL if said == "all" else 1
    return int(str(said))
