"""The systemd unit: sound, tight, and nothing in it takes from the agent what it measures with."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.doctor import host
from tests.agent.cli_agent import sla_agent
from tests.agent.managers import Manager
from tests.e2e.running import PARAMETERS, agent, until
from tests.requirements import need_program, need_root, unmet

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "config" / "systemd" / "sla-agent.service"
DROP_IN = UNIT.parent / "sla-agent.service.d" / "local.conf.example"
MOST_EXPOSED = 20
"""Tenths of what `systemd-analyze security` says."""

SYSTEM_PYTHON = "/usr/bin/python3"


def options() -> dict[str, list[str]]:
    """Every option of the unit with all its values, in order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z]+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def test_the_unit_is_sound(tmp_path):
    """As it is written, but for the folder that the program is in."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    shutil.copy("/bin/true", bin_ / "sla-agent")
    text = UNIT.read_text(encoding="utf-8").replace("/opt/sla-agent/bin", str(bin_))
    (tmp_path / "sla-agent.service").write_text(text, encoding="utf-8")
    command = [need_program("systemd-analyze"), "verify", "--man=no", str(tmp_path / "sla-agent.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_is_tight():
    command = [need_program("systemd-analyze"), "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "option", ["ProtectProc", "ProcSubset", "ProtectClock", "PrivateNetwork", "IPAddressDeny", "PrivateUsers"]
)
def test_what_would_falsify_a_measurement_is_not_set_and_the_unit_says_why(option):
    assert option not in options()
    assert re.search(rf"^# [^\n]*{option}=", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def test_home_stays_in_sight_and_the_clock_may_be_asked():
    assert options()["ProtectHome"] == ["read-only"]
    assert {"adjtimex", "clock_adjtime"} <= set(options()["SystemCallFilter"][0].split())


def test_the_only_capability_is_the_one_for_raw_sockets():
    assert options()["AmbientCapabilities"] == options()["CapabilityBoundingSet"] == ["CAP_NET_RAW"]


def test_the_manager_waits_for_us_and_watches_us():
    assert options()["Type"] == ["notify"]
    assert options()["WatchdogSec"] == ["60s"]
    assert options()["Restart"] == ["on-failure"]


def test_the_limit_of_descriptors_is_what_doctor_asks_for():
    assert int(options()["LimitNOFILE"][0]) >= host.UNIT_DESCRIPTORS


def test_the_commands_are_the_program_s():
    for line in [*options()["ExecStart"], *options()["ExecReload"]]:
        program, *words = line.split()
        if program.endswith("sla-agent"):
            assert "Usage" in sla_agent(*words, "--help").out, line


def test_the_drop_in_is_all_comment_and_every_option_in_it_is_one_of_systemd_s(tmp_path):
    """Uncommented and put beside the unit, it is understood."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    shutil.copy("/bin/true", bin_ / "sla-agent")
    text = DROP_IN.read_text(encoding="utf-8")
    parsed = configparser.ConfigParser(strict=False)
    parsed.read_string(text)
    assert dict(parsed["Service"]) == {}
    folder = tmp_path / "sla-agent.service.d"
    folder.mkdir()
    for name, source in (("sla-agent.service", UNIT.read_text(encoding="utf-8")), (f"{folder.name}/local.conf", text)):
        used = re.sub(r"^#(?=[A-Z][A-Za-z]+=)", "", source, flags=re.MULTILINE)
        (tmp_path / name).write_text(re.sub(r"/opt/sla-agent(-2)?/bin", str(bin_), used), encoding="utf-8")
    command = [need_program("systemd-analyze"), "verify", "--man=no", str(tmp_path / "sla-agent.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


TARGETS = """
  - {target_id: v4, kind: icmp, address: 127.0.0.1, interval_seconds: 5}
  - {target_id: v6, kind: icmp, address: "::1", interval_seconds: 5}
  - {target_id: this-host, kind: host, address: localhost}
"""


def confined() -> list[str]:
    """The prefix of a command that has the unit's capability, its system calls and nothing else of root."""
    need_root()
    done = subprocess.run([SYSTEM_PYTHON, "-c", "import seccomp"], capture_output=True, check=False)
    if done.returncode:
        unmet("python3-seccomp is not installed (tests/apt-packages.txt)")
    only = [f"--{of}=-all,+net_raw" for of in ("inh-caps", "ambient-caps", "bounding-set")]
    sandbox = [SYSTEM_PYTHON, str(ROOT / "tests" / "sandbox.py"), str(UNIT)]
    return [need_program("setpriv"), *only, "--no-new-privs", *sandbox]


@pytest.mark.root
def test_under_the_unit_s_capability_and_system_calls_everything_is_measured(tmp_path, monkeypatch):
    config = tmp_path / "agent.yml"
    config.write_text(PARAMETERS.format(store=tmp_path / "ledger.db", targets=TARGETS), encoding="utf-8")
    with Manager(tmp_path, abstract=True) as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
        monkeypatch.setenv("WATCHDOG_USEC", "60000000")
        with agent(config, tmp_path / "log", confined()) as running:
            manager.until("READY")
            until(lambda: all_up(running.get("/metrics")), "three targets UP", running.child)
            page = running.get("/metrics")
            status = Path(f"/proc/{running.child.pid}/status").read_text(encoding="ascii")
            assert re.search(r"^CapEff:\s+0*2000$", status, re.MULTILINE), "CAP_NET_RAW alone"
            assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
            assert 'sla_host_processes{target="this-host"' in page
            assert re.search(r"^sla_agent_clock_synchronised [01]", page, re.MULTILINE), "adjtimex is asked"
            history = tmp_path / "history.csv"
            history.write_text("target_id,at,state\nv4,2024-01-01T00:00:00+08:00,up\n", encoding="utf-8")
            told = sla_agent("import", "history", history, "--as-of", "2024-02-01T00:00:00+08:00",
                             "--store", f"sqlite:///{tmp_path}/ledger.db")  # fmt: skip
            assert (told.code, "spans added: 1" in told.out) == (0, True), told.err
            assert running.stop() == 0
            manager.until("STOPPING")
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")


@pytest.mark.root
def test_where_no_folder_for_temporary_files_is_writable_it_measures_all_the_same(tmp_path):
    need_root()
    view = "mount --bind / /; mount -o remount,bind,ro /; mount --rbind /dev /dev"
    own = f"mount --bind {tmp_path} {tmp_path}; mount -o remount,bind,rw {tmp_path}"
    config = tmp_path / "agent.yml"
    config.write_text(PARAMETERS.format(store=tmp_path / "ledger.db", targets=TARGETS), encoding="utf-8")
    prefix = [need_program("unshare"), "-m", "sh", "-ec", f'{view}; {own}; exec "$@"', "sh"]
    with agent(config, tmp_path / "log", prefix) as running:
        until(lambda: all_up(running.get("/metrics")), "three targets UP", running.child)
        assert "no import through this agent" in (tmp_path / "log").read_text(encoding="utf-8")
        history = tmp_path / "history.csv"
        history.write_text("target_id,at,state\nv4,2024-01-01T00:00:00+08:00,up\n", encoding="utf-8")
        store = f"sqlite:///{tmp_path}/ledger.db"
        told = sla_agent("import", "history", history, "--as-of", "2024-02-01T00:00:00+08:00", "--store", store)
        assert told.code == 2
        assert "set TMPDIR" in told.err
        assert running.stop() == 0


def all_up(page: str) -> bool:
    return all(f'sla_target_up{{target="{name}"' in page for name in ("v4", "v6", "this-host"))


@pytest.mark.root
def test_the_confinement_of_these_tests_holds(tmp_path):
    """Or the test above would prove nothing."""
    acts = {
        "nice": "os.nice(1)",
        "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "chown": "os.chown('.', 0, 0)",
        "wx": "mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
    }
    script = "import mmap, os, socket\n" + "".join(
        f"try: {act}; print('{name} allowed')\nexcept PermissionError: print('{name} refused')\n"
        for name, act in acts.items()
    )
    command = [*confined(), sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == ["nice refused", "netlink refused", "chown refused", "wx refused"]
