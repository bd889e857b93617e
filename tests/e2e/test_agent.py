"""The agent as a process: reload by signal and by HTTP, a second agent on one store, clean stops."""

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.running import DEADLINE_SECONDS, Process, agent, configuration, ports, until


def sample(running: Process, name: str) -> str | None:
    """The value of one sample of /metrics, None where there is none."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", running.get("/metrics"), re.MULTILINE)
    return found[1] if found else None


def probes(running: Process, target: str) -> float:
    labels = f'{{target="{target}",kind="tcp",module="port",site="",vantage="e2e"}}'
    return float(sample(running, f"sla_probe_total{labels}") or 0)


def post(running: Process, path: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://{running.address}{path}", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()


def test_a_reload_takes_the_difference_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    with ports(3) as peers:
        config = configuration(tmp_path, peers[:2])
        with agent(config, tmp_path / "log") as running:
            until(lambda: probes(running, "t0") >= 3 and probes(running, "t1") >= 3, "three probes of each")
            before = probes(running, "t0")
            configuration(tmp_path, [peers[0], peers[2], peers[1]])
            running.child.send_signal(signal.SIGHUP)
            until(lambda: probes(running, "t2") >= 1, "a probe of the new target")
            assert probes(running, "t0") >= before, "an unchanged target keeps its counters"
            configuration(tmp_path, peers[:1])
            assert post(running, "/-/reload")[0] == 200
            until(lambda: 'target="t1"' not in running.get("/metrics"), "the removed target's end")
            assert sample(running, 'sla_agent_targets{kind="tcp"}') == "1.0"
            assert running.stop() == 0


def test_a_bad_file_leaves_the_old_configuration_running_and_a_metric_says_so(tmp_path: Path) -> None:
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            assert sample(running, "sla_agent_config_last_reload_successful") == "1.0"
            good = config.read_text(encoding="utf-8")
            config.write_text(good.replace("interval: 1s", "intervall: 1"), encoding="utf-8")
            status, body = post(running, "/-/reload")
            assert status == 500
            assert "intervall" in body
            assert "did you mean" in body
            assert sample(running, "sla_agent_config_last_reload_successful") == "0.0"
            before = probes(running, "t0")
            until(lambda: probes(running, "t0") > before, "probes that go on")
            config.write_text(good, encoding="utf-8")
            assert post(running, "/-/reload")[0] == 200
            assert sample(running, "sla_agent_config_last_reload_successful") == "1.0"


def test_what_only_a_restart_can_change_is_refused_by_name(tmp_path: Path) -> None:
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            text = config.read_text(encoding="utf-8")
            config.write_text(text.replace("name: e2e", "name: other"), encoding="utf-8")
            status, body = post(running, "/-/reload")
            assert status == 500
            assert "vantage.name" in body


def test_a_second_agent_on_one_store_ends_with_2_and_names_the_holder(tmp_path: Path) -> None:
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            command = [sys.executable, "-m", "agent", "run", "--config.file", str(config)]
            second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
            assert second.returncode == 2
            assert str(running.child.pid) in second.stderr
            assert "Traceback" not in second.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_even_with_probes_under_way(tmp_path: Path, number: signal.Signals) -> None:
    with ports(5) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            until(lambda: probes(running, "t0") >= 1, "a probe")
            assert running.end(number) == 0
        assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_port_that_is_taken_is_said_in_one_line_and_ends_with_2(tmp_path: Path) -> None:
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        text = config.read_text(encoding="utf-8").replace("127.0.0.1:0", f"127.0.0.1:{peers[0].number}")
        config.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "agent", "run", "--config.file", str(config)]
        refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
        assert refused.returncode == 2
        assert "stop what listens there" in refused.stderr
        assert "Traceback" not in refused.stderr
