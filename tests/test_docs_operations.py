"""What the operations pages tell people to type or load is right: steps in one order, rules that Prometheus takes."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from agent.doctor import room
from agent.metrics import is_named, target_families
from bench.subject import ASKED_FOR
from collectors import KINDS
from tests.requirements import need_program

ROOT = Path(__file__).parents[1]
PAGES = ("docs/operations.md", "docs/operations.zh.md")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    return re.findall(r"^```[a-z]+\n.*?^```$", read(page), re.MULTILINE | re.DOTALL)


def rules(page: str) -> str:
    (block,) = [block for block in blocks(page) if "- alert:" in block]
    return block.removeprefix("```yaml\n").removesuffix("```")


def test_both_languages_show_the_same_blocks_in_the_same_order():
    english, chinese = (blocks(page) for page in PAGES)
    assert english == chinese
    assert len(english) >= 7


def test_prometheus_takes_the_rules(tmp_path):
    file = tmp_path / "rules.yml"
    file.write_text(rules(PAGES[0]), encoding="utf-8")
    command = [need_program("promtool"), "check", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "SUCCESS: 11 rules found" in done.stdout) == (0, True), done.stdout + done.stderr


CASES = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="sla-agent",instance="a"}', values: "1x5 0x20"}
      - {series: 'sla_agent_store_refused_total{instance="a"}', values: "0x10 3x15"}
      - {series: 'sla_agent_ticks_missed_total{instance="a",kind="tcp"}', values: "0+1x60"}
      - {series: 'sla_agent_loop_lag_seconds_bucket{instance="a",le="0.1"}', values: "0+90x60"}
      - {series: 'sla_agent_loop_lag_seconds_bucket{instance="a",le="+Inf"}', values: "0+100x60"}
      - {series: 'sla_agent_loop_lag_seconds_count{instance="a"}', values: "0+100x60"}
      - {series: 'sla_agent_clock_unresolved{instance="a"}', values: "0x60"}
      - {series: 'sla_agent_clock_synchronised{instance="a"}', values: "0x60"}
      - {series: 'sla_agent_store_durable_timestamp_seconds{instance="a"}', values: "0+60x10 600x20"}
      - {series: 'process_start_time_seconds{job="sla-agent",instance="a"}', values: "1 2 3 4x60"}
    alert_rule_test:
EXPECTED
"""

FIRING = {
    "SlaAgentGone": (20, "job: sla-agent, instance: a, severity: critical"),
    "SlaAgentStoreRefuses": (14, "instance: a, severity: critical"),
    "SlaAgentWritesNothing": (12, "instance: a, severity: critical"),
    "SlaAgentTurnsMissed": (40, "instance: a, kind: tcp, severity: warning"),
    "SlaAgentLate": (40, "instance: a, severity: warning"),
    "SlaAgentClockInDoubt": (40, "instance: a, severity: warning"),
    "SlaAgentRestarts": (10, "job: sla-agent, instance: a, severity: warning"),
}
QUIET = {"SlaAgentGone": 4, "SlaAgentStoreRefuses": 9, "SlaAgentWritesNothing": 9, "SlaAgentRestarts": 2}


def test_the_rules_fire_when_they_should_and_not_before(tmp_path):
    text = rules(PAGES[0])
    (tmp_path / "rules.yml").write_text(re.sub(r"\n +annotations: .*", "", text), encoding="utf-8")
    expected = [
        f"      - {{eval_time: {minute}m, alertname: {name}, exp_alerts: [{{exp_labels: {{{labels}}}}}]}}"
        for name, (minute, labels) in FIRING.items()
    ]
    expected += [
        f"      - {{eval_time: {minute}m, alertname: {name}, exp_alerts: []}}" for name, minute in QUIET.items()
    ]
    (tmp_path / "test.yml").write_text(CASES.replace("EXPECTED", "\n".join(expected)), encoding="utf-8")
    command = [need_program("promtool"), "test", "rules", str(tmp_path / "test.yml")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_severity_and_says_what_it_means():
    for rule in yaml.safe_load(rules(PAGES[0]))["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(rule["annotations"]["summary"]) > 30


@pytest.mark.parametrize("page", PAGES)
def test_the_firewall_table_has_every_kind(page):
    section = re.split(r"^## ", read(page), flags=re.MULTILINE)
    (table,) = [part for part in section if "`host_page` |" in part]
    for kind in KINDS:
        assert f"`{kind.name}`" in table, kind.name


@pytest.mark.parametrize("page", PAGES)
def test_the_families_it_proposes_are_what_dashboards_and_alerts_ask_for(page):
    (block,) = re.findall(r"^```yaml\n(web:\n  families: .*?)```", read(page), flags=re.MULTILINE | re.DOTALL)
    wanted, every = yaml.safe_load(block)["web"]["families"], target_families(KINDS)
    files = [path for form in ("*.json", "*.yml") for path in (ROOT / "dashboards").rglob(form)]
    asked = {name for path in files for name in re.findall(r"sla_\w+", path.read_text(encoding="utf-8"))} & {*every}
    assert "sla_target_state" in asked
    assert "sla_rtsp_options_seconds" in asked
    assert {name for name in asked if not is_named(name, wanted)} == set()
    assert all(any(is_named(name, [each]) for name in every) for each in wanted)
    assert list(ASKED_FOR) == wanted, "bench measures what is proposed"


@pytest.mark.parametrize("page", PAGES)
def test_a_year_s_disk_is_what_doctor_reckons_with(page):
    for targets, shown in ((1_000, "2.7 MB"), (10_000, "27 MB")):
        assert f"{targets * room.YEAR_BYTES / 1e6:g} MB" == shown
        assert shown in read(page)
    assert "115 MB" in read(page)
    assert "| 115 MB |" in read("docs/performance.md")
