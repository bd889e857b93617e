"""docs/metrics.md names every metric of the agent with its type, labels and meaning, and nothing more."""

from pathlib import Path

import pytest

from agent import metrics
from agent.metrics import Family
from agent.probing.families import PROBE_FAMILIES
from collectors import KINDS

DOC = Path(__file__).parents[2] / "docs" / "metrics.md"


def rows(families: list[Family], common: tuple[str, ...]) -> list[str]:
    return [
        f"| `{family.name}` | {family.type} | {', '.join((*common, *family.labels)) or '-'} | {family.help} |"
        for family in families
    ]


def documented() -> list[str]:
    return [line for line in DOC.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]


def expected() -> list[str]:
    own = ("target labels",)
    of_kinds = [family for values in metrics.value_families(KINDS).values() for family in values.values()]
    return [
        *rows(list(metrics.TARGET_FAMILIES), own),
        *rows(list(dict.fromkeys(of_kinds)), own),  # kinds may share families
        *rows(list(metrics.FAULT_FAMILIES), ()),
        *rows(list(metrics.INDICATOR_FAMILIES), ()),
        *rows(list(metrics.LINK_FAMILIES), ()),
        *rows(list(metrics.REGISTER_FAMILIES), ()),
        *rows(list(metrics.SELF_FAMILIES), ()),
        *rows(list(PROBE_FAMILIES), ()),
    ]


def test_every_metric_is_documented_word_for_word_and_nothing_more() -> None:
    assert documented() == expected()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_its_own_heading(kind: object) -> None:
    assert f"### Kind {kind.name}\n" in DOC.read_text(encoding="utf-8")  # type: ignore[attr-defined]  # a parameter of many types
