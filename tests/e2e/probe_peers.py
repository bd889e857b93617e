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


Options = dict[str, object]
Pair = tuple[Options, Options]
"""blackbox's module, and ours that asks the same."""


def modules(ca: Path) -> dict[str, Pair]:
    """The modules of both sides by name."""
    return {"icmp": pair("icmp", {}, "icmp"), **http_modules(ca), **stream_modules(ca), **dns_modules()}


def pair(prober: str, theirs: Options, kind: str, **ours: object) -> Pair:
    """A prober of theirs and a kind of ours, on IPv4 first as loopback servers are."""
    options = theirs if prober == "icmp" else {"preferred_ip_protocol": "ip4", **theirs}
    return {"prober": prober, "timeout": "4s", prober: options}, {"kind": kind, "timeout": "4s", **ours}


def http_modules(ca: Path) -> dict[str, Pair]:
    """Trust, rules, redirects."""
    trusting: Options = {"ca_file": str(ca)}
    header = [{"header": "X-None", "regexp": "."}]
    rule = [{"name": "X-None", "pattern": "."}]
    either: dict[str, tuple[Options, Options]] = {
        "http_2xx": ({}, {}),
        "http_ca": ({"tls_config": trusting}, {"tls": trusting}),
        "http_any": ({"tls_config": {"insecure_skip_verify": True}}, {"tls": {"verify": False}}),
        "http_body": ({"fail_if_body_not_matches_regexp": ["absent"]}, {"body_matches": ["absent"]}),
        "http_not": ({"fail_if_body_matches_regexp": ["hel+o"]}, {"body_not_matches": ["hel+o"]}),
        "http_header": ({"fail_if_header_not_matches": header}, {"header_matches": rule}),
        "http_stay": ({"follow_redirects": False}, {"redirects": {"follow": False}}),
        "http_tls_only": ({"fail_if_not_ssl": True}, {"fail_if_not_ssl": True}),
    }
    return {name: pair("http", theirs, "http", **ours) for name, (theirs, ours) in either.items()}


def stream_modules(ca: Path) -> dict[str, Pair]:
    """What blackbox's tcp does is kind tcp here, and kind tls."""
    trusting: Options = {"ca_file": str(ca)}
    dialogue: list[Options] = [{"expect": "^SSH-2.0-"}]
    unverified: Options = {"tls": True, "tls_config": {"insecure_skip_verify": True}}
    return {
        "tcp": pair("tcp", {}, "tcp"),
        "banner": pair("tcp", {"query_response": dialogue}, "tcp", dialogue=dialogue),
        "tls_ca": pair("tcp", {"tls": True, "tls_config": trusting}, "tls", **trusting),
        "tls_own": pair("tcp", {"tls": True}, "tls"),
        "tls_any": pair("tcp", unverified, "tls", verify=False),
    }


def dns_modules() -> dict[str, Pair]:
    """Questions to the name server of the tests."""
    www, nobody = "www.zone.example", "nowhere.zone.example"
    rule: Options = {"validate_answer_rrs": {"fail_if_not_matches_regexp": ["10.9.9.9"]}}

    def asked(name: str, type_: str, theirs: Options, **ours: object) -> Pair:
        options = {"query_name": name, "query_type": type_, **theirs}
        return pair("dns", options, "dns", query_name=name, query_type=type_, **ours)

    return {
        "dns": asked(www, "A", {}),
        "dns_soa": asked("zone.example", "SOA", {}),
        "dns_nx": asked(nobody, "A", {}),
        "dns_tcp": asked(www, "A", {"transport_protocol": "tcp"}, transport="tcp"),
        "dns_rule": asked(www, "A", rule, answers=["10\\.9\\.9\\.9"]),
    }


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
        greetings = {"silent": b"", "ssh": b"SSH-2.0-test\r\n", "smtp": b"220 test ESMTP\r\n"}
        talking = {name: stack.enter_context(_talking(text, socket.AF_INET)) for name, text in greetings.items()}
        yield Peers(
            nginx,
            {
                "icmp": "127.0.0.1",
                "icmp6": "::1",
                "nsd": name_server,
                "ssh6": stack.enter_context(_talking(greetings["ssh"], socket.AF_INET6)),
                **talking,
                **_mute(stack),
                **{name: f"127.0.0.1:{port}" for name, port in nginx.ports.items()},
            },
        )


def _mute(stack: ExitStack) -> dict[str, str]:
    """Addresses where nobody listens, kept so that nobody else gets them, and one that hears and says nothing."""
    shut = stack.enter_context(socket.socket())
    deaf, shut_udp = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
    found = {"shut": shut, "deaf": deaf, "shut_udp": shut_udp}
    for one in found.values():
        one.bind(("127.0.0.1", 0))
    shut_udp.connect(shut_udp.getsockname())  # takes datagrams of itself only
    return {name: f"127.0.0.1:{one.getsockname()[1]}" for name, one in found.items()}


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
