"""The demo stack from outside: the life of one alert, what is missing is named, and nothing outlives it."""

import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.stack.files import ROUTES, RULES, faster, seconds
from dashboards.stack.wanted import parse
from tests.dashboards.stacked import ROOT, SECONDS, Stack, children, stack, words
from tests.e2e.running import until
from tests.requirements import need_program

CUT = """
actions:
  - {at: 30s, for: 150s, what: uplink_cut, where: S-610981}
"""
ACCELERATE = 90
"""60, 120, 150 and 180 minutes become 40, 80, 100 and 120 seconds."""

CLOCK = ["SlaFaultClock60", "SlaFaultClock120", "SlaFaultClock150", "SlaFaultLate"]


def named(alerts: list[dict[str, Any]], status: str | None = None) -> list[str]:
    """The names of the alerts of faults, those of one status alone if that is asked for."""
    return [
        alert["labels"]["alertname"]
        for alert in alerts
        if "fault" in alert["labels"] and status in (None, alert["status"])
    ]


def sent(lab: Stack, status: str) -> list[str]:
    """What was told of faults, in the order in which it was."""
    return [name for message in lab.messages for name in named(message["alerts"], status)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cut_is_one_alert_and_one_message_its_clock_escalates_and_recovery_resolves_it(tmp_path: Path) -> None:
    with stack(tmp_path, CUT, "--accelerate", str(ACCELERATE)) as lab:
        assert named(lab.alerts()) == []
        lab.wait("the alert of the cut", lambda: "SlaNodeDown" in named(lab.alerts()))
        lab.wait("its message", lambda: lab.messages)
        (first,) = [message for message in lab.messages if named(message["alerts"])][:1]
        assert named(first["alerts"]) == ["SlaNodeDown"]
        (alert,) = first["alerts"]
        assert (first["status"], alert["labels"]["root"]) == ("firing", "UP-610981")
        assert alert["labels"]["simulated"] == "true"
        assert alert["annotations"]["summary"].startswith("【模拟数据 SIMULATED】")
        for stage in CLOCK:
            lab.wait(f"{stage} in a message", lambda stage=stage: stage in sent(lab, "firing"))
            others = set(named(lab.alerts())) - {"SlaNodeDown", *CLOCK}
            assert others == set(), "members of the fault have no alert of their own"
        assert len([name for name in named(lab.alerts()) if name in CLOCK]) == 1, "the last stage speaks for the others"
        lab.wait("its end", lambda: "SlaNodeDown" in sent(lab, "resolved"))
        lab.wait("no alert of a fault", lambda: named(lab.alerts()) == [])
        told = {
            alert["labels"]["fault"]
            for message in lab.messages
            for alert in message["alerts"]
            if "fault" in alert["labels"]
        }
        assert len(told) == 1
        firing = sent(lab, "firing")
        assert [name for name in dict.fromkeys(firing) if name in CLOCK] == CLOCK
        assert sent(lab, "resolved").count("SlaNodeDown") == 1


def run(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=SECONDS)


def test_programs_that_are_missing_are_named_with_what_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboards.stack import wanted

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(wanted, "_PATH", str(tmp_path))
    with pytest.raises(wanted.StackError) as told:
        wanted.find_programs()
    assert str(told.value) == (
        "not installed: prometheus, prometheus-alertmanager; on Debian or Ubuntu: sudo apt-get install "
        "--no-install-recommends prometheus prometheus-alertmanager"
    )


def test_a_taken_port_is_named_and_nothing_starts(tmp_path: Path) -> None:
    need_program("prometheus")
    need_program("prometheus-alertmanager")
    command, (_, prometheus, *_) = words(tmp_path, "actions: []\n")
    host, _, port = prometheus.rpartition(":")
    with socket.create_server((host, int(port))):
        done = run(command, {**os.environ})
    assert done.returncode == 2
    assert done.stderr == (
        f"demo stack: {prometheus}: Address already in use; stop what listens there, or take --prometheus-port\n"
    )
    assert not (tmp_path / "demo").exists()


@pytest.mark.slow
@pytest.mark.parametrize("victim", [1, 4])
def test_when_one_of_it_dies_all_end_and_the_dead_is_named(tmp_path: Path, victim: int) -> None:
    need_program("prometheus")
    need_program("prometheus-alertmanager")
    command, _ = words(tmp_path, "actions: []\n")
    log = tmp_path / "log"
    with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as process:
        try:
            until(lambda: b"demo stack: ready" in log.read_bytes(), "the ready line", process)
            pids = children(process)
            os.kill(pids[victim], signal.SIGKILL)
            assert process.wait(SECONDS) == 2
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    names = ("lab", "agent", "message", "alertmanager", "prometheus")
    assert f"demo stack: {names[victim]} ended with status -9" in log.read_text(encoding="utf-8")
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_only_the_clocks_of_faults_are_made_faster() -> None:
    wanted = parse(["--accelerate", "60", "--scrape", "2"])
    for path in sorted(RULES.glob("*.rules.yml")):
        before = yaml.safe_load(path.read_text(encoding="utf-8"))
        after = faster(yaml.safe_load(path.read_text(encoding="utf-8")), path.name, wanted)
        for group, changed in zip(before["groups"], after["groups"], strict=True):
            assert changed["interval"] == "2s"
            for rule, other in zip(group["rules"], changed["rules"], strict=True):
                differing = {key for key in rule if rule[key] != other[key]}
                if path.name != "faults.rules.yml":
                    assert differing == set()
                elif rule.get("alert") in CLOCK:
                    assert differing == {"expr"}
                else:
                    assert differing <= {"for"}
    clocks = {rule["alert"]: rule["expr"].rpartition("=")[2].rpartition("> ")[2] for rule in clock_rules(wanted)}
    assert {name: float(value) for name, value in clocks.items()} == dict(zip(CLOCK, (60, 120, 150, 180), strict=True))


def clock_rules(wanted: Any) -> list[dict[str, Any]]:
    path = RULES / "faults.rules.yml"
    rules = faster(yaml.safe_load(path.read_text(encoding="utf-8")), path.name, wanted)
    return [rule for group in rules["groups"] for rule in group["rules"] if rule.get("alert") in CLOCK]


@pytest.mark.parametrize(("text", "wanted"), [("5m", 300), ("1h30m", 5400), ("1d", 86_400), ("250ms", 0.25)])
def test_durations(text: str, wanted: float) -> None:
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        seconds(text)


@pytest.mark.parametrize(
    "words_", [["--accelerate", "0"], ["--accelerate", "4000"], ["--scrape", "0"], ["--net", "moon"]]
)
def test_options_that_make_no_sense_are_refused(words_: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(words_)
    assert "usage: python -m dashboards.stack" in capsys.readouterr().err


def test_the_sample_still_has_what_the_stack_changes() -> None:
    routes = yaml.safe_load(ROUTES.read_text(encoding="utf-8"))["route"]["routes"]
    assert ['simulated="true"'] in [route["matchers"] for route in routes]
