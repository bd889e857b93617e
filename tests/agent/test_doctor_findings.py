"""sla-agent doctor: what surrounds the agent, what it sends, its files and its disk."""

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from agent.clock import SystemClock, kernel_clock_error_us
from agent.doctor import Level, files, host, network, reach, room, service
from agent.stores.holder import Holder
from agent.stores.opening import Location
from tests.agent.cli_agent import ENV, free_address, sla_agent, write_config
from tests.agent.test_cli_doctor import NOW, loaded, proc, store_of
from tests.e2e.running import ports
from tests.requirements import need_program, need_root

DAY_US = 86_400_000_000


def levels(findings) -> list[Level]:
    return [finding.level for finding in findings]


# --- the clock


def test_a_clock_that_may_be_off_by_more_than_a_second_is_a_warning(tmp_path):
    assert host.clock(0, tmp_path, 900_000).level is Level.OK
    finding = host.clock(0, tmp_path, 1_000_001)
    assert finding.level is Level.WARNING
    assert "off by 1.000 s at most" in finding.text


def test_the_kernel_says_how_far_off_it_may_be():
    assert kernel_clock_error_us() >= 0


# --- room


def stat(**values: int) -> os.statvfs_result:
    names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail")
    return os.statvfs_result([values.get(name, 0) for name in names] + [0, 255])


@pytest.mark.parametrize(
    ("files_", "free", "level"),
    [
        (1_000_000, 900_000, Level.OK),
        (1_000_000, 50_000, Level.OK),
        (1_000_000, 49_999, Level.WARNING),
        (4000, 999, Level.WARNING),
        (0, 0, Level.OK),  # btrfs and its like have no fixed number
    ],
)
def test_inodes_run_out_like_bytes(tmp_path, files_, free, level):
    finding = room.inodes(tmp_path, stat(f_files=files_, f_favail=free))
    assert finding.level is level
    assert ("du --inodes" in finding.fix) is (level is Level.WARNING)


@pytest.mark.parametrize(
    ("components", "size", "days", "shown"),
    [
        (43_000, 0, 0, "about 116.1 MB a year (reckoned: 43000 components, 40 state changes each)"),
        (43_000, 10**9, 29, "about 116.1 MB a year"),  # too short to show a year
        (10, 10**9, 73, "about 5.0 GB a year (as it has grown in 73 days)"),
    ],
)
def test_a_year_is_reckoned_until_the_store_shows_its_own_growth(tmp_path, components, size, days, shown):
    assert shown in room.growth(tmp_path, components, size, days * 86_400).text


