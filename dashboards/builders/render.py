"""A dashboard as Grafana's classic JSON, schema version 39: older and newer servers take it, file provisioning too."""

import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dashboards.builders.model import Column, Dashboard, Language, Mapped, Panel, PanelKind, Query, Step, Text, Variable

Json = dict[str, Any]

SCHEMA_VERSION = 39
COLUMNS = 24
TAG = "sla-agent"
DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
PLUGIN_VERSION = "11.3.0"

_NEUTRAL: Sequence[Step] = ((None, "text"),)
_RELOADS = Text("配置重载", "Configuration reloaded")
_OTHERS = Text("其他看板", "Other dashboards")
_DATASOURCE_LABEL = "Data Source"


def uid_in(uid: str, language: Language) -> str:
    """The uid of the edition in a language: Chinese has the plain one, as alerts name it."""
    return uid if language == "zh" else f"{uid}-{language}"


def dashboard_json(dashboard: Dashboard, language: Language) -> Json:
    """The whole file."""
    return {
        "annotations": {"list": [_reloads(language)]},
        "description": dashboard.description.of(language),
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": [_others(language)],
        "panels": list(_panels(dashboard, language)),
        "refresh": "1m",
        "schemaVersion": SCHEMA_VERSION,
        "tags": [TAG, language],
        "templating": {"list": [_datasource(), *(_variable(each, language) for each in dashboard.variables)]},
        "time": {"from": dashboard.since, "to": "now"},
        "timepicker": {},
        "timezone": "Asia/Shanghai",
        "title": dashboard.title.of(language),
        "uid": uid_in(dashboard.uid, language),
        "version": 1,
        "weekStart": "monday",
    }


def _panels(dashboard: Dashboard, language: Language) -> Iterator[Json]:
    """Each section under its row, its panels from left to right."""
    number, top = 0, 0
    for section in dashboard.sections:
        number += 1
        yield _row(number, section.title.of(language), top)
        top += 1
        left = height = 0
        for panel in section.panels:
            if left + panel.width > COLUMNS:
                top, left, height = top + height, 0, 0
            number += 1
            yield _panel(panel, number, {"h": panel.height, "w": panel.width, "x": left, "y": top}, language)
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _row(number: int, title: str, top: int) -> Json:
    return {
        "collapsed": False, "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": top}, "id": number, "panels": [],
        "title": title, "type": "row",
    }  # fmt: skip


def _panel(panel: Panel, number: int, place: Json, language: Language) -> Json:
    made: Json = {
        "datasource": DATASOURCE,
        "description": panel.description.of(language),
        "fieldConfig": {"defaults": _defaults(panel, language), "overrides": list(_overrides(panel, language))},
        "gridPos": place,
        "id": number,
        "options": _OPTIONS[panel.kind](panel, language),
        "pluginVersion": PLUGIN_VERSION,
        "targets": [_target(panel, query, ref, language) for query, ref in _lettered(panel.queries)],
        "title": panel.title.of(language),
        "type": panel.kind,
    }
    if panel.kind == "table":
        made["transformations"] = _transformations(panel, language)
    return made


def _lettered(queries: Sequence[Query]) -> Iterator[tuple[Query, str]]:
    return zip(queries, string.ascii_uppercase, strict=False)


def _target(panel: Panel, query: Query, ref: str, language: Language) -> Json:
    is_now = panel.kind in ("stat", "table", "bargauge")
    made: Json = {
        "datasource": DATASOURCE, "editorMode": "code", "expr": query.expr, "instant": is_now, "range": not is_now,
        "refId": ref,
    }  # fmt: skip
    if panel.kind == "table":
        made["format"] = "table"
    if query.legend is not None:
        made["legendFormat"] = query.legend.of(language)
    return made


def _defaults(panel: Panel, language: Language) -> Json:
    made: Json = {
        "color": {"mode": "thresholds" if panel.steps or panel.kind != "timeseries" else "palette-classic"},
        "mappings": mappings(panel.mapped, language),
        "noValue": panel.empty.of(language),
        "thresholds": thresholds(panel.steps or _NEUTRAL),
        "unit": panel.unit,
    }
    if panel.kind == "timeseries":
        made["color"] = {"mode": "palette-classic"}
        made["custom"] = _lines(panel)
    if panel.kind == "state-timeline":
        made["custom"] = {"fillOpacity": 80, "lineWidth": 0}
    optional = {"decimals": panel.decimals, "min": panel.low, "max": panel.high}
    return made | {key: value for key, value in optional.items() if value is not None}


def _lines(panel: Panel) -> Json:
    return {
        "axisSoftMin": 0,
        "drawStyle": "line",
        "fillOpacity": 60 if panel.stacked else 0,
        "lineInterpolation": "stepAfter" if panel.stacked else "linear",
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,  # a gap is time that nobody knows
        "stacking": {"group": "A", "mode": "normal" if panel.stacked else "none"},
        "thresholdsStyle": {"mode": "line" if len(panel.steps) > 1 else "off"},
    }


def thresholds(steps: Sequence[Step]) -> Json:
    """Steps as Grafana keeps them."""
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for value, color in steps]}


def mappings(mapped: Mapped | None, language: Language) -> list[Json]:
    """What values are shown as; an empty list for as they are."""
    if not mapped:
        return []
    options = {
        value: {"color": meaning.color, "index": index, "text": meaning.text.of(language)}
        for index, (value, meaning) in enumerate(mapped.items())
    }
    return [{"options": options, "type": "value"}]


