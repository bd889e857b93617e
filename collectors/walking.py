"""One probe on its way through its phases, for kinds that go there on a connection of their own."""

import asyncio
import socket
from collections.abc import Awaitable
from time import monotonic

from collectors.base import Reading, Reason, Target, error, failed, recognised, with_values
from collectors.certificates import shorten
from collectors.ending import EndError
from collectors.resolve import Address, Resolver, numeric, split_address


class Walk:
    """What a probe is doing since when, what it measured, who answered, and what it may end as already.

    `stray` is what came in this phase that was no answer. `done` is set once all is measured: whoever then only does
    not say goodbye has not failed.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.values: dict[str, float] = {}
        self.notes: list[str] = []
        self.identity = ""
        self.doing = ""
        self.stray = ""
        self.done: Reading | None = None
        self.since = monotonic()
        self._resolving = False

    @property
    def detail(self) -> str:
        """The notes in one line."""
        return "; ".join(self.notes)

    def begin(self, doing: str) -> None:
        """Start the clock of the next phase."""
        self.doing, self.stray, self.since = doing, "", monotonic()

    def end(self, value: str) -> None:
        """Keep how long the phase took."""
        self.values[value] = monotonic() - self.since

    async def run(self, measuring: Awaitable[Reading]) -> Reading:
        """What comes of it by the target's timeout, with what was measured until then and who answered."""
        deadline = asyncio.timeout(self.target.timeout_seconds)
        try:
            async with deadline:
                reading = await measuring
        except TimeoutError:
            if not deadline.expired():
                raise
            reading = self._overdue(asyncio.get_running_loop().time() - (deadline.when() or 0.0))
        except EndError as exc:
            reading = exc.reading
        return recognised(with_values(reading, self.values), self.identity)

    def place(self) -> tuple[str, int]:
        """Host and port of the target. Errors: EndError; the configuration has looked at them before."""
        try:
            return split_address(self.target.address)
        except ValueError as exc:
            raise EndError(error(Reason.INTERNAL, f"the target's address: {exc}")) from exc

    async def locate(self, resolver: Resolver, host: str, port: int, family: int) -> Address:
        """The address to dial: of a name the resolver's first, as kind tcp does. Errors: EndError."""
        self.begin(f"resolving {host}")
        self._resolving = True
        found = await resolver.resolve(host, port, family, socket.SOCK_STREAM, self.target.timeout_seconds)
        self._resolving = False
        self.target.spent("resolve", monotonic() - self.since)
        if isinstance(found, Reading):
            raise EndError(found)
        if numeric(host, port) is None:
            self._note_found(found)
        refused = self.target.refusal(host, found[0].sockaddr[0])
        if refused is not None:
            raise EndError(refused)
        return found[0]

    def _note_found(self, found: list[Address]) -> None:
        self.end("resolve_seconds")
        self.notes.append(f"measured {found[0]}")
        self.target.step("resolved", " ".join(str(address) for address in found))

    def _overdue(self, late: float) -> Reading:
        seconds = self.target.timeout_seconds
        if self.done is not None:
            return self.done
        if ours := too_late(late, seconds):
            return ours
        if self._resolving:
            return error(Reason.RESOLVER, f"{self.doing}: no answer from our resolver within {seconds:g} s")
        if self.stray:
            return failed(Reason.PROTOCOL, f"{self.doing}: none within {seconds:g} s, but {shorten(self.stray)}")
        return failed(Reason.TIMEOUT, f"not done within {seconds:g} s: {self.doing}")


def too_late(late: float, seconds: float) -> Reading | None:
    """The reading of a deadline that our loop saw `late`: by more than half of the probe's time it was us (S1)."""
    if late <= seconds / 2:
        return None
    return error(Reason.LATE, f"our loop came {late:.3f} s after the deadline of {seconds:g} s")
