"""Kind tcp: connect, and where the module says so hold a short dialogue of lines.

The address is host:port or [v6]:port. Of a host name only the first address of the module's family is dialled,
in the resolver's order (RFC 6724): a second try would hide that the first address is dead. The reading's detail
names the address that was measured.
Without a dialogue an established connection is ok, even one that the peer's kernel accepted for a busy program.
Needs one descriptor for each probe in flight: RLIMIT_NOFILE >= 1000 + 1.5 x timeout x peak probes a second.
"""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import NamedTuple, Self

from pydantic import BaseModel, model_validator

from collectors.base import Collector, Kind, Landed, Module, Reading, Reason, Target, error, failed, ok
from collectors.dialling import SocketOptions
from collectors.options import Pattern, Size
from collectors.origin import Origin
from collectors.resolve import Address, Resolver, check_host_port, numeric, split_address
from collectors.sockets import Probe, SocketEngine

_GROUP = re.compile(r"\$\{(\w+)\}")
_QUOTED = 80
_KEPT = 200

VALUES = {
    "connect_seconds": "Seconds from our SYN until our loop saw the connection established.",
    "rtt_seconds": "Round-trip time of the handshake by the kernel's clock; connect_seconds where it has none.",
    "first_byte_seconds": "Seconds from the established connection to the first byte of the peer.",
    "resolve_seconds": "Seconds the resolver took; absent for a numeric address.",
}


class Step(BaseModel, frozen=True, extra="forbid"):
    """One step of a dialogue: wait for a line that matches `expect`, then send the text of `send`.

    A line ends with LF or CRLF, which `expect` does not see, or with the connection; lines that do not match
    are passed over. `send` goes out as it stands, so it carries its own line end; ${1} and ${name} stand for
    groups of the last line that matched.
    """

    expect: Pattern | None = None
    send: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.expect is None and self.send is None:
            raise ValueError("got an empty step, wanted expect: REGEX, send: TEXT or both")
        return self


class TcpModule(Origin, Module, frozen=True):
    """Options of kind tcp; `max_bytes` bounds what may come without a line that matches."""

    dialogue: tuple[Step, ...] = ()
    max_bytes: Size = 64 * 1024
    linger_reset: bool = False

    @model_validator(mode="after")
    def _groups_exist(self) -> Self:
        last: re.Pattern[str] | None = None
        for number, step in enumerate(self.dialogue, 1):
            last = step.expect or last
            for name in _GROUP.findall(step.send or ""):
                if not _has_group(last, name):
                    raise ValueError(f"dialogue[{number}].send: ${{{name}}} is no group of the expect before it")
        return self


def _has_group(pattern: re.Pattern[str] | None, name: str) -> bool:
    if pattern is None:
        return False
    return int(name) <= pattern.groups if name.isdecimal() else name in pattern.groupindex


class _Act(NamedTuple):
    """One half of a step: a text to send or a pattern to wait for."""

    step: int
    what: str | re.Pattern[str]

    def __str__(self) -> str:
        if isinstance(self.what, str):
            return f"step {self.step} (send)"
        return f"step {self.step} (expect '{self.what.pattern}')"


def _acts(dialogue: Sequence[Step]) -> tuple[_Act, ...]:
    halves = ((number, what) for number, step in enumerate(dialogue, 1) for what in (step.expect, step.send))
    return tuple(_Act(number, what) for number, what in halves if what is not None)


def printable(data: bytes, limit: int = _QUOTED) -> str:
    """A quotation of bytes for people: UTF-8 where it is, escapes elsewhere, at most `limit` characters."""
    text = data.decode("utf-8", "backslashreplace")
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


