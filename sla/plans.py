"""A plan as data: its rows, what it prints for which year, and who adopted the definitions (V2, V7). Pure, no files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sla.maintenance import ShortNotice
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


class Options(NamedTuple):
    """What holds of a whole plan: variant (A3), what starts a fault's clock (F2), late notices (M1), quality (F12)."""

    variant: Variant = Variant.ALL_IN
    clock: str = "onset"
    short_notice_excludes: bool = False
    counts_quality: bool = False

    @property
    def written(self) -> dict[str, str]:
        """As a plan file has them."""
        return {
            "variant": str(self.variant),
            "clock": self.clock,
            "short_notice": "excludes" if self.short_notice_excludes else "no",
            "quality_faults": "counted" if self.counts_quality else "apart",
        }


class Change(NamedTuple):
    """Options of a whole plan from an instant on, and who adopted that (V7). Units: microseconds UTC."""

    since: int
    options: Options
    adopted: Adoption | None


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
    """A city's plan. `clock` names what starts a fault's clock (F2), `short_notice` what a late notice does (M1).

    Shape: `history` has its options by the day from which they hold, the first from early on; none where they never
    changed. The fields have those of the period that is asked about.
    """

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
    history: tuple[Change, ...] = ()
    adopted: Adoption | None = None
    rows: tuple[Row, ...] = ()

    @property
    def options(self) -> Options:
        """Those of the period that is asked about."""
        return Options(self.variant, self.clock, self.short_notice_excludes, self.counts_quality)

    def options_at(self, at: int) -> Options:
        """Those in force at an instant."""
        return [change.options for change in self.history if change.since <= at][-1] if self.history else self.options

    def at(self, at: int) -> "Plan":
        """The plan with the options in force at an instant."""
        return replace(self, **self.options_at(at)._asdict())

    @property
    def short_notice(self) -> ShortNotice:
        """What is done of windows with short notice, by the time at which they start (M1)."""
        if not self.history:
            return self.short_notice_excludes
        return tuple((change.since, change.options.short_notice_excludes) for change in self.history)

    @property
    def clocks(self) -> frozenset[str]:
        """All clocks that it ever had."""
        return frozenset(change.options.clock for change in self.history) or frozenset((self.clock,))

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone of its periods (T1)."""
        return ZoneInfo(self.zone)

    def row(self, id_: str) -> Row | None:
        """The row of an indicator's id, or of its number."""
        return next((row for row in self.rows if id_ in (row.id, str(row.no))), None)
