"""The server rtsp-rs as a process of its own: `rtsp_rs.py HOST`. Prints its port once it listens, ends with its stdin.

It serves one H.264 stream under every path, and its description is complete once a keyframe has been sent: by then.
"""

import socket
import sys
from fractions import Fraction

import av
import rtsp

TRIES = 20


def free_port(host: str) -> int:
    """It takes no port 0, so this is a guess that another process may spoil."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def listening(host: str) -> tuple[rtsp.Server, int]:
    for _ in range(TRIES - 1):
        port = free_port(host)
        server = rtsp.Server(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        try:
            server.start()
        except RuntimeError as exc:
            print(f"port {port}: {exc}", file=sys.stderr)
            continue
        return server, port
    raise SystemExit("no port to be had")


def keyframe() -> bytes:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 160, 96, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 10), Fraction(10)
    encoder.options = {"tune": "zerolatency"}
    frame = av.VideoFrame(160, 96, "yuv420p")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))


def main() -> None:
    server, port = listening(sys.argv[1])
    server.send_frame(keyframe(), 9000)
    print(port, flush=True)
    sys.stdin.read()
    server.stop()


main()
