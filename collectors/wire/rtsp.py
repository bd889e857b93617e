"""RTSP responses and requests as bytes (RFC 2326, status lines of RFC 7826 too); no sockets.

Cameras are lax, so reading is tolerant: bare LF, folded headers, lines that are no header, `$` frames and requests
of the peer in between. What cannot be read ends with an error that says why; every buffer has a bound.
"""

import re
from calendar import timegm
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

MAX_HEAD = 16 * 1024
MAX_PASSED = 256 * 1024
"""How many bytes of interleaved frames, requests of the peer and blank lines may come before a response."""

_STATUS_LINE = re.compile(r"RTSP/([0-9]\.[0-9])[ \t]+([0-9]{3})(?:[ \t]+(.*))?", re.DOTALL)
_REQUEST_LINE = re.compile(r"[A-Z_]{1,20}[ \t]+\S+[ \t]+RTSP/[0-9]\.[0-9]")
_BEGINNING = re.compile(rb"[A-Z_]{0,20}(?:[ \t/]|$)")
_DECIMAL = re.compile(r"[0-9]{1,10}")
_BLANKS = (" ", "\t")
_FRAME = 0x24
_FRAME_HEAD = 4
_QUOTED = 60
_SHARED = 2048
"""Longer answers than this many bytes are not worth remembering."""

_DATE = re.compile(
    r"\s*(?:[A-Za-z]{3,9},?\s+)?"
    r"(?:(?P<d1>\d{1,2})[ -](?P<m1>[A-Za-z]{3})|(?P<m2>[A-Za-z]{3})\s+(?P<d2>\d{1,2})),?[ -](?P<year>\d{4})"
    r"\s+(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.\d{1,9})?"
    r"(?:\s+(?:GMT|UTC|Z)|\s*(?P<sign>[+-])(?P<oh>\d\d):?(?P<om>\d\d))?\s*"
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}


class NotRtspError(ValueError):
    """What came is not RTSP; the text quotes its beginning."""


class TooLargeError(ValueError):
    """A head, a body or what lies between responses is larger than the reader allows."""


@dataclass(frozen=True)
class Response:
    """One response; headers as they came, in their order, names in lower case."""

    version: str
    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header; the name in lower case."""
        return next((value for each, value in self.headers if each == name), None)

    def every(self, name: str) -> list[str]:
        """All values of a header; the name in lower case."""
        return [value for each, value in self.headers if each == name]

    @cached_property
    def cseq(self) -> int | None:
        """Which request it answers; None where it does not say so."""
        text = self.header("cseq") or ""
        return int(text) if _DECIMAL.fullmatch(text) else None

    @property
    def methods(self) -> tuple[str, ...]:
        """What the server can do, by `Public`; some servers call it `OPTIONS` and part the names by blanks alone."""
        text = self.header("public") or self.header("options") or ""
        return tuple(text.replace(",", " ").upper().split())

    @cached_property
    def code(self) -> float:
        """The status as a value that is measured; thousands who answer alike share it."""
        return float(self.status)

    @cached_property
    def date_seconds(self) -> float | None:
        """The same of the date."""
        return None if self.date is None else float(self.date)

    @cached_property
    def date(self) -> int | None:
        """The server's own clock, as Unix time; None without a date that can be read."""
        text = self.header("date")
        return None if text is None else timestamp(text)

    def __str__(self) -> str:
        return f"{self.status} {self.phrase}".rstrip()


