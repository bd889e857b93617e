"""The kind snmp: what a device says of itself and of its interfaces, over SNMP version 2c or 3."""

from collectors.base import Kind
from collectors.snmp.collector import build
from collectors.snmp.options import SnmpModule, check_address
from collectors.snmp.verdict import VALUES

KIND = Kind(
    name="snmp",
    module_type=SnmpModule,
    build=build,
    check_address=check_address,
    values=VALUES,
    owns_deadline=True,
    concurrency=100,
    per_second=200,
)

__all__ = ["KIND", "SnmpModule", "check_address"]
