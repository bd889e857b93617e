"""Plan files of tests: one head, rows as they need them, later definitions below a row (V7)."""

from collections.abc import Iterable
from pathlib import Path

from agent.plans import load_plan
from sla.plans import Plan

HEAD = """\
id: x
title: {zh: 甲, en: A}
city: {zh: 甲市, en: A}
document: 文
years: [2025]
rows:
"""

CLOUD = """\
- number: 5
  id: cloud
  category: 类
  name: {zh: 云可用率, en: Cloud}
  definition: 门户可用
  targets: {"2025": 99%}
  formula: availability_composite
  basis: probe
  scope: {platforms: [portal]}
"""
"""Of one portal; no definition of it changes."""


def changes(*each: str) -> str:
    """Later definitions of the row above; one is YAML, a line of it a line of the file."""
    return "  changes:\n" + "".join("  - " + "\n    ".join(one.strip().splitlines()) + "\n" for one in each)


def clearing(number: int, id_: str, *, target: str, roles: str, name: str = "{zh: 名, en: N}") -> str:
    """A row of the 3-hour rate."""
    return f"""\
- number: {number}
  id: {id_}
  category: 类
  name: {name}
  definition: 义
  targets: {{"2025": {target}}}
  formula: clearing_rate
  basis: probe
  scope: {{roles: [{roles}]}}
"""


def plan_of(folder: Path, rows: Iterable[str]) -> Plan:
    """The plan of these rows. Errors: ConfigError."""
    path = folder / "plan.yml"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return load_plan(path)
