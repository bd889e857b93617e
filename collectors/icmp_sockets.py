"""ICMP sockets of one family: which one this process may open, its options, and its control messages.

Python 3.11 does not name every Linux constant used here; the numbers are from the kernel's headers and are
the same on x86, ARM, LoongArch, MIPS and RISC-V.
"""

import contextlib
import os
import shlex
import socket
import struct
import sys
from typing import NamedTuple

from collectors.wire import icmp

_IPPROTO_ICMP, _IPPROTO_ICMPV6 = 1, 58
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1
_SO_RCVBUFFORCE, _SO_TIMESTAMPNS, _SO_MEMINFO = 33, 35, 55
_IP_TTL, _IP_PKTINFO, _IP_MTU_DISCOVER, _IP_RECVERR, _IP_RECVTTL = 2, 8, 10, 11, 12
_IPV6_RECVERR, _IPV6_PKTINFO, _IPV6_RECVHOPLIMIT, _IPV6_HOPLIMIT = 25, 50, 51, 52
_PMTUDISC_DONT = 0
_MSG_ERRQUEUE = 0x2000
_BUFFER_BYTES = 8 * 1024 * 1024  # 500 replies at once overflow the default 208 KiB: a false DOWN
_DROPS = struct.Struct("@32xI")  # the last of nine counters
_TIMESPEC = struct.Struct("@ll")
_INT = struct.Struct("@i")
_EXTENDED_ERROR = struct.Struct("@IBBBBII")  # struct sock_extended_err
_ORIGIN_ICMP, _ORIGIN_ICMP6 = 2, 3

Control = list[tuple[int, int, bytes]]


class QueuedError(NamedTuple):
    """One entry of a socket's error queue: who says why a request did not get to its destination."""

    meaning: str
    offender: str
    request: bytes
    destination: str
    kind: int
    code: int


def open_raw(family: int) -> socket.socket:
    """A raw socket that is given echo replies and no other ICMP message. Errors: OSError."""
    opened = _prepared(_new(family, socket.SOCK_RAW))
    if family == socket.AF_INET:
        opened.setsockopt(_SOL_RAW, _ICMP_FILTER, _blocked_but(icmp.V4_ECHO_REPLY, words=1))
    else:
        opened.setsockopt(_IPPROTO_ICMPV6, _ICMP6_FILTER, _blocked_but(icmp.V6_ECHO_REPLY, words=8))
    return opened


def open_datagram(family: int) -> socket.socket:
    """A "ping" socket: no privilege, but the kernel sets the identifier. Errors: OSError."""
    opened = _prepared(_new(family, socket.SOCK_DGRAM))
    if family == socket.AF_INET:  # a raw socket is given the IP header, where the hop limit stands
        opened.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
    return opened


def open_ear(family: int) -> socket.socket:
    """A raw socket that is given the errors of the path, whoever's packet they quote. Errors: OSError."""
    opened = _new(family, socket.SOCK_RAW)
    if family == socket.AF_INET:
        passed = _blocked_but(icmp.V4_UNREACHABLE, icmp.V4_TIME_EXCEEDED, words=1)
        opened.setsockopt(_SOL_RAW, _ICMP_FILTER, passed)
    else:
        passed = _blocked_but(icmp.V6_UNREACHABLE, icmp.V6_TIME_EXCEEDED, words=8)
        opened.setsockopt(_IPPROTO_ICMPV6, _ICMP6_FILTER, passed)
    return opened


def queue_errors(opened: socket.socket) -> None:
    """Have the kernel queue the errors of the path for this socket, with who sent them. Errors: OSError."""
    if opened.family == socket.AF_INET:
        opened.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)


def limit_hops(opened: socket.socket, hops: int) -> None:
    """How far what is sent from now on may go. Errors: OSError."""
    if opened.family == socket.AF_INET:
        opened.setsockopt(socket.IPPROTO_IP, _IP_TTL, hops)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)


def _new(family: int, kind: socket.SocketKind) -> socket.socket:
    protocol = _IPPROTO_ICMP if family == socket.AF_INET else _IPPROTO_ICMPV6
    return socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)


def _prepared(opened: socket.socket) -> socket.socket:
    """Options of raw and datagram sockets.

    With RECVERR the kernel queues the path's errors for us, and owns up to a request that it dropped itself
    (ENOBUFS): otherwise it hides that, which would be a false DOWN.
    """
    _enlarge(opened)
    with contextlib.suppress(OSError):  # without it the monotonic clock alone times the echoes
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    if opened.family == socket.AF_INET:
        opened.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_DONT)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVHOPLIMIT, 1)
    return opened


