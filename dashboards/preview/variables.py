"""The variables of a dashboard, filled in as Grafana does at its first look: All, or the first value."""

import re
from collections.abc import Mapping
from typing import Any

from dashboards.preview.prometheus import Prometheus

Json = Mapping[str, Any]

_LABEL_VALUES = re.compile(r"label_values\((?P<match>.*),\s*(?P<label>\w+)\)$")
_QUERY_RESULT = re.compile(r"query_result\((?P<expr>.*)\)$")


def options(prometheus: Prometheus, variable: Json, chosen: Mapping[str, str], at: float) -> list[tuple[str, str]]:
    """What may be chosen: texts and values, in the order of the menu. Errors: QueryError."""
    query = filled(variable["query"]["query"], chosen, 60)
    if found := _LABEL_VALUES.match(query):
        values = prometheus.label_values(found["label"], found["match"])
        shown = [(value, value) for value in values]
    elif found := _QUERY_RESULT.match(query):
        texts = (_as_text(each.labels, each.last) for each in prometheus.instant(found["expr"], at).series)
        shown = [pair for text in texts if (pair := _picked(text, variable["regex"])) is not None]
    else:
        raise ValueError(f"variable {variable['name']}: no query that is understood here: {query}")
    return sorted(set(shown), reverse=variable["sort"] == 2)


def _as_text(labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(f'{name}="{text}"' for name, text in labels.items())
    return f"{{{inner}}} {value:g}"


def _picked(text: str, regex: str) -> tuple[str, str] | None:
    """Named groups text and value, as Grafana takes them; JavaScript writes (?<name>, Python (?P<name>."""
    pattern = re.sub(r"\(\?<(\w+)>", r"(?P<\1>", regex.strip("/"))
    found = re.search(pattern, text)
    return None if found is None else (found["text"], found["value"])


def choose(prometheus: Prometheus, dashboard: Json, at: float) -> dict[str, str]:
    """A value for every variable, in their order, as later ones may ask by earlier ones. Errors: QueryError."""
    chosen: dict[str, str] = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        if variable["includeAll"]:
            chosen[variable["name"]] = variable["allValue"]
        else:
            found = options(prometheus, variable, chosen, at)
            chosen[variable["name"]] = found[0][1] if found else ""
    return chosen


def filled(expr: str, chosen: Mapping[str, str], rate_seconds: float) -> str:
    """A query with its variables filled in."""
    done = expr.replace("$__rate_interval", f"{round(rate_seconds * 1000)}ms")
    for name, value in sorted(chosen.items(), key=lambda item: -len(item[0])):
        done = done.replace(f"${{{name}}}", value).replace(f"${name}", value)
    return done
