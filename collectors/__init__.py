"""The probes: one file or package per kind. Siblings never import each other; KINDS is the only list of them."""

from collectors import dns, host, host_page, http, icmp, path, rtsp, snmp, ssh, tcp, tls
from collectors.base import Kind

KINDS: tuple[Kind, ...] = (
    icmp.KIND, tcp.KIND, http.KIND, tls.KIND, dns.KIND, rtsp.KIND, host.KIND, host_page.KIND, snmp.KIND,
    ssh.KIND,
)  # fmt: skip

ON_DEMAND: tuple[Kind, ...] = (path.KIND,)
"""What people ask for one by one, and a fault for once: never a target's kind, so nothing can schedule it in bulk."""
