"""Series as SVG: lines with gaps where nothing is known, bars, and timelines of states."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dashboards.preview.panels import Filled, Span
from dashboards.preview.prometheus import Series
from dashboards.preview.units import shown

Json = Mapping[str, Any]

ZONE = ZoneInfo("Asia/Shanghai")
PALETTE = ("#5f9fe0", "#3c9a85", "#d8981a", "#a07bd0", "#e5533d", "#46b3c9", "#c77f9d", "#8fae4b", "#8b9599", "#b0763a")
LEFT, BOTTOM, TOP = 64, 18, 6
TICKS = 4
_GAP = 3
"""Steps without a sample from which on a line breaks."""


class Size(NamedTuple):
    """Of a drawing in pixels."""

    width: int
    height: int


def color_of(value: float, defaults: Json) -> str:
    """The colour of a value by mapping, else by threshold."""
    meaning = mapping_of(value, defaults.get("mappings", []))
    if meaning is not None:
        return css(meaning["color"])
    found = "text"
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            found = step["color"]
    return css(found)


def mapping_of(value: float | str, mappings: Sequence[Json]) -> Json | None:
    """What a value is shown as, None for as it is."""
    key = f"{value:g}" if isinstance(value, float) and math.isfinite(value) else str(value)
    options: Json = mappings[0]["options"] if mappings else {}
    return options.get(key)


def css(color: str) -> str:
    """Grafana's colour name as CSS."""
    return "currentColor" if color == "text" else color


def series_color(name: str, number: int, panel: Json) -> str:
    """A fixed colour, or the next of the palette."""
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name and override["properties"][0]["id"] == "color":
            return css(override["properties"][0]["value"]["fixedColor"])
    return PALETTE[number % len(PALETTE)]


def timeseries(filled: Filled, span: Span, size: Size) -> str:
    """Lines over time, or areas upon each other; with its legend."""
    panel, named = filled.panel, list(filled.named())
    defaults = panel["fieldConfig"]["defaults"]
    is_stacked = defaults["custom"]["stacking"]["mode"] == "normal"
    bases = _stack([series for _, series in named]) if is_stacked else [dict(s.points) for _, s in named]
    most = max((value for points in bases for value in points.values() if math.isfinite(value)), default=1.0)
    top = defaults.get("max") or (_whole(most) if defaults.get("decimals") == 0 else most * 1.05) or 1.0
    plot = _Plot(span, size, top)
    drawn = []
    floor: Mapping[float, float] = {}
    for number, ((name, _), points) in enumerate(zip(named, bases, strict=True)):
        color = series_color(name, number, panel)
        drawn.append(plot.area(points, floor, color) if is_stacked else plot.line(points, color))
        floor = points if is_stacked else floor
    limits = [plot.limit(step["value"], css(step["color"])) for step in defaults["thresholds"]["steps"][1:]]
    body = "".join([plot.axes(defaults["unit"], defaults.get("decimals")), *limits, *drawn])
    return f'<svg viewBox="0 0 {size.width} {size.height}">{body}</svg>{_legend(named, panel)}'


def _whole(most: float) -> float:
    """The top of an axis whose ticks are whole numbers."""
    return TICKS * max(math.ceil(most / TICKS), 1)


def _stack(all_series: Sequence[Series]) -> list[dict[float, float]]:
    held: dict[float, float] = {}
    tops = []
    for series in all_series:
        held = {**held, **{at: held.get(at, 0.0) + value for at, value in series.points}}
        tops.append({at: held[at] for at, _ in series.points})
    return tops


