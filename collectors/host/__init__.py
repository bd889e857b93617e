"""The host kind: the machine the agent itself runs on, read from its kernel; one file per part."""

from collectors.host.collector import KIND, HostCollector
from collectors.host.module import HostModule

__all__ = ["KIND", "HostCollector", "HostModule"]
