"""A peer that accepts and closes, or answers a small HTTP page, on every loopback address: one epoll loop."""

import select
import socket
import sys

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok"


def serve(port: int, *, http: bool) -> None:
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
                _answer(open_ones.pop(number), http=http)


def _accept(listener: socket.socket, poll: select.epoll, open_ones: dict[int, socket.socket]) -> None:
    for _ in range(64):
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return
        poll.register(connection, select.EPOLLIN)
        open_ones[connection.fileno()] = connection


def _answer(connection: socket.socket, *, http: bool) -> None:
    try:
        if connection.recv(4096) and http:
            connection.sendall(PAGE)
    except OSError:
        pass
    connection.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]), http=sys.argv[2] == "http")
