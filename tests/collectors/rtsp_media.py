"""Short recordings for a server of files, made by PyAV in a process of its own: `rtsp_media.py FOLDER`.

t.mp4 and 路口.mp4 (H.264), h265.mp4, bell.wav (sound alone), broken.mp4 (no recording at all).
"""

import sys
import wave
from pathlib import Path

import av

CODECS = {"t.mp4": "libx264", "路口.mp4": "libx264", "h265.mp4": "libx265"}


def record(file: Path, codec: str) -> None:
    with av.open(str(file), "w") as out:
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame(160, 96, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number * 20]) * plane.buffer_size)
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def sound(file: Path) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\0\1" * 8000)


def main() -> None:
    folder = Path(sys.argv[1])
    for name, codec in CODECS.items():
        record(folder / name, codec)
    sound(folder / "bell.wav")
    (folder / "broken.mp4").write_bytes(b"this is no recording\n")


main()
