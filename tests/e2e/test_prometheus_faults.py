"""A real Prometheus scrapes through a re-parenting: what is a fault changes, no counter is ever reset."""

from pathlib import Path

from tests.e2e.running import agent, ports, until
from tests.e2e.test_prometheus import Prometheus, prometheus

CONFIG = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{store}"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  port: {{kind: tcp, interval: 1s, retry_interval: 1s, timeout: 500ms}}
targets:
  - {{target_id: uplink, kind: tcp, address: "127.0.0.1:{uplink}", module: port, role: core}}
  - {{target_id: child, kind: tcp, address: "127.0.0.1:{child}", module: port, parents: uplink}}
  - {{target_id: twin, kind: tcp, address: "127.0.0.1:{twin}", module: port, parents: uplink}}
"""


def values(prom: Prometheus, query: str) -> dict[str, float]:
    """By series: labels and value."""
    found = prom.ask(query)
    return {str(sorted(each["metric"].items())): float(each["value"][1]) for each in found}  # type: ignore[attr-defined,index]  # Prometheus's JSON


def counters(prom: Prometheus) -> set[str]:
    """The names of everything that may only grow."""
    found = prom.ask('count by (__name__) ({__name__=~"sla_.+_(total|bucket|count|sum)"})')
    return {str(each["metric"]["__name__"]) for each in found}  # type: ignore[index]  # Prometheus's JSON


def test_a_re_parenting_resets_no_counter_and_leaves_one_open_fault(tmp_path: Path) -> None:
    with prometheus(tmp_path) as prom, ports(3) as (uplink, child, twin):
        config = tmp_path / "agent.yml"
        numbers = {"uplink": uplink.number, "child": child.number, "twin": twin.number}
        config.write_text(CONFIG.format(store=tmp_path / "ledger.db", **numbers), encoding="utf-8")
        with agent(config, tmp_path / "log") as running:
            prom.follow(running)
            until(lambda: prom.value("count(sla_target_up == 1)") == 3, "three targets up in Prometheus")
            until(lambda: values(prom, "sum(sla_faults_open)") == {"[]": 0.0}, "no fault")
            child.close()
            twin.close()
            until(lambda: prom.value("sum(sla_faults_open)") == 2, "two faults, each of its own")
            assert sorted(values(prom, "count by (root) (sla_fault_age_seconds)")) == [
                "[('root', 'child')]", "[('root', 'twin')]",
            ]  # fmt: skip
            uplink.close()
            until(lambda: prom.value('sla_fault_members{root="uplink"}') == 2, "both as members of the uplink's fault")
            until(lambda: prom.value("sum(sla_faults_open)") == 1, "one fault")
            until(lambda: prom.value("count(sla_fault_age_seconds)") == 1, "its series alone")
            assert prom.value('sum(sla_faults{period=~"....", outcome="pending"})') == 1
            before = prom.value("sum(sla_target_seconds_total)") or 0
            until(
                lambda: (prom.value("sum(sla_target_seconds_total)") or 0) > before, "time that goes on being counted"
            )
            names = counters(prom)
            assert {"sla_target_seconds_total", "sla_fault_clearing_seconds_count"} <= names
            reset = {name: prom.value(f"sum(resets({name}[1h]))") for name in names}
            assert {name: times for name, times in reset.items() if times != 0} == {}
            assert running.stop() == 0