def _enlarge(opened: socket.socket) -> None:
    try:
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    except OSError:  # no CAP_NET_ADMIN: as much as net.core.rmem_max allows
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)


def _blocked_but(*passed: int, words: int) -> bytes:
    """A filter mask: one bit per ICMP type, set where the type is not wanted."""
    masks = [0xFFFFFFFF] * words
    for kind in passed:
        masks[kind // 32] &= ~(1 << kind % 32)
    return struct.pack(f"@{words}I", *masks)


def count_drops(opened: socket.socket) -> int:
    """Datagrams the kernel dropped because our buffer was full; 0 on kernels before 4.12.

    SO_RXQ_OVFL tells the same, but only together with a later datagram, which may never come.
    """
    try:
        raw = opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _DROPS.size)
    except OSError:
        return 0
    return int(_DROPS.unpack(raw)[0]) if len(raw) == _DROPS.size else 0


def read_control(control: Control) -> tuple[int | None, int | None]:
    """The kernel's receive stamp (wall time in nanoseconds) and the hop limit, where it gave them."""
    stamp_ns = hop_limit = None
    for level, kind, data in control:
        if level == socket.SOL_SOCKET:
            if kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack(data)
                stamp_ns = seconds * 1_000_000_000 + nanoseconds
        elif kind == (_IP_TTL if level == socket.IPPROTO_IP else _IPV6_HOPLIMIT):
            (hop_limit,) = _INT.unpack(data)
    return stamp_ns, hop_limit


def send_control(family: int, source: str | None, ttl: int | None) -> Control:
    """Source address and hop limit as control messages: they differ by module, the socket is shared."""
    control: Control = []
    level = socket.IPPROTO_IP if family == socket.AF_INET else socket.IPPROTO_IPV6
    if ttl is not None:
        control.append((level, _IP_TTL if level == socket.IPPROTO_IP else _IPV6_HOPLIMIT, _INT.pack(ttl)))
    if source is not None:
        packed = socket.inet_pton(family, source)
        if level == socket.IPPROTO_IP:
            control.append((level, _IP_PKTINFO, bytes(4) + packed + bytes(4)))
        else:
            control.append((level, _IPV6_PKTINFO, packed + bytes(4)))
    return control


def next_queued_error(opened: socket.socket) -> QueuedError | None:
    """Take one entry of the error queue; None if it is not an answer of the path.

    Errors: BlockingIOError when the queue is empty.
    """
    request, control, _, destination = opened.recvmsg(2048, 512, _MSG_ERRQUEUE)
    for level, kind, data in control:
        if (level, kind) not in ((socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)):
            continue
        _, origin, icmp_type, code, _, _, _ = _EXTENDED_ERROR.unpack_from(data)
        meaning = icmp.meaning_v4 if origin == _ORIGIN_ICMP else icmp.meaning_v6
        text = meaning(icmp_type, code) if origin in (_ORIGIN_ICMP, _ORIGIN_ICMP6) else None
        if text is None:
            return None
        return QueuedError(text, _offender(data), request, destination[0] if destination else "", icmp_type, code)
    return None


def _offender(data: bytes) -> str:
    """Who sent the error: a socket address right behind the kernel's extended error."""
    address = data[_EXTENDED_ERROR.size :]
    family = int.from_bytes(address[:2], sys.byteorder)
    if family == socket.AF_INET and len(address) >= 8:
        return socket.inet_ntop(socket.AF_INET, address[4:8])
    if family == socket.AF_INET6 and len(address) >= 24:
        return socket.inet_ntop(socket.AF_INET6, address[8:24])
    return "the path"


def how_to_allow() -> str:
    """Both ways to let this process ping, as commands."""
    interpreter, group = shlex.quote(os.path.realpath(sys.executable)), os.getgid()
    return (
        "give the service the capability (in its systemd unit: AmbientCapabilities=CAP_NET_RAW and "
        "CapabilityBoundingSet=CAP_NET_RAW, then systemctl daemon-reload and restart), or the interpreter: "
        f"sudo setcap cap_net_raw+ep {interpreter} ; or allow its group to ping without privilege: "
        f"sudo sysctl -w net.ipv4.ping_group_range='{group} {group}' (to keep it over a reboot, write it to "
        "/etc/sysctl.d/60-ping.conf)"
    )
