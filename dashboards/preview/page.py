"""The preview page: every panel with what its queries answer now. It says on every screen that it is no Grafana."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from dashboards.preview.draw import Size, color_of, css, mapping_of, series_color, state_timeline, timeseries
from dashboards.preview.panels import Cell, Filled, Span, rows
from dashboards.preview.units import shown

Json = Mapping[str, Any]

CELL_PIXELS = 38
COLUMN_PIXELS = 64
_HEAD_PIXELS, _LEGEND_PIXELS = 34, 26
_SHORT = 9
"""Characters that fit the narrowest panel in large print."""

STYLE = (Path(__file__).parent / "preview.css").read_text(encoding="utf-8")

MARK = "预览 PREVIEW：本页不是 Grafana，只画出各面板查询的结果。No Grafana: what the panels' queries answer."


class Board(NamedTuple):
    """One dashboard with its panels filled in."""

    dashboard: Json
    filled: Sequence[Filled]


def page(boards: Sequence[Board], span: Span, language: str) -> str:
    """The whole page."""
    body = "".join(_board(board, span) for board in boards)
    lang = "zh-CN" if language == "zh" else language
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>预览 PREVIEW · SLA</title>'
        f'<style>{STYLE}</style><div class="mark">{MARK}</div><main>{body}</main></html>\n'
    )


def _board(board: Board, span: Span) -> str:
    found = [
        _place(panel["gridPos"], "row", escape(panel["title"]))
        for panel in board.dashboard["panels"]
        if panel["type"] == "row"
    ]
    found += [_panel(filled, span) for filled in board.filled]
    head = f"<h1>{escape(board.dashboard['title'])}</h1><p>{escape(board.dashboard['description'])}</p>"
    return f'{head}<div class="board">{"".join(found)}</div>'


def _place(grid: Json, kind: str, inner: str) -> str:
    where = f"grid-column:{grid['x'] + 1}/span {grid['w']};grid-row:{grid['y'] + 1}/span {grid['h']}"
    return f'<section class="{kind}" style="{where}">{inner}</section>'


def _panel(filled: Filled, span: Span) -> str:
    panel = filled.panel
    head = f'<h2 title="{escape(panel["description"])}">{escape(panel["title"])}</h2>'
    if filled.is_empty:
        empty = escape(panel["fieldConfig"]["defaults"]["noValue"])
        return _place(panel["gridPos"], "panel", f'{head}<div class="none">{empty}</div>')
    return _place(panel["gridPos"], "panel", head + _body(filled, span))


def _body(filled: Filled, span: Span) -> str:
    kind, grid = filled.panel["type"], filled.panel["gridPos"]
    size = Size(grid["w"] * COLUMN_PIXELS, grid["h"] * (CELL_PIXELS + 8) - _HEAD_PIXELS)
    if kind == "timeseries":
        return timeseries(filled, span, Size(size.width, size.height - _LEGEND_PIXELS))
    if kind == "state-timeline":
        return state_timeline(filled, span, size)
    return {"stat": _stat, "bargauge": _bars, "table": _table}[kind](filled)


def _stat(filled: Filled) -> str:
    defaults = filled.panel["fieldConfig"]["defaults"]
    (_, series), *_ = filled.named()
    text = _text(series.last, defaults)
    size = "stat long" if len(text) > _SHORT else "stat"
    return f'<div class="{size}" style="color:{color_of(series.last, defaults)}">{escape(text)}</div>'


def _text(value: float, defaults: Json) -> str:
    meaning = mapping_of(value, defaults.get("mappings", []))
    return str(meaning["text"]) if meaning else shown(value, defaults["unit"], defaults.get("decimals"))


def _bars(filled: Filled) -> str:
    defaults, named = filled.panel["fieldConfig"]["defaults"], list(filled.named())
    most = defaults.get("max") or max((series.last for _, series in named), default=1.0) or 1.0
    return f'<div class="bars">{"".join(_bar(filled, most, *each) for each in enumerate(named))}</div>'


def _bar(filled: Filled, most: float, number: int, named: Any) -> str:
    (name, series), defaults = named, filled.panel["fieldConfig"]["defaults"]
    has_own = any(each["matcher"]["options"] == name for each in filled.panel["fieldConfig"]["overrides"])
    color = series_color(name, number, filled.panel) if has_own else color_of(series.last, defaults)
    part = min(max(series.last / most, 0.0), 1.0) * 100
    value = escape(shown(series.last, defaults["unit"], defaults.get("decimals")))
    bar = f'<div><i style="width:{part:.1f}%;background:{color}"></i></div>'
    return f'<span>{escape(name)}</span>{bar}<b style="color:{color}">{value}</b>'


def _table(filled: Filled) -> str:
    found = rows(filled)
    columns = [_Column(name, filled.panel) for name in found[0]]
    by = [each["displayName"] for each in filled.panel["options"]["sortBy"]]
    for name in by:
        found.sort(key=lambda row: (row[name] is None, isinstance(row[name], str), row[name]))
    head = "".join(f'<th class="{column.kind}">{escape(column.name)}</th>' for column in columns)
    body = "".join("<tr>" + "".join(column.cell(row[column.name]) for column in columns) + "</tr>" for row in found)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


class _Column:
    """How a column of a table is shown, by the overrides of its name."""

    def __init__(self, name: str, panel: Json) -> None:
        self.name = name
        self._own = dict(_own(name, panel))
        self._defaults = {
            "thresholds": self._own.get("thresholds", panel["fieldConfig"]["defaults"]["thresholds"]),
            "mappings": self._own.get("mappings", []),
        }
        self.kind = "number" if "unit" in self._own else ""

    def cell(self, value: Cell) -> str:
        """One cell; nothing is a dash."""
        if value is None:
            return f'<td class="{self.kind}">—</td>'
        meaning = mapping_of(value, self._defaults["mappings"])
        if meaning is not None:
            return f'<td style="color:{css(meaning["color"])}">{escape(meaning["text"])}</td>'
        if isinstance(value, str):
            return f"<td>{escape(value)}</td>"
        color = color_of(value, self._defaults) if "thresholds" in self._own else "inherit"
        text = escape(shown(value, self._own.get("unit", "none"), self._own.get("decimals")))
        return f'<td class="number" style="color:{color}">{text}</td>'


def _own(name: str, panel: Json) -> Iterator[tuple[str, Any]]:
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            yield from ((each["id"], each["value"]) for each in override["properties"])
