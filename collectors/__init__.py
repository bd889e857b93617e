"""The probes: one file or package per kind. Siblings never import each other; KINDS is the only list of them."""

from collectors import dns, host, http, icmp, rtsp, tcp, tls
from collectors.base import Kind

KINDS: tuple[Kind, ...] = (icmp.KIND, tcp.KIND, http.KIND, tls.KIND, dns.KIND, rtsp.KIND, host.KIND)
