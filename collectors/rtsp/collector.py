"""Asks the video nodes of one module, gently: what it knows of the devices is shared with every module of the kind."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from sys import intern
from time import monotonic
from typing import Self

from collectors.base import Collector, Landed, Module, Outcome, Reading, Reason, Target, error, ok
from collectors.dialling import SocketOptions
from collectors.resolve import Address, Resolver
from collectors.rtsp.address import Place, parse, uri_of
from collectors.rtsp.describe import AGENT, Describing
from collectors.rtsp.devices import Manners, Patience, Sessions
from collectors.rtsp.options import Account, RtspModule, account_of
from collectors.rtsp.probe import RtspProbe
from collectors.sockets import SocketEngine
from collectors.wire.rtsp import request

_BEFORE, _, _AFTER = request("OPTIONS", "*", 1, (AGENT,)).partition(b"*")

_PARSED = 65_536
"""Addresses of a module that are kept as they were read."""

REACHABLE = "reachable"
"""The component that says whether RTSP answers at all, beside a target that is asked for more."""

_SILENT = frozenset(
    {Reason.TIMEOUT, Reason.REFUSED, Reason.UNREACHABLE, Reason.RESET, Reason.CLOSED, Reason.PROTOCOL, Reason.TOO_LARGE}
)
"""Failures before any RTSP answer that hold for whoever asks the same device."""


class Devices:
    """What the modules of one kind share: sockets, resolver, and what is known of each device."""

    def __init__(self) -> None:
        self.engine = SocketEngine()
        self.resolver = Resolver()
        self.sessions = Sessions()
        self.manners = Manners()
        self.salt = os.urandom(16)

    def build(self, module: Module) -> Collector:
        """A collector for one module of kind `rtsp`."""
        if not isinstance(module, RtspModule):
            raise TypeError(f"kind rtsp got a {type(module).__name__}, wanted an RtspModule")
        return RtspCollector(module, self)


class RtspCollector:
    """Probes the targets of one module. Closed with probes in flight: these end as error/stopped."""

    def __init__(self, module: RtspModule, devices: Devices) -> None:
        self._module = module
        self._devices = devices
        self._account: Account | None = None
        self._family = module.wanted_family
        self._options = SocketOptions(module.source_address)
        self._describes = module.depth == "describe"
        self._parsed: dict[str, tuple[Address | None, str]] = {}

    async def __aenter__(self) -> Self:
        self._account = account_of(self._module, self._devices.salt)
        self._devices.engine.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._devices.engine.close(self)

    def launch(self, target: Target, landed: Landed) -> bool:
        """Ask a numeric address without a task of its own; False for what `collect` has to do."""
        if self._describes or target.trace is not None or "%" in target.address:
            return False
        found = self._parsed.get(target.address)
        try:
            device, path = self._numeric(target.address) if found is None else found
        except ValueError:
            return False
        if device is None or self._family not in (socket.AF_UNSPEC, device.family):
            return False
        if not self._devices.sessions.try_enter(device, self._module.max_sessions):
            return False
        probe = RtspProbe(self, target, device, None, self._opening(device, path), self._module.max_bytes)
        deadline = monotonic() + target.timeout_seconds
        try:
            self._devices.engine.launch(probe, self._options, deadline, partial(self._landed, probe, landed))
        except Exception:
            probe.abandon()
            self._leave(probe, None)
            raise
        return True

    def _landed(self, probe: RtspProbe, landed: Landed, said: Sequence[Reading] | Exception) -> None:
        """Give the session back before anybody is told: who is told may launch the next probe."""
        self._leave(probe, None if isinstance(said, Exception) else said[0])
        landed(said)

    def _leave(self, probe: RtspProbe, last: Reading | None) -> None:
        """`last` is what the device said, where that may hold for whoever waits for it."""
        if probe.in_session:
            probe.in_session = False
            if not self._devices.sessions.try_leave(probe.address):
                silent = None if last is None else _silence(last)
                self._devices.sessions.leave(probe.address, self._patience(probe.target), silent)

    def _patience(self, target: Target) -> Patience:
        return Patience(self._module.source_address, target.timeout_seconds)

    async def collect(self, target: Target) -> Sequence[Reading]:
        """Ask once; ends by the target's timeout, the resolver's time and the wait for a session included."""
        began = monotonic()
        try:
            place, first = self._parse(target.address)
        except ValueError as exc:
            return self._both(error(Reason.INTERNAL, f"the target's address: {exc}"))
        device, seconds = place.address, None
        if device is None or self._family not in (socket.AF_UNSPEC, device.family):
            found = await self._look_up(target, place)
            if isinstance(found, Reading):
                return self._both(found)
            device, seconds = found, monotonic() - began
        probe = RtspProbe(self, target, device, seconds, first, self._module.max_bytes, self._describing(place, device))
        return await self._in_turn(probe, began + target.timeout_seconds)

    async def _look_up(self, target: Target, place: Place) -> Address | Reading:
        """Ask the resolver; it also says what is wrong with a numeric address of the other family."""
        target.step("resolve", place.host)
        seconds = target.timeout_seconds
        found = await self._devices.resolver.resolve(place.host, place.port, self._family, socket.SOCK_STREAM, seconds)
        if isinstance(found, Reading):
            return found
        target.step("resolved", " ".join(str(address) for address in found))
        return found[0]

    async def _in_turn(self, probe: RtspProbe, deadline: float) -> Sequence[Reading]:
        """Talk to the device when it is our turn; what it said to whoever was before us may settle it."""
        sessions, began = self._devices.sessions, monotonic()
        patience = self._patience(probe.target)
        turn = await sessions.enter(probe.address, self._limit(probe), patience, deadline - began)
        waited = monotonic() - began
        if isinstance(turn, Reading):
            return self._both(replace(turn, detail=f"{turn.detail} (asked by the probe before this one)"))
        if not turn:
            text = f"{probe.address}: other probes of ours talked to it for {waited:.3g} s; see max_sessions"
            return self._both(error(Reason.LATE, text, probe.values()))
        last = None
        try:
            readings = await self._converse(probe, deadline, waited)
            last = readings[-1] if probe.options is None else None
            return readings
        finally:
            self._leave(probe, last)

    async def _converse(self, probe: RtspProbe, deadline: float, waited: float) -> Sequence[Reading]:
        try:
            (reading,) = await self._dial(probe, deadline)
            if probe.describing is not None and probe.describing.held is not None:
                probe.target.step("closed", "it ends the connection with its challenge: the login goes over a new one")
                probe = self._second(probe)
                (reading,) = await self._dial(probe, deadline)
            reading = _as_refusal(probe, reading)
        finally:
            if probe.describing is not None:
                probe.describing.close()
        if reading.reason is Reason.TIMEOUT and waited > 0.1 * probe.target.timeout_seconds:
            text = f"our own queue before this device took {waited:.3g} s: {reading.detail}"
            reading = error(Reason.LATE, text, reading.values)
        return self._with_reachable(probe, reading)

    async def _dial(self, probe: RtspProbe, deadline: float) -> Sequence[Reading]:
        if probe.target.trace is not None:
            probe.target.step("connect", str(probe.address))
        return await self._devices.engine.converse(probe, self._options, deadline)

    def _second(self, probe: RtspProbe) -> RtspProbe:
        """The connection on which the login goes where the peer ends the first with its challenge."""
        again = RtspProbe(self, probe.target, probe.address, probe.resolve_seconds, probe.first, probe.max_bytes)
        again.describing, again.options, again.options_seconds = probe.describing, probe.options, probe.options_seconds
        return again

    def _with_reachable(self, probe: RtspProbe, reading: Reading) -> Sequence[Reading]:
        """What was asked for, and beside it what any answer proves."""
        if not self._describes:
            return (reading,)
        if probe.options is None:
            return self._both(reading)
        return (reading, ok(probe.reached(), REACHABLE, f"OPTIONS was answered {probe.options}"))

    def _both(self, reading: Reading) -> Sequence[Reading]:
        return (reading, replace(reading, component=REACHABLE)) if self._describes else (reading,)

    def _limit(self, probe: RtspProbe) -> int:
        """One session while the password is not proven there: two wrong ones at once would be two attempts."""
        credential = self._credential()
        if credential is None or self._devices.manners.is_proven(probe.address, credential):
            return self._module.max_sessions
        return 1

    def _credential(self) -> bytes | None:
        return self._account.credential if self._account is not None else None

    def _describing(self, place: Place, device: Address) -> Describing | None:
        if not self._describes:
            return None
        return Describing(device, place.path, place.uri, self._account, self._devices.manners, monotonic)

    def _numeric(self, text: str) -> tuple[Address | None, str]:
        """What is kept of an address for its launches; None where it is a name. Errors: ValueError."""
        place, _ = self._parse(text)
        if len(self._parsed) >= _PARSED:
            self._parsed.clear()  # addresses of targets that are gone
        kept = self._parsed[text] = place.address, intern(place.path)
        return kept

    def _opening(self, device: Address, path: str) -> bytes:
        """The first request of a launch: made anew, for 43 000 of them would have to be kept."""
        if self._module.depth == "connect":
            return b""
        return b"%b%b%b" % (_BEFORE, uri_of(device.sockaddr[0], device.port, path).encode(), _AFTER)

    def _parse(self, text: str) -> tuple[Place, bytes]:
        """Where, and the first request. Errors: ValueError."""
        place = parse(text, self._module.path)
        first = b"" if self._module.depth == "connect" else request("OPTIONS", place.uri, 1, (AGENT,))
        return place, first


def _as_refusal(probe: RtspProbe, reading: Reading) -> Reading:
    """A connection that the peer breaks off on our login is its refusal: else every probe would try it again."""
    describing = probe.describing
    if describing is None or reading.reason not in (Reason.CLOSED, Reason.RESET):
        return reading
    refusal = describing.dropped()
    return reading if refusal is None else replace(refusal, values=probe.values())


def _silence(reading: Reading) -> Reading | None:
    """A reading as it holds for others who wait for the same device; None where it does not."""
    if reading.outcome is not Outcome.FAILED or reading.reason not in _SILENT:
        return None
    values: Mapping[str, float] = {}
    return replace(reading, component="", values=values)
