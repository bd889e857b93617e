"""Kind `host_page`: another agent's or node_exporter's /metrics page, read as the kind host reads its own machine."""

from collectors.host_page.collector import KIND, HostPageCollector
from collectors.host_page.options import HostPageModule, check_address

__all__ = ["KIND", "HostPageCollector", "HostPageModule", "check_address"]