def _overrides(panel: Panel, language: Language) -> Iterator[Json]:
    for name, color in (panel.colors or {}).items():
        color_of: Json = {"id": "color", "value": {"fixedColor": color, "mode": "fixed"}}
        yield {"matcher": {"id": "byName", "options": name}, "properties": [color_of]}
    for code, meaning in (panel.named or {}).items():
        name_of: Json = {"id": "displayName", "value": meaning.text.of(language)}
        yield {"matcher": {"id": "byName", "options": code}, "properties": [name_of]}
    for column in panel.columns:
        if not column.hidden:
            properties = list(_properties(column, language))
            yield {"matcher": {"id": "byName", "options": column.title.of(language)}, "properties": properties}


def _properties(column: Column, language: Language) -> Iterator[Json]:
    if column.unit != "string":
        yield {"id": "unit", "value": column.unit}
    if column.decimals is not None:
        yield {"id": "decimals", "value": column.decimals}
    if column.width is not None:
        yield {"id": "custom.width", "value": column.width}
    if column.mapped:
        yield {"id": "mappings", "value": mappings(column.mapped, language)}
    if column.steps:
        yield {"id": "thresholds", "value": thresholds(column.steps)}
    if column.gauge:
        yield {"id": "min", "value": 0}
        yield {"id": "max", "value": 1}
    if column.gauge or column.steps or column.mapped:
        yield {"id": "custom.cellOptions", "value": _cell(column)}
    if column.link is not None:
        yield {"id": "links", "value": [_link(column, column.link, language)]}


def _cell(column: Column) -> Json:
    if column.gauge:
        return {"mode": "basic", "type": "gauge", "valueDisplayMode": "text"}
    return {"type": "color-text"}


def _link(column: Column, uid: str, language: Language) -> Json:
    url = f"/d/{uid_in(uid, language)}?${{__url_time_range}}"
    return {"targetBlank": False, "title": column.title.of(language), "url": url}


def _transformations(panel: Panel, language: Language) -> list[Json]:
    """All queries as one table, then its columns in our order and words."""
    order = [column.field for column in panel.columns]
    organize: Json = {
        "excludeByName": {"Time": True} | {column.field: True for column in panel.columns if column.hidden},
        "indexByName": {field: index for index, field in enumerate(order)},
        "renameByName": {column.field: column.title.of(language) for column in panel.columns},
    }
    merge: list[Json] = [{"id": "merge", "options": {}}] if len(panel.queries) > 1 else []
    return [*merge, {"id": "organize", "options": organize}]


def _reduced() -> Json:
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


def _stat(panel: Panel, _: Language) -> Json:
    return {
        "colorMode": "value" if panel.steps or panel.mapped else "none",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": _reduced(),
        "textMode": "auto" if len(panel.queries) == 1 and panel.queries[0].legend is None else "value_and_name",
        "wideLayout": True,
    }


def _bargauge(_: Panel, __: Language) -> Json:
    return {
        "displayMode": "basic",
        "maxVizHeight": 28,
        "minVizHeight": 14,
        "minVizWidth": 8,
        "namePlacement": "left",
        "orientation": "horizontal",
        "reduceOptions": _reduced(),
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "text",
    }


def _timeseries(panel: Panel, _: Language) -> Json:
    return {
        "legend": {"calcs": ["lastNotNull"], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "none" if panel.stacked else "desc"},
    }


def _state_timeline(_: Panel, __: Language) -> Json:
    return {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.8,
        "showValue": "never",
        "tooltip": {"mode": "single", "sort": "none"},
    }


def _table(panel: Panel, language: Language) -> Json:
    by = [column.title.of(language) for column in panel.columns if column.field == panel.sort_by]
    return {
        "cellHeight": "sm",
        "footer": {"countRows": False, "reducer": ["sum"], "show": False},
        "showHeader": True,
        "sortBy": [{"desc": False, "displayName": name} for name in by],
    }


_OPTIONS: Mapping[PanelKind, Any] = {
    "stat": _stat,
    "bargauge": _bargauge,
    "timeseries": _timeseries,
    "state-timeline": _state_timeline,
    "table": _table,
}


def _reloads(language: Language) -> Json:
    return {
        "datasource": DATASOURCE,
        "enable": True,
        "expr": "max by (instance) (sla_agent_config_last_reload_timestamp_seconds) * 1000",
        "hide": False,
        "iconColor": "#5f9fe0",
        "name": _RELOADS.of(language),
        "titleFormat": _RELOADS.of(language),
        "useValueForTime": True,
    }


def _others(language: Language) -> Json:
    return {
        "asDropdown": True, "icon": "external link", "includeVars": True, "keepTime": True, "tags": [TAG, language],
        "targetBlank": False, "title": _OTHERS.of(language), "tooltip": "", "type": "dashboards",
    }  # fmt: skip


def _datasource() -> Json:
    return {
        "current": {}, "hide": 0, "includeAll": False, "label": _DATASOURCE_LABEL, "multi": False,
        "name": "datasource", "options": [], "query": "prometheus", "refresh": 1, "regex": "", "skipUrlSync": False,
        "type": "datasource",
    }  # fmt: skip


def _variable(variable: Variable, language: Language) -> Json:
    made: Json = {
        "current": {},
        "datasource": DATASOURCE,
        "definition": variable.query,
        "hide": 0,
        "includeAll": variable.multi,
        "label": variable.label.of(language),
        "multi": variable.multi,
        "name": variable.name,
        "options": [],
        "query": {"query": variable.query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "regex": variable.regex,
        "skipUrlSync": False,
        "sort": 2 if variable.newest_first else 1,
        "type": "query",
    }
    return made | ({"allValue": ".*"} if variable.multi else {})
