"""What everything that has an id was in, from a store: own readings, imported time, lines, sites and platforms.

Own readings speak from the store's first heartbeat on, imported time only before it (A8).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from agent.figures.book import COMPOSITES, INLINE, MEASURED, Book
from agent.figures.scopes import Windows
from agent.figures.topology import Site, Topology
from agent.imports.reduction import known, reduce_readings
from agent.stores.base import Component, Reader
from agent.stores.packedmarks import PackedMarks
from sla.availability import runs
from sla.composite import Gate, evaluate, excluded_time, line, site
from sla.composite import excluded as excluded_composite
from sla.confirm import FOREVER
from sla.maintenance import ShortNotice, excluded, union
from sla.model import Cause, Degraded, State, Window
from sla.timeline import Mark, Span, clip, join, out_of_service, overlay, spans
from sla.withdrawal import stays


class Timelines:
    """All that is known before `until`, with today's knowledge (T3); each id is put together once.

    Shape: timelines are ordered and disjoint and may leave out time that is UNKNOWN.
    """

    def __init__(
        self,
        reader: Reader,
        book: Book,
        until: int,
        *,
        short_notice_excludes: ShortNotice = False,
        components: Mapping[str, Component] | None = None,
        imported: frozenset[int] | None = None,
    ) -> None:
        self._reader = reader
        self._short_notice_excludes = short_notice_excludes
        self.book = book
        self.until = until
        self.first_heartbeat = reader.first_heartbeat()
        self._components = components
        self._made: dict[str, list[Span]] = {}
        self._most: int | None = None
        self._marks: PackedMarks | None = None
        self._at_hand: tuple[int, list[Mark]] = (0, [])
        self._speaks: tuple[int, Mapping[int, int]] | None = None
        self._with_imports = imported

    @cached_property
    def topology(self) -> Topology:
        """How things hang together; made once for a book and its components."""
        return kept_topology(self.book, self._reader, self._components)

    @cached_property
    def _by_name(self) -> Mapping[str, Component]:
        return by_name(self._reader) if self._components is None else self._components

    def in_hindsight(self) -> "Timelines":
        """The same by all that was entered later (A2)."""
        seen = self.book.in_hindsight()
        return Timelines(self._reader, seen, self.until, short_notice_excludes=self._short_notice_excludes)

    def related(self, name: str) -> list[str]:
        """An id and all that it is made of, by any row that ever held: what entries about it may concern."""
        if name in self.topology.platforms:
            parts = [id_ for id_ in self.book.ids("components") if self.book.ever(id_, "platform_id", name)]
        elif self._site(name) is not None:
            parts = [id_ for id_ in self.book.ids("links") if self.book.ever(id_, "b_site", name)]
        else:
            parts = []
        return [name, *parts, *dict.fromkeys(map(self.topology.evidence, parts))] if parts else [name]

    @property
    def names(self) -> list[str]:
        """Every id that can be asked for."""
        registered = self.book.ids("targets", "inline", "links", "components", *COMPOSITES)
        return list(dict.fromkeys([*self._by_name, *registered, *self.topology.sites]))

    def has(self, name: str) -> bool:
        """Whether the store or its registers know the id."""
        return name in self._by_name or self.book.register_of(name) is not None or name in self.topology.sites

    def load_all(self) -> None:
        """Read all edges in one pass, for questions about everything that ask for it again and again."""
        self._before_marks()
        self._marks = PackedMarks(self._reader.all_marks())

    def histories(self, names: Iterable[str]) -> Iterator[tuple[str, list[Mark]]]:
        """Many ids with their marks, each read when it comes and forgotten then: a year of all of them is large.

        Shape: in the order of the ledger, those without readings of their own first.
        """
        if self._marks is not None:
            yield from ((name, self.marks(name)) for name in names)
            return
        self._before_marks()
        self._most = _FEW
        numbered = sorted((component.id if (component := self._by_name.get(name)) else 0, name) for name in names)
        few = len(numbered) * _MANY < len(self._by_name)
        stream = iter(() if few else self._reader.all_marks())
        ahead: tuple[int, list[Mark]] = (0, [])
        for number, name in numbered:
            while ahead[0] < number:
                ahead = next(stream, (FOREVER, []))
            if not few:
                self._at_hand = ahead if ahead[0] == number else (number, [])
            yield name, self.marks(name)

    def _before_marks(self) -> None:
        """What is asked before they are read: an import between counts next time, a commit must not extend them."""
        self._with_imports = self._reader.imported_components()
        self._speaks = self._reader.all_known_until()

    @property
    def measured(self) -> Collection[str]:
        """What has readings of its own."""
        return self._by_name.keys()

    def evidence_of(self, name: str) -> Iterator[str]:
        """The components whose readings say what a target or line was in."""
        heard = (name, *self.topology.interfaces(name)) if self.book.register_of(name) == "links" else (name,)
        return (each for each in heard if each in self._by_name)

    def let_go(self) -> None:
        """Nobody asks any more: give the memory back in small pieces, for every other thread waits for each of them."""
        while self._made:
            self._made.popitem()
        if self._marks is not None:
            self._marks.let_go()

    def of(self, name: str) -> list[Span]:
        """What it was in, whatever it is; service dates are not laid over it yet."""
        made = self._made.get(name)
        if made is None:
            made = self._make(name)
            if self._most is not None and len(self._made) >= self._most:
                self._made.clear()
            self._made[name] = made
        return made

    def served(self, name: str) -> list[Span]:
        """What it was in, OUT outside its service (A2)."""
        timeline, service = self.of(name), self.service(name)
        if not service:
            return timeline
        return overlay(timeline, out_of_service(service, self._whole()))

    def service(self, name: str) -> list[Window]:
        """When it is in service; empty for always. A component serves with its target.

        What left while DOWN, without a document, and is soon back was never out (M5).
        """
        id_ = name.partition("#")[0]
        service = self.book.service(id_)
        if all(window.end == FOREVER for window in service) or self.book.register_of(id_) not in MEASURED:
            return service
        return stays(service, self.book.others_at(id_), lambda end: self._left_well(id_, end))

    def _left_well(self, id_: str, end: int) -> bool:
        """Whether a document retired it, or it was not DOWN when it left."""
        if self.book.is_retired_by_document(id_, end):
            return True
        known = (span for span in reversed(self.of(id_)) if span.start < end and span.state is not State.UNKNOWN)
        last = next(known, None)
        return last is None or last.state is not State.DOWN

    def gate(self, name: str) -> Gate | None:
        """The members that make a composite, None for what is none. Nodes at a site are no members of it (A6)."""
        if self._is_target(name):
            return None
        if name in self.topology.platforms:
            return self.topology.platforms[name]
        found = self._site(name)
        return None if found is None else Gate(1, found.lines or found.nodes)

    @cached_property
    def windows(self) -> Windows:
        """The maintenance windows, judged."""
        excludes = self._short_notice_excludes
        return Windows(self.book, self.first_heartbeat, short_notice_excludes=excludes)

    def planned(self, name: str) -> list[Window]:
        """The union of the counting windows that name it (M2)."""
        return union(ruling.effective for ruling in self.windows.of(name) if ruling.counts)

    def window_id(self, name: str, at: int) -> str | None:
        """Which counting window of it holds an instant."""
        found = [
            each.row.window_id for each in self.windows.of(name) if each.effective.start <= at < each.effective.end
        ]
        return min(found, default=None)

    def causes(self) -> Mapping[str, str]:
        """Causes that people recorded, by fault id; the last word holds."""
        return self._reader.fault_causes()

    def excluded(self, name: str) -> list[Window]:
        """Which of its time leaves the figure that excludes what was approved (A3, M1-M3)."""
        timeline = self.served(name)
        own = excluded(self.windows.of(name), _outages(timeline), self.first_heartbeat)
        gate, whole = self.gate(name), _extent(timeline)
        if gate is None:
            member = self.topology.evidence(name)
            return own if member == name else union([*own, *self.excluded(member)])
        return union(part for piece, gate in self._gates(name, whole) for part in self._excused(name, gate, own, piece))

    def _gates(self, name: str, whole: Window) -> Iterator[tuple[Window, Gate]]:
        """The members that made a composite when."""
        if name in self.topology.platforms:
            return self.topology.platform_pieces(name, whole)
        pieces = self.topology.site_pieces(name, whole)
        return ((piece, Gate(1, found.lines or found.nodes)) for piece, found in pieces)

    def _excused(self, name: str, gate: Gate, own: Sequence[Window], piece: Window) -> list[Window]:
        """M3 for the time in which a composite had these members."""
        if name in self.topology.platforms:
            return excluded_composite(gate, own, self.served, self.excluded, piece)
        members = [(self.served(member), self.excluded(member)) for member in gate.members if isinstance(member, str)]
        return excluded_time(clip(self.served(name), piece), members, own, piece)

    def marks(self, name: str) -> list[Mark]:
        """Its history as the reducer of faults wants it: states that hold until the next, UNKNOWN at the end."""
        return marks_of(self.served(name), self.until)

    def _make(self, name: str) -> list[Span]:
        if self._is_target(name):
            return self.readings_of(name)
        if name in self.topology.platforms:
            pieces = self.topology.platform_pieces(name, self._whole())
            return join(span for piece, gate in pieces for span in evaluate(gate, self.served, piece))
        if self._site(name) is not None and name not in self._by_name:
            return join(self._of_site(name))
        if self.book.register_of(name) == "links":
            return self._line(name)
        if (member := self.topology.evidence(name)) != name:
            return self.served(member)
        return self.readings_of(name)

    def readings_of(self, name: str) -> list[Span]:
        """What its own readings say, of a line those of its far address alone."""
        component = self._by_name.get(name)
        return [] if component is None else self._of_component(component.id)

    def _is_target(self, name: str) -> bool:
        """A target, or a component of one: it has readings of its own and no members."""
        register = self.book.register_of(name.partition("#")[0])
        return register in ("targets", INLINE) or (register is None and name in self._by_name)

    def _of_site(self, name: str) -> Iterator[Span]:
        for piece, found in self.topology.site_pieces(name, self._whole()):
            lines, nodes = ([self.served(member) for member in group] for group in found)
            yield from site(lines, nodes, piece)

    def _site(self, name: str) -> Site | None:
        return self.topology.sites.get(name) if self.book.register_of(name) in (None, "sites") else None

    def _line(self, name: str) -> list[Span]:
        """A line by evidence of it alone: its far address, and the interfaces at its ends (A6)."""
        evidence = [self._of_component(self._by_name[key].id) for key in self.evidence_of(name)]
        evidence = [each for each in evidence if each]
        return evidence[0] if len(evidence) == 1 else line(evidence, self._whole()) if evidence else []

    def _of_component(self, component: int) -> list[Span]:
        begin = self.first_heartbeat
        if begin is None:
            return self._imported(component, self.until)
        marks, known_until = self._said_of(component)
        begin = min([begin, *(mark.at for mark in marks[:1])])
        earlier = self._imported(component, min(begin, self.until))
        if begin >= self.until:
            return earlier
        return join([*earlier, *spans(marks, Window(begin, self.until), known_until)])

    def _said_of(self, component: int) -> tuple[list[Mark], int]:
        """What stands, and up to when it speaks."""
        if self._speaks is None:
            known_until = self._reader.known_until(component)  # before the marks: a commit must not extend them
        else:
            known_until = min(self._speaks[0], self._speaks[1].get(component, FOREVER))
        if self._marks is not None:
            return self._marks.of(component), known_until
        number, marks = self._at_hand
        return marks if number == component else self._reader.marks(component), known_until

    def _imported(self, component: int, until: int) -> list[Span]:
        if self._with_imports is not None and component not in self._with_imports:
            return []
        stated = self._reader.imported_spans(component)
        readings = known(reduce_readings(self._reader.imported_readings(component)))
        return join(clip(overlay(stated, readings) if readings else stated, Window(-FOREVER, until)))

    def _whole(self) -> Window:
        """From the first instant that anything is known of anything to `until`."""
        return Window(min(self._first, self.until), self.until)

    @cached_property
    def _first(self) -> int:
        stated = self._reader.first_imported()
        return min(at for at in (self.first_heartbeat, stated, self.until) if at is not None)


_MANY = 8
"""From this part of all components on their edges are read in one pass."""

_FEW = 64
"""Timelines that are kept at most where each id is asked for but once: those of a platform's members."""


