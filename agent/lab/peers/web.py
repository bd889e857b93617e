"""Pages over HTTP/1.1, one request a connection; and the one line of a node that only says hello."""

from collections.abc import Callable
from email.utils import formatdate
from html import escape

from agent.lab.peers.listening import Reply

_END = b"\r\n\r\n"
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_HTML = "text/html; charset=utf-8"


class Web:
    """A system with pages by path; `seconds` tells the time of its Date."""

    def __init__(self, pages: Callable[[str], tuple[str, str] | None], seconds: Callable[[], float]) -> None:
        self._pages, self._seconds = pages, seconds

    def greeting(self, host: str) -> bytes:
        return b""

    def reply(self, data: bytes, host: str) -> Reply | None:
        end = data.find(_END)
        if end < 0:
            return None
        words = data[:end].split(b"\r\n", 1)[0].split()
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return Reply(len(data), self._message("400 Bad Request", _HTML, b""), is_last=True)
        method, path = words[0], words[1].decode("ascii", "replace").partition("?")[0]
        if method not in (b"GET", b"HEAD"):
            return Reply(len(data), self._message("405 Method Not Allowed", _HTML, b""), is_last=True)
        page = self._pages(path)
        status, content, text = ("404 Not Found", _HTML, "") if page is None else ("200 OK", *page)
        message = self._message(status, content, text.encode(), is_head=method == b"HEAD")
        return Reply(len(data), message, is_last=True)

    def _message(self, status: str, content: str, body: bytes, *, is_head: bool = False) -> bytes:
        head = (
            f"HTTP/1.1 {status}", f"Date: {formatdate(self._seconds(), usegmt=True)}", "Server: lab",
            f"Content-Type: {content}", f"Content-Length: {len(body)}", "Connection: close", "", "",
        )  # fmt: skip
        return "\r\n".join(head).encode("ascii") + (b"" if is_head else body)


def portal(name: str) -> Callable[[str], tuple[str, str] | None]:
    """The pages of a system: one, that says what it is and that it is simulated."""
    page = (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(name)}</title>'
        f"<h1>{escape(name)}</h1><p>模拟数据 SIMULATED</p></html>\n"
    )
    return lambda path: (_HTML, page) if path == "/" else None


def metrics(text: Callable[[], str]) -> Callable[[str], tuple[str, str] | None]:
    """The pages of a host: its metrics."""
    return lambda path: (_TEXT, text()) if path == "/metrics" else None


class Hello:
    """A node that only takes connections and says one line."""

    def greeting(self, host: str) -> bytes:
        return b"220 lab (simulated)\r\n"

    def reply(self, data: bytes, host: str) -> Reply | None:
        return Reply(len(data), b"", is_last=True)