@dataclass(slots=True, eq=False)
class _TcpProbe(Probe):
    """One connection and its dialogue."""

    acts: tuple[_Act, ...] = ()
    max_bytes: int = 0
    at: int = 0
    tail: bytearray = field(default_factory=bytearray, init=False)  # bytes that are no line yet
    scanned: int = field(default=0, init=False)  # of the tail: known to hold no line end
    passed: int = field(default=0, init=False)  # bytes of lines that did not match
    came: bytes = field(default=b"", init=False)  # the beginning of those lines, to quote
    matched: re.Match[str] | None = field(default=None, init=False)

    def on_connected(self) -> None:
        if self.target.trace is not None:
            self.target.step("connected", f"{self.address} in {self.connect_seconds:.6f} s")
        self._go_on()

    def on_flushed(self) -> None:
        self._go_on()

    def on_received(self, data: bytes) -> None:
        if self.target.trace is not None:
            self.target.step("received", f"{len(data)} bytes: {printable(data)}")
        self.tail += data
        self._go_on()

    def on_closed(self) -> Reading:
        if self.tail:  # what came last is a line although nothing ends it
            self.tail += b"\n"
            self._go_on()
        if self.came:
            return self._mismatch("before it closed the connection")
        return failed(Reason.CLOSED, f"{self.address} closed the connection before {self._act()} was done")

    def on_timeout(self) -> Reading:
        if self.connected_at is None:
            return Probe.on_timeout(self)  # super() does not work in a dataclass with slots
        waited = f"within {self.target.timeout_seconds:.3g} s"
        if self.came:
            return self._mismatch(waited)
        got = f"; got {len(self.tail)} bytes without a line end: '{printable(bytes(self.tail[:_KEPT]))}'"
        detail = f"{self.address} connected, then nothing for {self._act()} {waited}"
        return failed(Reason.TIMEOUT, detail + (got if self.tail else ""))

    def _act(self) -> _Act | str:
        return self.acts[self.at] if self.at < len(self.acts) else "the last send"

    def _mismatch(self, when: str) -> Reading:
        detail = f"{self.address} sent no line for {self._act()} {when}; got '{printable(self.came)}'"
        return failed(Reason.MISMATCH, detail)

    def _go_on(self) -> None:
        """Act until something has to come or to go out first, or all is done."""
        while not self.ended and not self.unsent:
            if self.at == len(self.acts):
                named = self.resolve_seconds is not None
                self.end(ok(self.values(), detail=f"measured {self.address}" if named else ""))
                return
            what = self.acts[self.at].what
            if isinstance(what, str):
                self._say(what)
            elif not self._heard(what):
                return

    def _say(self, text: str) -> None:
        matched = self.matched
        if matched is not None:
            text = _GROUP.sub(lambda group: _group(matched, group[1]), text)
        data = text.encode("utf-8", "surrogateescape")
        if self.target.trace is not None:
            self.target.step("send", printable(data))
        self.at += 1
        self.send(data)

    def _heard(self, pattern: re.Pattern[str]) -> bool:
        """Whether a line that came matches; passes over those that do not."""
        while (cut := self.tail.find(b"\n", self.scanned)) >= 0 and self.passed + cut < self.max_bytes:
            line = bytes(self.tail[:cut])
            del self.tail[: cut + 1]
            self.scanned = 0
            if self._matches(pattern, line.removesuffix(b"\r")):
                return True
            self.passed += cut + 1
            self.came = (self.came + line + b"\n")[:_KEPT]
        self.scanned = len(self.tail)
        if self.passed + len(self.tail) > self.max_bytes:
            detail = f"{self.address} sent more than {self.max_bytes} bytes and no line for {self._act()}"
            came = printable(self.came + bytes(self.tail[:_KEPT]))
            self.end(failed(Reason.TOO_LARGE, f"{detail}; got '{came}'"))
        return False

    def _matches(self, pattern: re.Pattern[str], line: bytes) -> bool:
        found = pattern.search(line.decode("utf-8", "surrogateescape"))
        if found is None:
            return False
        if self.target.trace is not None:
            self.target.step("matched", f"{self.acts[self.at]}: {printable(line)}")
        self.matched, self.at, self.passed, self.came = found, self.at + 1, 0, b""
        return True


def _group(matched: re.Match[str], name: str) -> str:
    return matched[int(name) if name.isdecimal() else name] or ""


