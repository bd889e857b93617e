"""GStreamer's RTSP server as a process of its own, run by the system's Python: `rtsp_gst.py AUTH HOST`.

AUTH is none, basic or digest (admin / Abc12345). Mounts: /cam1 (H.264 and G.711), /h265, /mjpeg, /silent (it
never answers DESCRIBE and holds up the whole server, so give it one of its own). Prints its port once it listens.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 (gi wants the versions named first)

VIDEO = "videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=96,framerate=10/1"
X264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
MOUNTS = {
    "/cam1": f"( {VIDEO} ! {X264} ! rtph264pay name=pay0 pt=96 config-interval=1"
    " audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay1 pt=8 )",
    "/h265": f"( {VIDEO} ! x265enc tune=zerolatency speed-preset=ultrafast ! rtph265pay name=pay0 pt=96 )",
    "/mjpeg": f"( {VIDEO} ! jpegenc ! rtpjpegpay name=pay0 pt=26 )",
    "/silent": f"( {VIDEO} ! {X264} ! valve drop=true ! rtph264pay name=pay0 pt=96 )",
}
USER, PASSWORD = "admin", "Abc12345"


def authentication(way: str) -> GstRtspServer.RTSPAuth:
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth = GstRtspServer.RTSPAuth()
    if way == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(USER, PASSWORD, token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), token)
    return auth


def factory(launch: str) -> GstRtspServer.RTSPMediaFactory:
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(launch)
    roles = GstRtspServer.RTSPPermissions()
    structure = Gst.Structure.new_empty("user")
    for right in ("media.factory.access", "media.factory.construct"):
        structure.set_value(right, True)
    roles.add_role_from_structure(structure)
    made.set_permissions(roles)
    return made


def main() -> None:
    way, host = sys.argv[1:3]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(host)
    server.set_service("0")
    if way != "none":
        server.set_auth(authentication(way))
    mounts = server.get_mount_points()
    for path, launch in MOUNTS.items():
        mounts.add_factory(path, factory(launch))
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
