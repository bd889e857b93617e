"""Network interfaces."""

from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from collectors.base import Reading, Reason, failed, ok
from collectors.host.module import VIRTUAL_INTERFACES, HostModule
from collectors.host.rates import Counters

_RATES = {
    "received_bytes_total": "received_bytes_per_second",
    "sent_bytes_total": "sent_bytes_per_second",
    "errors_total": "errors_per_second",
    "drops_total": "drops_per_second",
}


@dataclass(frozen=True, slots=True)
class Link:
    """Whether an interface runs and how fast; 0 where it does not know."""

    up: bool
    speed_bytes_per_second: int


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


def net_reading(
    component: str, link: Link | None, counters: Counters, per_second: Mapping[str, float], required: bool
) -> Reading:
    """One interface. A link that is down is a value; it is evidence only where the module requires it up."""
    values = dict(counters) | {_RATES[name]: rate for name, rate in per_second.items()}
    if link is not None:
        values["link_up"] = float(link.up)
        if link.up and link.speed_bytes_per_second > 0:
            values["speed_bytes_per_second"] = link.speed_bytes_per_second
    if not required or (link is not None and link.up):
        return ok(values, component)
    name = component.removeprefix("net/")
    got = "its link is down" if link is not None else "this host has no such interface"
    detail = f"interface {name}: {got}, interfaces_up wants it up; see ip link show {name}"
    return failed(Reason.MISMATCH, detail, values, component)