class TcpCollector:
    """Probes the targets of one module. Closed with probes in flight: these end as error/internal."""

    def __init__(
        self, module: TcpModule, engine: SocketEngine, resolver: Resolver, guest_resolver: Resolver | None = None
    ) -> None:
        self._family = module.wanted_family
        self._acts = _acts(module.dialogue)
        self._max_bytes = module.max_bytes
        self._options = SocketOptions(module.source_address, module.linger_reset)
        self._engine = engine
        self._resolver = resolver
        self._guest_resolver = guest_resolver or Resolver()  # names that outsiders ask for keep nobody waiting
        self._parsed = lru_cache(maxsize=65536)(_parse)

    async def __aenter__(self) -> Self:
        self._engine.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._engine.close(self)

    def launch(self, target: Target, landed: Landed) -> bool:
        """Connect once to a numeric address without a task of its own; False for what `collect` has to do."""
        if target.trace is not None or "%" in target.address:
            return False
        try:
            _, _, address = self._parsed(target.address)
        except ValueError:
            return False
        if address is None or self._family not in (socket.AF_UNSPEC, address.family):
            return False
        probe = _TcpProbe(self, target, address, None, self._acts, self._max_bytes)
        self._engine.launch(probe, self._options, monotonic() + target.timeout_seconds, landed)
        return True

    async def collect(self, target: Target) -> Sequence[Reading]:
        """Connect once; ends by the target's timeout, the resolver's time included."""
        began = monotonic()
        try:
            # an interface (%eth0) may come and go; other addresses stay what they are
            parse = _parse if "%" in target.address else self._parsed
            host, port, address = parse(target.address)
        except ValueError as exc:
            return (error(Reason.INTERNAL, f"the target's address: {exc}"),)
        if address is not None and self._family in (socket.AF_UNSPEC, address.family):
            return await self._probe(target, host, address, began, None)
        return await self._probe_name(target, host, port, began)

    async def _probe_name(self, target: Target, host: str, port: int, began: float) -> Sequence[Reading]:
        """Ask the resolver first; it also says what is wrong with a numeric address of the other family."""
        target.step("resolve", host)
        resolver = self._resolver if target.guest is None else self._guest_resolver
        found = await resolver.resolve(host, port, self._family, socket.SOCK_STREAM, target.timeout_seconds)
        seconds = monotonic() - began
        target.spent("resolve", seconds)
        if isinstance(found, Reading):
            return (found,)
        target.step("resolved", " ".join(str(address) for address in found))
        return await self._probe(target, host, found[0], began, seconds)

    async def _probe(
        self, target: Target, host: str, address: Address, began: float, resolve_seconds: float | None
    ) -> Sequence[Reading]:
        refused = target.refusal(host, address.sockaddr[0])
        if refused is not None:
            return (refused,)
        if target.trace is not None:
            target.step("connect", str(address))
        probe = _TcpProbe(self, target, address, resolve_seconds, self._acts, self._max_bytes)
        return await self._engine.converse(probe, self._options, began + target.timeout_seconds)


def _parse(text: str) -> tuple[str, int, Address | None]:
    """Host, port and, where it is numeric, the address. Errors: ValueError saying what is wrong with it."""
    host, port = split_address(text)
    return host, port, numeric(host, port)


def tcp_kind(engine: SocketEngine | None = None) -> Kind:
    """A kind whose modules share one engine: its own, or the one given."""
    shared = engine if engine is not None else SocketEngine()
    resolver, guest_resolver = Resolver(), Resolver()

    def build(module: Module) -> Collector:
        if not isinstance(module, TcpModule):
            raise TypeError(f"kind tcp got a {type(module).__name__}, wanted a TcpModule")
        return TcpCollector(module, shared, resolver, guest_resolver)

    return Kind(
        name="tcp",
        module_type=TcpModule,
        build=build,
        check_address=check_host_port,
        values=VALUES,
        owns_deadline=True,
        asks_to_dial=True,
        concurrency=4000,
        per_second=5000,
    )


KIND = tcp_kind()
