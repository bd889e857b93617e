"""The seam between the shell and the probes: what a collector is given and what it gives back.

A collector measures once and returns values. It never schedules, retries, stores, exports, reads the wall
clock or judges quality: limits are dated parameters that sla applies to `Reading.values`.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, Self, TypeVar, runtime_checkable

from pydantic import BaseModel

from collectors.options import Duration

NO_VALUES: Mapping[str, float] = MappingProxyType({})

DEVICE_CLOCK = "date_timestamp_seconds"
"""The value that holds the device's own clock. The shell, which knows the time, makes clock_skew_seconds and
clock_zone_mislabelled of it; a kind that reports it names these two among its values."""

HOST_CLOCK = "clock_timestamp_seconds"
"""The same of a host that counts seconds since 1970: without a zone there is nothing but clock_skew_seconds."""

Trace = Callable[[str, str], None]
"""Told each step of one on-demand probe: (step, detail). The receiver stamps the time."""


class Guest(Protocol):
    """Goes along with a probe that was asked for from outside: says where it may connect, hears what it meets.

    A collector asks it for each address before it dials, redirects and second tries included; its kind then says
    `asks_to_dial`.
    """

    def admits(self, name: str, address: str) -> bool:
        """Whether a socket may be opened to a numeric address; `name` is the host it stands for, or the same."""

    def spent(self, phase: str, seconds: float) -> None:
        """So long went into a phase that readings have no value for, or not when they failed."""

    def secured(self, tls: ssl.SSLObject) -> None:
        """A TLS handshake is done."""


class Outcome(StrEnum):
    """ok: it answered as required. failed: evidence against the target. error: we could not measure (S1)."""

    OK = "ok"
    FAILED = "failed"
    ERROR = "error"


class Reason(StrEnum):
    """Why a reading is not ok: the closed vocabulary. docs/collectors.md says what to do about each."""

    # evidence against the target (failed)
    TIMEOUT = "timeout"  # no (complete) answer before the deadline
    REFUSED = "refused"  # the address answered: nobody listens there
    UNREACHABLE = "unreachable"  # the path answered: no way there
    RESET = "reset"  # the peer broke the connection off
    CLOSED = "closed"  # the peer closed before it had answered
    NAME = "name"  # the name does not exist
    PROTOCOL = "protocol"  # an answer that is not this protocol
    MISMATCH = "mismatch"  # an answer, but not the expected one
    STATUS = "status"  # an HTTP status that is not accepted
    REDIRECT = "redirect"  # redirected where that is not accepted, or too often
    TOO_LARGE = "too_large"  # more bytes than the module allows
    CERTIFICATE = "certificate"  # the certificate does not verify
    TLS = "tls"  # the TLS handshake failed otherwise
    NOT_RUNNING = "not_running"  # a watched process does not run
    LOSS = "loss"  # as good as nothing came back (S4, set by sla)

    # we could not measure (error)
    PERMISSION = "permission"  # we may not open the socket or read the value
    NO_ROUTE = "no_route"  # this host has no route or address for it
    LIMITED = "limited"  # it is alive but does not let us measure: busy, forbidden, or our login
    RESOURCES = "resources"  # no descriptor, buffer or local port left
    RESOLVER = "resolver"  # our resolver did not answer
    LATE = "late"  # our loop was too late for the answer to mean anything
    CLOCK = "clock"  # our wall clock is in doubt, and the certificate was judged by it (T4)
    ISOLATED = "isolated"  # the vantage itself is cut off (S6)
    STOPPED = "stopped"  # the agent closed the probe before it ended
    UNREAD = "unread"  # what measures there for us could not, or not lately
    INTERNAL = "internal"  # our own bug


FAILED_REASONS = frozenset(
    {
        Reason.TIMEOUT, Reason.REFUSED, Reason.UNREACHABLE, Reason.RESET, Reason.CLOSED, Reason.NAME,
        Reason.PROTOCOL, Reason.MISMATCH, Reason.STATUS, Reason.REDIRECT, Reason.TOO_LARGE,
        Reason.CERTIFICATE, Reason.TLS, Reason.NOT_RUNNING, Reason.LOSS,
    }
)  # fmt: skip
ERROR_REASONS = frozenset(Reason) - FAILED_REASONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to measure: `address` as the kind dials it, `timeout_seconds` for the whole probe.

    `single_attempt`: behind something that is DOWN, so a kind that asks several times asks once (F7).
    """

    id: str
    address: str
    timeout_seconds: float
    single_attempt: bool = False
    trace: Trace | None = None
    guest: Guest | None = None

    def step(self, name: str, detail: str = "") -> None:
        """Tell an on-demand probe's trace, if there is one, that a step was reached."""
        if self.trace is not None:
            self.trace(name, detail)

    def refusal(self, name: str, address: str) -> "Reading | None":
        """Before a socket is opened to an address: the reading to end with where the guest does not admit it."""
        if self.guest is None or self.guest.admits(name, address):
            return None
        return error(Reason.PERMISSION, f"{name}: this probe may not connect to {address}")

    def spent(self, phase: str, seconds: float) -> None:
        """Tell the guest, if there is one, how long a phase took."""
        if self.guest is not None:
            self.guest.spent(phase, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one probe says about one component ("" is the target itself, "if/7", "channel/12").

    Units: SI units in the name of each value: rtt_seconds, loss_ratio, used_bytes.
    Shape: reason is None only when ok; detail is for people, never parsed, never a label.
    """

    outcome: Outcome
    component: str = ""
    reason: Reason | None = None
    detail: str = ""
    values: Mapping[str, float] = field(default_factory=lambda: NO_VALUES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised(Reading):
    """A reading that also says who answered, by something that no two peers should have in common (C2).

    Shape: `certificate:` and the SHA-256 of what it presented, `hostkey:` and that of its SSH host key, or `engine:`
    and the id of its SNMP engine, hexadecimal.
    A class of its own, so that a reading without it, which most are, stays as small and as fast to make as it was.
    """

    identity: str


def recognised(reading: Reading, identity: str) -> Reading:
    """The same reading with who answered; as it was where that is ""."""
    if not identity:
        return reading
    return Recognised(
        outcome=reading.outcome,
        component=reading.component,
        reason=reading.reason,
        detail=reading.detail,
        values=reading.values,
        identity=identity,
    )


def with_values(reading: Reading, values: Mapping[str, float]) -> Reading:
    """The same reading with these values; `replace` would take twice as long, and nearly every probe asks for it."""
    if type(reading) is not Reading:
        return replace(reading, values=values)
    return Reading(
        outcome=reading.outcome,
        component=reading.component,
        reason=reading.reason,
        detail=reading.detail,
        values=values,
    )


def ok(values: Mapping[str, float] = NO_VALUES, component: str = "", detail: str = "") -> Reading:
    """A reading that says: it answered as required."""
    return Reading(outcome=Outcome.OK, component=component, detail=detail, values=values)


def failed(reason: Reason, detail: str, values: Mapping[str, float] = NO_VALUES, component: str = "") -> Reading:
    """A reading that is evidence against the target."""
    return Reading(outcome=Outcome.FAILED, component=component, reason=reason, detail=detail, values=values)


def error(reason: Reason, detail: str, values: Mapping[str, float] = NO_VALUES, component: str = "") -> Reading:
    """A reading that says only that we could not measure."""
    return Reading(outcome=Outcome.ERROR, component=component, reason=reason, detail=detail, values=values)


class Collector(Protocol):
    """Measures targets of one kind with one module; opened once, shared by all its targets.

    Errors: `__aenter__` raises CollectorUnavailableError where this host does not allow the kind at all;
    `collect` returns failures as values, never raises for what a target does.
    """

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    async def collect(self, target: Target) -> Sequence[Reading]: ...


Landed = Callable[[Sequence[Reading] | Exception], None]
"""Told once how a launched probe ended: its readings, or the bug of ours that broke it."""


@runtime_checkable
class Launcher(Protocol):
    """A collector that can also probe without a task: for kinds with tens of thousands of targets.

    `launch` has called `landed` by the target's timeout, perhaps before it returns; False, and `landed` is never
    called, where this target needs `collect` (a name to resolve, a trace to write).
    """

    def launch(self, target: Target, landed: Landed) -> bool: ...


class HintSink(Protocol):
    """Whom a receiver of hints tells (ADR 0017). A hint brings a probe forward; it is no reading and no evidence.

    `knows` is asked of every datagram, so it is cheap; sources are numeric addresses without a zone. `count` is told
    what became of every message, by a closed vocabulary of the receiver's.
    """

    def knows(self, source: str) -> bool: ...
    def nudge(self, source: str, why: str) -> None: ...
    def count(self, fate: StrEnum, times: int = 1) -> None: ...


Sink = TypeVar("Sink", contravariant=True)


class Receiver(Protocol[Sink]):
    """Long-lived and told by its peers, where a collector asks. `sink` is all it may touch of the agent.

    Errors: OSError where this host does not let it listen; what peers send is never an exception.
    """

    async def serve(self, sink: Sink) -> None: ...


class CollectorUnavailableError(Exception):
    """This host does not allow this kind; the text says why and names each way to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What code measures: its name, the type of its modules and how to open a collector.

    `owns_deadline`: it ends every probe by `timeout_seconds` itself, so the runner does not wrap it again
    (a second timer costs a third of a mass probe). `concurrency` and `per_second` are default limits.
    `check_address` returns what is wrong with an address, "" if nothing: offline, for `check`. `values`
    names every value its readings may carry, each with one English sentence (metric help, docs, limits).
    `shows_as` is another kind whose metric families show the values that both have.
    `asks_to_dial`: its collectors ask a target's guest before each connection, so that /probe may open ranges to it.
    """

    name: str
    module_type: type["Module"]
    build: Callable[["Module"], Collector]
    check_address: Callable[[str], str]
    values: Mapping[str, str]
    shows_as: str | None = None
    owns_deadline: bool = False
    asks_to_dial: bool = False
    concurrency: int = 100
    per_second: int = 1000


class Module(BaseModel, frozen=True, extra="forbid"):
    """Options that every module of every kind has; a kind adds its own."""

    timeout: Duration = 5.0
