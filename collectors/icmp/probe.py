"""One probe of n echoes: what was sent, what came back, and the reading that makes."""

import asyncio
import errno
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from collectors.base import Outcome, Reading, Reason, Target, error, failed, ok
from collectors.errnos import from_errno
from collectors.icmp.options import COOKIE_BYTES
from collectors.icmp_sockets import Control
from collectors.resolve import Address

VALUES = {
    "rtt_seconds": "Mean round trip time of the echoes that were answered.",
    "rtt_min_seconds": "Shortest round trip time of the echoes that were answered.",
    "rtt_p95_seconds": "95th percentile (nearest rank) of the round trip times of one probe.",
    "jitter_seconds": "Mean absolute difference of successive round trip times, given two replies or more.",
    "loss_ratio": "Share of the echo requests sent by one probe that got no reply, 0 to 1.",
    "echoes_sent": "Echo requests sent by one probe whose fate is known.",
    "echoes_received": "Echo requests of one probe that were answered in time, duplicates not counted.",
    "hop_limit": "TTL or hop limit of the last reply, as received.",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a module's probes of one family have in common."""

    count: int
    gap: float
    payload_size: int
    control: Control


class Probe:
    """State of one probe: its channel tells it what happens, `done` is given the reading.

    Units: started and deadline in seconds of the loop's clock; rtts in seconds, by position of the echo.
    Shape: waiting holds the numbers of the echoes that have no answer yet.
    """

    __slots__ = (
        "cookie", "deadline", "done", "gap", "hop_limit", "host", "local_error", "path_error", "payload", "recipe",
        "rtts", "sent", "sockaddr", "started", "target", "waiting",
    )  # fmt: skip

    def __init__(
        self, target: Target, address: Address, recipe: Recipe, started: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.target = target
        self.sockaddr = address.sockaddr
        self.host: str = address.sockaddr[0]
        self.recipe = recipe
        self.started = started
        self.deadline = started + target.timeout_seconds
        self.gap = 0.0 if recipe.count == 1 else self._shortened_gap(loop.time())
        self.done: asyncio.Future[Sequence[Reading]] = loop.create_future()
        self.cookie = random.randbytes(COOKIE_BYTES)
        # The cookie over and over: a reply cut short by the target can still be told.
        self.payload = (self.cookie * (recipe.payload_size // COOKIE_BYTES + 1))[: recipe.payload_size]
        self.sent = 0
        self.waiting: set[int] = set()
        self.rtts: dict[int, float] = {}
        self.hop_limit: int | None = None
        self.path_error = ""
        self.local_error: Reading | None = None

    def _shortened_gap(self, now: float) -> float:
        """The gap, or less: a target may be given less time than its module (F7), a name may use some up.

        The last echo always has half of the rest to come back.
        """
        room = max(0.0, self.deadline - now) / 2
        return min(self.recipe.gap, room / (self.recipe.count - 1))

    @property
    def wants_to_send(self) -> bool:
        """Echoes are left, and nothing said that this host cannot send them."""
        return self.sent < self.recipe.count and self.local_error is None

    def was_sent(self, number: int) -> None:
        """One more echo is on its way."""
        self.sent += 1
        self.waiting.add(number)
        if self.target.trace is not None:
            size = self.recipe.payload_size
            self._step("send", f"echo {self.sent} of {self.recipe.count}, {size} bytes")

    def was_not_sent(self, number: int | None) -> None:
        """The kernel refused to send. Nothing has left this host, so no number is the target's fault."""
        reading = from_errno(number, f"send an echo request to {self.host}")
        if reading.outcome is Outcome.FAILED:  # EHOSTUNREACH from our own table is a route we do not have
            no_route = number in (errno.EHOSTUNREACH, errno.EHOSTDOWN)
            reading = error(Reason.NO_ROUTE if no_route else Reason.INTERNAL, reading.detail)
        self.local_error = reading
        self._step("send", reading.detail)

    def was_answered(self, number: int, position: int, rtt_seconds: float, hop_limit: int | None) -> None:
        """A reply that came in time."""
        self.waiting.discard(number)
        self.rtts[position] = rtt_seconds
        if hop_limit is not None:
            self.hop_limit = hop_limit
        if self.target.trace is not None:
            hops = "" if hop_limit is None else f", hop limit {hop_limit}"
            self._step("reply", f"echo {position + 1}: {rtt_seconds * 1000:.3f} ms{hops}")

    def was_rejected(self, number: int, meaning: str, by: str) -> None:
        """The path said why an echo did not get there."""
        self.waiting.discard(number)
        self.path_error = f"{by} says: {meaning}"
        self._step("unreachable", self.path_error)

    def _step(self, name: str, detail: str) -> None:
        self.target.step(name, f"{self.host}: {detail}")

    def end(self, reading: Reading) -> None:
        """Give the reading, unless there is one."""
        if not self.done.done():
            self.done.set_result((reading,))

    def judge(self, doubt: Reading | None = None) -> Reading:
        """The reading of what came back so far; `doubt` says why a missing reply may be our own loss."""
        if self.rtts:
            return ok(self._values(unknown=len(self.waiting) if doubt else 0), detail=self._loss_detail())
        if self.local_error is not None:
            return self.local_error
        if self.path_error:
            return failed(Reason.UNREACHABLE, f"{self.host}: {self.path_error}", self._values())
        if doubt is not None:
            return doubt
        if not self.sent:
            return error(Reason.LATE, f"no time was left to send an echo request to {self.host}")
        return failed(Reason.TIMEOUT, self._silence(), self._values())

    def _silence(self) -> str:
        seconds = self.deadline - self.started
        echoes = "1 echo request" if self.sent == 1 else f"{self.sent} echo requests"
        return f"no reply from {self.host} to {echoes} within {seconds:g}s"

    def _loss_detail(self) -> str:
        if len(self.rtts) == self.sent:
            return ""
        return f"{len(self.rtts)} of {self.sent} echo requests to {self.host} were answered"

    def _values(self, unknown: int = 0) -> dict[str, float]:
        sent, received = self.sent - unknown, len(self.rtts)
        values = self._times() if received else {}
        values["loss_ratio"] = (sent - received) / sent
        values["echoes_sent"] = float(sent)
        values["echoes_received"] = float(received)
        if self.hop_limit is not None:
            values["hop_limit"] = float(self.hop_limit)
        return values

    def _times(self) -> dict[str, float]:
        if len(self.rtts) == 1:
            (rtt,) = self.rtts.values()
            return {"rtt_seconds": rtt, "rtt_min_seconds": rtt, "rtt_p95_seconds": rtt}
        rtts = [self.rtts[position] for position in sorted(self.rtts)]
        ordered = sorted(rtts)
        return {
            "rtt_seconds": sum(rtts) / len(rtts),
            "rtt_min_seconds": ordered[0],
            "rtt_p95_seconds": ordered[math.ceil(0.95 * len(rtts)) - 1],
            "jitter_seconds": sum(abs(b - a) for a, b in pairwise(rtts)) / (len(rtts) - 1),
        }
