"""One trace from the first packet to its end: what is sent when, what is waited for, and when it is given up."""

import contextlib
import errno
import select
import socket
from collections.abc import Callable
from time import monotonic

from collectors.path.model import Answer, End, Hop, Method, Said, Traced
from collectors.path.options import PathModule
from collectors.path.senders import BASE_PORT, DEFAULT_TCP_PORT, Heard, Sender, sender
from collectors.resolve import Address

PATIENCE_SECONDS = 3.5
"""How long an answer is waited for: a router that finds no neighbour says so after 3 s."""

BRISK_SECONDS = 1.0
"""How long once it is known where the path ends: only hops before it are missing then."""

_LONGEST_WAIT_SECONDS = 0.1
"""How soon a wish to stop is seen."""


def trace(
    address: Address,
    recipe: PathModule,
    *,
    port: int | None = None,
    told: Callable[[Hop], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Traced:
    """Ask hop after hop; blocks for `recipe.timeout` at most. `told` is called for each hop in order.

    Errors: CollectorUnavailableError where this process may not send it, OSError where this host cannot.
    """
    poller = select.poll()
    sent_by = sender(recipe.method, address, port, poller)
    return Tracer(address, recipe, port, sent_by, poller).run(told, stopping)


def own_address(address: Address) -> str:
    """The address of this host that a packet to there leaves from; "" where there is no way. Sends nothing."""
    host, _, *rest = address.sockaddr
    with contextlib.suppress(OSError), socket.socket(address.family, socket.SOCK_DGRAM) as opened:
        opened.connect((host, BASE_PORT, *rest))
        return str(opened.getsockname()[0])
    return ""


class Tracer:
    """The state of one trace."""

    def __init__(
        self, address: Address, recipe: PathModule, port: int | None, sent_by: Sender, poller: select.poll
    ) -> None:
        self._address = address
        self._recipe = recipe
        self._port = port
        self._sender = sent_by
        self._poller = poller
        self._sent: list[float] = []
        self._answers: dict[int, Answer] = {}
        self._ends_at: int | None = None
        self._farthest = 0
        self._next_at = 0.0

    def run(self, told: Callable[[Hop], None], stopping: Callable[[], bool]) -> Traced:
        """As `trace`."""
        started = monotonic()
        deadline = started + self._recipe.timeout
        shown = 0
        try:
            while (now := monotonic()) < deadline and not stopping() and self._is_going_on(now):
                self._send_if_due(now)
                self._listen(min(self._until_next(), deadline))
                shown = self._show(told, shown)
        finally:
            self._sender.close()
        end = self._end(monotonic() >= deadline, stopped=stopping())
        traced = self._traced(end, monotonic() - started)
        for hop in traced.hops[shown:]:
            told(hop)
        return traced

    # what is sent

    @property
    def _limit(self) -> int:
        """The farthest hop that is asked as things stand."""
        if self._ends_at is not None:
            return self._ends_at
        return min(self._recipe.max_hops, self._farthest + self._recipe.silent_hops)

    @property
    def _may_send(self) -> bool:
        return len(self._sent) < self._limit * self._recipe.queries

    def _send_if_due(self, now: float) -> None:
        if not self._may_send or now < self._next_at:
            return
        number = len(self._sent)
        self._sent.append(monotonic())
        try:
            self._sender.send(number, number // self._recipe.queries + 1)
        except OSError as exc:
            if exc.errno != errno.ENOBUFS:  # a link that goes down, or is full: this packet alone did not leave
                raise
        self._next_at = now + 1 / self._recipe.per_second

    # what is waited for

    def _is_going_on(self, now: float) -> bool:
        return self._may_send or any(now < self._patient_until(number) for number in self._missing())

    def _missing(self) -> list[int]:
        wanted = min(len(self._sent), self._limit * self._recipe.queries)
        return [number for number in range(wanted) if number not in self._answers]

    def _patient_until(self, number: int) -> float:
        return self._sent[number] + (PATIENCE_SECONDS if self._ends_at is None else BRISK_SECONDS)

    def _until_next(self) -> float:
        if self._may_send:
            return self._next_at
        return max((self._patient_until(number) for number in self._missing()), default=0.0)

    def _listen(self, until: float) -> None:
        wait = min(max(until - monotonic(), 0.0), _LONGEST_WAIT_SECONDS)
        for descriptor, _ in self._poller.poll(wait * 1000):
            for heard in self._sender.heard(descriptor):
                self._take(heard)

    def _take(self, heard: Heard) -> None:
        """The first answer to a probe holds: a SYN that the kernel repeats may be answered twice."""
        if not 0 <= heard.number < len(self._sent) or heard.number in self._answers:
            return
        seconds = max(heard.at - self._sent[heard.number], 0.0)
        answer = Answer(heard.address, seconds, heard.said, heard.words, heard.kind, heard.code)
        self._answers[heard.number] = answer
        hop = heard.number // self._recipe.queries + 1
        if heard.said is not Said.TRANSIT:
            self._ends_at = hop if self._ends_at is None else min(self._ends_at, hop)
        self._farthest = max(self._farthest, hop)

    # what it comes to

    def _hop(self, number: int) -> Hop:
        queries = self._recipe.queries
        numbers = range((number - 1) * queries, min(number * queries, len(self._sent)))
        answers = tuple(self._answers[each] for each in numbers if each in self._answers)
        return Hop(number, len(numbers), answers)

    def _show(self, told: Callable[[Hop], None], shown: int) -> int:
        """Tell of hops that are complete; how many have been told of."""
        while (hop := self._hop(shown + 1)).sent == len(hop.answers) == self._recipe.queries:
            if self._ends_at is not None and hop.number > self._ends_at:
                break
            told(hop)
            shown += 1
        return shown

    def _end(self, is_late: bool, *, stopped: bool) -> End:
        if self._ends_at is not None:
            said = {answer.said for answer in self._hop(self._ends_at).answers}
            return End.ARRIVED if Said.ARRIVED in said else End.UNREACHABLE
        if stopped:
            return End.STOPPED
        if is_late:
            return End.DEADLINE
        return End.MAX_HOPS if self._farthest + self._recipe.silent_hops > self._recipe.max_hops else End.SILENT

    def _traced(self, end: End, seconds: float) -> Traced:
        farthest = -(-len(self._sent) // self._recipe.queries)
        last = farthest if self._ends_at is None else self._ends_at
        hops = tuple(self._hop(number) for number in range(1, last + 1))
        asked, source = self._address.sockaddr[0], own_address(self._address)
        return Traced(self._recipe.method, asked, self._asked_port, source, hops, end, seconds)

    @property
    def _asked_port(self) -> int | None:
        if self._recipe.method is Method.TCP:
            return self._port or DEFAULT_TCP_PORT
        return self._port if self._recipe.method is Method.UDP else None
