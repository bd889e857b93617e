"""blackbox_exporter and our agent side by side over the same loopback peers: who is asked what, by which modules."""

import dataclasses
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import yaml

from tests.collectors.dns_peers import free_port, nsd
from tests.collectors.http_peers import Nginx, running_nginx
from tests.e2e.running import Process, agent, until
from tests.requirements import need_program


@dataclasses.dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclasses.dataclass(frozen=True)
class Peers:
    """What is probed: addresses by name, and a web server of many faces."""

    nginx: Nginx
    addresses: Mapping[str, str]


def ask(base: str, headers: Mapping[str, str] | None = None, **query: str) -> Page:
    """GET /probe; every status is an answer."""
    url = f"http://{base}/probe?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers or {})), timeout=60) as got:
            return Page(got.status, dict(got.headers), got.read().decode())
    except urllib.error.HTTPError as got:
        with got:
            return Page(got.code, dict(got.headers), got.read().decode())


def modules(ca: Path) -> dict[str, tuple[dict[str, object], dict[str, object]]]:
    """By name: blackbox's module, and ours that asks the same."""
    both: dict[str, tuple[dict[str, object], dict[str, object]]] = {}

    def add(name: str, prober: str, theirs: Mapping[str, object], kind: str, **ours: object) -> None:
        options = {"preferred_ip_protocol": "ip4", **theirs} if prober != "icmp" else dict(theirs)
        both[name] = ({"prober": prober, "timeout": "4s", prober: options}, {"kind": kind, "timeout": "4s", **ours})

    trusting: dict[str, object] = {"ca_file": str(ca)}
    add("http_2xx", "http", {}, "http")
    add("http_ca", "http", {"tls_config": trusting}, "http", tls=trusting)
    add("http_any", "http", {"tls_config": {"insecure_skip_verify": True}}, "http", tls={"verify": False})
    add("http_body", "http", {"fail_if_body_not_matches_regexp": ["absent"]}, "http", body_matches=["absent"])
    add("http_not", "http", {"fail_if_body_matches_regexp": ["hel+o"]}, "http", body_not_matches=["hel+o"])
    header = {"header": "X-None", "regexp": "."}
    rule = {"name": "X-None", "pattern": "."}
    add("http_header", "http", {"fail_if_header_not_matches": [header]}, "http", header_matches=[rule])
    add("http_stay", "http", {"follow_redirects": False}, "http", redirects={"follow": False})
    add("http_tls_only", "http", {"fail_if_not_ssl": True}, "http", fail_if_not_ssl=True)
    add("tcp", "tcp", {}, "tcp")
    add("banner", "tcp", {"query_response": [{"expect": "^SSH-2.0-"}]}, "tcp", dialogue=[{"expect": "^SSH-2.0-"}])
    add("tls_ca", "tcp", {"tls": True, "tls_config": trusting}, "tls", **trusting)
    add("tls_own", "tcp", {"tls": True}, "tls")
    add("tls_any", "tcp", {"tls": True, "tls_config": {"insecure_skip_verify": True}}, "tls", verify=False)
    add("icmp", "icmp", {}, "icmp")
    for name, question, type_, more in (
        ("dns", "www.zone.example", "A", {}),
        ("dns_soa", "zone.example", "SOA", {}),
        ("dns_nx", "nowhere.zone.example", "A", {}),
        ("dns_tcp", "www.zone.example", "A", {"transport_protocol": "tcp"}),
        ("dns_rule", "www.zone.example", "A", {"validate_answer_rrs": {"fail_if_not_matches_regexp": ["10.9.9.9"]}}),
    ):
        ours: dict[str, object] = {"transport": "tcp"} if "transport_protocol" in more else {}
        ours |= {"answers": ["10\\.9\\.9\\.9"]} if "validate_answer_rrs" in more else {}
        add(name, "dns", {"query_name": question, "query_type": type_, **more}, "dns",
            query_name=question, query_type=type_, **ours)  # fmt: skip
    return both


