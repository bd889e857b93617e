"""Network interfaces, whoever read them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.base import Reading, Reason, failed, ok
from collectors.hostparts.rates import Counters

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
    speed_bytes_per_second: float


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
