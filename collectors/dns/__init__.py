"""Kind `dns`: asks a name server one question and says whether the answer is the expected one."""

from collectors.base import Kind
from collectors.dns.collector import DnsCollector, build
from collectors.dns.options import DnsModule, check_address
from collectors.dns.verdict import VALUES

__all__ = ["KIND", "DnsCollector", "DnsModule", "check_address"]

KIND = Kind(
    name="dns",
    module_type=DnsModule,
    build=build,
    check_address=check_address,
    values=VALUES,
    owns_deadline=True,
    asks_to_dial=True,
    concurrency=500,
    per_second=500,
)