@contextmanager
def blackbox(folder: Path, theirs: Mapping[str, object]) -> Iterator[str]:
    """blackbox_exporter on a free port; yields its address."""
    program = need_program("prometheus-blackbox-exporter")
    (folder / "blackbox.yml").write_text(yaml.safe_dump({"modules": theirs}), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [program, f"--config.file={folder}/blackbox.yml", f"--web.listen-address={address}"]
    with (folder / "blackbox.log").open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            until(lambda: _is_up(address), "blackbox_exporter", child)
            yield address
        finally:
            child.terminate()
            child.wait(60)


def _is_up(address: str) -> bool:
    with urllib.request.urlopen(f"http://{address}/-/healthy", timeout=10) as got:
        return bool(got.status == 200)


def config_of(folder: Path, ours: Mapping[str, object], targets: list[dict[str, str]] | None = None) -> Path:
    """Our configuration with these modules; loopback is open to /probe."""
    path = folder / "agent.yml"
    document = {
        "vantage": {"name": "probed"},
        "store": {"url": f"sqlite:///{folder}/ledger.db"},
        "web": {"listen_address": "127.0.0.1:0"},
        "probe": {"allow": ["127.0.0.0/8", "::1"]},
        "modules": ours,
        "targets": targets or [],
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


@contextmanager
def peers(folder: Path) -> Iterator[Peers]:
    """Everything that is probed."""
    (folder / "web").mkdir()
    (folder / "dns").mkdir()
    with ExitStack() as stack:
        nginx = stack.enter_context(running_nginx(folder / "web"))
        name_server = stack.enter_context(nsd(folder / "dns"))
        until(lambda: _answers(name_server), "the name server")
        deaf = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        deaf.bind(("127.0.0.1", 0))
        shut = stack.enter_context(socket.socket())
        shut.bind(("127.0.0.1", 0))  # never listens: refuses, and nobody else gets the number
        shut_udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        shut_udp.bind(("127.0.0.1", 0))
        shut_udp.connect(("127.0.0.1", shut_udp.getsockname()[1]))  # takes datagrams of itself only
        addresses = {
            "icmp": "127.0.0.1",
            "icmp6": "::1",
            "nsd": name_server,
            "deaf": f"127.0.0.1:{deaf.getsockname()[1]}",
            "shut": f"127.0.0.1:{shut.getsockname()[1]}",
            "shut_udp": f"127.0.0.1:{shut_udp.getsockname()[1]}",
            "silent": stack.enter_context(_talking(b"", socket.AF_INET)),
            "ssh": stack.enter_context(_talking(b"SSH-2.0-test\r\n", socket.AF_INET)),
            "ssh6": stack.enter_context(_talking(b"SSH-2.0-test\r\n", socket.AF_INET6)),
            "smtp": stack.enter_context(_talking(b"220 test ESMTP\r\n", socket.AF_INET)),
            "plain": f"127.0.0.1:{nginx.ports['plain']}",
            "good": f"127.0.0.1:{nginx.ports['good']}",
            "old_tls": f"127.0.0.1:{nginx.ports['old_tls']}",
            "expired": f"127.0.0.1:{nginx.ports['expired']}",
            "self_signed": f"127.0.0.1:{nginx.ports['self_signed']}",
        }
        yield Peers(nginx, addresses)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        dns.query.udp(dns.message.make_query("zone.example", "SOA"), host, timeout=1, port=int(port))
    except (dns.exception.DNSException, OSError):
        return False
    return True


@contextmanager
def _talking(greeting: bytes, family: socket.AddressFamily) -> Iterator[str]:
    """Greets everybody and closes; without a greeting it takes connections and never says a word."""
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with socket.create_server((host, 0), family=family, backlog=100) as listener:
        if greeting:
            threading.Thread(target=_greet, args=(listener, greeting), daemon=True).start()
        port = listener.getsockname()[1]
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if greeting:
            listener.shutdown(socket.SHUT_RDWR)


def _greet(listener: socket.socket, greeting: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with closing(connection):
            connection.settimeout(10)
            try:
                connection.sendall(greeting)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except OSError:
                continue


@contextmanager
def both(folder: Path) -> Iterator[tuple[str, Process, Peers]]:
    """blackbox's address, our agent, and what both are pointed at."""
    with peers(folder) as found:
        made = modules(found.nginx.certificates.ca_file)
        theirs = {name: pair[0] for name, pair in made.items()}
        config = config_of(folder, {name: pair[1] for name, pair in made.items()})
        with blackbox(folder, theirs) as address, agent(config, folder / "agent.log") as running:
            yield address, running, found
