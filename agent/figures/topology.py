"""How things hang together, out of the registers: the lines of a site, the members of a platform, the ways to the top.

A target's ways are its `parents`; without them a target stands behind the lines of its site. A line stands behind
the lines of its a_site, the end nearer the core. A parent that is a composite stands for its members.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from agent.config.builtin import DEFAULT_ROLES
from agent.figures.book import DEFAULT_INTERVAL_US, INLINE, Body, Book
from agent.stores.base import Component
from sla.composite import ALL, Gate
from sla.confirm import FOREVER
from sla.faults import Places
from sla.model import Window
from sla.topology import Graph, Item, Way

EVER = Window(-FOREVER, FOREVER)
NODE_ROLES = frozenset({"core", "exit", "county_node", "node"})
"""Roles of targets that prove their site when they answer (A6)."""

OWN = "vantage:"
"""Ids of the self-check's own targets begin so."""

LINE = "line"
COUNTY = "county"

T = TypeVar("T")


class Site(NamedTuple):
    """What a site lives by: its lines, and the nodes that stand at it."""

    lines: tuple[str, ...]
    nodes: tuple[str, ...]


class Part(NamedTuple):
    """What a row says of a component's part in its platform (A5)."""

    platform: str
    required: bool
    group: str
    group_need: int


class Topology:
    """Built once for one reading of the registers. `components` are those that have readings of their own."""

    def __init__(self, book: Book, components: Iterable[Component]) -> None:
        self._book = book
        self._graph: Graph | None = None
        self._parts = [component for component in components if component.part]
        self._unregistered = [
            component
            for component in components
            if not component.part
            and book.register_of(component.target) is None
            and not component.target.startswith(OWN)  # the vantage's own check of itself is nobody's fault (S6)
        ]
        self.targets = book.ids("targets", INLINE)
        self.links = book.ids("links")
        self._link_ids = frozenset(self.links)
        self._of_lines = frozenset(name for id_ in self.links for name in self.interfaces(id_))
        self.sites = self._sites()
        self._members_of: dict[str, list[tuple[Window, str]]] = {}
        for id_, of_site in (*self._dated(self.links, _far_end), *self._dated(self.targets, _site_of_node)):
            for window, site in of_site:
                self._members_of.setdefault(site, []).append((window, id_))
        self._parts_held = dict(self._dated(book.ids("components"), _part))
        self.platforms = {id_: self._gate(id_, FOREVER - 1) for id_ in book.ids("platforms")}

    def members(self) -> list[str]:
        """Every id that may be the root of a fault."""
        return [item.id for item in self._items()]

    def graph(self) -> Graph:
        """Everything that may be the root of a fault, with its ways to the top; made once."""
        if self._graph is None:
            self._graph = Graph(list(self._items()))
        return self._graph

    def interfaces(self, link: str) -> tuple[str, ...]:
        """The interfaces at the ends of a line, which are evidence of it (A6)."""
        body = self._book.latest(link)
        ends = ((body.get(f"{end}_device"), body.get(f"{end}_if")) for end in "ab")
        return tuple(f"{device}#if/{interface}" for device, interface in ends if device and interface)

    def role(self, id_: str) -> str:
        """What it is: decides where its faults are counted (F4)."""
        if id_ in self._link_ids:
            return LINE
        return _role(self._book.latest(id_.partition("#")[0]))

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

    def site_pieces(self, id_: str, window: Window) -> Iterator[tuple[Window, Site]]:
        """What a site lived by when: a line that is moved away later was its line before (A2)."""
        members = self._members_of.get(id_, [])
        for piece in _pieces((held for held, _ in members), window):
            found = [member for held, member in members if held.start <= piece.start < held.end]
            lines = tuple(member for member in found if member in self._link_ids)
            yield piece, Site(lines, tuple(member for member in found if member not in self._link_ids))

    def platform_pieces(self, id_: str, window: Window) -> Iterator[tuple[Window, Gate]]:
        """What a platform needed when: who changes that later changes no time before (A2)."""
        parts = (held for dated in self._parts_held.values() if _ever(dated, id_) for held, _ in dated)
        needs = (held for held, _ in self._held(id_, _platform_need))
        for piece in _pieces((*parts, *needs), window):
            yield piece, self._gate(id_, piece.start)

    def _gate(self, id_: str, at: int) -> Gate:
        """All of its required components, or as many as `need` says; redundancy groups inside (A5)."""
        alone: list[str | Gate] = []
        groups: dict[str, list[str]] = {}
        needs: dict[str, int] = {}
        for component, dated in self._parts_held.items():
            part = _at(dated, at)
            if part.platform != id_ or not part.required:
                continue
            if part.group:
                groups.setdefault(part.group, []).append(component)
                needs[part.group] = part.group_need
            else:
                alone.append(component)
        gates = [Gate(needs[group], tuple(members)) for group, members in groups.items()]
        return Gate(_at(self._held(id_, _platform_need), at), (*alone, *gates))

    def _dated(self, ids: Iterable[str], key: Callable[[Body], T]) -> Iterator[tuple[str, list[tuple[Window, T]]]]:
        return ((id_, self._held(id_, key)) for id_ in ids)

    def _held(self, id_: str, key: Callable[[Body], T]) -> list[tuple[Window, T]]:
        """What its rows said when, for the headline (A2); what they said first holds for all time before."""
        if self._book.never_changed(id_):
            return [(EVER, key(self._book.latest(id_)))]
        held = [(window, key(body)) for window, body in self._book.bodies(id_)]
        kept = [pair for number, pair in enumerate(held) if number == 0 or held[number - 1][1] != pair[1]]
        starts = [-FOREVER, *(window.start for window, _ in kept[1:]), FOREVER]
        return [(Window(*ends), said) for ends, (_, said) in zip(pairwise(starts), kept, strict=True)]

    def _items(self) -> Iterator[Item]:
        for id_ in self.targets:
            yield Item(id_, self.role(id_), self._book.interval(id_), tuple(self._target_ways(id_)))
        for id_ in self.links:
            yield Item(id_, LINE, self._book.interval(id_), tuple(self._link_ways(id_)))
        for component in self._unregistered:
            yield Item(component.name, "node", DEFAULT_INTERVAL_US, ())
        for part in self._parts:
            if part.name in self._of_lines:  # its outage is the line's (A6), and one outage is one fault
                continue
            behind = ((EVER, (Way(1, (part.target,)),)),)
            yield Item(part.name, self.role(part.target), self._book.interval(part.target), behind)

    def _target_ways(self, id_: str) -> Iterator[tuple[Window, tuple[Way, ...]]]:
        for window, body in self._book.bodies(id_):
            parents = [str(parent) for parent in body.get("parents") or ()]
            if parents:
                yield window, tuple(way for parent in parents for way in self._ways_by(parent))
            elif site := body.get("site_id"):
                for piece, found in self.site_pieces(str(site), window):
                    yield piece, tuple(Way(1, (line,)) for line in found.lines)

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


