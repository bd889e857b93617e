"""A real Prometheus scrapes through a back-dated DOWN and a kill -9: no ledger-derived counter is ever reset."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent import metrics
from agent.page import header
from collectors import KINDS
from tests.e2e.running import Process, agent, configuration, ports, until
from tests.requirements import need_program

SCRAPE = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
  - job_name: sla
    honor_labels: true
    file_sd_configs: [{{files: ["{targets}"], refresh_interval: 100ms}}]
    relabel_configs: [{{target_label: instance, replacement: one}}]
"""


class Prometheus:
    """A Prometheus of our own on a free port."""

    def __init__(self, folder: Path, child: subprocess.Popen[bytes], address: str) -> None:
        self._folder = folder
        self.child = child
        self._address = address

    def follow(self, running: Process) -> None:
        """Scrape this agent from now on; the series keep their labels over restarts."""
        new = self._folder / "targets.json.new"
        new.write_text(json.dumps([{"targets": [running.address]}]), encoding="utf-8")
        new.rename(self._folder / "targets.json")

    def ask(self, query: str) -> list[dict[str, object]]:
        url = f"http://{self._address}/api/v1/query?query={urllib.parse.quote(query)}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            found: list[dict[str, object]] = json.load(answer)["data"]["result"]
        return found

    def value(self, query: str) -> float | None:
        found = self.ask(query)
        return float(found[0]["value"][1]) if found else None  # type: ignore[index]  # Prometheus's JSON


@contextmanager
def prometheus(folder: Path, scrape: str = "") -> Iterator[Prometheus]:
    program = need_program("prometheus")
    text = scrape or SCRAPE.format(targets=folder / "targets.json")
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")
    (folder / "targets.json").write_text("[]", encoding="utf-8")
    log = folder / "prometheus.log"
    command = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with log.open("wb") as out:
        child = subprocess.Popen([*command, "--web.listen-address=127.0.0.1:0"], stdout=out, stderr=out)
        try:
            until(lambda: "Listening on" in log.read_text(encoding="utf-8"), "Prometheus's address", child)
            line = next(line for line in log.read_text(encoding="utf-8").splitlines() if "Listening on" in line)
            address = line.split("address=")[1].split()[0]
            ready = f"http://{address}/-/ready"
            until(lambda: urllib.request.urlopen(ready, timeout=10).status == 200, "a ready Prometheus", child)
            yield Prometheus(folder, child, address)
        finally:
            child.terminate()
            child.wait(60)


def test_no_ledger_derived_counter_is_reset_by_a_back_dated_down_or_by_kill_9(tmp_path: Path) -> None:
    with prometheus(tmp_path) as prom, ports(3) as peers:
        config = configuration(tmp_path, peers)
        down = 'sla_target_state{target="t0",state="down"} == 1'
        with agent(config, tmp_path / "log") as running:
            prom.follow(running)
            until(lambda: prom.value("count(sla_target_up == 1)") == 3, "three targets up in Prometheus")
            peers[0].close()
            until(lambda: prom.ask(down), "the back-dated DOWN in Prometheus")
            _check_page(running)
            running.kill()
        with agent(config, tmp_path / "log") as running:
            prom.follow(running)
            until(lambda: prom.value("count(sla_target_up == 1)") == 2, "two targets up again after the kill")
            until(lambda: prom.ask(down), "the DOWN confirmed again")
            peers[0].open()
            until(lambda: prom.value("count(sla_target_up == 1)") == 3, "the recovery")
            counted = "sum(sla_target_seconds_total)"
            before = prom.value(counted) or 0
            until(lambda: (prom.value(counted) or 0) > before, "time that goes on being counted")
            resets = prom.ask("resets(sla_target_seconds_total[1h])")
            assert len(resets) == 3 * 4
            assert {float(series["value"][1]) for series in resets} == {0.0}  # type: ignore[index]  # Prometheus's JSON
            assert (prom.value('sla_target_seconds_total{target="t0",state="down"}') or 0) > 0
            assert (prom.value('sla_target_seconds_total{target="t1",state="unknown"}') or 0) > 0, "the kill's gap"
            assert running.stop() == 0


def _check_page(running: Process) -> None:
    """promtool has nothing to say about the page."""
    promtool = need_program("promtool")
    page = running.get("/metrics").encode()
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False, timeout=120)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_promtool_has_nothing_to_say_about_the_metrics_of_any_kind(tmp_path: Path) -> None:
    """Every value of every kind, whether this machine has it or not: the names and types are what is checked."""
    promtool = need_program("promtool")
    families = [family for values in metrics.value_families(KINDS).values() for family in values.values()]
    named = {family.name: family for family in (*families, *metrics.TARGET_FAMILIES)}  # two kinds may share one
    text = "".join(f"{header(family, open_metrics=False)}{name} 1\n" for name, family in named.items())
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False, timeout=120
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
