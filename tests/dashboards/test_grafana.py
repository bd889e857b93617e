"""The dashboards as files: what is committed is what is generated, Grafana's own types take it, and its linter would.

The rules of the linter are those of grafana/dashboard-linter that fit; what does not: only the agent's own board
asks for job and instance, as the others show figures of all agents together.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.builders.files import DASHBOARDS, FOLDER, texts, write
from dashboards.preview.panels import panels
from dashboards.preview.units import UNITS
from tests.dashboards.boards import FILES, UIDS, board, documented, every_panel, expressions, metrics_of
from tests.option_tables import is_chinese

EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
PANELS = pytest.mark.parametrize("panel", [pytest.param(panel, id=name) for name, panel in every_panel()])

NOT_IN_THE_TYPES = re.compile(
    r"^/(id|annotations/list\[\d+\]/(titleFormat|useValueForTime)|templating/list\[\d+\]/definition)$"
)
"""What Grafana writes itself and its types do not have."""

AS_THEY_ARE = {"sla_indicator_target_ratio", "sla_link_utilisation_ratio"}
"""Shares that flatter nobody when they are rounded; those of hosts neither."""

OPTIONS = {
    "stat": {"colorMode": {"none", "value"}, "graphMode": {"none"}, "textMode": {"auto", "value_and_name"}},
    "bargauge": {"displayMode": {"basic"}, "orientation": {"horizontal"}, "valueMode": {"text"}},
    "timeseries": {},
    "state-timeline": {"showValue": {"never"}, "alignValue": {"left"}},
    "table": {"cellHeight": {"sm"}},
}
"""The kinds of panels that we use, and the values of their options, which the types do not check."""


def test_the_committed_files_are_those_that_the_builders_write() -> None:
    found = {str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8") for path in FILES}
    assert found == dict(texts()), "run make dashboards, and commit what it writes"


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    assert len(write(tmp_path)) == len(FILES)
    assert write(tmp_path) == []


def test_every_edition_has_every_uid_once() -> None:
    assert tuple(each.uid for each in DASHBOARDS) == UIDS
    uids = [board(path)["uid"] for path in FILES]
    assert sorted(uids) == sorted([*UIDS, *(f"{uid}-en" for uid in UIDS)])
    assert len({board(path)["title"] for path in FILES}) == len(FILES)


def lost(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """What of ours is not in theirs."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from lost(value, theirs[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(one, other, f"{path}[{number}]")
    elif ours != theirs:
        yield path


def through_the_types(dashboard: dict[str, Any]) -> dict[str, Any]:
    register_default_plugins()
    return dict(json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard))))


@EACH
def test_grafana_s_own_types_take_it_and_lose_nothing(path: Path) -> None:
    gone = lost(board(path), through_the_types(board(path)))
    assert [each for each in gone if not NOT_IN_THE_TYPES.match(each)] == []


def test_a_key_that_grafana_does_not_have_would_be_seen() -> None:
    wrong = json.loads(json.dumps(board(FILES[0])))
    panel = panels(wrong)[0]
    panel["options"]["graphModee"] = "none"
    panel["fieldConfig"]["defaults"]["bogus"] = 1
    gone = [each for each in lost(wrong, through_the_types(wrong)) if not NOT_IN_THE_TYPES.match(each)]
    assert [each.rpartition("/")[2] for each in gone] == ["bogus", "graphModee"]


@EACH
def test_the_dashboard_is_as_the_linter_wants_it(path: Path) -> None:
    dashboard = board(path)
    assert (dashboard["schemaVersion"], dashboard["editable"], dashboard["id"]) == (39, False, None)
    assert dashboard["timezone"] == "Asia/Shanghai"
    assert dashboard["description"]
    variables = dashboard["templating"]["list"]
    assert [each["name"] for each in variables if each["type"] == "datasource"] == ["datasource"]
    assert (variables[0]["label"], variables[0]["query"]) == ("Data Source", "prometheus")
    for variable in variables[1:]:
        assert variable["refresh"] == 2, "asked again when the time range changes"
        assert variable["allValue"] == ".*" if variable["includeAll"] else "allValue" not in variable
        assert variable["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    names = {each["name"] for each in variables}
    used = {name for expr in expressions(dashboard) for name in re.findall(r"\$(?!__)\{?(\w+)", expr)}
    assert used == names - {"datasource"}, "every variable is used, and every one that is used is there"
    assert ({"job", "instance"} <= names) == (dashboard["uid"].startswith("sla-agent"))


@EACH
def test_ids_are_unique_and_nothing_overlaps_in_24_columns(path: Path) -> None:
    everything = board(path)["panels"]
    ids = [panel["id"] for panel in everything]
    assert ids == list(range(1, len(ids) + 1))
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        grid = panel["gridPos"]
        assert grid["x"] >= 0
        assert grid["x"] + grid["w"] <= 24
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert {y for _, y in taken} == set(range(max(y for _, y in taken) + 1)), "no row is empty"


@EACH
def test_links_lead_to_dashboards_of_the_same_edition(path: Path) -> None:
    (link,) = board(path)["links"]
    language = path.parent.name
    assert link["tags"] == ["sla-agent", language]
    assert board(path)["tags"] == ["sla-agent", language]
    uids = {board(each)["uid"] for each in FILES if each.parent == path.parent}
    assert set(re.findall(r"/d/([a-z-]+)", path.read_text(encoding="utf-8"))) <= uids


@EACH
def test_every_metric_that_is_named_is_documented(path: Path) -> None:
    for expr in expressions(board(path)):
        named = metrics_of(expr)
        assert named, expr
        assert named <= documented(), expr


@PANELS
def test_a_panel_has_all_it_needs(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > len(panel["title"]) / 2
    assert panel["description"].endswith((".", "。"))
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["fieldConfig"]["defaults"]["noValue"], "what is not known is said, never a number"
    refs = [target["refId"] for target in panel["targets"]]
    assert refs == [chr(ord("A") + number) for number in range(len(refs))]
    assert refs
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        assert target["instant"] != target["range"]
    for option, allowed in OPTIONS[panel["type"]].items():
        assert panel["options"][option] in allowed


@PANELS
def test_a_panel_s_units_are_known(panel: dict[str, Any]) -> None:
    config = panel["fieldConfig"]
    given = [
        each["value"] for override in config["overrides"] for each in override["properties"] if each["id"] == "unit"
    ]
    assert {config["defaults"]["unit"], *given} <= UNITS
    steps = config["defaults"]["thresholds"]["steps"]
    assert steps[0]["value"] is None
    assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])


