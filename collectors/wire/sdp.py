"""What a session description (RFC 8866) says of a camera's tracks; no sockets."""

import re
from dataclasses import dataclass
from itertools import pairwise

_RTPMAP = re.compile(r"rtpmap:\s*(\d{1,3})\s+([A-Za-z0-9_.+-]{1,40})(?:/.*)?")
_MEDIA = re.compile(r"([a-z]{1,20})\s+(\d{1,5}(?:/\d{1,5})?)\s+(\S+)((?:\s+\S+)*)\s*")
_STATIC = {
    0: "PCMU", 3: "GSM", 4: "G723", 5: "DVI4", 6: "DVI4", 7: "LPC", 8: "PCMA", 9: "G722", 10: "L16", 11: "L16",
    12: "QCELP", 13: "CN", 14: "MPA", 15: "G728", 18: "G729", 25: "CELB", 26: "JPEG", 28: "NV", 31: "H261",
    32: "MPV", 33: "MP2T", 34: "H263",
}  # fmt: skip
"""Payload types that need no rtpmap (RFC 3551 6)."""
_SAME = {"HEVC": "H265", "H.264": "H264", "H.265": "H265"}
_MAX_TRACKS = 64
_MAX_CONTROL = 512


class NotSdpError(ValueError):
    """The body is no session description."""


@dataclass(frozen=True, slots=True)
class Track:
    """One media section: what it is, its codec in capitals ("" if nothing says), its control URI ("" if none)."""

    media: str
    codec: str = ""
    control: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """The tracks of a session, in their order."""

    tracks: tuple[Track, ...]

    def of(self, media: str) -> list[Track]:
        """The tracks of one medium: video, audio, application."""
        return [track for track in self.tracks if track.media == media]

    def has(self, codec: str) -> bool:
        """Whether a video track uses this codec."""
        return any(track.codec == codec for track in self.of("video"))


def parse(body: bytes) -> Description:
    """The tracks that a description announces. Errors: NotSdpError where it is none, or has too many tracks."""
    lines = [line.strip() for line in body.decode("utf-8", "backslashreplace").lstrip("\ufeff").splitlines()]
    lines = [line for line in lines if line]
    if not lines or not lines[0].startswith("v="):
        raise NotSdpError("it does not begin with v=")
    starts = [number for number, line in enumerate(lines) if line.startswith("m=")]
    if len(starts) > _MAX_TRACKS:
        raise NotSdpError(f"it has {len(starts)} media sections, wanted at most {_MAX_TRACKS}")
    return Description(tuple(_track(lines[a:b]) for a, b in pairwise([*starts, len(lines)])))


def _track(lines: list[str]) -> Track:
    found = _MEDIA.fullmatch(lines[0][2:])
    if found is None:
        raise NotSdpError(f"got {lines[0][:80]!a}, wanted m=MEDIA PORT PROTOCOL FORMAT")
    formats = found[4].split()
    attributes = [line[2:] for line in lines[1:] if line.startswith("a=")]
    control = next((each[8:].strip() for each in attributes if each.startswith("control:")), "")
    return Track(found[1], _codec(formats[0] if formats else "", attributes), control[:_MAX_CONTROL])


def _codec(payload: str, attributes: list[str]) -> str:
    maps = [found for each in attributes if (found := _RTPMAP.fullmatch(each))]
    name = next((found[2].upper() for found in maps if found[1] == payload), "")
    if not name and payload.isascii() and payload.isdecimal() and len(payload) <= 3:
        name = _STATIC.get(int(payload), "")
    return _SAME.get(name, name)
