"""The preview: what a table merges to, what a line leaves out, how numbers read, what it says if it cannot ask."""

import math
import re
from pathlib import Path
from typing import Any

import pytest

from dashboards.preview.__main__ import main
from dashboards.preview.draw import Size, state_timeline, timeseries
from dashboards.preview.page import Board, page
from dashboards.preview.panels import Asked, Filled, Span, legend, rows
from dashboards.preview.prometheus import Answer, Series
from dashboards.preview.units import shown
from dashboards.preview.variables import filled, options
from tests.agent.cli_agent import free_address
from tests.dashboards.boards import CHINESE, board

SPAN = Span(0.0, 100.0, 10.0, 40.0)


def asked(ref: str, *series: tuple[dict[str, str], float]) -> Asked:
    return Asked(ref, "", Answer([Series(labels, [(0.0, value)]) for labels, value in series], 0))


def table(*queries: Asked, columns: dict[str, str], hidden: tuple[str, ...] = ()) -> Filled:
    organize = {
        "excludeByName": dict.fromkeys(hidden, True),
        "indexByName": {field: number for number, field in enumerate(columns)},
        "renameByName": columns,
    }
    return Filled({"transformations": [{"id": "merge"}, {"options": organize}]}, queries)


def test_rows_that_agree_in_what_all_queries_have_become_one() -> None:
    made = table(
        asked("A", ({"id": "x", "state": "down"}, 1.0), ({"id": "y", "state": "up"}, 1.0)),
        asked("B", ({"id": "x"}, 0.5), ({"id": "z"}, 0.7)),
        columns={"id": "对象", "Value #B": "占比", "state": "状态", "Value #A": "数"},
        hidden=("Value #A",),
    )
    assert rows(made) == [
        {"对象": "x", "占比": 0.5, "状态": "down"},
        {"对象": "y", "占比": None, "状态": "up"},
        {"对象": "z", "占比": 0.7, "状态": None},
    ]


def test_rows_that_disagree_elsewhere_stay_apart() -> None:
    made = table(
        asked("A", ({"id": "x", "state": "down"}, 1.0), ({"id": "x", "state": "up"}, 2.0)),
        asked("B", ({"id": "x"}, 3.0)),
        columns={"id": "id", "state": "state", "Value #A": "a", "Value #B": "b"},
    )
    assert rows(made) == [
        {"id": "x", "state": "down", "a": 1.0, "b": 3.0},
        {"id": "x", "state": "up", "a": 2.0, "b": None},
    ]


def test_a_table_of_one_query_calls_its_value_value() -> None:
    made = table(asked("A", ({"id": "x"}, 1.0)), columns={"id": "id", "Value": "v"})
    assert rows(made) == [{"id": "x", "v": 1.0}]


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.98765, "percentunit", 2, "98.77 %"),
        (1.0, "percentunit", None, "100 %"),
        (3661.0, "dtdurations", None, "1:01:01"),
        (-59.0, "dtdurations", None, "-0:00:59"),
        (90_000.0, "dtdurations", None, "1 d 1:00:00"),
        (0.0005, "s", None, "500 µs"),
        (0.25, "s", None, "250 ms"),
        (45.0, "s", 0, "45 s"),
        (300.0, "s", 0, "0:05:00"),
        (1_500_000.0, "bps", None, "1.5 Mb/s"),
        (2048.0, "bytes", None, "2 KiB"),
        (43_000.0, "none", None, "43,000"),
        (12.5, "d", 1, "12.5 d"),
        (math.nan, "none", None, "—"),
    ],
)
def test_numbers_as_people_read_them(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert shown(value, unit, decimals) == text


def test_variables_fill_in_the_longest_name_first() -> None:
    expr = 'rate(x{county="$county", c="$c"}[$__rate_interval])'
    assert filled(expr, {"c": "1", "county": ".*"}, 20) == 'rate(x{county=".*", c="1"}[20000ms])'


class Answers:
    """A Prometheus that says what a test wants."""

    def instant(self, _: str, __: float) -> Answer:
        labels = {"county": "610981", "name": "旬阳市"}, {"county": "610902", "name": "汉滨区"}
        return Answer([Series(each, [(0.0, 1.0)]) for each in labels], 0)

    def label_values(self, label: str, match: str) -> list[str]:
        return [label, match]


def county() -> dict[str, Any]:
    (links,) = (path for path in CHINESE if path.stem == "sla-links")
    (found,) = (each for each in board(links)["templating"]["list"] if each["name"] == "county")
    return dict(found)


def test_counties_are_chosen_by_name_and_asked_by_code() -> None:
    assert options(Answers(), county(), {}, 0.0) == [("旬阳市", "610981"), ("汉滨区", "610902")]  # type: ignore[arg-type]  # answers as one


def test_label_values_are_asked_as_grafana_does() -> None:
    variable = {"name": "p", "query": {"query": 'label_values(a{b="c,d"}, plan)'}, "regex": "", "sort": 2}
    found = options(Answers(), variable, {}, 0.0)  # type: ignore[arg-type]  # answers as one
    assert found == [("plan", "plan"), ('a{b="c,d"}', 'a{b="c,d"}')]


def test_a_legend_without_a_form_is_the_labels() -> None:
    series = Series({"a": "1", "b": "2"}, [])
    assert legend({}, series, "title") == "1, 2"
    assert legend({}, Series({}, []), "title") == "title"
    assert legend({"legendFormat": "{{b}}-{{a}}"}, series, "title") == "2-1"


def panel_of(kind: str) -> dict[str, Any]:
    return next(dict(p) for path in CHINESE for p in board(path)["panels"] if p["type"] == kind)


def drawn(kind: str, *points: tuple[float, float]) -> str:
    panel = panel_of(kind) | {"targets": [{"refId": "A", "legendFormat": "x"}]}
    made = Filled(panel, [Asked("A", "", Answer([Series({}, list(points))], 0))])
    return (timeseries if kind == "timeseries" else state_timeline)(made, SPAN, Size(600, 200))


def test_a_gap_is_not_drawn_over() -> None:
    whole = drawn("timeseries", *((float(at), 1.0) for at in range(0, 100, 10)))
    broken = drawn("timeseries", (0.0, 1.0), (10.0, 1.0), (80.0, 1.0), (90.0, 1.0))
    paths = [re.findall(r'stroke="#[0-9a-f]+" d="([^"]*)"', text)[-1].count("M") for text in (whole, broken)]
    assert paths == [1, 2]


def test_a_timeline_has_a_bar_only_where_something_is_known() -> None:
    assert drawn("state-timeline", (0.0, 1.0), (50.0, 0.0)).count("<rect") == 2


def test_every_page_says_that_it_is_no_grafana_and_escapes_what_it_is_told() -> None:
    dashboard = {
        "title": "<b>",
        "description": "d",
        "panels": [{"type": "row", "title": "&", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}}],
    }
    text = page([Board(dashboard, [])], SPAN, "zh")
    assert "预览 PREVIEW" in text
    assert "&lt;b&gt;" in text
    assert "&amp;" in text
    assert "http" not in text, "nothing comes from outside"


def test_a_prometheus_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://{free_address()}"
    assert main(["--prometheus", url, "-o", str(tmp_path / "p.html")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(url)
    assert "Connection refused" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "p.html").exists()
