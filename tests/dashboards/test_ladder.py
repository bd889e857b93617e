"""Every query of every panel, variable and rule, asked of a real Prometheus that scrapes the real agent in the lab.

What Grafana would do with the answers is done here too: variables are filled in, tables merged, legends named. No
Grafana runs here.
"""

import json
import math
import re
import time
import urllib.request
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest

from dashboards.builders.files import FOLDER
from dashboards.preview.__main__ import main as preview
from dashboards.preview.panels import Filled, Span, fields, fill, panels
from dashboards.preview.variables import choose, filled, options
from tests.dashboards.boards import CHINESE, board
from tests.dashboards.rules import recorded
from tests.dashboards.stacked import SCRAPE, Stack, stack

STORY = """
actions:
  - {at: 10s, for: 40s, what: uplink_cut, where: S-610902}
  - {at: 70s, what: uplink_cut, where: S-610981}
  - {at: 70s, what: line_cut, where: L-610902-1}
  - {at: 70s, what: certificate_expired, where: SSO}
"""
"""A fault that is over, and others that stay."""

MOST_SERIES = 60
"""More than a panel can show."""

EMPTY = {
    ("sla-faults", "Clearing time, median and 95th percentile", "A"): "a fault is final half an hour after its end",
    ("sla-faults", "Clearing time, median and 95th percentile", "B"): "a fault is final half an hour after its end",
    ("sla-video", "Cameras whose clock is off by more than a minute", "A"): "the lab's cameras send no Date",
    ("sla-cloud", "Hosts, mean", "C"): "the lab's hosts say nothing of time that a hypervisor takes",
}
"""Queries that have nothing to say in the lab, and why."""

EMPTY_RULES = {
    "vantage:sla_rtsp_clock_skew_minute:count": "the lab's cameras send no Date",
    "target:sla_target_unknown:held": "nothing in the lab stays unknown",
} | {
    f"role:sla_population_down_per_known:ratio_{window}": "its window is longer than the test"
    for window in ("1h", "2h", "6h", "1d", "3d")
}

NOT_REGISTERED = {"carrier", "responsible_unit"}
"""Columns that the lab's register leaves empty for the roots of its faults."""

MAY_BE_NEGATIVE = {"Next 3-hour deadline", "Open faults and their 3-hour clocks", "Budget left of the year"}
MAY_BE_NEGATIVE |= {"Indicators, targets and verdicts", "Age of the register"}


