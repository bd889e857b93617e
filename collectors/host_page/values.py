"""Every value a host_page reading may carry: those of the kind host, and what the page itself tells."""

from collections.abc import Mapping
from types import MappingProxyType

from collectors.hostparts.values import VALUES as OF_A_HOST

OF_THE_PAGE: Mapping[str, str] = MappingProxyType(
    {
        "rtt_seconds": "Smallest round trip that the kernel saw while connecting, else the time of the TCP connect.",
        "fetch_seconds": "From the begin of the probe to the end of the page.",
        "body_bytes": "Bytes of the page after decompression.",
        "age_seconds": "How old the page's own figures were when it was sent.",
        "collectors_failed": "Parts that a node_exporter's page says it could not read; none on an agent's page.",
        "clock_timestamp_seconds": "What the host's clock said when the probe ended.",
        "clock_skew_seconds": "How far the host's clock is ahead of ours; none while ours is in doubt.",
        "certificate_not_after_timestamp_seconds": "When the certificate that the peer presented ends.",
    }
)

VALUES: Mapping[str, str] = MappingProxyType({**OF_A_HOST, **OF_THE_PAGE})
