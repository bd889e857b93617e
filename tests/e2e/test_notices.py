"""The real agent tells of a cut uplink over HTTP, by mail and to an Alertmanager: once, with its clock and its end."""

from pathlib import Path

from tests.e2e.notice_peers import alertmanager, post, robot
from tests.e2e.running import agent, ports, until

CONFIG = """
vantage: {{name: 汇聚机房-1}}
store: {{url: "sqlite:///{store}", simulated: true}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  port: {{kind: tcp, interval: 1s, retry_interval: 1s, timeout: 500ms}}
targets:
  - {{target_id: uplink, kind: tcp, address: "127.0.0.1:{uplink}", module: port, role: core, name: 旬阳上联}}
  - {{target_id: child, kind: tcp, address: "127.0.0.1:{child}", module: port, parents: uplink}}
  - {{target_id: twin, kind: tcp, address: "127.0.0.1:{twin}", module: port, parents: uplink}}
notices:
  wait: 4s
  clock: [9s, 13s]
{sinks}
"""
QUIET = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


def configuration(folder: Path, numbers: dict[str, int], sinks: str) -> Path:
    path = folder / "agent.yml"
    text = CONFIG.format(store=folder / "ledger.db", sinks=sinks, **numbers)
    path.write_text(text, encoding="utf-8")
    return path


def sent(page: str, sink: str) -> float:
    """How many notices a sink took since the start; the metric counts what is kept as sent."""
    head = f'sla_agent_notices_total{{outcome="sent",simulated="true",sink="{sink}"}} '
    return next((float(line.removeprefix(head)) for line in page.splitlines() if line.startswith(head)), 0.0)


def test_a_cut_uplink_is_one_fault_for_everybody_until_it_is_restored(tmp_path: Path) -> None:
    with (
        robot() as duty,
        robot() as dead,
        post(tmp_path / "mail") as mail,
        alertmanager(tmp_path / "am", QUIET) as manager,
        ports(3) as (uplink, child, twin),
    ):
        dead.status = 503
        numbers = {"uplink": uplink.number, "child": child.number, "twin": twin.number}
        sinks = (
            f'  webhooks: {{duty: {{url: "{duty.url}"}}, dead: {{url: "{dead.url}"}}}}\n'
            f'  mails: {{post: {{host: 127.0.0.1, port: {mail.port}, sender: "sla@example.gov.cn", '
            f'to: ["duty@example.gov.cn"]}}}}\n'
            f'  alertmanagers: {{am: {{url: "http://{manager.address}", resend: 2s}}}}\n'
        )
        config = configuration(tmp_path, numbers, sinks)
        with agent(config, tmp_path / "log") as running:
            until(lambda: running.get("/metrics").count("sla_target_up{") == 3, "three targets up")
            for port in (child, twin, uplink):
                port.close()
            until(lambda: duty.sorts[:1] == ["opened"], "the notice")
            until(lambda: duty.sorts == ["opened", "clock", "clock"], "both steps of the clock")
            until(lambda: manager.names() == ["SlaCoreDown", "SlaFaultClock13s"], "both alerts")
            until(lambda: len(mail.subjects) == 3, "three mails")
            until(lambda: all(sent(running.get("/metrics"), sink) == 3 for sink in ("duty", "post")), "all of it noted")
            running.kill()  # what was sent and not noted yet would be sent again, under the same id
        with agent(config, tmp_path / "log") as running:
            until(lambda: "SlaCoreDown" in manager.names(), "the alert is kept alive")
            for port in (uplink, child, twin):
                port.open()
            until(lambda: duty.sorts[-1] == "restored", "the recovery")
            until(lambda: not manager.names(), "no alert any more")
            until(lambda: len(mail.subjects) == 4, "four mails")
            until(lambda: sent(running.get("/metrics"), "duty") == 1, "the recovery is noted")
            assert dead.refused > 1
            dead.status = 200
            until(lambda: len(dead.bodies) == 4, "what was owed while it was dead")
            assert running.stop() == 0
    assert duty.sorts == ["opened", "clock", "clock", "restored"], "nothing twice after the kill"
    assert {body["notice"]["root"] for body in duty.bodies} == {"uplink"}
    assert duty.bodies[1]["notice"]["members"] == 2
    assert all(body["title"].startswith("【模拟数据 SIMULATED】【") for body in duty.bodies)
    assert "旬阳上联" in mail.subjects[0]
    assert [body["notice"]["id"] for body in dead.bodies] == [body["notice"]["id"] for body in duty.bodies]
    assert "按时" in duty.bodies[-1]["title"]
    for body in duty.bodies:
        print(body["title"], "|", body["text"].replace("\n", " · "))
