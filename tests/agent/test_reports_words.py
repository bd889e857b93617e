"""The words of an explained row: no code of a program, in either language, and every parameter has one."""

import ast
from pathlib import Path

import pytest

from agent.figures import formulas
from agent.figures.formulas.clearing import RATED_ROLES
from agent.figures.words import column_text
from agent.packs.contributions import OBJECT_WHY, Contribution
from agent.registers.types import LEVELS, ROLES
from agent.reports.parameters import CODES, NAMES, told
from sla.plans import Variant
from sla.points import Basis

FOLDER = Path(formulas.__file__).parent
GIVEN = {
    "network": "extranet",
    "levels": ["city", "county"],
    "within_hours": 168,
    "limit_seconds": 10800,
    "roles": ["county_node", "line"],
    "quality_faults": "apart",
    "deadlines": {"I": {"hours": 24, "working_days": None}, "IV": {"hours": None, "working_days": 5}},
    "dates": ["integrated_on"],
    "documents": [],
}


def said(language: str) -> dict[str, str]:
    return dict(told(GIVEN, language, lambda name: column_text(name, language)))


def test_english_words() -> None:
    assert said("en") == {
        "network": "extranet",
        "levels": "city, county",
        "counts as seen within, hours": "168",
        "to be cleared within": "3 h",
        "roles": "county node, line",
        "faults of quality": "told apart, not rated",
        "deadlines": "I: 24 h; IV: 5 working days",
        "steps that need a date": "integrated on",
        "steps that need a document": "-",
    }


def test_chinese_words() -> None:
    assert said("zh") == {
        "网络": "政务外网",
        "层级": "市、县",
        "多少小时内有应答才算": "168",
        "时限": "3 h",
        "角色": "县级节点、线路",
        "质量故障": "单列，不计入",
        "时限表": "I：24 小时；IV：5 个工作日",
        "须有日期的步骤": "整合日期",
        "须有文件的步骤": "-",
    }


def test_every_parameter_that_a_formula_gives_has_a_name() -> None:
    given = {name for path in FOLDER.glob("*.py") for name in _parameters(path)}
    assert {"levels", "limit_seconds", "variant", "dates", "utilisation_percent"} <= given
    assert given == set(NAMES)


def _parameters(path: Path) -> set[str]:
    """The keys of `parameters=` and of dicts that are called parameters or read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    dicts = [each.value for each in ast.walk(tree) if isinstance(each, ast.keyword) and each.arg == "parameters"]
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            dicts += [each.value] if each.targets[0].id in ("parameters", "read") else []
    return {str(key.value) for each in dicts if isinstance(each, ast.Dict) for key in each.keys if key is not None}


def test_every_code_has_a_word() -> None:
    assert set(CODES["levels"]) == set(LEVELS)
    assert set(RATED_ROLES) <= set(CODES["roles"]) <= set(ROLES)
    assert set(CODES["variant"]) == {str(each) for each in Variant}
    assert set(CODES["basis"]) == {str(each) for each in Basis}


@pytest.mark.parametrize(
    ("language", "wanted"), [("zh", "逾期：Q-4（需求路数：32 中仅 24）"), ("en", "late: Q-4 (channels: 24 of 32)")]
)
def test_an_object_with_a_deadline_of_its_own_is_not_late_by_three_hours(language: str, wanted: str) -> None:
    found = Contribution(0, OBJECT_WHY, {"status": "late", "id": "Q-4", "why": "channels: 24 of 32"})
    assert found.words(language) == wanted