def kept_topology(book: Book, reader: Reader, components: Mapping[str, Component] | None = None) -> Topology:
    """One for a book and its components, of which there are only ever more: whoever asks gets the same."""
    count = reader.component_count() if components is None else len(components)
    return book.keep(count, lambda: Topology(book, reader.components() if components is None else components.values()))


def by_name(reader: Reader) -> dict[str, Component]:
    """What has readings of its own, by the id that people use."""
    return {component.name: component for component in reader.components()}


JUST_NOW_US = 15_000_000
"""Silence at the end that is shorter than this is what is not durable yet, no lack of knowledge."""


def marks_of(timeline: Sequence[Span], until: int) -> list[Mark]:
    """Spans as marks; time between two of them, and after the last, is UNKNOWN."""
    return list(_marks(_up_to_date(timeline), until))


def _up_to_date(timeline: Sequence[Span]) -> Sequence[Span]:
    """Without the last moments that the heartbeat has not reached: what went on then goes on."""
    if len(timeline) < 2 or timeline[-1].cause is not Cause.NO_READING or timeline[-1].length > JUST_NOW_US:
        return timeline
    return [*timeline[:-2], timeline[-2]._replace(end=timeline[-1].end)]


def _marks(timeline: Iterable[Span], until: int) -> Iterator[Mark]:
    end = until
    for number, span in enumerate(timeline):
        if number and span.start > end:
            yield Mark(end, State.UNKNOWN, Degraded.NONE, Cause.NO_READING)
        yield Mark(span.start, span.state, span.degraded, span.cause)
        end = span.end
    if end < until:
        yield Mark(end, State.UNKNOWN, Degraded.NONE, Cause.NO_READING)


def _outages(timeline: Sequence[Span]) -> list[Window]:
    """Whole outages, from onset to restoration or to the end of what is known (S8)."""
    return [Window(run[0].start, run[-1].end if restored is None else restored) for run, restored in runs(timeline)]


def _extent(timeline: Sequence[Span]) -> Window:
    return Window(timeline[0].start, timeline[-1].end) if timeline else Window(0, 0)
