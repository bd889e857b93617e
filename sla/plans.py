"""A plan as data: its rows, what it prints for which year, and who adopted the definitions (V2, V7). Pure, no files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sla.verdict import NO_TARGET, PERCENT, Target


class Variant(StrEnum):
    """Which of the two availabilities a verdict is held against (A3)."""

    ALL_IN = "all_in"
    EXCLUDING_APPROVED = "excluding_approved"


class Basis(StrEnum):
    """What a figure rests on."""

    PROBE = "probe"
    REGISTER = "register"
    RECORDS = "records"


class Adoption(NamedTuple):
    """Who adopted a definition, by which document, on which day (V7)."""

    by: str
    document: str
    date: str


class Source(NamedTuple):
    """Where the plan prints it."""

    file: str
    line: int


class Version(NamedTuple):
    """A row as it is defined from an instant on (V7). Units: microseconds UTC, None from the beginning."""

    since: int | None
    row: "Row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One indicator of a plan, in the plan's words.

    Shape: targets by printed column in the order of the years; parameters are checked by the formula's reader;
    `versions` in their order, none where the definition never changed (V7).
    """

    no: int
    id: str
    category: str
    name_zh: str
    name_en: str
    definition_zh: str
    attribute: str | None
    targets: Mapping[int, Target]
    unit: str = PERCENT
    formula: str
    basis: Basis
    scope: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    adopted: Adoption | None = None
    source: Source | None = None
    note: str = ""
    versions: tuple[Version, ...] = ()

    def target(self, year: int) -> Target:
        """What is printed for a year; without a column the last one before it, as advice only (V2)."""
        if year in self.targets:
            return self.targets[year]
        earlier = [column for column in self.targets if column < year]
        return self.targets[max(earlier)]._replace(advisory=True) if earlier else NO_TARGET


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A city's plan. `clock` names what starts a fault's clock (F2), `short_notice` what a late notice does (M1)."""

    id: str
    title_zh: str
    title_en: str
    city_zh: str
    city_en: str
    zone: str
    is_draft: bool
    document: str
    years: tuple[int, ...]
    variant: Variant = Variant.ALL_IN
    clock: str = "onset"
    short_notice_excludes: bool = False
    counts_quality: bool = False
    adopted: Adoption | None = None
    rows: tuple[Row, ...] = ()

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone of its periods (T1)."""
        return ZoneInfo(self.zone)

    def row(self, id_: str) -> Row | None:
        """The row of an indicator's id, or of its number."""
        return next((row for row in self.rows if id_ in (row.id, str(row.no))), None)
