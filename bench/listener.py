"""A peer on every loopback address, one epoll loop: accepts and closes, answers a small HTTP page, or RTSP.

As RTSP it answers each request like a camera and leaves it to the client to close.
"""

import select
import socket
import sys

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok"
RTSP = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, PAUSE\r\n"
    b"Server: bench\r\nDate: Sat, 21 Nov 2026 20:49:42 GMT\r\n\r\n"
)


def serve(port: int, kind: str) -> None:
    """Until killed."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(4096)
    listener.setblocking(False)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    open_ones: dict[int, socket.socket] = {}
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                _accept(listener, poll, open_ones)
            else:
                connection = open_ones.pop(number)
                if _stays(connection, kind):
                    open_ones[number] = connection
                else:
                    connection.close()


def _accept(listener: socket.socket, poll: select.epoll, open_ones: dict[int, socket.socket]) -> None:
    for _ in range(64):
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return
        poll.register(connection, select.EPOLLIN)
        open_ones[connection.fileno()] = connection


def _stays(connection: socket.socket, kind: str) -> bool:
    """Answer what came; whether the connection stays open for more."""
    try:
        if not connection.recv(4096):
            return False
        connection.sendall({"http": PAGE, "rtsp": RTSP}.get(kind, b""))
    except OSError:
        return False
    return kind == "rtsp"


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