def _pieces(held: Iterable[Window], window: Window) -> Iterator[Window]:
    """The window, cut wherever one of them begins or ends."""
    cuts = {cut for each in held for cut in each if window.start < cut < window.end}
    return (Window(*ends) for ends in pairwise(sorted({*window, *cuts})))


def _at(dated: Sequence[tuple[Window, T]], at: int) -> T:
    return next(said for window, said in dated if window.start <= at < window.end)


def _ever(dated: Iterable[tuple[Window, Part]], platform: str) -> bool:
    return any(part.platform == platform for _, part in dated)


def _far_end(body: Body) -> str:
    return str(body["b_site"])


def _site_of_node(body: Body) -> str:
    """Where it stands, if it is a node: only those prove their site (A6)."""
    return str(body.get("site_id") or "") if _role(body) in NODE_ROLES else ""


def _role(body: Body) -> str:
    return str(body.get("role") or DEFAULT_ROLES.get(str(body.get("kind")), "node"))


def _part(body: Body) -> Part:
    group = str(body.get("redundancy_group") or "")
    return Part(str(body["platform_id"]), body.get("required") is not False, group, _need(body.get("group_need"), 1))


def _platform_need(body: Body) -> int:
    return _need(body.get("need"), ALL)


def _need(said: object, default: int) -> int:
    """all, any or a number."""
    if said in (None, ""):
        return default
    if said in ("all", "any"):
        return ALL if said == "all" else 1
    return int(str(said))