def percentages(panel: dict[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Queries whose values are shown as a percentage, and with how many decimals."""
    defaults, alone = panel["fieldConfig"]["defaults"], len(panel["targets"]) == 1
    columns = panel["transformations"][-1]["options"]["renameByName"] if panel["type"] == "table" else {}
    overrides = {each["matcher"]["options"]: each["properties"] for each in panel["fieldConfig"]["overrides"]}
    for target in panel["targets"]:
        name = columns.get("Value" if alone else f"Value #{target['refId']}")
        given = {each["id"]: each["value"] for each in overrides.get(name, ())} if columns else defaults
        if given.get("unit") == "percentunit":
            yield target["expr"], given.get("decimals")


@PANELS
def test_a_percentage_is_cut_where_grafana_would_round_it_up(panel: dict[str, Any]) -> None:
    for expr, decimals in percentages(panel):
        if not metrics_of(expr) & AS_THEY_ARE and not any(name.startswith("sla_host_") for name in metrics_of(expr)):
            assert decimals is not None
            assert f" * 1e{decimals + 2} + 1e-6) / 1e{decimals + 2}" in expr, expr
            assert "floor((" in expr


@PANELS
def test_counters_are_asked_by_rate_alone_and_rates_follow_the_scrape(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        expr = target["expr"]
        assert set(re.findall(r"\[([^\]]+)\]", expr)) <= {"$__rate_interval"}
        counters = re.findall(r"\b\w+_total\b", expr)
        assert len(re.findall(r"\b(?:rate|increase)\(\w+_total\b", expr)) == len(counters)
        assert not re.search(r"\bby \([^)]*\bsimulated\b", expr), "one panel says it of all"


@PANELS
def test_a_table_shows_or_hides_every_column_it_names(panel: dict[str, Any]) -> None:
    if panel["type"] != "table":
        assert "transformations" not in panel
        return
    organize = panel["transformations"][-1]["options"]
    assert set(organize["indexByName"]) == set(organize["renameByName"])
    shown = {name for field, name in organize["renameByName"].items() if not organize["excludeByName"].get(field)}
    matched = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
    assert matched == shown
    assert len(organize["renameByName"].values()) == len(set(organize["renameByName"].values()))


@pytest.mark.parametrize("uid", UIDS)
def test_both_editions_ask_the_same_and_say_it_in_their_language(uid: str) -> None:
    chinese, english = (board(FOLDER / language / f"{uid}.json") for language in ("zh", "en"))
    assert expressions(chinese) == expressions(english)
    for one, other in zip(chinese["panels"], english["panels"], strict=True):
        assert one["gridPos"] == other["gridPos"]
        assert is_chinese(one["title"]) or one["title"] == other["title"]
        assert not is_chinese(other["title"])
        if one["type"] != "row":
            assert is_chinese(one["description"])
            assert not is_chinese(other["description"])


PROVISIONING = {
    "datasources": {
        "type": "object", "additionalProperties": False, "required": ["apiVersion", "datasources"],
        "properties": {
            "apiVersion": {"const": 1},
            "datasources": {"type": "array", "minItems": 1, "items": {
                "type": "object", "additionalProperties": False, "required": ["name", "uid", "type", "access", "url"],
                "properties": {
                    "name": {"type": "string"}, "uid": {"type": "string"}, "type": {"const": "prometheus"},
                    "access": {"const": "proxy"}, "url": {"type": "string", "pattern": "^http"},
                    "isDefault": {"type": "boolean"}, "editable": {"type": "boolean"},
                    "jsonData": {"type": "object", "additionalProperties": False, "properties": {
                        "httpMethod": {"const": "POST"}, "timeInterval": {"type": "string"},
                        "prometheusType": {"const": "Prometheus"}, "manageAlerts": {"type": "boolean"},
                    }},
                },
            }},
        },
    },
    "dashboards": {
        "type": "object", "additionalProperties": False, "required": ["apiVersion", "providers"],
        "properties": {
            "apiVersion": {"const": 1},
            "providers": {"type": "array", "minItems": 1, "items": {
                "type": "object", "additionalProperties": False, "required": ["name", "type", "options"],
                "properties": {
                    "name": {"type": "string"}, "orgId": {"type": "integer"}, "folder": {"type": "string"},
                    "type": {"const": "file"}, "disableDeletion": {"type": "boolean"},
                    "updateIntervalSeconds": {"type": "integer"}, "allowUiUpdates": {"type": "boolean"},
                    "options": {"type": "object", "additionalProperties": False, "required": ["path"], "properties": {
                        "path": {"type": "string"}, "foldersFromFilesStructure": {"type": "boolean"},
                    }},
                },
            }},
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("what", PROVISIONING)
def test_the_provisioning_files_are_as_grafana_reads_them(what: str) -> None:
    (path,) = (FOLDER / "provisioning" / what).glob("*.yaml")
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), PROVISIONING[what])
