"""The committed dashboards, read; and what of a query is a metric."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from dashboards.builders.files import FOLDER
from dashboards.preview.panels import panels
from tests.dashboards.rules import recorded

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
FILES = sorted(FOLDER.glob("*/*.json"))
CHINESE = sorted(FOLDER.glob("zh/*.json"))
UIDS = ("sla-city", "sla-links", "sla-cloud", "sla-video", "sla-faults", "sla-coverage", "sla-agent")

OF_PROMETHEUS = {"scrape_duration_seconds", "process_start_time_seconds", "process_resident_memory_bytes"}
OF_PROMETHEUS |= {"process_cpu_seconds_total"}
"""Names of Prometheus and of every client of it."""

_AGGREGATED = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAME = re.compile(r"\b(?:[a-z_]+:)?(?:sla|process|scrape)_[a-z0-9_]+(?::[a-z0-9_]+)?\b")


@cache
def board(path: Path) -> Json:
    """One file."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def every_panel(paths: list[Path] = FILES) -> Iterator[tuple[str, Json]]:
    """Each panel with a name that tells where it stands."""
    for path in paths:
        for panel in panels(board(path)):
            yield f"{path.parent.name}/{path.stem}: {panel['title']}", dict(panel)


def expressions(dashboard: Json) -> list[str]:
    """Everything that Prometheus is asked: by panels, variables and annotations."""
    asked = [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]
    asked += [variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    return asked + [annotation["expr"] for annotation in dashboard["annotations"]["list"]]


def metrics_of(expr: str) -> set[str]:
    """The metrics that a query names."""
    bare = re.sub(r"\{[^}]*\}", "", _AGGREGATED.sub("", expr))
    return set(_NAME.findall(bare))


def documented() -> set[str]:
    """All names that docs/metrics.md and the recording rules have, histograms by their parts."""
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    parts = {f"{name}_{part}" for name, kind in rows if kind == "histogram" for part in ("bucket", "count", "sum")}
    return {name for name, _ in rows} | parts | recorded() | OF_PROMETHEUS
