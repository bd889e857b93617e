"""A UDP socket that hears what peers send unasked."""

import contextlib
import socket

SO_RXQ_OVFL = 40
"""How many datagrams the kernel dropped for want of room, told with the next one; Python has no name for it."""

_BUFFER_BYTES = 1 << 20


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that hears on an address; an IPv6 one hears IPv6 alone. Errors: OSError."""
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST | socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        with contextlib.suppress(OSError):  # only Linux counts what it drops
            sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        sock.setblocking(False)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock
