"""Packets held back for a while: a device whose packets come back into the kernel later, in their order.

A traffic control queue could do it too, but not every kernel has one that delays. Bounded as a router's queue is: what
finds it full is lost.
"""

import asyncio
import contextlib
import fcntl
import os
import struct
from collections import deque

from agent.lab.netns.namespaces import inside
from agent.lab.netns.needs import TUN, NetnsError, need_tun

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_IFREQ = struct.Struct("16sH22x")

QUEUE_PACKETS = 10_000
PACKET_BYTES = 65_536
BATCH = 64
"""Packets read in one turn of the loop."""


class Delay:
    """One device; made in a namespace, within a running loop. Errors: NetnsError where it cannot be made."""

    def __init__(self, namespace: str, device: str, seconds: float) -> None:
        need_tun()
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._queue: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._fd = _open(namespace, device)
        self._loop.add_reader(self._fd, self._take)

    def close(self) -> None:
        """The device goes, and what it held with it; closing again does nothing."""
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        if self._timer is not None:
            self._timer.cancel()
        os.close(self._fd)
        self._fd = -1

    def _take(self) -> None:
        """Read what has come; it goes on when its time has come."""
        due = self._loop.time() + self._seconds
        with contextlib.suppress(BlockingIOError):
            for _ in range(BATCH):
                packet = os.read(self._fd, PACKET_BYTES)
                if len(self._queue) < QUEUE_PACKETS:
                    self._queue.append((due, packet))
        self._wait()

    def _wait(self) -> None:
        if self._timer is None and self._queue:
            self._timer = self._loop.call_at(self._queue[0][0], self._release)

    def _release(self) -> None:
        """Hand on all whose time has come; the kernel refuses one it does not know, which then is lost."""
        self._timer = None
        now = self._loop.time() + 0.001
        while self._queue and self._queue[0][0] <= now:
            with contextlib.suppress(OSError):
                os.write(self._fd, self._queue.popleft()[1])
        self._wait()


def _open(namespace: str, device: str) -> int:
    with inside(namespace):
        fd = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.ioctl(fd, _TUNSETIFF, _IFREQ.pack(device.encode(), _IFF_TUN | _IFF_NO_PI))
        except OSError as exc:
            os.close(fd)
            raise NetnsError(f"lab: cannot make the device {device} in {namespace}: {exc.strerror}") from exc
    return fd
