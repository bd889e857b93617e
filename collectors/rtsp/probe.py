"""One RTSP connection on the socket engine: connect, OPTIONS, and where wanted DESCRIBE."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from collectors.base import Reading, Reason, failed, ok
from collectors.rtsp.describe import Describing
from collectors.sockets import Probe
from collectors.wire.rtsp import NotRtspError, Response, ResponseReader, TooLargeError, quoted, whole

VALUES: Mapping[str, str] = {
    "resolve_seconds": "Seconds the resolver took; absent for a numeric address.",
    "connect_seconds": "Seconds from our SYN until our loop saw the connection established.",
    "rtt_seconds": "Round-trip time of the handshake by the kernel's clock; connect_seconds where it has none.",
    "options_seconds": "Seconds from OPTIONS sent to its complete answer.",
    "describe_seconds": "Seconds from the first DESCRIBE sent to the last answer, the login included.",
    "status_code": "RTSP status of the last answer (200 is OK).",
    "date_timestamp_seconds": "The device's own clock as its last Date header shows it.",
    "clock_skew_seconds": "Seconds the device's clock is ahead of ours, a mislabelled zone left out.",
    "clock_zone_mislabelled": "1 if the device's clock is off by 8 hours to the minute, a zone labelled wrong, else 0.",
    "limited": "1 if the device is alive but does not let us ask DESCRIBE (busy, forbidden, login), else 0.",
    "describe_ok": "1 if DESCRIBE was answered with at least one track, else 0.",
    "tracks": "Tracks of the session description.",
    "video_tracks": "Video tracks of the session description.",
    "audio_tracks": "Audio tracks of the session description.",
    "h264": "1 if a video track is H.264, else 0.",
    "h265": "1 if a video track is H.265, else 0.",
}

_OF_DESCRIBE = frozenset({"describe_seconds", "describe_ok", "tracks", "video_tracks", "audio_tracks", "h264", "h265"})


@dataclass(slots=True, eq=False)
class RtspProbe(Probe):
    """`first` is the request to begin with, empty where the connection is all that is wanted."""

    first: bytes = b""
    max_bytes: int = 0
    describing: Describing | None = None
    options: Response | None = None
    in_session: bool = True
    reader: ResponseReader | None = field(default=None, init=False)
    options_seconds: float | None = field(default=None, init=False)
    date: float | None = field(default=None, init=False)
    _asked: float = field(default=0.0, init=False)
    _described: float = field(default=0.0, init=False)
    _cseq: int = field(default=1, init=False)

    def on_connected(self) -> None:
        if self.target.trace is not None:
            self.target.step("connected", f"{self.address} in {self.connect_seconds:.6f} s")
        if self.options is not None and self.describing is not None:  # a second connection, for the login
            self._go_on(self.describing.again())
        elif self.first:
            self._say(self.first)
        else:
            self.end(self._good())

    def on_received(self, data: bytes) -> None:
        reader = self.reader
        if reader is None:
            if (response := whole(data)) is not None:
                self._heard(response)
                return
            reader = self.reader = ResponseReader(self.max_bytes)
        try:
            reader.feed(data)
            while not self.ended and (response := reader.next()) is not None:
                self._heard(response)
        except TooLargeError as exc:
            self.end(failed(Reason.TOO_LARGE, f"{self._doing()} was answered with {exc}"))
        except NotRtspError as exc:
            self.end(failed(Reason.PROTOCOL, f"{self._doing()} was answered with something that is not RTSP: {exc}"))

    def on_closed(self) -> Reading:
        last = self.reader.finish() if self.reader is not None else None
        if last is not None and self.options is None:
            self._note_options(last)
            if self.describing is None:
                return self._good()
        return failed(Reason.CLOSED, f"{self.address} closed the connection, {self._doing()} without an answer")

    def on_timeout(self) -> Reading:
        if self.connected_at is None:
            return Probe.on_timeout(self)  # super() does not work in a dataclass with slots
        got = self.reader.pending if self.reader is not None else b""
        began = f"; what came begins {quoted(got)}" if got else ""
        waited = f"within {self.target.timeout_seconds:.3g} s"
        return failed(Reason.TIMEOUT, f"{self.address} connected, {self._doing()} had no whole answer {waited}{began}")

    def values(self) -> Mapping[str, float]:
        """What has been measured so far, in the order of VALUES."""
        found: dict[str, float] = {}
        if self.resolve_seconds is not None:
            found["resolve_seconds"] = self.resolve_seconds
        if self.connect_seconds is not None and self.rtt_seconds is not None:
            found["connect_seconds"] = self.connect_seconds
            found["rtt_seconds"] = self.rtt_seconds
        if self.options_seconds is not None and self.options is not None:
            found["options_seconds"] = self.options_seconds
            found["status_code"] = self.options.code
        if self.date is not None:
            found["date_timestamp_seconds"] = self.date
        if self.describing is None:
            return found
        found |= self.describing.values
        return {name: found[name] for name in VALUES if name in found}

    def reached(self) -> Mapping[str, float]:
        """The same as far as it does not depend on DESCRIBE, and whether that was let through."""
        found = dict(self.values())
        if self.options is not None:
            found["status_code"] = float(self.options.status)
        return {name: number for name, number in found.items() if name not in _OF_DESCRIBE}

    def _doing(self) -> str:
        if not self.first:
            return "the connection"
        return "OPTIONS" if self.options is None else "DESCRIBE"

    def _good(self) -> Reading:
        named = f"measured {self.address}" if self.resolve_seconds is not None else ""
        if self.options is None or self.options.status == 200:
            return ok(self.values(), detail=named)
        return ok(self.values(), detail=f"OPTIONS was answered {self.options}{', ' if named else ''}{named}")

    def _say(self, data: bytes) -> None:
        if self.target.trace is not None:
            self.target.step("send", _shown(data))
        self._asked = monotonic()
        self.send(data)

    def _heard(self, response: Response) -> None:
        if self.target.trace is not None:
            self.target.step("received", _facts(response))
        cseq = response.cseq
        if response.status < 200 or (cseq is not None and cseq < self._cseq):
            return  # it goes on working, or answers what nobody waits for any more
        if self.options is None:
            self._note_options(response)
            self._go_on(self._good() if self.describing is None else self.describing.begin())
        elif self.describing is not None:
            self.date = response.date_seconds or self.date
            step = self.describing.heard(response)
            if isinstance(step, Reading):
                self.describing.values["describe_seconds"] = monotonic() - self._described
            self._go_on(step)

    def _note_options(self, response: Response) -> None:
        self.options = response
        self.options_seconds = monotonic() - self._asked
        self.date = response.date_seconds

    def _go_on(self, step: bytes | Reading) -> None:
        """Send the next request, or end."""
        if isinstance(step, Reading):
            self.end(step)
            return
        if self.describing is not None:
            self._cseq = self.describing.cseq
        self._say(step)
        if not self._described:
            self._described = self._asked


def _shown(data: bytes) -> str:
    """A request for people: its first line, and whether it carries a login, which is not shown."""
    line, _, rest = data.partition(b"\r\n")
    kind = rest.partition(b"Authorization: ")[2].partition(b" ")[0].decode("ascii", "replace")
    return line.decode("utf-8", "backslashreplace") + (f" with a {kind} login" if kind else "")


def _facts(response: Response) -> str:
    """A response for people."""
    told = [f"RTSP/{response.version} {response}"]
    for name in ("server", "public", "options", "date", "www-authenticate"):
        told += [f"{name}: {_printable(value)}" for value in response.every(name)]
    if response.body:
        told.append(f"{len(response.body)} bytes of {_printable(response.header('content-type') or 'no named type')}")
    return "; ".join(told)


def _printable(text: str, limit: int = 160) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
