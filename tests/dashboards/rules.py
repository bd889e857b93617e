"""The committed rules and their promtool tests, read."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "dashboards" / "prometheus"
FILES = sorted(PROMETHEUS.glob("*.rules.yml"))

Rule = dict[str, Any]


@cache
def loaded(path: Path) -> Any:
    """One file."""
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def rules() -> Iterator[Rule]:
    """All of them."""
    for path in FILES:
        for group in loaded(path)["groups"]:
            yield from group["rules"]


def alerts() -> list[Rule]:
    """Those that fire."""
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> set[str]:
    """The names of recording rules."""
    return {rule["record"] for rule in rules() if "record" in rule}


def promtool_files(path: Path) -> list[Path]:
    """The promtool tests of a file of rules."""
    return sorted(PROMETHEUS.glob(path.name.replace(".rules.yml", "*_test.yml")))


def cases(alert: str) -> list[Rule]:
    """The tests of one alert: those in which it is asked for."""
    return [
        case
        for path in PROMETHEUS.glob("*_test.yml")
        for case in loaded(path)["tests"]
        if any(asked["alertname"] == alert for asked in case["alert_rule_test"])
    ]
