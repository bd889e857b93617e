"""Whether SNMP traps can be heard here, or are, and by whom."""

import errno
import os
from collections.abc import Iterator

import psutil

from agent.config import Config
from agent.doctor.findings import Finding, Level
from agent.doctor.host import account
from agent.stores.holder import describe
from collectors.udp import open_socket

_TAKEN = "stop what listens there (ss -lunp), or name another port in traps.listen_addresses"
_PRIVILEGE = (
    "in the systemd unit: AmbientCapabilities=CAP_NET_BIND_SERVICE (beside CAP_NET_RAW), or a port from 1024 on"
)
_FOREIGN = "name an address of this host: traps.listen_addresses"
_RELOAD = "look at its log, and reload it if the file is newer"


def trap_ports(config: Config, holder: dict[str, str] | None) -> Iterator[Finding]:
    """Each address that is to be heard on; `holder` is the running agent."""
    for address in config.traps.listen_addresses:
        host, _, number = address.rpartition(":")
        try:
            open_socket(host.strip("[]"), int(number)).close()
        except OSError as exc:
            is_taken = exc.errno == errno.EADDRINUSE
            yield _in_use(address, int(number), holder) if is_taken else _not_allowed(address, exc)
        else:
            yield _free(address, holder)


def _free(address: str, holder: dict[str, str] | None) -> Finding:
    if holder is None:
        return Finding("traps", Level.OK, f"{address} is free")
    text = f"{address} is free, though {describe(holder)} runs: it hears no traps there"
    return Finding("traps", Level.WARNING, text, _RELOAD)


def _in_use(address: str, port: int, holder: dict[str, str] | None) -> Finding:
    is_ours = False if holder is None else _listens(str(holder.get("pid")), port)
    if is_ours is None:
        text = f"{address} is in use, and this user may not see by whom"
        return Finding("traps", Level.UNKNOWN, text, "look at sla_agent_traps_listening, or ask as root")
    if is_ours and holder is not None:
        return Finding("traps", Level.OK, f"{address} is heard by {describe(holder)}")
    return Finding("traps", Level.PROBLEM, f"{address}: another program listens there", _TAKEN)


def _listens(process_id: str, port: int) -> bool | None:
    """Whether a process has a UDP socket on the port; None if this user may not look."""
    try:
        held = psutil.Process(int(process_id)).net_connections("udp")
    except (psutil.Error, OSError, ValueError):
        return None
    return any(getattr(each.laddr, "port", None) == port for each in held)  # () for a socket without one


def _not_allowed(address: str, exc: OSError) -> Finding:
    why = os.strerror(exc.errno or 0)
    if isinstance(exc, PermissionError):
        return Finding("traps", Level.PROBLEM, f"{address}: {why} ({account()})", _PRIVILEGE)
    return Finding("traps", Level.PROBLEM, f"{address}: {why}", _FOREIGN)
