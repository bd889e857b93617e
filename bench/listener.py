"""A peer on every loopback address, one epoll loop: accepts and closes, answers a small HTTP page, or RTSP.

As RTSP it answers each request like a camera, of one make or another and with a clock that is some seconds off, and
leaves it to the client to close. A second port, where one is given,
accepts and never says a word; then a line on standard input makes the first port `silent` too, `closed` (connections
are refused), or one that `answers` again.
"""

import random
import select
import socket
import sys
import time
from email.utils import formatdate
from functools import lru_cache

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok"
RTSP = (
    "RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, PAUSE\r\n"
    "Server: bench {make}\r\nDate: {date}\r\n\r\n"
)
MAKES, SECONDS_OFF = range(8), range(-2, 3)


@lru_cache(maxsize=256)
def camera(make: int, at: int) -> bytes:
    """What a camera of that make answers at that second of its clock."""
    return RTSP.format(make=make, date=formatdate(at, usegmt=True)).encode()


def answer(kind: str) -> bytes:
    """What one peer of that kind says now."""
    if kind == "rtsp":
        return camera(random.choice(MAKES), int(time.time()) + random.choice(SECONDS_OFF))
    return PAGE if kind == "http" else b""


def listening(port: int) -> socket.socket:
    """A socket that listens on that port of every address."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", port))
    made.listen(4096)
    made.setblocking(False)
    return made


class Peer:
    """All connections of all addresses."""

    def __init__(self, port: int, kind: str, silent_port: int | None) -> None:
        self._port, self._kind = port, kind
        self._poll = select.epoll()
        self._mood = "answers"
        self._open: dict[int, socket.socket] = {}
        self._mute: set[int] = set()
        self._listeners: dict[int, socket.socket] = {}
        self._main = self._listen(port)
        self._silent = None
        if silent_port is not None:
            self._silent = self._listen(silent_port)
            self._poll.register(sys.stdin.fileno(), select.EPOLLIN)

    def serve(self) -> None:
        """Until killed, or until standard input says `end`."""
        while True:
            for number, _ in self._poll.poll():
                if number == sys.stdin.fileno():
                    if not self._told():
                        return
                elif number in self._listeners:
                    self._accept(self._listeners[number])
                elif number in self._open:
                    self._serve(number)

    def _listen(self, port: int) -> int:
        made = listening(port)
        self._listeners[made.fileno()] = made
        self._poll.register(made, select.EPOLLIN)
        return made.fileno()

    def _told(self) -> bool:
        mood = sys.stdin.readline().strip()
        if mood == "end":
            return False
        if not mood:
            self._poll.unregister(sys.stdin.fileno())  # nobody is there to tell us more
            return True
        if mood == "closed" and self._main in self._listeners:
            self._listeners.pop(self._main).close()
        elif mood != "closed" and self._main not in self._listeners:
            self._main = self._listen(self._port)
        self._mood = mood
        print(mood, flush=True)
        return True

    def _accept(self, listener: socket.socket) -> None:
        mute = listener.fileno() == self._silent
        for _ in range(64):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            number = connection.fileno()
            self._poll.register(connection, select.EPOLLIN)
            self._open[number] = connection
            if mute:
                self._mute.add(number)

    def _serve(self, number: int) -> None:
        connection = self._open[number]
        if not self._stays(connection, number in self._mute or self._mood == "silent"):
            del self._open[number]
            self._mute.discard(number)
            connection.close()

    def _stays(self, connection: socket.socket, mute: bool) -> bool:
        """Answer what came; whether the connection stays open for more."""
        try:
            if not connection.recv(4096):
                return False
            if not mute:
                connection.sendall(answer(self._kind))
        except OSError:
            return False
        return mute or self._kind == "rtsp"


if __name__ == "__main__":
    Peer(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None).serve()
