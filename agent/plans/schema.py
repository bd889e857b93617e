"""What may stand in a plan file: every option with its type, default and meaning. docs/plans.md is held to it."""

from typing import Annotated, Literal

from pydantic import Field

from agent.config.schema import Role
from agent.config.section import Section
from agent.config.values import Name, Zone

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Percent = Annotated[int, Field(ge=1, le=100)]
Severity = Literal["I", "II", "III", "IV"]
Level = Literal["city", "county", "township", "village"]
VariantName = Literal["all_in", "excluding_approved"]
ClockName = Literal["onset", "detected"]
ShortNoticeName = Literal["no", "excludes"]
QualityName = Literal["apart", "counted"]


class Words(Section):
    """A name in both languages."""

    zh: Text = Field(description="In Chinese, as printed.")
    en: Text = Field(description="In English.")


class Adopted(Section):
    """Who adopted the definitions and parameters (V7)."""

    by: Text = Field(description="Who adopted them.")
    document: Text = Field(description="By which document.")
    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] = Field(
        description="On which day: YYYY-MM-DD."
    )


class Printed(Section):
    """Where the plan prints the row."""

    file: Text = Field(description="File of the plan's text.")
    line: Annotated[int, Field(ge=1)] = Field(description="Line in it.")


class Scope(Section):
    """What a row is about; which of these a formula takes stands in docs/indicators.md."""

    network: Literal["extranet", "video"] | None = Field(None, description="Which network covers a unit (C1).")
    levels: tuple[Level, ...] = Field((), description="Levels of the divisions that are counted (C1).")
    roles: tuple[Role, ...] = Field((), description="Roles of the roots whose faults are rated (F4), or of targets.")
    platforms: tuple[Name, ...] = Field((), description="Ids of the platforms; none: all of the register.")


class DeadlineFile(Section):
    """How long the rectification of a security incident may take: one of the two (V6)."""

    hours: Count | None = Field(None, description="Hours.")
    working_days: Count | None = Field(None, description="Working days (V5).")


class Parameters(Section):
    """Numbers of a formula; which of these a formula takes stands in docs/indicators.md."""

    working_days: Count | None = Field(None, description="Working days until a data issue is due (V5).")
    utilisation_percent: Percent | None = Field(None, description="Fullest a line may be in busy hours, in % (C4).")
    inside_percent: Percent | None = Field(
        None, description="Share of the measured bins that must keep loss and delay inside the limits, in % (C4)."
    )
    deadlines: dict[Severity, DeadlineFile] = Field(
        {}, description="Deadline of each severity of security incidents, I to IV; they need `adopted` (V6)."
    )


class ChangeFile(Section):
    """The definition of a row from a day on (V7): what is not given stays as it was."""

    since: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] = Field(
        description="The first day on which it holds, from 00:00 in the plan's zone: YYYY-MM-DD."
    )
    definition: Text | None = Field(None, description="The words from then on.")
    formula: str | None = Field(None, description="The formula from then on; scope and parameters are given anew.")
    basis: Literal["probe", "register", "records"] | None = Field(None, description="What it rests on from then on.")
    scope: Scope = Field(Scope(), description="What it is about from then on, all of it.")
    parameters: Parameters = Field(Parameters(), description="The numbers from then on, all of them.")
    adopted: Adopted = Field(description="Who adopted the change.")


class OptionsFile(Section):
    """Options of the whole plan from a day on (V7): what is not given stays as it was."""

    since: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] = Field(
        description="The first day on which they hold, from 00:00 in the plan's zone: YYYY-MM-DD."
    )
    variant: VariantName | None = Field(None, description="`variant` from then on.")
    clock: ClockName | None = Field(None, description="`clock` from then on; of a fault the one at its onset counts.")
    short_notice: ShortNoticeName | None = Field(
        None, description="`short_notice` from then on, of windows that start then."
    )
    quality_faults: QualityName | None = Field(None, description="`quality_faults` from then on.")
    adopted: Adopted = Field(description="Who adopted the change.")


class RowFile(Section):
    """One row of the plan's table."""

    number: Annotated[int, Field(ge=1, le=999)] = Field(description="Its number in the table.")
    id: Name = Field(description="Its id, by which reports, metrics and measures name it.")
    category: Text = Field(description="The category that the table prints.")
    name: Words = Field(description="Its name.")
    definition: Text = Field(description="The definition, verbatim.")
    attribute: Text | None = Field(None, description="Binding or anticipatory, where the plan says: 约束性, 预期性.")
    targets: dict[str, Text] = Field(
        {}, description='The printed cell of each year: `"2025": ">95%"`; `/` where no figure is printed.'
    )
    unit: Text = Field(
        "percent",
        description="`percent`, or for a count or score what the plan prints behind the number: `个`, `万`; `number` "
        "where it prints nothing.",
    )
    formula: str = Field(description="How it is computed; docs/indicators.md has all formulas.")
    basis: Literal["probe", "register", "records"] = Field(
        description="What it rests on: probes, a register or records."
    )
    scope: Scope = Field(Scope(), description="What it is about.")
    parameters: Parameters = Field(Parameters(), description="Numbers of the formula.")
    adopted: Adopted | None = Field(None, description="Who adopted this row's definition, if not the whole plan's.")
    changes: tuple[ChangeFile, ...] = Field(
        (), description="Later definitions, in the order of their days; a period with one of them is split (V7)."
    )
    source: Printed | None = Field(None, description="Where it is printed.")
    note: Annotated[str, Field(max_length=2000)] = Field("", description="A remark that stands on reports.")


class PlanHead(Section):
    """A plan without its rows."""

    id: Name = Field(description="Its id.")
    title: Words = Field(description="Its title.")
    city: Words = Field(description="The city.")
    zone: Zone = Field("Asia/Shanghai", description="IANA time zone of its periods (T1).")
    draft: bool = Field(False, description="Whether it is a draft for comments; every report then says so.")
    document: Text = Field(description="By which document it was issued, and when.")
    years: tuple[Annotated[int, Field(ge=1970, le=2199)], ...] = Field(
        (), description="The years for which its table prints a column, in order; none: no targets at all."
    )
    variant: VariantName = Field(
        "all_in", description="Which availability the verdict is held against (A3): all time, or without windows."
    )
    clock: ClockName = Field("onset", description="What starts the clock of a fault (F2).")
    short_notice: ShortNoticeName = Field("no", description="Whether windows with less than 72 h notice exclude (M1).")
    quality_faults: QualityName = Field(
        "apart", description="Whether faults of quality are rated with the others (F12)."
    )
    changes: tuple[OptionsFile, ...] = Field(
        (),
        description="Later options of the whole plan, in the order of their days; rows that go by one are split (V7).",
    )
    adopted: Adopted | None = Field(None, description="Who adopted the definitions and parameters (V7).")


class PlanFile(PlanHead):
    """A plan."""

    rows: tuple[RowFile, ...] = Field(description="The rows, in the order of the table.")
