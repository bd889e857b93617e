"""The rules for Prometheus: checked and tested by promtool, and complete: words, runbook, dashboard, three tests."""

import re
import subprocess
from pathlib import Path

import pytest

from agent import metrics
from agent.config.schema import Role
from agent.notices.desk import LIMIT_US, Policy, Seen
from agent.notices.push import View
from agent.notices.push import alerts as pushed_alerts
from agent.whereabouts import Whereabouts
from collectors import KINDS
from tests.dashboards.rules import FILES, PROMETHEUS, ROOT, Rule, alerts, cases, promtool_files, recorded, rules
from tests.option_tables import is_chinese
from tests.requirements import need_program

ALERTS = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
UIDS = {"sla-city", "sla-links", "sla-cloud", "sla-video", "sla-faults", "sla-coverage", "sla-agent"}
ANNOTATIONS = {"summary", "summary_en", "description", "description_en", "runbook_url", "dashboard_uid"}
SIMULATED = "{{ if $labels.simulated }}【模拟数据 SIMULATED】{{ end }}"
FOREIGN = {"up", "process_start_time_seconds", "process_open_fds", "process_max_fds"}


def promtool(*arguments: str) -> str:
    done = subprocess.run(
        [need_program("promtool"), *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_takes_the_sample_with_all_rules():
    said = promtool("check", "config", "prometheus.yml")
    assert said.count("SUCCESS") == len(FILES) + 2
    assert {path.name for path in FILES} == set(re.findall(r"- (\S+\.rules\.yml)", sample()))


def sample() -> str:
    return (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_promtool_has_nothing_to_say_and_every_test_of_a_rule_passes(path: Path):
    promtool("check", "rules", path.name)
    assert promtool_files(path)
    promtool("test", "rules", *(each.name for each in promtool_files(path)))


@ALERTS
def test_an_alert_has_all_its_words(alert: Rule):
    words = alert["annotations"]
    assert set(words) == ANNOTATIONS
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert words["dashboard_uid"] in UIDS
    assert words["runbook_url"] == '{{ or $externalLabels.sla_docs "docs/alerts.zh.md" }}#' + alert["alert"].lower()
    for word in ("summary", "summary_en"):
        assert words[word].startswith(SIMULATED)
    assert is_chinese(words["summary"])
    assert is_chinese(words["description"])
    assert not is_chinese(words["summary_en"].removeprefix(SIMULATED))
    assert not is_chinese(words["description_en"])


@ALERTS
def test_an_alert_has_three_tests_in_which_it_fires_does_not_and_resolves(alert: Rule):
    found = cases(alert["alert"])
    assert len(found) >= 3
    fires = [[bool(asked.get("exp_alerts")) for asked in case["alert_rule_test"]] for case in found]
    assert any(any(one) for one in fires), "fires"
    assert any(not any(one) for one in fires), "does not fire where it must not"
    assert any(True in one and one[-1] is False for one in fires), "resolves"


@ALERTS
def test_a_name_stands_once(alert: Rule):
    assert [each["alert"] for each in alerts()].count(alert["alert"]) == 1
    assert re.fullmatch(r"Sla[A-Z][A-Za-z0-9]+", alert["alert"])


def known_metrics() -> set[str]:
    families = [family for values in metrics.value_families(KINDS).values() for family in values.values()]
    own = (
        *metrics.TARGET_FAMILIES, *metrics.FAULT_FAMILIES, *metrics.INDICATOR_FAMILIES, *metrics.LINK_FAMILIES,
        *metrics.SELF_FAMILIES, *families,
    )  # fmt: skip
    names = {family.name for family in own}
    histograms = {family.name for family in own if family.type is metrics.Type.HISTOGRAM}
    return names | {f"{name}_{part}" for name in histograms for part in ("bucket", "count", "sum")} | FOREIGN


def test_every_metric_that_a_rule_names_exists():
    for rule in rules():
        bare = re.sub(r'"[^"]*"|\{[^}]*\}|\b(by|on|without|group_left|ignoring)\s*\([^)]*\)', "", rule["expr"])
        named = set(re.findall(r"\b(?:[a-z]+:)?(?:sla|process)_[a-z0-9_]+(?::[a-z0-9_]+)?|\bup\b", bare))
        assert named <= known_metrics() | recorded(), rule["expr"]


def test_recording_rules_are_named_by_level_metric_and_operation():
    for name in recorded():
        assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", name), name


def test_every_rule_keeps_the_mark_of_a_simulated_store():
    for rule in rules():
        for labels in re.findall(r"\bby \(([^)]*)\)", rule["expr"]):
            assert "simulated" in labels, rule["expr"]


def test_the_alertmanager_takes_its_sample_and_inhibits_by_names_that_exist():
    path = ROOT / "dashboards" / "alertmanager" / "alertmanager.yml"
    done = subprocess.run(
        [need_program("amtool"), "check-config", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = [alert["alert"] for alert in alerts()]
    for pattern in re.findall(r'alertname=~?"([^"]+)"', path.read_text(encoding="utf-8")):
        assert any(re.fullmatch(pattern, name) for name in names), pattern
        for part in pattern.split("|") if "(" not in pattern else ():
            assert part in names, part


def test_what_the_agent_pushes_itself_is_named_and_graded_as_the_rules_are():
    by_name = {alert["alert"]: alert for alert in alerts()}
    policy = Policy(0, (3_600_000_000, 7_200_000_000, 9_000_000_000, LIMIT_US), 0, frozenset(Role), 1, lambda _: False)
    for role in Role:
        for minutes in (1, 60, 120, 150, 181):
            seen = Seen("F", "r", str(role), "P1", 0, None, True, False, "pending", 0)
            view = View(
                at=minutes * 60_000_000, faults=[seen], policy=policy, where=Whereabouts(), vantage="v", simulated=True
            )
            pushed = [alert["labels"] for alert in pushed_alerts(view)]
            assert len(pushed) == (1 if minutes == 1 else 2)
            for labels in pushed:
                rule = by_name[labels["alertname"]]
                assert labels["severity"] == rule["labels"]["severity"], labels
                assert labels["simulated"] == "true"
            assert str(role) in by_name[pushed[0]["alertname"]]["expr"]
