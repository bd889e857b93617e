"""Network interfaces."""

import psutil

from collectors.host.module import HostModule
from collectors.hostparts.network import Link
from collectors.hostparts.rates import Counters
from collectors.hostparts.selection import VIRTUAL_INTERFACES


def links(module: HostModule) -> dict[str, Link]:
    """Interfaces of this network namespace that the module takes or requires, by component."""
    return {
        f"net/{name}": Link(stats.isup, stats.speed * 125_000)  # psutil says Mbit/s
        for name, stats in psutil.net_if_stats().items()
        if name in module.interfaces_up or module.interfaces.takes(name, VIRTUAL_INTERFACES)
    }


def net_counters() -> dict[str, Counters]:
    """Counters of every interface by component."""
    return {
        f"net/{name}": {
            "received_bytes_total": counters.bytes_recv,
            "sent_bytes_total": counters.bytes_sent,
            "errors_total": counters.errin + counters.errout,
            "drops_total": counters.dropin + counters.dropout,
        }
        for name, counters in psutil.net_io_counters(pernic=True, nowrap=False).items()
    }
