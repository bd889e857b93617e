"""One ICMP socket and everybody who waits on it: sends echoes, matches answers, ends probes in time.

Nothing here costs a task or a timer per echo: one reader callback takes up to 50 datagrams, one timer
looks at a heap of what is due (the next echo of a probe, or its deadline).
"""

import asyncio
import errno
import heapq
import itertools
import random
import socket
import time
from collections.abc import Callable

from collectors import icmp_sockets as sockets
from collectors.base import Reading, Reason, error
from collectors.icmp.probe import Probe
from collectors.icmp_sockets import Control
from collectors.wire import icmp

_BATCH = 50  # datagrams or due entries per wakeup: the rest of the loop gets its turn between
_DRAIN_ROUNDS = 40  # 2,000 datagrams are read before a deadline is believed
_SEND_ATTEMPTS = 5
_NANO = 1e-9


_Echo = tuple[Probe, int, int]  # whose, its position among them, when it was sent in monotonic nanoseconds
_Due = tuple[float, int, Probe, bool]  # when, order of arrival (probes are never compared), whether a deadline


class Channel:
    """The shared socket of one family, with the probes that are open on it."""

    def __init__(self, opened: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = opened
        self._loop = loop
        self._datagram = opened.type == socket.SOCK_DGRAM
        self._v4 = opened.family == socket.AF_INET
        self._encode = icmp.echo_request_v4 if self._v4 else icmp.echo_request_v6
        self._parse = self._choose_parser()
        # The kernel overwrites a datagram socket's identifier: there only the sequence number is ours.
        self._mask = 0xFFFF if self._datagram else 0xFFFFFFFF
        self._number = random.getrandbits(32)
        self._waiting: dict[int, _Echo] = {}
        self._due: list[_Due] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._behind = False
        self._errors_told = False
        self._drops = sockets.count_drops(opened)
        self._dropped_at = -1.0
        loop.add_reader(opened.fileno(), self._drain)

    def _choose_parser(self) -> Callable[[bytes], icmp.EchoReply | None]:
        if not self._v4:
            return icmp.parse_v6_message
        return icmp.parse_v4_message if self._datagram else icmp.parse_v4_packet

    def close(self) -> None:
        """Close the socket; open probes end as errors."""
        self._loop.remove_reader(self._socket.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._socket.close()
        for _, _, probe, _ in self._due:
            probe.end(error(Reason.STOPPED, "the ICMP socket was closed before the answer came"))
        self._due.clear()
        self._waiting.clear()

    def start(self, probe: Probe) -> None:
        """Send the first echo, plan the others and the deadline."""
        self._plan(probe.deadline, probe, deadline=True)
        self._send_next(probe)
        self._arm()

    def forget(self, probe: Probe) -> None:
        """Whatever still comes for this probe is late."""
        for number in probe.waiting:
            self._waiting.pop(number, None)
        probe.waiting.clear()

    # Sending

    def _plan(self, when: float, probe: Probe, *, deadline: bool) -> None:
        heapq.heappush(self._due, (when, next(self._order), probe, deadline))

    def _send_next(self, probe: Probe) -> None:
        try:
            number = self._free_number()
            packet = self._encode(number >> 16, number & 0xFFFF, probe.payload)
            sent_ns = time.monotonic_ns()
            self._transmit(packet, probe)
        except OSError as exc:
            probe.was_not_sent(exc.errno)
            self._end_if_complete(probe)
            return
        self._waiting[number] = (probe, probe.sent, sent_ns)
        probe.was_sent(number)
        if probe.wants_to_send:
            self._plan(self._loop.time() + probe.gap, probe, deadline=False)

    def _free_number(self) -> int:
        """Identifier and sequence number as one, unlike every echo still open. Errors: OSError if too many."""
        if len(self._waiting) > self._mask // 2:
            raise OSError(errno.ENOBUFS, "too many echoes are open")
        self._number = (self._number + 1) & self._mask
        while self._number in self._waiting:
            self._number = (self._number + 1) & self._mask
        return self._number

    def _transmit(self, packet: bytes, probe: Probe) -> None:
        """Send once. The kernel may first report an ICMP error that belongs to another probe (RECVERR)."""
        for attempt in itertools.count(1):
            try:
                self._socket.sendmsg([packet], probe.recipe.control, 0, probe.sockaddr)
            except OSError:
                self._errors_told = True
                if attempt == _SEND_ATTEMPTS:
                    raise
            else:
                return

    # Receiving

    def _drain(self) -> bool:
        """Take what has come, at most one batch; True when nothing is left."""
        for taken in range(_BATCH):
            try:
                data, control, _, sender = self._socket.recvmsg(2048, 256)
            except BlockingIOError:
                return self._drained(nothing=taken == 0)
            except OSError:
                self._errors_told = True  # told once; which error it is stands in the error queue
            else:
                self._take(data, control, sender[0])
        self._behind = True
        return False

    def _drained(self, *, nothing: bool) -> bool:
        """Every datagram is read. Look after what is rare only on a sign of it: each look is a system call."""
        if self._behind:  # a buffer that overflowed held more than a batch
            self._look_for_drops()
            self._behind = False
        return self._drain_errors() if self._errors_told or nothing else True

    def _drain_errors(self) -> bool:
        for _ in range(_BATCH):
            try:
                queued = sockets.next_queued_error(self._socket)
            except BlockingIOError:
                self._errors_told = False
                return True
            if queued is not None:
                self._take_queued(queued)
        return False

    def _take(self, data: bytes, control: Control, sender: str) -> None:
        now_ns, wall_ns = time.monotonic_ns(), time.clock_gettime_ns(time.CLOCK_REALTIME)
        parsed = self._parse(data)
        if parsed is None:
            return
        number = (parsed.identifier << 16 | parsed.sequence) & self._mask
        echo = self._waiting.get(number)
        if echo is None:
            return
        probe, position, sent_ns = echo
        if sender != probe.host or not parsed.payload.startswith(probe.cookie):
            return
        stamp_ns, hop_limit = sockets.read_control(control)
        rtt_seconds = _round_trip(now_ns - sent_ns, wall_ns, stamp_ns) * _NANO
        if sent_ns * _NANO + rtt_seconds > probe.deadline:
            return  # too late, only read before the deadline was looked at
        del self._waiting[number]
        probe.was_answered(number, position, rtt_seconds, parsed.hop_limit or hop_limit)
        self._end_if_complete(probe)

    def _take_queued(self, queued: sockets.QueuedError) -> None:
        request = icmp.quoted_request(queued.request)
        if request is None:
            return
        number = (request[0] << 16 | request[1]) & self._mask
        probe, _, _ = self._waiting.get(number, (None, 0, 0))
        if probe is not None and queued.destination == probe.host:
            del self._waiting[number]
            probe.was_rejected(number, queued.meaning, queued.offender)
            self._end_if_complete(probe)

    def _end_if_complete(self, probe: Probe) -> None:
        if not probe.waiting and not probe.wants_to_send:
            probe.end(probe.judge())

    def _look_for_drops(self) -> None:
        drops = sockets.count_drops(self._socket)
        if drops != self._drops:
            self._drops, self._dropped_at = drops, self._loop.time()

    # Time

    def _arm(self) -> None:
        """One timer for the earliest entry; entries of ended probes are dropped when they come up."""
        while self._due and self._due[0][2].done.done():
            heapq.heappop(self._due)
        if not self._due:
            return
        when = self._due[0][0]
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._run_due)

    def _run_due(self) -> None:
        self._timer = None
        now, drained = self._loop.time(), None
        for _ in range(_BATCH):
            if not self._due or self._due[0][0] > now:
                break
            _, _, probe, deadline = heapq.heappop(self._due)
            if probe.done.done():
                continue
            if not deadline:
                self._send_next(probe)
                continue
            drained = self._drain_all() if drained is None else drained
            probe.end(probe.judge(self._doubt(probe, drained=drained)))
        self._arm()

    def _drain_all(self) -> bool:
        """An answer that already lies in our buffer is an answer, however late this loop is."""
        drained = any(self._drain() for _ in range(_DRAIN_ROUNDS))
        self._look_for_drops()
        return drained

    def _doubt(self, probe: Probe, *, drained: bool) -> Reading | None:
        """Why a missing reply may be our own loss and not the target's silence (S1)."""
        if self._dropped_at >= probe.started:
            return error(
                Reason.RESOURCES,
                f"no reply from {probe.host}, but the kernel dropped datagrams of our full receive "
                "buffer meanwhile; raise net.core.rmem_max or give the agent CAP_NET_ADMIN",
            )
        if not drained:
            return error(Reason.LATE, f"no reply from {probe.host} among those read so far")
        return None


def _round_trip(elapsed_ns: int, wall_ns: int, stamp_ns: int | None) -> int:
    """The elapsed time less what the datagram lay in our buffer, which the kernel's stamp tells.

    Only that short stay is measured by wall time (the stamp is in wall time), so a step of the clock during
    the flight does no harm, and one during the stay is seen: the stay cannot be negative or the longer part.
    """
    stay_ns = 0 if stamp_ns is None else wall_ns - stamp_ns
    return elapsed_ns - stay_ns if 0 <= stay_ns <= elapsed_ns else elapsed_ns
