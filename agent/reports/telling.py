"""What all lists of a report share: the question, the words of a language, and the names of things."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from agent.figures.asked import Asked
from agent.figures.book import COUNTED
from agent.figures.formulas.clearing import CLEARING, rated
from agent.language import N_, catalogue
from sla.faults import Fault, Outcome
from sla.model import State, Window
from sla.plans import Row
from sla.rate import Gap, Rate
from sla.timeline import Span, clip, out_of_service, overlay

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.LATE: N_("late"),
    Outcome.UNDECIDED: N_("undecided"),
    Outcome.PENDING: N_("pending"),
    Outcome.IN_TIME: N_("in time"),
}
"""In the order in which they are read: what costs first."""


class Telling:
    """One question told in one language."""

    def __init__(self, asked: Asked, language: str) -> None:
        self.asked = asked
        self.language = language
        self.words: Callable[[str], str] = catalogue(language).gettext

    def name(self, id_: str) -> str:
        """What people call it, its id where the registers have no other name."""
        return str(self.body(id_).get("name") or id_)

    def body(self, id_: str) -> Mapping[str, object]:
        """Its last row, of whatever register."""
        book, plain = self.asked.book, id_.partition("#")[0]
        if book.register_of(plain) is not None:
            return book.latest(plain)
        for register in COUNTED:
            if book.versions(register, plain):
                return book.last(register, plain)
        return {}

    def whole(self, id_: str) -> list[Span]:
        """What it was in over the window, without holes; OUT outside its service."""
        known, window = self.asked.known, self.asked.window
        spans = overlay([Span(window.start, window.end, State.UNKNOWN)], clip(known.of(id_), window))
        service = known.service(id_)
        return overlay(spans, out_of_service(service, window)) if service else spans

    @cached_property
    def counted(self) -> tuple[Sequence[Fault], Sequence[Gap], Rate]:
        """Those that the plan's row of the 3-hour rate counts, all of them where it has none."""
        row = self.clearing_row
        if row is None:
            found = self.asked.found
            return found.faults, found.gaps, found.rate
        mine = rated(self.asked, row, row.target(self.asked.year))
        return mine.faults, mine.gaps, mine.rate

    @property
    def clearing_row(self) -> Row | None:
        """The plan's row of the 3-hour rate; None where its definition changed inside the period (V7)."""
        found = next((row for row in self.asked.plan.rows if row.formula == CLEARING.name), None)
        return None if found is None or found.versions else found


def touches(one: Window, other: Window) -> bool:
    """Whether two windows share an instant."""
    return one.start < other.end and other.start < one.end
