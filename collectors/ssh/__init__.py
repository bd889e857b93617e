"""Kind `ssh`: does a port speak SSH, how fast, and with which host key. It never logs in."""

from collectors.base import Kind
from collectors.resolve import check_host_port
from collectors.ssh.collector import VALUES, SshCollector, build
from collectors.ssh.options import SshModule

__all__ = ["KIND", "SshCollector", "SshModule"]

KIND = Kind(
    name="ssh",
    module_type=SshModule,
    build=build,
    check_address=check_host_port,
    values=VALUES,
    owns_deadline=True,
    asks_to_dial=True,
    concurrency=100,
    per_second=100,
)
