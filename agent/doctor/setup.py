"""What a sound configuration may still lack: self-checks, a free port."""

import errno
import os
import socket
from collections.abc import Iterator

from agent.build import needs_no_selfcheck
from agent.config import Config
from agent.doctor.findings import Finding, Level
from agent.doctor.holding import holder_of
from agent.doctor.traps import trap_ports
from agent.stores.holder import describe


def examine_setup(config: Config) -> Iterator[Finding]:
    """Self-check of each plane, then the ports."""
    yield from selfchecks(config)
    yield port(config)
    yield from trap_ports(config, holder_of(config))


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
