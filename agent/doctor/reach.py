"""What a person who asks lets us send: one probe of each gateway and anchor, one question to the name server."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from agent.build import selfcheck_targets
from agent.config import Config
from agent.config.addresses import host_of, version_of
from agent.config.tokens import is_token, resolve_token
from agent.doctor.findings import Finding, Level
from agent.targets import Watched
from collectors import KINDS
from collectors.base import Collector, CollectorUnavailableError, Outcome, Reading

GRACE_SECONDS = 1.0
DNS_SECONDS = 2.0
_SELF_CHECK = "self-check"
_RESOLVER = "resolver"


def examine_reach(config: Config, root: Path) -> Iterator[Finding]:
    """The self-check's own targets, then the name server where a name is to be resolved."""
    checks = list(selfcheck_targets(config))
    if checks:
        yield from asyncio.run(_checks(config, checks))
    names = sorted(set(_names(config)))
    server = resolve_token("@resolver", resolv=root / "etc/resolv.conf")
    if names and server:
        yield name_server(server, names[0])


async def _checks(config: Config, checks: list[Watched]) -> list[Finding]:
    async with AsyncExitStack() as stack:
        collectors: dict[str, Collector | str] = {}
        for name in {watched.module for watched in checks}:
            kind = next(kind for kind in KINDS if kind.name == config.modules[name].kind)
            try:
                collectors[name] = await stack.enter_async_context(kind.build(config.modules[name].options))
            except CollectorUnavailableError as exc:
                collectors[name] = str(exc)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_check(watched, collectors[watched.module])) for watched in checks]
        return [task.result() for task in asked]


async def _check(watched: Watched, collector: Collector | str) -> Finding:
    where = f"{watched.duty} {watched.target.address}" + (f" of plane {watched.plane}" if watched.plane else "")
    if isinstance(collector, str):
        return Finding(_SELF_CHECK, Level.UNKNOWN, f"{where}: not asked: {collector}", "see the finding icmp")
    try:
        async with asyncio.timeout(watched.target.timeout_seconds + GRACE_SECONDS):
            (reading, *_) = await collector.collect(watched.target)
    except TimeoutError:
        return Finding(_SELF_CHECK, Level.PROBLEM, f"{where}: no answer", _FIX)
    except Exception as exc:  # noqa: BLE001 (our bug in one probe hides no other finding)
        return Finding(_SELF_CHECK, Level.UNKNOWN, f"{where}: the probe broke on our side: {exc!r}", "report this")
    return _told(where, reading)


def _told(where: str, reading: Reading) -> Finding:
    if reading.outcome is Outcome.OK:
        return Finding(_SELF_CHECK, Level.OK, f"{where}: answers")
    text = f"{where}: {reading.outcome} ({reading.reason}): {reading.detail}"
    return Finding(_SELF_CHECK, Level.PROBLEM if reading.outcome is Outcome.FAILED else Level.UNKNOWN, text, _FIX)


_FIX = "while it does not answer no outage is believed: name an address that answers, or another module to ask it by"


def name_server(server: str, name: str, port: int = 53, seconds: float = DNS_SECONDS) -> Finding:
    """Whether it answers at all; what it says of one name of the configuration."""
    try:
        answer = dns.query.udp(dns.message.make_query(name, "A"), server, timeout=seconds, port=port)
    except (OSError, dns.exception.DNSException) as exc:
        why = "no answer" if isinstance(exc, dns.exception.Timeout | socket.timeout) else str(exc)
        fix = "let port 53 through to it, name another in /etc/resolv.conf, or use numeric addresses"
        return Finding(_RESOLVER, Level.PROBLEM, f"name server {server}, asked for {name}: {why}", fix)
    code = dns.rcode.to_text(answer.rcode())
    if answer.rcode() == dns.rcode.NOERROR:
        return Finding(_RESOLVER, Level.OK, f"name server {server} answers: it knows {name}")
    fix = f"fine if {name} stands in /etc/hosts; else correct the name, or the server's zone"
    return Finding(_RESOLVER, Level.WARNING, f"name server {server} answers {code} for {name}", fix)


def _names(config: Config) -> Iterator[str]:
    """Host names that the configuration's addresses need resolved."""
    for target in config.targets:
        host = host_of(target.address)
        is_dialled = target.kind not in ("host", "imported") and not is_token(target.address)
        if is_dialled and host not in ("", "localhost") and not version_of(target.address):
            yield host
