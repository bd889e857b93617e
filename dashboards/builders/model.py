"""What a dashboard is made of, as far as ours need it: panels in sections, variables; texts in two languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

PanelKind = Literal["stat", "table", "timeseries", "bargauge", "state-timeline"]

Step = tuple[float | None, str]
"""From which value on which colour; None is the lowest step."""


class Text(NamedTuple):
    """One text in Chinese and in English."""

    zh: str
    en: str

    def of(self, language: Language) -> str:
        """In one of them."""
        return self.zh if language == "zh" else self.en


NO_DATA = Text("无数据", "no data")


class Meaning(NamedTuple):
    """What a value is shown as."""

    text: Text
    color: str


Mapped = Mapping[str, Meaning]
"""By the value as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL query. `legend` names its series, with {{label}} as Grafana fills it in."""

    expr: str
    legend: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table: `field` is a label, or "Value #A" for the value of the first query and so on."""

    field: str
    title: Text
    unit: str = "string"
    steps: Sequence[Step] = ()
    mapped: Mapped | None = None
    decimals: int | None = None
    width: int | None = None
    gauge: bool = False
    link: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. Units: `width` in the 24 columns, `height` in grid rows; `unit` is Grafana's id of one.

    `empty` is what it says where there is no data: never a number. `low` and `high` bound its axis or bar.
    `colors` are those of series by name, `named` what series are called whose name is a code.
    """

    kind: PanelKind
    title: Text
    description: Text
    unit: str
    queries: Sequence[Query]
    width: int
    height: int
    steps: Sequence[Step] = ()
    mapped: Mapped | None = None
    columns: Sequence[Column] = ()
    empty: Text = NO_DATA
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    stacked: bool = False
    colors: Mapping[str, str] | None = None
    named: Mapped | None = None
    sort_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Panels under one heading."""

    title: Text
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice at the head of a dashboard: `query` is what Grafana asks, `regex` picks value and text out of it."""

    name: str
    label: Text
    query: str
    regex: str = ""
    multi: bool = True
    newest_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard; `uid` is its name for good."""

    uid: str
    title: Text
    description: Text
    sections: Sequence[Section]
    variables: Sequence[Variable] = ()
    since: str = "now-6h"
