"""Hears traps on UDP and passes on that somebody says something changed: a hint, never evidence.

A trap's source can be forged, and it may come ten thousand times a second, or never. So strangers are dropped unread,
reading is cheap and paced, decoding (about a millisecond) waits in a short queue, and nothing is ever answered.
"""

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import Callable

from collectors.base import HintSink
from collectors.snmp.hints import MOST_BYTES, Fate, Heard
from collectors.snmp.trap_messages import TrapReader
from collectors.udp import SO_RXQ_OVFL, open_socket

BURST = 64
PAUSE_SECONDS = 0.01
"""So many datagrams are taken from a socket, then the loop gets so long a rest; the kernel drops what is beyond."""

DECODE_SECONDS = 0.05
LEAST_REST = 9
"""From one decoding to the next: 20 a second at most, and less of what is dear, as decoding gets a tenth of a core."""

MOST_WAITING = 256
TRIES, TRY_SECONDS = 3, 2.0
"""A source may have so many datagrams decoded at once, and one more each so many seconds."""

QUIET_SECONDS = 5.0
HINTS_WHILE_QUIET = 2
"""After a hint further ones say the same, but for one: something may have changed after the probe had looked."""

_MOST_SOURCES = 10_000


class _Source:
    """One sender: what it may still have decoded, and when it last had a hint. Units: seconds of a monotonic clock."""

    __slots__ = ("at", "hinted_at", "hints", "tries")

    def __init__(self, now: float) -> None:
        self.tries = float(TRIES)
        self.at = now
        self.hinted_at = now - QUIET_SECONDS
        self.hints = 0

    def refusal(self, now: float) -> Fate | None:
        """Why its datagram is not worth decoding now, None if it is."""
        if now - self.hinted_at < QUIET_SECONDS and self.hints >= HINTS_WHILE_QUIET:
            return Fate.COALESCED
        self.tries = min(TRIES, self.tries + (now - self.at) / TRY_SECONDS)
        self.at = now
        if self.tries < 1:
            return Fate.RATE
        self.tries -= 1
        return None

    def hinted(self, now: float) -> None:
        """It has given a hint."""
        if now - self.hinted_at >= QUIET_SECONDS:
            self.hinted_at, self.hints = now, 0
        self.hints += 1


class Gate:
    """What is worth decoding, in the order it came. Shape: bounded in every direction."""

    def __init__(self, sink: HintSink, now: Callable[[], float]) -> None:
        self._sink = sink
        self._now = now
        self._sources: dict[str, _Source] = {}
        self._waiting: deque[tuple[str, bytes]] = deque()
        self.filled = asyncio.Event()

    def offer(self, data: bytes, sender: str) -> None:
        """One datagram, from anybody."""
        source = sender.partition("%")[0]
        refusal = self._refusal(data, source)
        if refusal is not None:
            self._sink.count(refusal)
            return
        self._waiting.append((source, data))
        self.filled.set()

    def take(self) -> tuple[str, bytes] | None:
        """The next one, None if nothing waits."""
        if not self._waiting:
            self.filled.clear()
            return None
        return self._waiting.popleft()

    def decoded(self, source: str, heard: Heard) -> None:
        """What it turned out to be."""
        self._sink.count(heard.fate)
        if heard.fate is Fate.ACCEPTED:
            self._source(source).hinted(self._now())
            self._sink.nudge(source, f"trap {heard.name}")

    def _refusal(self, data: bytes, source: str) -> Fate | None:
        if not self._sink.knows(source):
            return Fate.UNKNOWN_SOURCE
        if len(data) > MOST_BYTES:
            return Fate.UNDECODABLE
        return self._source(source).refusal(self._now()) or (Fate.RATE if len(self._waiting) >= MOST_WAITING else None)

    def _source(self, source: str) -> _Source:
        found = self._sources.get(source)
        if found is None:
            if len(self._sources) >= _MOST_SOURCES:  # only known addresses come here, but these change with reloads
                self._sources.clear()
            found = self._sources[source] = _Source(self._now())
        return found


class TrapReceiver:
    """Hears on one socket at a time; `serve` until cancelled. Errors: OSError where the address cannot be opened."""

    def __init__(self, host: str, port: int, reader: TrapReader, listening: Callable[[], None]) -> None:
        self._where = host, port
        self._reader = reader
        self._listening = listening

    async def serve(self, sink: HintSink) -> None:
        """Hear, decode what is worth it, tell."""
        loop = asyncio.get_running_loop()
        gate = Gate(sink, loop.time)
        with open_socket(*self._where) as sock:
            self._listening()
            hearing = _Hearing(loop, sock, gate, sink)
            hearing.go_on()
            try:
                await self._decode(gate)
            finally:
                hearing.stop()

    async def _decode(self, gate: Gate) -> None:
        while True:
            waiting = gate.take()
            if waiting is None:
                await gate.filled.wait()
                continue
            source, data = waiting
            begun = time.perf_counter()
            gate.decoded(source, self._reader.read(data))
            await asyncio.sleep(rest_after(time.perf_counter() - begun))


def rest_after(spent_seconds: float) -> float:
    """How long nothing is decoded after something was. Units: seconds."""
    return max(DECODE_SECONDS, LEAST_REST * spent_seconds)


class _Hearing:
    """Takes datagrams from the kernel, never more than a burst without a rest."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, gate: Gate, sink: HintSink) -> None:
        self._loop = loop
        self._sock = sock
        self._gate = gate
        self._sink = sink
        self._lost = 0
        self._timer: asyncio.TimerHandle | None = None

    def go_on(self) -> None:
        """Listen for what comes."""
        self._timer = None
        self._loop.add_reader(self._sock, self._readable)

    def stop(self) -> None:
        """Listen no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._sock)

    def _readable(self) -> None:
        for _ in range(BURST):
            try:
                data, extra, _, sender = self._sock.recvmsg(MOST_BYTES + 1, socket.CMSG_SPACE(4))
            except BlockingIOError:
                return
            except OSError:  # an error of the path that the kernel tells late: of no datagram of ours
                continue
            for level, kind, value in extra:
                if (level, kind) == (socket.SOL_SOCKET, SO_RXQ_OVFL):
                    self._count_lost(struct.unpack("=I", value[:4])[0])
            self._gate.offer(data, sender[0])
        self._loop.remove_reader(self._sock)
        self._timer = self._loop.call_later(PAUSE_SECONDS, self.go_on)

    def _count_lost(self, total: int) -> None:
        if total != self._lost:
            self._sink.count(Fate.OVERFLOW, (total - self._lost) % 2**32)
            self._lost = total
