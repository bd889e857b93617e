"""A panel of a dashboard's JSON with what its queries answer: series, or a table with its columns in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dashboards.preview.prometheus import Answer, Prometheus, Series
from dashboards.preview.variables import filled

Json = Mapping[str, Any]
Cell = str | float | None


class Span(NamedTuple):
    """The time that is looked at. Units: unix seconds; `rate` is what $__rate_interval stands for."""

    start: float
    end: float
    step: float
    rate: float


class Asked(NamedTuple):
    """One query as it was asked, and its answer."""

    ref: str
    expr: str
    answer: Answer


@dataclass(frozen=True)
class Filled:
    """A panel and its answers."""

    panel: Json
    asked: Sequence[Asked]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show at all."""
        return not any(each.answer.series for each in self.asked)

    def named(self) -> Iterator[tuple[str, Series]]:
        """Every series with the name that its legend gives it."""
        called = dict(_display_names(self.panel))
        for target, each in zip(self.panel["targets"], self.asked, strict=True):
            for series in each.answer.series:
                name = legend(target, series, self.panel["title"])
                yield called.get(name, name), series


def _display_names(panel: Json) -> Iterator[tuple[str, str]]:
    for override in panel["fieldConfig"]["overrides"]:
        for each in override["properties"]:
            if each["id"] == "displayName":
                yield override["matcher"]["options"], each["value"]


def panels(dashboard: Json) -> list[Json]:
    """All panels that ask something."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def fill(prometheus: Prometheus, panel: Json, chosen: Mapping[str, str], span: Span) -> Filled:
    """Ask all queries of a panel. Errors: QueryError."""
    asked = []
    for target in panel["targets"]:
        expr = filled(target["expr"], chosen, span.rate)
        if target["instant"]:
            answer = prometheus.instant(expr, span.end)
        else:
            answer = prometheus.range(expr, span.start, span.end, span.step)
        asked.append(Asked(target["refId"], expr, answer))
    return Filled(panel, asked)


def legend(target: Json, series: Series, otherwise: str) -> str:
    """The name of a series: {{label}} filled in, or its labels, or the panel's title."""
    form = target.get("legendFormat")
    if form is None:
        return ", ".join(series.labels.values()) or otherwise
    name = str(form)
    for label, value in series.labels.items():
        name = name.replace(f"{{{{{label}}}}}", value)
    return name


def rows(filled_in: Filled) -> list[dict[str, Cell]]:
    """The rows of a table as Grafana's transformations merge and organize make them: by the columns' titles."""
    tables = [_table(each, alone=len(filled_in.asked) == 1) for each in filled_in.asked]
    merged = _merged([table for table in tables if table])
    organize = filled_in.panel["transformations"][-1]["options"]
    hidden, names = organize["excludeByName"], organize["renameByName"]
    order = sorted(organize["indexByName"], key=organize["indexByName"].__getitem__)
    shown = [field for field in order if not hidden.get(field)]
    return [{names[field]: row.get(field) for field in shown} for row in merged]


def fields(filled_in: Filled) -> set[str]:
    """Every field that the queries bring, before any of them is hidden."""
    tables = [_table(each, alone=len(filled_in.asked) == 1) for each in filled_in.asked]
    return {field for table in tables for row in table for field in row}


def _table(asked: Asked, *, alone: bool) -> list[dict[str, Cell]]:
    value = "Value" if alone else f"Value #{asked.ref}"
    return [{**series.labels, value: series.last} for series in asked.answer.series]


def _merged(tables: Sequence[Sequence[dict[str, Cell]]]) -> list[dict[str, Cell]]:
    """Rows that agree in the fields which all tables have become one, as long as no other field disagrees."""
    common = set.intersection(*({*table[0]} for table in tables)) if tables else set()
    found: list[dict[str, Cell]] = []
    by_key: dict[tuple[Cell, ...], list[dict[str, Cell]]] = {}
    for table in tables:
        for row in table:
            alike = by_key.setdefault(tuple(row[field] for field in sorted(common)), [])
            into = next((each for each in alike if _agree(each, row)), None)
            if into is None:
                into = {}
                alike.append(into)
                found.append(into)
            into.update(row)
    return found


def _agree(one: Mapping[str, Cell], other: Mapping[str, Cell]) -> bool:
    return all(one[field] == value for field, value in other.items() if field in one)
