"""Kind `rtsp`: does a camera or recorder answer RTSP, and does it describe its channel."""

from collectors.base import Kind
from collectors.rtsp.address import check_address
from collectors.rtsp.collector import Devices, RtspCollector
from collectors.rtsp.options import RtspModule
from collectors.rtsp.probe import VALUES

__all__ = ["KIND", "Devices", "RtspCollector", "RtspModule", "rtsp_kind"]


def rtsp_kind(devices: Devices | None = None) -> Kind:
    """A kind whose modules share what they know of the devices; the process needs only one."""
    return Kind(
        name="rtsp",
        module_type=RtspModule,
        build=(devices if devices is not None else Devices()).build,
        check_address=check_address,
        values=VALUES,
        owns_deadline=True,
        concurrency=6000,  # 43 000 that fall silent in a minute, asked three times for 2 s each, are 4 300 at once
        per_second=5000,
    )


KIND = rtsp_kind()
