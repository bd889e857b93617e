"""A camera or a recorder: RTSP 1.0 as far as OPTIONS and DESCRIBE (RFC 2326)."""

import re

from agent.lab.peers.listening import Reply

_CSEQ = re.compile(rb"^CSeq:[ \t]*([0-9]{1,10})", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^Content-Length:[ \t]*([0-9]{1,5})", re.IGNORECASE | re.MULTILINE)
_PUBLIC = b"Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER"
_END = b"\r\n\r\n"


class Camera:
    """Answers whoever asks; every address behind one listener is a camera of its own."""

    def greeting(self, host: str) -> bytes:
        return b""

    def reply(self, data: bytes, host: str) -> Reply | None:
        end = data.find(_END)
        if end < 0:
            return None
        head = data[: end + 2]
        length = _LENGTH.search(head)
        whole = end + len(_END) + (int(length[1]) if length else 0)
        if len(data) < whole:
            return None
        words = head.split(b"\r\n", 1)[0].split()
        if len(words) != 3 or not words[2].startswith(b"RTSP/1."):
            return Reply(len(data), b"RTSP/1.0 400 Bad Request\r\n\r\n", is_last=True)
        cseq = _CSEQ.search(head)
        return Reply(whole, _answer(words[0], words[1], cseq[1] if cseq else b"0", host))


def _answer(method: bytes, uri: bytes, cseq: bytes, host: str) -> bytes:
    if method == b"OPTIONS":
        return _message(b"200 OK", cseq, _PUBLIC)
    if method != b"DESCRIBE":
        return _message(b"405 Method Not Allowed", cseq, b"Allow: OPTIONS, DESCRIBE")
    body = _description(host)
    head = (b"Content-Type: application/sdp", b"Content-Base: " + uri, b"Content-Length: %d" % len(body))
    return _message(b"200 OK", cseq, *head, body=body)


def _message(status: bytes, cseq: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"RTSP/1.0 " + status, b"CSeq: " + cseq, b"Server: lab", *headers, b"", body])


def _description(host: str) -> bytes:
    lines = (
        "v=0", f"o=- 1 1 IN IP4 {host}", "s=lab", f"c=IN IP4 {host}", "t=0 0", "a=control:*",
        "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=control:trackID=1", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode("ascii")
