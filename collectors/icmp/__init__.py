"""The kind icmp: n echo requests to one address, the answers counted and timed by the kernel."""

from collectors.icmp.kind import KIND

__all__ = ["KIND"]
