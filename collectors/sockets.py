"""The mass-probe engine: thousands of non-blocking TCP conversations on one epoll.

No task, no timer and no asyncio handle per probe: one epoll of our own, nested in the loop by a single
add_reader, and one timer for all deadlines. A socket is registered once, edge-triggered, and never modified;
closing it is what removes it.
"""

import asyncio
import errno
import heapq
import select
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from time import monotonic

from collectors.base import CollectorUnavailableError, Landed, Reading, Reason, Target, error, failed, with_values
from collectors.dialling import RESET, SocketOptions, is_connected, met_itself, open_stream, rtt_of, tcp_info
from collectors.errnos import from_host, from_path
from collectors.resolve import Address

_EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET | select.EPOLLRDHUP
_BROKEN = select.EPOLLERR | select.EPOLLHUP
_OVER = _BROKEN | select.EPOLLRDHUP  # nothing more will come: read on until it says why
_READABLE = _OVER | select.EPOLLIN
_BATCH = 512
_SERVED = 16
"""Conversations that are served in one go; the others' turn comes when the loop has run."""
_CHUNK = 16 * 1024
_GRAIN = 0.005
_LOWEST_EPHEMERAL_PORT = 1024
_EXPIRING = 0.002
"""Seconds: longer than this the loop does nothing but end probes whose time is up."""


@dataclass(slots=True, eq=False)
class Probe:
    """One conversation: a kind says in the `on_` methods what to do; it ends exactly once, by `end`.

    Units: `connected_at` is monotonic; a stage that was not reached is None.
    """

    owner: object
    target: Target
    address: Address
    resolve_seconds: float | None = None
    connected_at: float | None = field(default=None, init=False)
    connect_seconds: float | None = field(default=None, init=False)
    rtt_seconds: float | None = field(default=None, init=False)
    first_byte_seconds: float | None = field(default=None, init=False)
    unsent: bytes = field(default=b"", init=False)
    _hub: "_Hub | None" = field(default=None, init=False)
    _landed: Landed | None = field(default=None, init=False)
    _sock: socket.SocketType | None = field(default=None, init=False)
    _slot: int = field(default=0, init=False)
    _started: float = field(default=0.0, init=False)

    def on_connected(self) -> None:
        """The connection stands: send, wait, or end."""
        raise NotImplementedError

    def on_flushed(self) -> None:
        """All that `send` could not hand to the kernel at once (`unsent`) has been handed over now."""

    def on_received(self, data: bytes) -> None:
        """Bytes came (never none)."""

    def on_closed(self) -> Reading:
        """The peer closed and the probe has not ended: what does that say."""
        return failed(Reason.CLOSED, f"{self.address} closed the connection before it had answered")

    def on_timeout(self) -> Reading:
        """The deadline passed: what does that say."""
        waited = f"within {self.target.timeout_seconds:.3g} s"
        if self.connected_at is None:
            return failed(Reason.TIMEOUT, f"connect to {self.address}: no connection {waited}")
        return failed(Reason.TIMEOUT, f"{self.address} connected, then no complete answer {waited}")

    def values(self) -> Mapping[str, float]:
        """What has been measured so far."""
        stages = (
            ("connect_seconds", self.connect_seconds),
            ("rtt_seconds", self.rtt_seconds),
            ("first_byte_seconds", self.first_byte_seconds),
            ("resolve_seconds", self.resolve_seconds),
        )
        return {name: seconds for name, seconds in stages if seconds is not None}

    @property
    def ended(self) -> bool:
        """Whether the reading is decided."""
        return self._sock is None

    def send(self, data: bytes) -> None:
        """Say something; what does not fit into the kernel now follows by itself, then on_flushed is called."""
        self.unsent += data
        if self._sock is not None:
            self._flush(self._sock)

    def end(self, reading: Reading) -> None:
        """Close the socket and give the reading to whoever waits; a second end says nothing."""
        landed = self._landed
        if self._release() and landed is not None:
            if not reading.values and (values := self.values()):
                reading = with_values(reading, values)
            landed((reading,))

    def abandon(self) -> None:
        """Close the socket because nobody waits any more."""
        self._release()

    # the engine's half: a kind leaves these alone

    def dial(self, hub: "_Hub", options: SocketOptions, deadline: float, landed: Landed) -> None:
        """Begin to connect; what goes wrong at once ends the probe at once."""
        self._hub, self._landed, address = hub, landed, self.address
        try:
            sock = self._sock = open_stream(address.family, options)
            self._started = monotonic()
            number = sock.connect_ex(address.sockaddr)
            if number == 0:
                self.on_events(select.EPOLLOUT, monotonic())
            elif number != errno.EINPROGRESS:
                self.end(from_host(number, f"connect to {address}"))
            if not self.ended:
                self._slot = hub.watch(self, sock, deadline)
        except OSError as exc:
            origin = f" from {options.source}" if options.source else ""
            self.end(from_host(exc.errno, f"open a socket to {address}{origin}"))

    def crash(self, exc: Exception) -> None:
        """Hand a bug of ours to whoever waits: the runner's boundary makes it error/internal."""
        landed = self._landed
        if self._release() and landed is not None:
            landed(exc)

    def expire(self) -> None:
        """The deadline has passed."""
        try:
            self.end(self.on_timeout())
        except Exception as exc:  # noqa: BLE001 (as in _Hub.poll)
            self.crash(exc)

    def _release(self) -> bool:
        """Whether this call was the one that ended the probe.

        Whoever waits may hold the probe: without letting go, each probe would be left to the collector of cycles.
        """
        hub, sock = self._hub, self._sock
        if hub is None:
            return False
        self._hub = self._sock = self._landed = None
        self.unsent = b""
        if sock is not None:
            hub.forget(self, sock.fileno(), self._slot)
            sock.close()
        return True

    def on_events(self, events: int, now: float) -> None:
        """What epoll says, and when it said so."""
        sock = self._sock
        if sock is None or (self.connected_at is None and not self._establish(sock, events, now)):
            return
        if self.unsent and events & select.EPOLLOUT:
            self._flush(sock)
            if not self.unsent and not self.ended:
                self.on_flushed()
        if events & _READABLE and not self.ended:
            self._receive(sock, events, now)

    def _establish(self, sock: socket.SocketType, events: int, now: float) -> bool:
        """Whether the connection stands and the probe goes on."""
        if events & _BROKEN and (number := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
            self.end(from_path(number, f"connect to {self.address}"))
            return False
        info = tcp_info(sock)
        if not is_connected(info):  # not a proof of life: the handshake goes on, or the deadline says how it ended
            return False
        if self.address.port >= _LOWEST_EPHEMERAL_PORT and met_itself(sock, self.address):
            detail = f"connect to {self.address}: nobody listens there (the connection met its own source port)"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)  # a TIME-WAIT would keep the port taken
            self.end(failed(Reason.REFUSED, detail))
            return False
        self.connected_at = now
        self.connect_seconds = now - self._started
        self.rtt_seconds = rtt_of(info) or self.connect_seconds
        self.on_connected()
        return not self.ended

    def _flush(self, sock: socket.SocketType) -> None:
        try:
            self.unsent = self.unsent[sock.send(self.unsent) :]
        except BlockingIOError:
            return
        except OSError as exc:
            self.end(from_path(exc.errno or 0, f"send to {self.address}"))

    def _receive(self, sock: socket.SocketType, events: int, now: float) -> None:
        """Read to the end of what is there, as edges demand; a short read is that end unless all is over."""
        while not self.ended:
            try:
                data = sock.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError as exc:
                self.end(from_path(exc.errno or 0, f"receive from {self.address}"))
                return
            if not data:
                self.end(self.on_closed())
                return
            if self.first_byte_seconds is None and self.connected_at is not None:
                self.first_byte_seconds = now - self.connected_at
            self.on_received(data)
            if len(data) < _CHUNK and not events & _OVER:
                return