class _Plot:
    """Where a time and a value lie."""

    def __init__(self, span: Span, size: Size, top: float) -> None:
        self._span, self._size, self._top = span, size, top

    def x(self, at: float) -> float:
        width = self._size.width - LEFT - 8
        return LEFT + width * (at - self._span.start) / (self._span.end - self._span.start)

    def y(self, value: float) -> float:
        height = self._size.height - BOTTOM - TOP
        return TOP + height * (1 - min(max(value / self._top, 0.0), 1.0))

    def axes(self, unit: str, decimals: int | None) -> str:
        found = []
        for number in range(TICKS + 1):
            value = self._top * number / TICKS
            y = self.y(value)
            found.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{self._size.width - 8}"/>')
            found.append(
                f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{shown(value, unit, decimals)}</text>'
            )
            at = self._span.start + (self._span.end - self._span.start) * number / TICKS
            found.append(_clock(self.x(at), self._size.height - 3, at, number))
        return "".join(found)

    def limit(self, value: float, color: str) -> str:
        if value > self._top:
            return ""
        return f'<path class="limit" stroke="{color}" d="M{LEFT} {self.y(value):.1f}H{self._size.width - 8}"/>'

    def line(self, points: Mapping[float, float], color: str) -> str:
        runs = list(_runs(points, self._span.step))
        lines = "".join(
            "M" + "L".join(f"{self.x(at):.1f} {self.y(points[at]):.1f}" for at in run) for run in runs if len(run) > 1
        )
        dots = "".join(
            f'<circle cx="{self.x(run[0]):.1f}" cy="{self.y(points[run[0]]):.1f}" r="2" fill="{color}"/>'
            for run in runs
            if len(run) == 1
        )
        return f'<path class="line" stroke="{color}" d="{lines}"/>{dots}'

    def area(self, points: Mapping[float, float], floor: Mapping[float, float], color: str) -> str:
        found = []
        for run in _runs(points, self._span.step):
            upper = [f"{self.x(at):.1f} {self.y(points[at]):.1f}" for at in run]
            lower = [f"{self.x(at):.1f} {self.y(floor.get(at, 0.0)):.1f}" for at in reversed(run)]
            found.append("M" + "L".join([*upper, *lower]) + "Z")
        return f'<path fill="{color}" fill-opacity=".6" stroke="{color}" d="{"".join(found)}"/>'


def _runs(points: Mapping[float, float], step: float) -> Iterator[list[float]]:
    """Stretches without a gap: what nobody measured is not drawn."""
    run: list[float] = []
    for at, value in points.items():
        if not math.isfinite(value) or (run and at - run[-1] > _GAP * step):
            if run:
                yield run
            run = []
        if math.isfinite(value):
            run.append(at)
    if run:
        yield run


def _stretches(series: Series, span: Span) -> Iterator[tuple[float, float, float]]:
    """From when until when it was what, as long as nothing is missing between."""
    held: tuple[float, float, float] | None = None
    for at, value in series.points:
        until = min(at + span.step, span.end)
        if held is not None and held[2] == value and at - held[1] < span.step / 2:
            held = held[0], until, value
        else:
            if held is not None:
                yield held
            held = at, until, value
    if held is not None:
        yield held


def _clock(x: float, y: float, at: float, number: int) -> str:
    anchor = ("start", "middle", "middle", "middle", "end")[number]
    text = datetime.fromtimestamp(at, ZONE).strftime("%H:%M:%S")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _legend(named: Sequence[tuple[str, Series]], panel: Json) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    items = []
    for number, (name, series) in enumerate(named):
        color = series_color(name, number, panel)
        value = shown(series.last, defaults["unit"], defaults.get("decimals"))
        items.append(f'<span><i style="background:{color}"></i>{escape(name)} <b>{escape(value)}</b></span>')
    return f'<p class="legend">{"".join(items)}</p>'


def state_timeline(filled: Filled, span: Span, size: Size) -> str:
    """One bar a series, in the colour of what it was; nothing where nobody knows."""
    defaults, named = filled.panel["fieldConfig"]["defaults"], list(filled.named())
    plot, rows = _Plot(span, size, 1.0), max(len(named), 1)
    height = (size.height - BOTTOM - TOP) / rows
    drawn = []
    for number, (name, series) in enumerate(named):
        y = TOP + number * height
        drawn.append(f'<text x="{LEFT * 2 - 6}" y="{y + height / 2 + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        for at, until, value in _stretches(series, span):
            begin, end = (max(plot.x(each), LEFT * 2) for each in (at, until))
            drawn.append(
                f'<rect x="{begin:.1f}" y="{y + height * 0.1:.1f}" width="{max(end - begin, 0.5) + 0.3:.1f}" '
                f'height="{height * 0.8:.1f}" fill="{color_of(value, defaults)}"/>'
            )
    middle = (span.start + span.end) / 2
    for at, number in ((middle, 2), (span.end, 4)):
        drawn.append(_clock(plot.x(at), size.height - 3, at, number))
    return f'<svg viewBox="0 0 {size.width} {size.height}">{"".join(drawn)}</svg>'
