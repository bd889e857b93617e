"""Asks a Prometheus as Grafana would: instant and range queries, label values, and what a query cost it."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_DEADLINE_SECONDS = 60.0
_MOST_BYTES = 64 * 2**20


class QueryError(Exception):
    """Prometheus refused a query, or cannot be asked."""


class Series(NamedTuple):
    """One series of an answer. Units: unix seconds."""

    labels: Mapping[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        """Its last value."""
        return self.points[-1][1]


@dataclass(frozen=True)
class Answer:
    """All series, and how many samples the query touched."""

    series: list[Series]
    samples: int
    peak: int = field(default=0)


class Prometheus:
    """One server by its address, such as http://127.0.0.1:9090."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def instant(self, expr: str, at: float) -> Answer:
        """Errors: QueryError."""
        return _answer(self._ask("query", {"query": expr, "time": repr(at), "stats": "all"}))

    def range(self, expr: str, start: float, end: float, step: float) -> Answer:
        """Errors: QueryError."""
        asked = {"query": expr, "start": repr(start), "end": repr(end), "step": repr(step), "stats": "all"}
        return _answer(self._ask("query_range", asked))

    def label_values(self, label: str, match: str) -> list[str]:
        """Errors: QueryError."""
        return list(self._ask(f"label/{label}/values", {"match[]": match}))

    def _ask(self, path: str, asked: Mapping[str, str]) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(url, timeout=_DEADLINE_SECONDS) as response:
                body = json.loads(response.read(_MOST_BYTES))
        except urllib.error.HTTPError as exc:
            raise QueryError(f"{asked.get('query', path)}: {exc.read(1000).decode('utf-8', 'replace')}") from exc
        except (OSError, ValueError) as exc:
            raise QueryError(f"{self.url}: {exc}") from exc
        return body["data"]


def _answer(data: Mapping[str, Any]) -> Answer:
    stats = data.get("stats", {}).get("samples", {})
    return Answer(
        series=[_series(each) for each in data["result"]] if data["resultType"] != "scalar" else [],
        samples=int(stats.get("totalQueryableSamples", 0)),
        peak=int(stats.get("peakSamples", 0)),
    )


def _series(each: Mapping[str, Any]) -> Series:
    points = each["values"] if "values" in each else [each["value"]]
    labels = {name: value for name, value in each["metric"].items() if name != "__name__"}
    return Series(labels, [(float(at), _number(value)) for at, value in points])


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else math.nan