def test_a_year_that_does_not_fit_with_its_backup_is_a_warning(tmp_path):
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    assert room.growth(tmp_path, 1, 0, 0).level is Level.OK
    assert room.growth(tmp_path, free // room.YEAR_BYTES, 0, 0).level is Level.WARNING


def test_doctor_tells_the_growth_of_a_store_that_is_there(tmp_path):
    config = write_config(tmp_path, "  []")
    store_of(tmp_path, NOW - 40 * DAY_US)
    texts = [finding["text"] for finding in sla_agent("doctor", "--json", "--config.file", config).json["findings"]]
    assert any("as it has grown in 40 days" in text for text in texts)


# --- register files


def with_register(folder: Path, rows: str) -> tuple:
    (folder / "sites.csv").write_text(f"site_id,name,level,division_code\n{rows}", encoding="utf-8")
    return loaded(folder, "registers: [{kind: sites, file: sites.csv}]"), folder / "agent.yml"


def test_a_register_that_nobody_has_touched_for_long_is_a_warning(tmp_path):
    config, path = with_register(tmp_path, "")
    at = SystemClock().wall_us() - 31 * DAY_US
    os.utime(tmp_path / "sites.csv", (at / 1e6, at / 1e6))
    old = next(iter(files.examine_files(config, path)))
    assert old.level is Level.WARNING
    assert "31 days old" in old.text


def test_a_register_that_is_gone_is_a_problem_and_the_others_are_not_tried(tmp_path):
    config, path = with_register(tmp_path, "")
    (tmp_path / "sites.csv").unlink()
    (finding,) = files.examine_files(config, path)
    assert (finding.level, "No such file" in finding.text) == (Level.PROBLEM, True)


def test_what_is_wrong_in_a_register_is_told_and_doctor_leaves_no_store(tmp_path):
    config, path = with_register(tmp_path, "s1,,nonsense,\n")
    findings = list(files.examine_files(config, path))
    assert levels(findings) == [Level.OK, Level.PROBLEM]
    assert "sites.csv" in findings[-1].text
    assert not (tmp_path / "ledger.db").exists()


def test_no_register_no_finding(tmp_path):
    assert list(files.examine_files(loaded(tmp_path), tmp_path / "agent.yml")) == []


# --- what is sent


def test_a_gateway_and_anchors_that_answer_are_ok_and_a_silent_one_is_a_problem(tmp_path):
    with ports(2) as (open_, closed):
        closed.close()
        text = (
            f'vantage: {{gateway: "127.0.0.1:{open_.number}", module: fast}}\nplanes:\n'
            f'  business: {{module: fast, anchors: ["127.0.0.1:{open_.number}", "127.0.0.1:{closed.number}"]}}'
        )
        findings = list(reach.examine_reach(loaded(tmp_path, text), tmp_path))
    assert levels(findings) == [Level.OK, Level.OK, Level.PROBLEM]
    assert findings[0].text.startswith("gateway 127.0.0.1:")
    assert "of plane business: failed (refused)" in findings[2].text
    assert "no outage is believed" in findings[2].fix


def test_without_self_check_and_names_nothing_is_sent(tmp_path):
    root = proc(tmp_path / "root", {"etc/resolv.conf": "nameserver 192.0.2.53\n"})
    targets = '  - {target_id: t, kind: tcp, address: "127.0.0.1:9"}'
    assert list(reach.examine_reach(loaded(tmp_path, targets=targets), root)) == []


@contextmanager
def answering(code: dns.rcode.Rcode | None):
    """A name server that says one thing of every name; None is silence."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)

        def serve() -> None:
            data, peer = server.recvfrom(4096)
            if code is not None:
                reply = dns.message.make_response(dns.message.from_wire(data))
                reply.set_rcode(code)
                server.sendto(reply.to_wire(), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(30)


@pytest.mark.parametrize(
    ("code", "level", "said"),
    [
        (dns.rcode.NOERROR, Level.OK, "it knows portal.example"),
        (dns.rcode.NXDOMAIN, Level.WARNING, "answers NXDOMAIN for portal.example"),
        (dns.rcode.REFUSED, Level.WARNING, "answers REFUSED"),
        (None, Level.PROBLEM, "no answer"),
    ],
)
def test_the_name_server_is_asked_for_a_name_of_the_configuration(code, level, said):
    with answering(code) as port:
        finding = reach.name_server("127.0.0.1", "portal.example", port, 2.0 if code is not None else 0.2)
    assert finding.level is level
    assert said in finding.text


def test_only_names_that_have_to_be_resolved_are_asked_for(tmp_path):
    rows = [
        "{target_id: a, kind: http, address: 'https://portal.example/x'}",
        "{target_id: b, kind: tcp, address: 'db.example:5432'}",
        "{target_id: c, kind: tcp, address: '[::1]:1'}",
        "{target_id: d, kind: icmp, address: '@gateway'}",
        "{target_id: e, kind: host, address: localhost}",
    ]
    config = loaded(tmp_path, targets="\n".join(f"  - {row}" for row in rows))
    assert list(reach._names(config)) == ["portal.example", "db.example"]


# --- permission to ping


@pytest.mark.parametrize(
    ("status", "may"),
    [
        ("CapEff:\t0000000000002000\n", True),
        ("CapEff:\t0000000000000400\n", False),
        ("Name:\tx\n", False),
        (None, False),
    ],
)
def test_the_running_agent_s_capability_counts_more_than_this_user_s(tmp_path, status, may):
    config = loaded(tmp_path)
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", free_address()):
        root = proc(tmp_path / "root", {} if status is None else {f"proc/{os.getpid()}/status": status})
        assert network.capable_agent(config, root) == (f"process {os.getpid()}" if may else None)
    assert network.capable_agent(config, Path("/")) is None, "nobody holds it"


@pytest.mark.root
def test_who_may_not_ping_while_the_agent_may_is_told_so():
    need_root()
    script = (
        "import json\nfrom agent.doctor import network\n"
        "print(json.dumps(list(network.icmp(wanted=True, agent='process 7'))))\n"
    )
    command = [
        need_program("unshare"), "--net", need_program("setpriv"), "--inh-caps=-net_raw", "--bounding-set=-net_raw",
        sys.executable, "-c", script,
    ]  # fmt: skip
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, check=True)
    (finding,) = json.loads(done.stdout)
    assert finding[1] == "ok"
    assert "the running agent (process 7) may ping" in finding[2]


# --- the service


def held(folder: Path, cgroup: str, environ: bytes | None) -> list:
    """What is found of a holder with this control group and environment."""
    config = loaded(folder)
    with Holder(Location(folder / "ledger.db"), "sla-agent run", free_address()):
        root = proc(folder / "root", {f"proc/{os.getpid()}/cgroup": cgroup})
        if environ is not None:
            (root / f"proc/{os.getpid()}/environ").write_bytes(environ)
        return list(service.supervision(config, root))


WATCHED = b"A=1\0NOTIFY_SOCKET=/run/systemd/notify\0WATCHDOG_USEC=60000000\0"


@pytest.mark.parametrize(
    ("cgroup", "environ", "level", "said"),
    [
        ("0::/system.slice/sla-agent.service\n", WATCHED, Level.OK, "with a watchdog of 60 s"),
        ("0::/system.slice/sla-agent.service\n", b"A=1\0", Level.WARNING, "without a watchdog"),
        ("0::/system.slice/sla-agent.service\n", WATCHED[:-25], Level.WARNING, "without a watchdog"),
        ("0::/system.slice/sla-agent.service\n", None, Level.UNKNOWN, "is not told"),
        ("12:pids:/x\n1:name=systemd:/system.slice/sla-agent.service\n", WATCHED, Level.OK, "sla-agent.service"),
        ("0::/user.slice/user-0.slice/session-3.scope\n", WATCHED, Level.WARNING, "runs in no service"),
    ],
)
def test_who_restarts_an_agent_that_hangs(tmp_path, cgroup, environ, level, said):
    (finding,) = held(tmp_path, cgroup, environ)
    assert finding.level is level
    assert said in finding.text
    assert bool(finding.fix) is (level is not Level.OK)


def test_where_no_agent_runs_nobody_has_to_restart_it(tmp_path):
    assert list(service.supervision(loaded(tmp_path), Path("/"))) == []


def test_the_zone_of_the_figures_is_told_and_where_the_host_differs(tmp_path, monkeypatch):
    assert "Asia/Shanghai (UTC+08:00)" in service.zone(loaded(tmp_path)).text
    odd = service.zone(loaded(tmp_path, "zone: America/St_Johns"))
    assert "(UTC-0" in odd.text
    assert ":30)" in odd.text


def test_hidden_processes_are_a_warning_only_where_they_are_counted(tmp_path):
    assert service.process_table(Path("/"), wanted=True).level is Level.OK
    hidden = service.process_table(tmp_path, wanted=True)
    assert (hidden.level, "hidepid" in hidden.fix) == (Level.WARNING, True)
    assert service.process_table(tmp_path, wanted=False).level is Level.OK


@pytest.mark.parametrize(
    ("name", "level"), [("utf-8", Level.OK), ("UTF-8", Level.OK), ("GB18030", Level.WARNING), ("ascii", Level.WARNING)]
)
def test_a_locale_that_cannot_print_chinese_is_a_warning(name, level):
    assert service.encoding(name).level is level


def test_without_gufo_snmp_the_other_library_is_named():
    assert service.snmp(installed=True).level is Level.OK
    assert "pysnmp" in service.snmp(installed=False).text
    assert service.has_module("os.path")
    assert not service.has_module("no_such_package.at_all")


def test_every_part_is_in_the_whole_examination(tmp_path):
    config = write_config(tmp_path, "  []")
    found = {finding["check"] for finding in sla_agent("doctor", "--json", "--config.file", config).json["findings"]}
    wanted = {"configuration", "python", "descriptors", "clock", "zone", "processes", "locale", "snmp", "icmp", "ipv6"}
    assert wanted | {"gateway", "resolver", "port", "disk", "store"} <= found


@pytest.mark.root
def test_a_register_that_the_user_may_not_read_is_a_problem(tmp_path):
    need_root()
    config, path = with_register(tmp_path, "")
    (tmp_path / "sites.csv").chmod(0)
    tmp_path.chmod(0o755)
    before = os.geteuid()
    os.seteuid(65534)
    try:
        findings = list(files.examine_files(config, path))
    finally:
        os.seteuid(before)
    assert levels(findings) == [Level.PROBLEM]
