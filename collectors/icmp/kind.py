"""The kind icmp, as the agent lists it."""

from collectors.base import Kind
from collectors.icmp.collector import IcmpSockets
from collectors.icmp.options import IcmpModule, check_address
from collectors.icmp.probe import VALUES


def icmp_kind() -> Kind:
    """A kind whose collectors share one socket per family; the process needs only one."""
    return Kind(
        name="icmp",
        module_type=IcmpModule,
        build=IcmpSockets().build,
        check_address=check_address,
        values=VALUES,
        owns_deadline=True,
        asks_to_dial=True,
        concurrency=10_000,
        per_second=5_000,
    )


KIND = icmp_kind()
