"""What a sound configuration may still lack: self-checks, a free port."""

import errno
import os
import socket
from collections.abc import Iterator

from agent.build import needs_no_selfcheck
from agent.config import Config
from agent.doctor.findings import Finding, Level
from agent.doctor.holding import holder_of
from agent.doctor.host import account
from agent.stores.holder import describe
from collectors.udp import open_socket


def examine_setup(config: Config) -> Iterator[Finding]:
    """Self-check of each plane, then the ports."""
    yield from selfchecks(config)
    yield port(config)
    yield from trap_ports(config)


def selfchecks(config: Config) -> Iterator[Finding]:
    """Without a self-check our own cut uplink is blamed on the targets (S6)."""
    if config.vantage.gateway is not None:
        yield Finding("self-check", Level.OK, f"this vantage's gateway {config.vantage.gateway} proves its uplink")
    elif any(target.plane is None and not needs_no_selfcheck(target.kind, target.address) for target in config.targets):
        text = "no vantage.gateway: while this host itself is cut off, targets without a plane are called DOWN"
        yield Finding("self-check", Level.WARNING, text, 'name it: vantage: {gateway: "@gateway"}')
    for name, plane in config.planes.items():
        if plane.anchors:
            yield Finding("self-check", Level.OK, f"plane {name}: {len(plane.anchors)} anchors")
        else:
            text = f"plane {name} has no anchors: a fault of the plane's near end is blamed on its targets"
            fix = f"name at least two addresses that stand for it: planes.{name}.anchors"
            yield Finding("self-check", Level.WARNING, text, fix)


def port(config: Config) -> Finding:
    """Whether the agent can listen, or does."""
    address = config.web.listen_address
    holder = holder_of(config)
    if holder is not None and holder.get("address") == address:
        return Finding("port", Level.OK, f"{address} is served by {describe(holder)}")
    host, _, number = address.rpartition(":")
    problem = _why_not(host.strip("[]"), int(number))
    if problem is None:
        return Finding("port", Level.OK, f"{address} is free")
    fix = "stop what listens there (ss -ltnp), or name another web.listen_address"
    return Finding("port", Level.PROBLEM, f"{address}: {problem}", fix)


def _why_not(host: str, number: int) -> str | None:
    """Why the address cannot be listened on; None if it can."""
    try:
        with socket.create_server((host, number), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return None
    except OSError as exc:
        return "another program listens there" if exc.errno == errno.EADDRINUSE else os.strerror(exc.errno or 0)


def trap_ports(config: Config) -> Iterator[Finding]:
    """Whether traps can be heard, or are."""
    holder = holder_of(config)
    for address in config.traps.listen_addresses:
        host, _, number = address.rpartition(":")
        try:
            open_socket(host.strip("[]"), int(number)).close()
        except OSError as exc:
            yield _trap_port(address, exc, describe(holder) if holder is not None else "")
        else:
            yield _heard_by_nobody(address, describe(holder) if holder is not None else "")


def _heard_by_nobody(address: str, agent: str) -> Finding:
    if agent:
        text = f"{address} is free, though {agent} runs: it hears no traps there"
        return Finding("traps", Level.WARNING, text, "look at its log, and reload it if the file is newer")
    return Finding("traps", Level.OK, f"{address} is free")


def _trap_port(address: str, exc: OSError, agent: str) -> Finding:
    if exc.errno == errno.EADDRINUSE and agent:
        text = f"{address} is in use while {agent} runs; sla_agent_traps_listening says whether by it"
        return Finding("traps", Level.OK, text)
    if exc.errno == errno.EADDRINUSE:
        return Finding("traps", Level.PROBLEM, f"{address}: another program listens there", _TRAPS_TAKEN)
    why = os.strerror(exc.errno or 0)
    if isinstance(exc, PermissionError):
        return Finding("traps", Level.PROBLEM, f"{address}: {why} ({account()})", _TRAPS_PRIVILEGE)
    return Finding("traps", Level.PROBLEM, f"{address}: {why}", "name an address of this host: traps.listen_addresses")


_TRAPS_TAKEN = "stop what listens there (ss -lunp), or name another port in traps.listen_addresses"
_TRAPS_PRIVILEGE = (
    "in the systemd unit: AmbientCapabilities=CAP_NET_BIND_SERVICE (beside CAP_NET_RAW), or a port from 1024 on"
)
