"""sla-agent doctor: each check finds what it is for, and names the fix."""

import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.config import Config, load
from agent.doctor import Finding, Level, host, network, setup, store
from agent.stores.base import Batch, RunRequest
from agent.stores.holder import Holder
from agent.stores.opening import Location, connect, migrate
from agent.stores.writing import SqliteWriter
from collectors import KINDS
from tests.agent.cli_agent import ENV, free_address, running, sla_agent, write_config
from tests.requirements import need_program, need_root

NOW = SystemClock().wall_us()


def loaded(folder: Path, text: str = "", targets: str = "  []") -> Config:
    return load(write_config(folder, targets, text), KINDS)


def store_of(folder: Path, heartbeat: int) -> Path:
    """A store that an agent wrote last at `heartbeat`."""
    location = Location(folder / "ledger.db")
    connection = connect(location)
    migrate(connection, location)
    writer = SqliteWriter(connection)
    run = writer.start_run(RunRequest("here", "boot", heartbeat, (0, heartbeat), "0", 1))
    writer.write(run, Batch(heartbeat))
    writer.close()
    return folder / "ledger.db"


def worst(findings) -> Finding:
    order = [Level.PROBLEM, Level.WARNING, Level.UNKNOWN, Level.OK]
    return min(findings, key=lambda finding: order.index(finding.level))


def test_a_sound_configuration_is_told_finding_by_finding_and_the_exit_status_is_0(tmp_path):
    said = sla_agent("doctor", "--config.file", write_config(tmp_path, "  []"))
    assert (said.code, said.err) == (0, "")
    marks = {line.split()[1]: line[0] for line in said.out.splitlines() if line[0] in "✓!✗?"}
    assert marks["configuration"] == marks["python"] == marks["port"] == marks["store"] == "✓"
    assert said.out.splitlines()[-1].startswith("problems: 0, ")


def test_problems_leave_the_exit_status_0_because_an_answer_was_produced(tmp_path):
    said = sla_agent("doctor", "--json", "--config.file", tmp_path / "none.yml")
    assert said.code == 0
    assert said.json["problem"] >= 1
    first = said.json["findings"][0]
    assert (first["check"], first["level"]) == ("configuration", "problem")
    assert "none.yml" in first["text"]


def test_whatever_is_not_ok_says_what_to_do(tmp_path):
    findings = sla_agent("doctor", "--json", "--config.file", write_config(tmp_path, "  []")).json["findings"]
    assert all(finding["fix"] for finding in findings if finding["level"] != "ok")


def test_all_problems_of_a_configuration_are_told(tmp_path):
    file = tmp_path / "agent.yml"
    file.write_text("zome: 1\nlog: {level: loud}\n", encoding="utf-8")
    findings = sla_agent("doctor", "--json", "--config.file", file).json["findings"]
    found = [finding["text"] for finding in findings if finding["check"] == "configuration"]
    assert len(found) == 2


def test_an_old_interpreter_is_a_problem():
    assert host.python((3, 10, 9)).level is Level.PROBLEM
    assert host.python((3, 11, 0)).level is Level.OK


@pytest.mark.parametrize(
    ("rows", "needed"),
    [
        (0, 1000),
        (1, 1000 + round(1.5 * 2 / 5)),  # one target, re-probed every 5 s, 2 s each
        (100, 1060),  # 100 of them: 20 a second, 40 under way
    ],
)
def test_descriptors_are_reckoned_from_timeout_and_peak_rate(tmp_path, rows, needed):
    targets = "\n".join(
        f"  - {{target_id: t{number}, kind: tcp, address: '127.0.0.1:9', interval_seconds: 30, timeout_seconds: 2}}"
        for number in range(rows)
    )
    assert host.descriptors_needed(loaded(tmp_path, targets=targets or "  []")) == needed


def test_the_kind_s_own_limits_bound_the_descriptors(tmp_path):
    targets = "\n".join(f"  - {{target_id: t{n}, kind: tcp, address: '127.0.0.1:9'}}" for n in range(100))
    config = loaded(tmp_path, "kinds: {tcp: {concurrency: 4}}".replace("kinds", "kinds"), targets)
    assert host.descriptors_needed(config) == 1006


