"""Real Prometheus, Alertmanager and agent with the rules and the sample that we ship, faster: a cut is one message."""

import json
import re
import shutil
from pathlib import Path

from tests.dashboards.rules import FILES, PROMETHEUS, ROOT
from tests.e2e.notice_peers import Alertmanager, Robot, alertmanager, robot
from tests.e2e.running import agent, ports, until
from tests.e2e.test_prometheus import prometheus

CONFIG = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{store}"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  port: {{kind: tcp, interval: 1s, retry_interval: 1s, timeout: 500ms}}
targets:
  - {{target_id: uplink, kind: tcp, address: "127.0.0.1:{uplink}", module: port, role: core, name: 旬阳上联}}
  - {{target_id: child, kind: tcp, address: "127.0.0.1:{child}", module: port, parents: uplink}}
  - {{target_id: twin, kind: tcp, address: "127.0.0.1:{twin}", module: port, parents: uplink}}
"""
SCRAPE = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["{manager}"]}}]}}]
scrape_configs:
  - job_name: sla-agent
    file_sd_configs: [{{files: ["{targets}"], refresh_interval: 100ms}}]
    relabel_configs: [{{target_label: instance, replacement: "core-1:9610"}}]
"""
CLOCK_SECONDS = 45
"""What stands for an hour here."""


def faster_rules(folder: Path) -> list[Path]:
    """Our rules with shorter times and nothing else changed."""
    made = []
    for path in FILES:
        text = re.sub(r"interval: \d+[sm]", "interval: 1s", path.read_text(encoding="utf-8"))
        if path.name == "faults.rules.yml":
            text = re.sub(r"for: 2m\b", "for: 2s", text)
            text = text.replace(">= 3600", f">= {CLOCK_SECONDS}")
        made.append(folder / path.name)
        made[-1].write_text(text, encoding="utf-8")
    return made


def sample_for(duty: Robot) -> str:
    """Our sample with addresses of the test's, and no waiting."""
    text = (ROOT / "dashboards" / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    text = re.sub(r"http://gateway\.example\.gov\.cn", duty.url, text)
    for before, after in (("group_wait: 30s", "group_wait: 3s"), ("group_interval: 1m", "group_interval: 1s")):
        assert before in text
        text = text.replace(before, after)
    return text.replace("/etc/alertmanager/smtp-password", "/dev/null")


def messages(duty: Robot) -> list[tuple[str, str, list[str]]]:
    """What the duty desk's robot was told: state, sort, which alerts."""
    mine = [body for path, body in zip(duty.paths, duty.bodies, strict=True) if path.endswith("/dingtalk/duty")]
    return [
        (body["status"], body["groupLabels"].get("fault", ""), [a["labels"]["alertname"] for a in body["alerts"]])
        for body in mine
        if body["groupLabels"].get("fault")
    ]


def test_a_cut_uplink_is_one_message_and_one_when_it_is_restored(tmp_path: Path) -> None:
    rules = faster_rules(tmp_path)
    with robot() as duty, alertmanager(tmp_path / "am", sample_for(duty)) as manager, ports(3) as (up, child, twin):
        scrape = SCRAPE.format(
            rules=", ".join(map(str, rules)), manager=manager.address, targets=tmp_path / "targets.json"
        )
        numbers = {"uplink": up.number, "child": child.number, "twin": twin.number}
        config = tmp_path / "agent.yml"
        config.write_text(CONFIG.format(store=tmp_path / "ledger.db", **numbers), encoding="utf-8")
        with prometheus(tmp_path, scrape) as prom, agent(config, tmp_path / "log") as running:
            prom.follow(running)
            until(lambda: prom.value("count(sla_target_up == 1)") == 3, "three targets up in Prometheus")
            for port in (up, child, twin):
                port.close()
            until(lambda: len(messages(duty)) == 1, "the message")
            (first,) = messages(duty)
            assert (first[0], first[2]) == ("firing", ["SlaCoreDown"])
            until(lambda: manager.names(active=False).count("SlaTargetDown") == 3, "what it took is listed")
            assert manager.names() == ["SlaCoreDown"], "and inhibited"
            until(lambda: len(messages(duty)) == 2, "the clock")
            assert messages(duty)[1][2] == ["SlaFaultClock60"]
            running.kill()
            until(lambda: prom.value('up{job="sla-agent"}') == 0, "an agent that does not answer")
            with agent(config, tmp_path / "log") as again:
                prom.follow(again)
                until(lambda: prom.value('up{job="sla-agent"}') == 1, "it answers again")
                until(lambda: prom.value("count(sla_faults_open)") == 4, "it knows its faults")
                assert manager.names() == ["SlaCoreDown", "SlaFaultClock60"]
                assert len(messages(duty)) == 2, "a gap of the agent ends nothing and begins nothing"
                tell(manager)
                for port in (up, child, twin):
                    port.open()
                until(lambda: len(messages(duty)) == 4, "both groups are resolved")
                until(lambda: not manager.names(active=False), "nothing is left")
    assert sorted(message[0] for message in messages(duty)) == ["firing", "firing", "resolved", "resolved"]
    print(json.dumps(messages(duty), ensure_ascii=False))


def test_the_sample_finds_targets_by_the_agent_s_list_and_probes_them(tmp_path: Path) -> None:
    """As shipped, but for addresses and how often."""
    folder = tmp_path / "prometheus"
    shutil.copytree(PROMETHEUS, folder)
    with ports(2) as (one, two):
        config = tmp_path / "agent.yml"
        rows = "".join(
            f'  - {{target_id: t{number}, kind: tcp, address: "127.0.0.1:{port.number}", role: line}}\n'
            for number, port in enumerate((one, two))
        )
        head = f'store: {{url: "sqlite:///{tmp_path}/ledger.db"}}\nweb: {{listen_address: "127.0.0.1:0"}}\ntargets:\n'
        config.write_text(head + rows, encoding="utf-8")
        with agent(config, tmp_path / "log") as running:
            text = (folder / "prometheus.yml").read_text(encoding="utf-8").replace("127.0.0.1:9610", running.address)
            text = re.sub(r"scrape_(interval|timeout): \d+s", r"scrape_\1: 1s", text)
            with prometheus(folder, text) as prom:
                found = 'count(probe_success{job="sla-probe-registered",module="tcp_connect",target=~"t."} == 1)'
                until(lambda: prom.value(found) == 2, "both are probed on demand")
                until(lambda: prom.value('count(sla_target_state{job="sla-agent"})') == 2, "and scraped")
                until(lambda: prom.value("role:sla_objective:ratio"), "rules run")
                assert running.stop() == 0


def tell(manager: Alertmanager) -> None:
    """The alerts' life, for who reads the output (-s)."""
    for each in manager.alerts(active=False):
        labels, status = each["labels"], each["status"]
        print(labels["alertname"], labels.get("target", ""), status["state"], each["annotations"]["summary"])
