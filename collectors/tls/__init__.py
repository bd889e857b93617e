"""Kind `tls`: does a port shake hands, with which certificate, and until when."""

from collectors.base import Kind
from collectors.resolve import check_host_port
from collectors.tls.collector import VALUES, TlsCollector, build
from collectors.tls.options import TlsModule

__all__ = ["KIND", "TlsCollector", "TlsModule"]

KIND = Kind(
    name="tls",
    module_type=TlsModule,
    build=build,
    check_address=check_host_port,
    values=VALUES,
    owns_deadline=True,
    asks_to_dial=True,
    concurrency=200,
    per_second=300,
)
