"""The files of the stack: agent.yml with a plan, Prometheus with the shipped rules, Alertmanager with the routes.

Nothing is invented here: rules and routes are those of dashboards/prometheus and dashboards/alertmanager, with the
addresses of the stack and, where asked, faster clocks.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from dashboards.stack.wanted import LOOPBACK, Wanted

ROOT = Path(__file__).parents[2]
RULES = ROOT / "dashboards" / "prometheus"
ROUTES = ROOT / "dashboards" / "alertmanager" / "alertmanager.yml"
PLAN = ROOT / "config" / "plans" / "ankang.yml"
FAULT_RULES = "faults.rules.yml"

GROUP_WAIT_SECONDS = 15
"""Not made faster: what turns out to be a member of a fault within it is never sent by itself."""

_CLOCK = re.compile(r"^(?P<what>fault:sla_fault_age_seconds:held.*>=? )(?P<seconds>\d+)$")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}

Json = dict[str, Any]


def write_agent(lab_yml: Path, now: float) -> Path:
    """The lab's agent.yml with a plan whose targets are of the running year; its path."""
    plan, path = lab_yml.with_name("demo-plan.yml"), lab_yml.with_name("demo.yml")
    plan.write_text(_plan_text(now), encoding="utf-8")
    path.write_text(f"{lab_yml.read_text(encoding='utf-8')}\nplans: [{plan.name}]\n", encoding="utf-8")
    return path


def _plan_text(now: float) -> str:
    """The plan that the lab's city is modelled on, its last printed targets said of this year: for a demonstration."""
    plan: Json = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
    year = datetime.fromtimestamp(now, ZoneInfo(plan["zone"])).year
    last = str(plan["years"][-1])
    plan |= {
        "id": "demo",
        "title": {"zh": "演示规划（模拟）", "en": "Demonstration plan (simulated)"},
        "document": "演示用，不是任何城市的文件",
        "years": [year],
    }
    plan["rows"] = [row | {"targets": {str(year): row["targets"].get(last, "/")}} for row in plan["rows"]]
    return yaml.safe_dump(plan, allow_unicode=True, sort_keys=False)


def write_prometheus(wanted: Wanted) -> Path:
    """prometheus.yml and the rules beside it; its path."""
    folder = wanted.directory / "prometheus"
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for path in sorted(RULES.glob("*.rules.yml")):
        rules = faster(yaml.safe_load(path.read_text(encoding="utf-8")), path.name, wanted)
        (folder / path.name).write_text(yaml.safe_dump(rules, allow_unicode=True, sort_keys=False), encoding="utf-8")
        names.append(path.name)
    config = {
        "global": {
            "scrape_interval": f"{wanted.scrape}s",
            "scrape_timeout": f"{wanted.scrape}s",
            "evaluation_interval": f"{wanted.scrape}s",
        },
        "rule_files": names,
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"{LOOPBACK}:{wanted.alertmanager_port}"]}]}]},
        "scrape_configs": [{"job_name": "sla-agent", "static_configs": [{"targets": [wanted.agent]}]}],
    }
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def faster(rules: Json, name: str, wanted: Wanted) -> Json:
    """Rules as the stack evaluates them: with every scrape, the clocks of faults `accelerate` times as fast."""
    for group in rules["groups"]:
        group["interval"] = f"{wanted.scrape}s"
        if name == FAULT_RULES and wanted.accelerate > 1:
            for rule in group["rules"]:
                _hurry(rule, wanted.accelerate)
    return rules


def _hurry(rule: Json, times: float) -> None:
    if "for" in rule:
        rule["for"] = f"{max(round(seconds(rule['for']) / times), 1)}s"
    if found := _CLOCK.match(rule["expr"]):
        rule["expr"] = f"{found['what']}{float(found['seconds']) / times:g}"


def seconds(duration: str) -> float:
    """A duration of Prometheus, such as 1h30m. Errors: ValueError."""
    parts = re.findall(r"(\d+)(ms|[smhd])", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"{duration}: no duration")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def write_alertmanager(wanted: Wanted) -> Path:
    """alertmanager.yml: the shipped routes and inhibitions, every receiver but `nobody` our webhook; its path."""
    config: Json = yaml.safe_load(ROUTES.read_text(encoding="utf-8"))
    route = config["route"]
    route |= {"group_wait": f"{GROUP_WAIT_SECONDS}s", "group_interval": f"{max(wanted.scrape, 1)}s"}
    route["routes"] = [each for each in route["routes"] if each["matchers"] != ['simulated="true"']]
    for each in route["routes"]:  # a demonstration is sent at any hour
        each.pop("active_time_intervals", None)
    config["receivers"] = list(_receivers(config["receivers"], wanted.webhook_url))
    path = wanted.directory / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def _receivers(receivers: list[Mapping[str, Any]], url: str) -> Iterator[Json]:
    for receiver in receivers:
        if receiver["name"] == "nobody":
            yield {"name": "nobody"}
        else:
            yield {"name": receiver["name"], "webhook_configs": [{"url": url, "send_resolved": True}]}
