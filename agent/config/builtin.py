"""Modules that exist without being written; a configuration's own of the same name replaces one."""

from collections.abc import Mapping
from typing import Any

BUILT_IN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "icmp": ("icmp", {}),
    "tcp_connect": ("tcp", {}),
    "ssh_banner": ("tcp", {"dialogue": [{"expect": "^SSH-2.0-"}]}),
    "http_2xx": ("http", {}),
    "http_post_2xx": ("http", {"method": "POST"}),
    "tls_connect": ("tls", {}),
    "dns_udp": ("dns", {"query_name": ".", "query_type": "NS"}),
    "dns_tcp": ("dns", {"query_name": ".", "query_type": "NS", "transport": "tcp"}),
    "rtsp_options": ("rtsp", {}),
    "rtsp_describe": ("rtsp", {"depth": "describe"}),
    "host": ("host", {}),
    "host_page": ("host_page", {}),
    "snmp_system": ("snmp", {"read": "system"}),
    "snmp_interfaces": ("snmp", {}),
    "ssh_hostkey": ("ssh", {}),
}
"""Name to kind and options, as a configuration would write them."""

ON_DEMAND: Mapping[str, tuple[str, Mapping[str, Any]]] = {"path": ("path", {})}
"""Modules for `sla-agent probe` alone, likewise: no target can have one."""

DEFAULT_MODULES: Mapping[str, str] = {
    "icmp": "icmp",
    "tcp": "tcp_connect",
    "http": "http_2xx",
    "tls": "tls_connect",
    "dns": "dns_udp",
    "rtsp": "rtsp_options",
    "host": "host",
    "host_page": "host_page",
    "snmp": "snmp_interfaces",
    "ssh": "ssh_hostkey",
}
"""Kind to the module of a target that names none."""

DEFAULT_ROLES: Mapping[str, str] = {
    "host": "host",
    "host_page": "host",
    "rtsp": "camera",
    "tls": "certificate",
}
"""Kind to the role of a target that names none; every other kind's is node."""