@lru_cache(maxsize=1024)  # cameras that keep time say the same at the same second
def timestamp(text: str) -> int | None:
    """Unix time of a `Date` header, None if it is none.

    RFC 1123 (Sat, 21 Nov 2026 20:50:13 GMT) and what cameras make of it (Sat, Nov 21 2026 20:50:13 GMT); an
    offset such as +0800 is applied, no zone at all means UTC, any other zone cannot be read.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, hour, minute, second = (int(found[name]) for name in ("year", "hour", "minute", "second"))
    day, month = int(found["d1"] or found["d2"]), _MONTHS.get((found["m1"] or found["m2"]).lower(), 0)
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 (checked here, dated below)
    except ValueError:
        return None
    offset = (
        (int(found["oh"]) * 3600 + int(found["om"]) * 60) * (-1 if found["sign"] == "-" else 1) if found["sign"] else 0
    )
    return timegm(at.timetuple()) - offset


def request(method: str, uri: str, cseq: int, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """A request without a body. Errors: ValueError where a part would break out of its line."""
    lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {cseq}", *(f"{name}: {value}" for name, value in headers)]
    if any(char in line for line in lines for char in "\r\n\0") or " " in uri:
        raise ValueError("a request line or header with a line break, or a URI with a blank")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def whole(data: bytes) -> Response | None:
    """The response that these bytes are: exactly one, in good form, without a body; None where a reader has to look."""
    return _whole(data) if len(data) <= _SHARED and data.endswith(b"\r\n\r\n") else None


@lru_cache(maxsize=1024)  # cameras of one make say the same at the same second
def _whole(data: bytes) -> Response | None:
    head = data[:-4]
    lines = _text(head).split("\r\n")
    if b"\r\n\r\n" in head or head.count(b"\n") != len(lines) - 1:
        return None
    try:
        found = _head(lines, max_body=0)
    except (NotRtspError, TooLargeError):
        return None
    return found.response if found.length == 0 else None


@dataclass(slots=True)
class _Head:
    """A head that was read; `response` is None for a request of the peer, which is passed over."""

    response: Response | None
    length: int


class ResponseReader:
    """Bytes in, responses out, one at a time; after an error it is of no further use."""

    __slots__ = ("_buffer", "_head", "_lines", "_max_body", "_passed", "_read", "_size", "_skip")

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._size = 0  # bytes of these lines
        self._read = 0  # bytes of the head that were looked through
        self._head: _Head | None = None
        self._skip = 0  # bytes of a frame that are still to come
        self._passed = 0

    def feed(self, data: bytes) -> None:
        """Take what came, whatever it is; `next` looks at it."""
        self._buffer += data

    @property
    def pending(self) -> bytes:
        """The beginning of what came and is no response yet, to quote."""
        if self._head is not None or self._lines:
            return "\n".join(self._lines)[:_QUOTED].encode() or b"(a head)"
        return bytes(self._buffer[:_QUOTED])

    def next(self) -> Response | None:
        """The next response that is complete, None while there is none. Errors: NotRtspError, TooLargeError."""
        while True:
            if self._head is None and not self._read_head():
                return None
            head = self._head
            if head is None or len(self._buffer) < head.length:
                return None
            body = bytes(self._buffer[: head.length])
            del self._buffer[: head.length]
            self._head = None
            if head.response is not None:
                self._passed = 0
                found = head.response
                return Response(found.version, found.status, found.phrase, found.headers, body) if body else found
            self._pass(len(body))

    def finish(self) -> Response | None:
        """The peer closed: a response whose status line is complete counts although its head does not end."""
        if self._head is not None or not self._lines or _STATUS_LINE.fullmatch(self._lines[0]) is None:
            return None
        return _response(self._lines)

    def _read_head(self) -> bool:
        """Whether a whole head is there; it is taken out of the buffer line by line, each looked at once."""
        buffer = self._buffer
        while self._lines or self._pass_over():
            if not self._lines and self._read_at_once():
                return True
            end = buffer.find(b"\n", self._read)
            if end < 0:
                self._read = len(buffer)
            if self._size + (self._read if end < 0 else end) > MAX_HEAD:
                raise TooLargeError(f"a head of more than {MAX_HEAD} bytes")
            if end < 0:
                return False
            line = _text(bytes(buffer[:end]).removesuffix(b"\r"))
            del buffer[: end + 1]
            self._read = 0
            if not line:
                self._end_head()
                return True
            if not self._lines:
                _check_first(line)
            self._lines.append(line)
            self._size += end + 1
        return False

    def _read_at_once(self) -> bool:
        """The same for a head that came whole and in good form, as nearly all do."""
        end = self._buffer.find(b"\r\n\r\n", self._read)
        if self._read or not 0 < end <= MAX_HEAD:
            return False
        head = bytes(self._buffer[:end])
        lines = _text(head).split("\r\n")
        if head.count(b"\n") != len(lines) - 1:
            return False
        del self._buffer[: end + 4]
        _check_first(lines[0])
        self._lines, self._size = lines, end + 4
        self._end_head()
        return True

    def _end_head(self) -> None:
        self._head = _head(self._lines, self._max_body)
        if self._head.response is None:
            self._pass(self._size)
        self._lines, self._size = [], 0

    def _pass_over(self) -> bool:
        """Skip frames and blank lines before a head; whether anything is left to read."""
        buffer = self._buffer
        while buffer:
            if self._skip:
                self._drop(min(self._skip, len(buffer)))
            elif buffer[0] in b"\r\n":
                del buffer[0]
                self._pass(1)
            elif buffer[0] != _FRAME:
                _check_beginning(buffer)
                return True
            elif len(buffer) < _FRAME_HEAD:
                return False
            else:
                self._skip = _FRAME_HEAD + int.from_bytes(buffer[2:4], "big")
        return False

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._skip -= count
        self._pass(count)

    def _pass(self, count: int) -> None:
        self._passed += count
        if self._passed > MAX_PASSED:
            raise TooLargeError(f"more than {MAX_PASSED} bytes that are no response")


def quoted(data: bytes | bytearray) -> str:
    """The beginning of bytes for people, every unprintable one escaped."""
    return ascii(bytes(data[:_QUOTED]).decode("ascii", "backslashreplace").replace("\\\\", "\\"))


def _check_beginning(buffer: bytearray) -> None:
    """Refuse at once what can become neither a status line nor a request line."""
    if _BEGINNING.match(bytes(buffer[:24])) is None:
        raise NotRtspError(f"got {quoted(buffer)}")


def _check_first(line: str) -> None:
    if _STATUS_LINE.fullmatch(line) is None and _REQUEST_LINE.fullmatch(line) is None:
        raise NotRtspError(f"got the line {line[:_QUOTED]!a}")


def _head(lines: list[str], max_body: int) -> _Head:
    response = _response(lines)
    lengths = {value for name, value in response.headers if name == "content-length"}
    length = _length(lengths, max_body) if lengths else 0
    return _Head(response if response.version else None, length)


def _length(texts: set[str], max_body: int) -> int:
    text = next(iter(texts))
    if len(texts) > 1 or not text.isascii() or not text.isdecimal():
        raise NotRtspError(f"got a Content-Length of {' and '.join(sorted(ascii(each[:_QUOTED]) for each in texts))}")
    if _DECIMAL.fullmatch(text) is None or int(text) > max_body:
        raise TooLargeError(f"a body of {text[:_QUOTED]} bytes, more than {max_body}")
    return int(text)


def _response(lines: list[str]) -> Response:
    """A head as a response; a request line gives one without a version."""
    found = _STATUS_LINE.fullmatch(lines[0])
    headers = tuple(_headers(lines))
    if found is None:
        return Response("", 0, "", headers)
    version, status, phrase = found.groups()
    return Response(version, int(status), (phrase or "").strip(), headers)


def _headers(lines: list[str]) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in _BLANKS and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}".strip())
            continue
        before, colon, after = line.partition(":")
        if colon:
            headers.append((before.strip().lower(), after.strip()))
    return headers


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