def test_a_limit_below_the_need_is_a_problem_with_both_fixes(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    config = loaded(tmp_path)
    resource.setrlimit(resource.RLIMIT_NOFILE, (999, hard))
    try:
        finding = host.descriptors(config, Path("/"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert finding.level is Level.PROBLEM
    assert "LimitNOFILE=" in finding.fix
    assert "ulimit -n 1000" in finding.fix


def test_the_limit_of_the_running_agent_counts_not_this_shell_s(tmp_path):
    config = loaded(tmp_path)
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", "127.0.0.1:1"):
        folder = tmp_path / "proc" / str(os.getpid())
        folder.mkdir(parents=True)
        line = "Max open files            500                  524288               files     \n"
        (folder / "limits").write_text(f"Limit   Soft   Hard   Units\n{line}", encoding="ascii")
        finding = host.descriptors(config, tmp_path)
    assert finding.level is Level.PROBLEM
    assert f"500 open files allowed (process {os.getpid()}" in finding.text


def test_the_clock_is_what_the_kernel_says_of_it_and_unknown_where_it_does_not_say(tmp_path):
    assert host.clock(0, tmp_path).level is Level.OK
    assert host.clock(5, tmp_path).level is Level.WARNING
    assert host.clock(None, tmp_path).level is Level.UNKNOWN


def test_the_kernel_is_really_asked():
    assert host.kernel_clock_state() in range(6)


def test_who_keeps_the_clock_is_named(tmp_path):
    (tmp_path / "run/chrony").mkdir(parents=True)
    (tmp_path / "run/chrony/chronyd.pid").touch()
    assert "found: chrony" in host.clock(0, tmp_path).text


def test_who_may_ping_is_told_how():
    need_root()
    assert {finding.level for finding in network.icmp(wanted=True)} == {Level.OK}


@pytest.mark.root
def test_who_may_not_ping_is_told_both_fixes():
    need_root()
    script = (
        "import os\nfrom agent.doctor import network\nfrom tests.agent.test_cli_doctor import *\n"
        "print(json.dumps(list(network.icmp(wanted=True))))\n"
    )
    command = [
        need_program("unshare"), "--net", need_program("setpriv"), "--inh-caps=-net_raw", "--bounding-set=-net_raw",
        sys.executable, "-c", script,
    ]  # fmt: skip
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, check=True)
    (finding,) = json.loads(done.stdout)
    assert finding[1] == "problem"
    assert "CAP_NET_RAW" in finding[3]
    assert "ping_group_range" in finding[3]


def proc(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="ascii")
    return folder


HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ROUTE = HEAD + "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"


def test_a_default_route_and_a_name_server_are_named(tmp_path):
    root = proc(tmp_path, {"proc/net/route": ROUTE, "etc/resolv.conf": "nameserver 192.0.2.53\n"})
    assert network.gateway(None, root) == Finding("gateway", Level.OK, "default route by 192.0.2.1")
    assert network.resolver(None, root).text == "name server 192.0.2.53"


def test_without_them_it_is_a_problem_only_where_the_configuration_counts_on_them(tmp_path):
    root = proc(tmp_path / "root", {"proc/net/route": HEAD, "etc/resolv.conf": ""})
    assert network.gateway(None, root).level is network.resolver(None, root).level is Level.WARNING
    targets = '  - {target_id: r, kind: tcp, address: "@resolver:53"}'
    config = loaded(tmp_path, 'vantage: {gateway: "@gateway"}', targets)
    assert network.gateway(config, root).level is network.resolver(config, root).level is Level.PROBLEM


def test_a_host_without_ipv6_is_told_when_that_matters(tmp_path):
    root = proc(tmp_path, {"proc/net/if_inet6": "00000000000000000000000000000001 01 80 10 80       lo\n"})
    finding = network.ipv6(root)
    assert finding.level is Level.WARNING
    assert "no_route" in finding.fix
    assert network.ipv6(tmp_path / "none").level is Level.WARNING


def test_a_target_beyond_this_host_without_a_self_check_is_a_warning(tmp_path):
    targets = "  - {target_id: far, kind: icmp, address: 192.0.2.1}"
    finding = worst(setup.selfchecks(loaded(tmp_path, targets=targets)))
    assert finding.level is Level.WARNING
    assert "called DOWN" in finding.text


def test_a_gateway_or_only_loopback_targets_need_no_warning(tmp_path):
    targets = "  - {target_id: far, kind: icmp, address: 192.0.2.1}"
    assert worst(setup.selfchecks(loaded(tmp_path, "vantage: {gateway: 192.0.2.254}", targets))).level is Level.OK
    assert list(setup.selfchecks(loaded(tmp_path, targets="  - {target_id: l, kind: icmp, address: 127.0.0.1}"))) == []


def test_a_plane_without_anchors_is_a_warning(tmp_path):
    config = loaded(tmp_path, "planes: {business: {}, video: {anchors: [192.0.2.1, 192.0.2.2]}}")
    levels = {finding.text.split()[1].rstrip(":"): finding.level for finding in setup.selfchecks(config)}
    assert levels == {"business": Level.WARNING, "video": Level.OK}


def test_a_port_in_use_by_another_program_is_a_problem(tmp_path):
    config = loaded(tmp_path)
    host_name, port = config.web.listen_address.split(":")
    assert setup.port(config).text.endswith("is free")
    with socket.create_server((host_name, int(port))):
        finding = setup.port(config)
    assert finding.level is Level.PROBLEM
    assert "another program listens there" in finding.text


def test_a_port_that_our_own_agent_serves_is_no_problem(tmp_path):
    config = write_config(tmp_path, "  []")
    with running(config) as started:
        findings = sla_agent("doctor", "--json", "--config.file", config).json["findings"]
    port = next(finding for finding in findings if finding["check"] == "port")
    assert port["level"] == "ok"
    assert f"process id {started.process.pid}" in port["text"]
    texts = [finding["text"] for finding in findings if finding["check"] == "store"]
    assert any("last heartbeat" in text and f"process id {started.process.pid}" in text for text in texts)


def test_a_store_in_memory_is_a_warning(tmp_path):
    config = loaded(tmp_path)
    config = load(edited(tmp_path, f"sqlite:///{tmp_path}/ledger.db", "sqlite:///:memory:"), KINDS)
    assert worst(store.examine_store(config)).level is Level.WARNING


def edited(folder: Path, old: str, new: str) -> Path:
    file = folder / "agent.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_a_whole_store_says_until_when_it_speaks(tmp_path):
    config = loaded(tmp_path)
    store_of(tmp_path, NOW - 3_600_000_000)
    findings = list(store.examine_store(config))
    assert {finding.level for finding in findings} == {Level.OK}
    assert "ended without a clean stop and speaks until" in findings[-1].text


def test_a_damaged_store_is_a_problem(tmp_path):
    config = loaded(tmp_path)
    file = store_of(tmp_path, NOW)
    with file.open("r+b") as opened:
        opened.seek(4096 * 2)
        opened.write(b"\xff" * 4096 * 3)
    finding = worst(store.examine_store(config))
    assert finding.level is Level.PROBLEM
    assert "sla-agent restore FILE" in finding.fix


@pytest.mark.parametrize(
    ("pragma", "wanted"), [("user_version = 999", "schema version 999"), ("application_id = 7", "another program")]
)
def test_a_store_that_is_not_ours_to_read_is_a_problem(tmp_path, pragma, wanted):
    config = loaded(tmp_path)
    connection = connect(Location(store_of(tmp_path, NOW)))
    connection.execute(f"PRAGMA {pragma}")
    connection.close()
    finding = worst(store.examine_store(config))
    assert finding.level is Level.PROBLEM
    assert wanted in finding.text


def test_a_heartbeat_ahead_of_the_clock_is_a_problem(tmp_path):
    config = loaded(tmp_path)
    store_of(tmp_path, NOW + 3_600_000_000)
    finding = worst(store.examine_store(config))
    assert finding.level is Level.PROBLEM
    assert "ahead of this host's clock" in finding.text


def test_an_agent_that_holds_the_store_but_writes_no_more_is_a_problem(tmp_path):
    config = loaded(tmp_path)
    file = store_of(tmp_path, NOW - 60_000_000)
    with Holder(Location(file), "sla-agent run", free_address()):
        finding = worst(store.examine_store(config))
    assert finding.level is Level.PROBLEM
    assert "its last heartbeat is" in finding.text


def test_a_full_disk_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: os.terminal_size((0, 0)) and Usage(10**12, 10**12, 10**8))
    assert worst(store.examine_store(loaded(tmp_path))).check == "disk"


class Usage:
    """What shutil.disk_usage returns."""

    def __init__(self, total: int, used: int, free: int) -> None:
        self.total, self.used, self.free = total, used, free


@pytest.mark.root
def test_a_folder_that_this_user_cannot_write_is_a_problem(tmp_path):
    need_root()
    (tmp_path / "private").mkdir(mode=0o700)
    script = (
        "import os, sys\nfrom tests.agent.test_cli_doctor import *\nos.setuid(65534)\n"
        "print(*(finding.level for finding in store._file(Path(sys.argv[1]))))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "private" / "none" / "ledger.db")]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, check=True)
    assert "problem" in done.stdout
