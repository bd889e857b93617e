"""Every dashboard against the JSON schema of the types that Grafana publishes; the schema against its own making."""

import copy
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests import depth
from tests.dashboards.boards import FILES, UIDS, board
from tests.dashboards.types_schema import HOW, MADE, ROOT, Refused, made, refused
from tests.requirements import need_program

EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")

ANNOTATION = "Additional properties are not allowed ('expr', 'titleFormat', 'useValueForTime' were unexpected)"

NOT_IN_THE_TYPES = {
    Refused("/annotations/list/#", ANNOTATION): "fields of the Prometheus plugin; the types have those of all sources",
    Refused("/templating/list/#", "Additional properties are not allowed ('definition' was unexpected)"): (
        "the query as people read it in the list of variables: Grafana writes it, its types do not have it"
    ),
    Refused("/templating/list/#/current", "'text' is a required property"): "{} as in Grafana's exports for others",
    Refused("/templating/list/#/current", "'value' is a required property"): "{} as in Grafana's exports for others",
}
"""What the types refuse and Grafana itself writes so; nothing else may be refused."""

SLIPS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a key that no dashboard has": (lambda it: it.update(autoRefresh="1m"), ""),
    "a number as text": (lambda it: it.update(schemaVersion="39"), "/schemaVersion"),
    "no time zone, but a number": (lambda it: it.update(timezone=8), "/timezone"),
    "a key that no panel has": (lambda it: first(it, "stat").update(transparant=True), "/panels/#"),
    "a place without a width": (lambda it: first(it, "stat")["gridPos"].pop("w"), "/panels/#/gridPos"),
    "a row with a query": (lambda it: first(it, "row").update(targets=[]), "/panels/#"),
    "an option misspelt": (lambda it: first(it, "stat")["options"].update(graphModee="none"), "/panels/# stat/options"),
    "an option's value": (
        lambda it: first(it, "stat")["options"].update(colorMode="valu"), "/panels/# stat/options/colorMode",
    ),
    "how lines are drawn": (
        lambda it: first(it, "timeseries")["fieldConfig"]["defaults"]["custom"].update(drawStyle="lines"),
        "/panels/# timeseries/custom/drawStyle",
    ),
    "a threshold as text": (
        lambda it: first(it, "stat")["fieldConfig"]["defaults"]["thresholds"]["steps"][-1].update(value="1"),
        "/panels/#/fieldConfig/defaults/thresholds/steps/#/value",
    ),
    "a cell of no kind": (
        lambda it: first(it, "table")["fieldConfig"]["overrides"].append(
            {"matcher": {"id": "byName"}, "properties": [{"id": "custom.cellOptions", "value": {"type": "colour"}}]}
        ),
        "/panels/# table/custom/cellOptions",
    ),
    "a property that no field has": (
        lambda it: first(it, "table")["fieldConfig"]["overrides"].append(
            {"matcher": {"id": "byName"}, "properties": [{"id": "units", "value": "s"}]}
        ),
        "/overrides",
    ),
    "a kind of panel that we have no types of": (lambda it: first(it, "stat").update(type="graph"), "/panels/#/type"),
    "a variable that is hidden by a word": (
        lambda it: it["templating"]["list"][0].update(hide="never"), "/templating/list/#/hide",
    ),
}  # fmt: skip


def first(dashboard: dict[str, Any], kind: str) -> dict[str, Any]:
    """The first panel of a kind."""
    return next(panel for panel in dashboard["panels"] if panel["type"] == kind)


@EACH
def test_grafana_s_published_types_take_it(path: Path) -> None:
    assert set(refused(board(path))) <= set(NOT_IN_THE_TYPES)


def test_every_exception_is_still_needed() -> None:
    assert len(FILES) == 2 * len(UIDS)
    assert {each for path in FILES for each in refused(board(path))} == set(NOT_IN_THE_TYPES)


@pytest.mark.parametrize("slip", SLIPS)
def test_a_broken_dashboard_is_refused_where_it_is_broken(slip: str) -> None:
    break_it, where = SLIPS[slip]
    (path,) = (path for path in FILES if path.stem == "sla-links" and path.parent.name == "en")
    broken = copy.deepcopy(board(path))
    break_it(broken)
    assert where in {each.where for each in set(refused(broken)) - set(NOT_IN_THE_TYPES)}


def test_the_schema_is_that_of_its_script_its_types_and_its_lock() -> None:
    jsonschema.Draft7Validator.check_schema(made()["schema"])
    text = json.dumps(made()["schema"], separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == made()["made"]["schema"], "changed by hand"
    for name, digest in made()["made"]["inputs"].items():
        now = hashlib.sha256((HOW / name).read_bytes()).hexdigest()
        assert now == digest, f"{name} is not what {MADE.name} was made from: run make grafana-schema"
    assert set(made()["made"]["inputs"]) == {path.name for path in HOW.iterdir() if path.is_file()} - {"package.json"}
    types = made()["made"]["types"]
    assert (types["name"], types["license"]) == ("@grafana/schema", "Apache-2.0")
    assert types["version"] == board(FILES[0])["panels"][1]["pluginVersion"], (
        "the version that our files say they are of"
    )


def test_the_lock_holds_every_package_by_hash_and_names_no_host() -> None:
    lock = json.loads((HOW / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((HOW / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert lock["packages"][""]["devDependencies"] == wanted
    for name, package in lock["packages"].items():
        assert "resolved" not in package
        assert not name or re.match(r"sha512-", package["integrity"]), name
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version, "exact versions, no ranges"


def test_make_writes_the_file_that_is_read() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ngrafana-schema:")[2].partition("\n\n")[0]
    assert str(MADE.relative_to(ROOT)) in recipe
    assert str(HOW.relative_to(ROOT)) in recipe


if depth.DEEP:  # it fetches 28 packages, and a run of the tests talks to nobody outside

    @pytest.mark.torture
    def test_made_anew_it_is_the_same(tmp_path: Path) -> None:
        npm, node = need_program("npm"), need_program("node")
        shutil.copytree(HOW, tmp_path / "schema")
        ci = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(ci, cwd=tmp_path / "schema", check=True, timeout=600)
        done = subprocess.run([node, "make.mjs"], cwd=tmp_path / "schema", check=True, timeout=600, capture_output=True)
        assert done.stdout == MADE.read_bytes(), "run make grafana-schema, and look at what it changes"