SEEN = (
    'sum(sla_faults{outcome=~"in_time|undecided"}) > 0',
    "max(sla_fault_members) >= 10",
    "sum(sla_site_redundancy_lost) > 0",
    "count(sla_indicator_ratio)",
    "count(sla_budget_spent_seconds)",
    'sum(sla_coverage_units{status="verified"}) > 0',
    "count(sla_link_utilisation_ratio)",
    'count(kind_reason:sla_probe_problem:count{kind="rtsp"})',
)
"""What the story breaks is seen as broken, and the indicators have been reckoned with it."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_query_of_every_panel_and_rule_answers(tmp_path: Path) -> None:
    with stack(tmp_path, STORY, "--accelerate", "3600") as lab:
        for expr in SEEN:
            lab.wait(expr, lambda expr=expr: lab.value(expr))
        end = time.time()
        span = Span(end - 60, end, 1.0, 4.0 * SCRAPE)
        wrong = [problem for path in CHINESE for problem in of_board(lab, path, span)]
        wrong += list(of_rules(lab))
        wrong += list(of_pages(lab, tmp_path))
        assert wrong == []


def of_board(lab: Stack, path: Path, span: Span) -> Iterator[str]:
    dashboard, english = board(path), board(FOLDER / "en" / path.name)
    uid = dashboard["uid"]
    chosen = choose(lab.prometheus, dashboard, span.end)
    for variable in dashboard["templating"]["list"][1:]:
        found = options(lab.prometheus, variable, chosen, span.end)
        if not found or not all(value for _, value in found):
            yield f"{uid}: ${variable['name']} offers {found}"
    for annotation in dashboard["annotations"]["list"]:
        if not lab.prometheus.instant(filled(annotation["expr"], chosen, span.rate), span.end).series:
            yield f"{uid}: annotation {annotation['name']} is empty"
    for panel, named in zip(panels(dashboard), panels(english), strict=True):
        title = named["title"]
        empty = {ref for board_, title_, ref in EMPTY if (board_, title_) == (uid, title)}
        for problem in of_panel(fill(lab.prometheus, panel, chosen, span), title, empty):
            yield f"{uid}: {title}: {problem}"


def of_panel(done: Filled, title: str, empty: set[str]) -> Iterator[str]:
    units = {each["refId"]: done.panel["fieldConfig"]["defaults"]["unit"] for each in done.panel["targets"]}
    for target, asked in zip(done.panel["targets"], done.asked, strict=True):
        series = asked.answer.series
        if bool(series) is (asked.ref in empty):
            yield f"{asked.ref} has {len(series)} series, and {'is to' if empty else 'may not'} be empty: {asked.expr}"
        if len(series) > MOST_SERIES:
            yield f"{asked.ref} has {len(series)} series"
        for each in series:
            for label in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")):
                if label not in each.labels:
                    yield f"{asked.ref} has no label {label}"
        values = [value for each in series for _, value in each.points]
        if not all(math.isfinite(value) for value in values):
            yield f"{asked.ref} is not finite"
        elif title not in MAY_BE_NEGATIVE and any(value < 0 for value in values):
            yield f"{asked.ref} is negative: {min(values)}"
        elif units[asked.ref] == "percentunit" and any(value > 1 for value in values):
            yield f"{asked.ref} is a share above 1: {max(values)}"
    if done.panel["type"] == "table":
        organize = done.panel["transformations"][-1]["options"]
        missing = set(organize["indexByName"]) - fields(done) - NOT_REGISTERED
        if missing:
            yield f"no query brings the columns {missing}"
        labels = [labels_of(each.answer.series) for each in done.asked if each.answer.series]
        if len(labels) > 1 and not set.intersection(*labels):
            yield "its queries share no label to be merged by"


def labels_of(series: list[Any]) -> set[str]:
    return {label for each in series for label in each.labels}


def of_rules(lab: Stack) -> Iterator[str]:
    """All rules as Prometheus evaluates them; those that record have something to show for it."""
    with urllib.request.urlopen(f"{lab.prometheus.url}/api/v1/rules", timeout=60) as answer:
        groups = json.load(answer)["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 40
    yield from (f"{rule['name']}: {rule['lastError']}" for rule in rules if rule["health"] != "ok")
    for name in sorted(recorded()):
        series = lab.prometheus.instant(name, time.time()).series
        if bool(series) is (name in EMPTY_RULES):
            yield f"{name} has {len(series)} series, and {'may' if name in EMPTY_RULES else 'must'} not be empty"
        if not all(math.isfinite(each.last) for each in series):
            yield f"{name} is not finite"


def of_pages(lab: Stack, folder: Path) -> Iterator[str]:
    """The preview of both editions is written, and says that it is one."""
    for language in ("zh", "en"):
        page = folder / f"{language}.html"
        asked = ["--prometheus", lab.prometheus.url, "--scrape", "1", "--minutes", "2", "--language", language]
        assert preview([*asked, "-o", str(page)]) == 0
        text = page.read_text(encoding="utf-8")
        if text.count("预览 PREVIEW") < 2 or "模拟数据 SIMULATED" not in text:
            yield f"{language}: the preview does not say what it is"
        for path in FOLDER.glob(f"{language}/*.json"):
            for panel in panels(board(path)):
                if escape(panel["title"]) not in text:
                    yield f"{language}: {panel['title']} is not on the preview"


@pytest.mark.parametrize("query", EMPTY, ids="-".join)
def test_what_may_be_empty_exists(query: tuple[str, str, str]) -> None:
    uid, title, ref = query
    (panel,) = (panel for panel in panels(board(FOLDER / "en" / f"{uid}.json")) if panel["title"] == title)
    assert ref in {target["refId"] for target in panel["targets"]}