class _Hub:
    """What an open engine has: one loop, one epoll, the probes by descriptor and by deadline.

    Deadlines lie in slots of 5 ms under one timer, armed at the earliest slot; timeouts may all differ. A
    probe that ends leaves its slot at once, an empty slot goes when the timer meets it.
    """

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.probes: dict[int, Probe] = {}
        self._slots: dict[int, set[Probe]] = {}
        self._order: list[int] = []
        self._timer: asyncio.TimerHandle | None = None
        self._serving = False
        self._epoll = select.epoll()
        self.loop.add_reader(self._epoll.fileno(), self.poll)

    def watch(self, probe: Probe, sock: socket.SocketType, deadline: float) -> int:
        """Follow a socket until it is closed or its slot comes; registering reports what is true already."""
        descriptor = sock.fileno()
        self._epoll.register(descriptor, _EDGES)
        self.probes[descriptor] = probe
        slot = ceil(deadline / _GRAIN)
        if (waiting := self._slots.get(slot)) is None:
            waiting = self._slots[slot] = set()
            heapq.heappush(self._order, slot)
            if self._timer is None or slot * _GRAIN < self._timer.when():
                self._arm(slot)
        waiting.add(probe)
        return slot

    def forget(self, probe: Probe, descriptor: int, slot: int) -> None:
        """A probe has ended."""
        self.probes.pop(descriptor, None)
        if (waiting := self._slots.get(slot)) is not None:
            waiting.discard(probe)

    def close(self) -> None:
        """Release everything; a loop that was closed under us has dropped the reader itself."""
        for probe in list(self.probes.values()):
            probe.abandon()
        if self._timer is not None:
            self._timer.cancel()
        if not self.loop.is_closed():
            self.loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def poll(self, most: int = _SERVED) -> bool:
        """Serve so many, all stamped with the time before the first; whether there may be more.

        Whoever is told of a reading may launch the next probe: that one is served later, and an event already
        fetched stays with its own probe although the descriptor may have passed to another meanwhile.
        """
        if self._serving:
            return False
        found = self._epoll.poll(0, most)
        now = monotonic()
        probes = self.probes
        self._serving = True
        for probe, events in [(probes.get(descriptor), events) for descriptor, events in found]:
            if probe is not None:
                try:
                    probe.on_events(events, now)
                except Exception as exc:  # noqa: BLE001 (reaches the runner's boundary through the landing)
                    probe.crash(exc)
        self._serving = False
        return len(found) == most

    def _arm(self, slot: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_at(slot * _GRAIN, self._on_time)

    def _on_time(self) -> None:
        """Call deadlines that are due, after what lies in the kernel: an answer that is here is no timeout.

        For so long at once, then the loop runs: thousands that fall silent together must not make the others late.
        """
        self._timer = None
        for _ in range(1 + len(self.probes) // _BATCH):
            if not self.poll(_BATCH):
                break
        began = monotonic()
        now = began + 1e-6  # a timer may come a clock tick early
        while self._order and (self._order[0] * _GRAIN <= now or not self._slots[self._order[0]]):
            waiting = self._slots[self._order[0]]
            while waiting and monotonic() - began < _EXPIRING:
                waiting.pop().expire()
            if waiting:
                break
            del self._slots[heapq.heappop(self._order)]
        if self._order:
            self._arm(self._order[0])


class SocketEngine:
    """One epoll for all collectors that share it: opened by the first, closed by the last.

    Each probe in flight holds one descriptor: RLIMIT_NOFILE >= 1000 + 1.5 x timeout x peak probes a second.
    """

    def __init__(self) -> None:
        self._users = 0
        self._hub: _Hub | None = None

    @property
    def in_flight(self) -> int:
        """How many probes hold a socket now."""
        return len(self._hub.probes) if self._hub is not None else 0

    def open(self) -> None:
        """Begin to use the engine in the running loop. Errors: CollectorUnavailableError without an epoll."""
        hub = self._hub
        if hub is not None and hub.loop is not asyncio.get_running_loop():
            if not hub.loop.is_closed():
                raise RuntimeError("the socket engine is open in another loop; make one kind for each loop")
            self._stop(hub)
        if self._hub is None:
            try:
                self._hub = _Hub()
            except OSError as exc:
                raise CollectorUnavailableError(
                    f"cannot open an epoll descriptor: {exc.strerror}; raise LimitNOFILE= of the service (ulimit -n)"
                ) from exc
        self._users += 1

    def close(self, owner: object) -> None:
        """End the owner's probes in flight as error/internal and stop using the engine."""
        hub = self._hub
        if hub is None:
            return
        for probe in [each for each in hub.probes.values() if each.owner is owner]:
            probe.end(error(Reason.STOPPED, f"the agent closed the collector while it probed {probe.address}"))
        self._users -= 1
        if self._users == 0:
            self._stop(hub)

    def launch(self, probe: Probe, options: SocketOptions, deadline: float, landed: Landed) -> None:
        """Start a probe; `landed` has its readings when the deadline (monotonic) has come, at the latest.

        What has come meanwhile is served between two launches, so a burst of them does not lengthen the times
        that are reported. Errors: what a kind's own code raises. Whoever stops waiting must call `probe.abandon`.
        """
        hub = self._hub
        if hub is None:
            raise RuntimeError("the socket engine is closed; open the collector with `async with` first")
        probe.dial(hub, options, deadline, landed)
        hub.poll()

    async def converse(self, probe: Probe, options: SocketOptions, deadline: float) -> Sequence[Reading]:
        """The same for whoever awaits; the probe is abandoned when the waiting is."""
        future: asyncio.Future[Sequence[Reading]] = asyncio.get_running_loop().create_future()
        self.launch(probe, options, deadline, partial(_tell, future))
        try:
            return await future
        finally:
            probe.abandon()

    def _stop(self, hub: _Hub) -> None:
        hub.close()
        self._hub, self._users = None, 0


def _tell(future: "asyncio.Future[Sequence[Reading]]", landed: Sequence[Reading] | Exception) -> None:
    """A landing for a future; one that nobody waits for any more is let go."""
    if future.done():
        return
    if isinstance(landed, Exception):
        future.set_exception(landed)
    else:
        future.set_result(landed)
