"""Sessions over pysnmp, which is Python alone: dear, but it runs everywhere.

One engine serves all devices of a module, as an engine costs megabytes. It never forgets a device, so it is replaced
after so many. It sees no error of the path (its sockets are not connected): `doubt` looks for that.
"""

import asyncio
import importlib.util
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pysnmp.carrier.asyncio.dgram.udp import UdpAsyncioTransport
from pysnmp.carrier.asyncio.dgram.udp6 import Udp6AsyncioTransport
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch import asyncio as hlapi
from pysnmp.hlapi.v3arch.asyncio.cmdgen import LCD, VB_PROCESSOR
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.proto.errind import ErrorIndication, RequestTimedOut

from collectors.base import CollectorUnavailableError
from collectors.ending import ended_by
from collectors.errnos import from_host
from collectors.resolve import Address
from collectors.snmp.session import (
    MOST_BYTES,
    Credentials,
    Cursor,
    DeniedError,
    GarbageError,
    Rows,
    Session,
    TooLargeError,
    Value,
)

_MOST_DEVICES = 1000
"""Of one engine."""

_ANEW_SECONDS = 60.0
_WAIT_MORE_SECONDS = 1.0  # whoever calls ends a request; the engine forgets it a little later
_GARBAGE = ("parseError", "deserializationError", "invalidMsg", "dataMismatch", "engineIDMismatch", "loopTerminated")
_ANY = "1.3.6.1.2.1.1.3.0"
_TOO_BIG, _NO_ACCESS = 1, (6, 16)
_AUTH = {
    "none": hlapi.USM_AUTH_NONE,
    "sha": hlapi.USM_AUTH_HMAC96_SHA,
    "sha224": hlapi.USM_AUTH_HMAC128_SHA224,
    "sha256": hlapi.USM_AUTH_HMAC192_SHA256,
    "sha384": hlapi.USM_AUTH_HMAC256_SHA384,
    "sha512": hlapi.USM_AUTH_HMAC384_SHA512,
}
_PRIV = {
    "none": hlapi.USM_PRIV_NONE,
    "aes128": hlapi.USM_PRIV_CFB128_AES,
    "aes192": hlapi.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes256": hlapi.USM_PRIV_CFB256_AES_BLUMENTHAL,
}
_REEDER = {"aes192": hlapi.USM_PRIV_CFB192_AES, "aes256": hlapi.USM_PRIV_CFB256_AES}
_ABSENT = (rfc1905.NoSuchObject, rfc1905.NoSuchInstance, rfc1905.EndOfMibView, rfc1902.Null)


class _Guard:
    """A transport on which a message that the library chokes on is noted; else our log would have a traceback."""

    note: Callable[[tuple[Any, ...], str], None]
    loop: asyncio.AbstractEventLoop
    _callback_function: Callable[..., None] | None

    def datagram_received(self, datagram: bytes, sender: tuple[Any, ...]) -> None:
        """One message, from anybody."""
        try:
            if self._callback_function is not None:
                self._callback_function(self, sender, datagram)
        except Exception as exc:  # noqa: BLE001 (whatever a parser of hostile bytes may raise)
            self.note(sender, f"a malformed message ({type(exc).__name__})")


class _Udp4(_Guard, UdpAsyncioTransport):  # type: ignore[misc]  # pysnmp has no types
    pass


class _Udp6(_Guard, Udp6AsyncioTransport):  # type: ignore[misc]  # pysnmp has no types
    pass


class _Noting:
    """A target whose transport has somebody to tell."""

    note: Callable[[tuple[Any, ...], str], None]

    def open_client_mode(self) -> Any:
        """Open the transport that all targets of the engine share."""
        transport = super().open_client_mode()  # type: ignore[misc]  # pysnmp has no types
        transport.note = self.note
        return transport


class _Target4(_Noting, hlapi.UdpTransportTarget):  # type: ignore[misc]  # pysnmp has no types
    PROTO_TRANSPORT = _Udp4


class _Target6(_Noting, hlapi.Udp6TransportTarget):  # type: ignore[misc]  # pysnmp has no types
    PROTO_TRANSPORT = _Udp6


class _Engine:
    """An engine and how many sessions still use it."""

    def __init__(self, auth: Any, context: bytes, source: str | None) -> None:
        self.snmp = hlapi.SnmpEngine()
        # what the first request would load, which takes half a second, is no time of the device's; nothing is sent
        VB_PROCESSOR.make_varbinds(self.snmp.cache, [hlapi.ObjectType(hlapi.ObjectIdentity(_ANY))])
        six = source is not None and ":" in source
        here = Address(socket.AF_INET6, ("::1", 1, 0, 0)) if six else Address(socket.AF_INET, ("127.0.0.1", 1))
        LCD.configure(self.snmp, auth, self.target(here, source, 1.0), context)
        self.devices: set[Address] = set()
        self.overheard: dict[object, str] = {}
        self.users = 0
        self.retired = False

    def target(self, address: Address, source: str | None, wait_seconds: float) -> Any:
        """A device as the library names it, without the library's own resolver: the address is numeric."""
        kind: Any = _Target6 if address.family == socket.AF_INET6 else _Target4
        target = kind.__new__(kind)
        target.transport_address = address.sockaddr
        target.note = self._note
        kind.__init__(target, timeout=wait_seconds, retries=0)
        if source is not None:
            target.set_local_address((source, 0))
        return target

    def _note(self, sender: tuple[Any, ...], what: str) -> None:
        """Of devices that are asked, what they sent that the library choked on."""
        if any(sender[:2] == address.sockaddr[:2] for address in self.devices):
            self.overheard[sender[:2]] = what

    def release(self) -> None:
        """One user less."""
        self.users -= 1
        self._close_if_done()

    def retire(self) -> None:
        """Take no new session."""
        self.retired = True
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self.retired and self.users == 0:
            self.snmp.close_dispatcher()


class PysnmpBackend:
    """Holds the engine. Errors: CollectorUnavailableError where privacy is wanted and its library is not there."""

    def __init__(self, credentials: Credentials, source: str | None, try_seconds: float) -> None:
        if credentials.priv != "none" and importlib.util.find_spec("cryptography") is None:
            raise CollectorUnavailableError("snmp: backend pysnmp encrypts with cryptography, which is not installed")
        self._auth = _auth_data(credentials)
        self._context = credentials.context.encode()
        self._source = source
        self._distrusted_at = -_ANEW_SECONDS
        self._wait_seconds = try_seconds + _WAIT_MORE_SECONDS
        self._engine: _Engine | None = self._new_engine() if source is None else None  # it may not be ours

    def session(self, address: Address) -> Session:
        """A session with one device. Errors: EndError where this host lacks the source address."""
        _check_source(self._source, address)
        engine = self._engine_for(address)
        engine.users += 1
        target = engine.target(address, self._source, self._wait_seconds)
        return _Session(engine, address, self._auth, hlapi.ContextData(contextName=self._context), target)

    def _retire(self, engine: _Engine) -> None:
        """The next session gets another."""
        if engine is self._engine:
            self._engine = None
        if not engine.retired:
            engine.retire()

    def distrust(self) -> None:
        """The library keeps the id of a device, and cannot be told to forget one: begin anew, though not often."""
        now = asyncio.get_running_loop().time()
        if self._engine is not None and now - self._distrusted_at >= _ANEW_SECONDS:
            self._distrusted_at = now
            self._retire(self._engine)

    def close(self) -> None:
        """Close the sockets when the last session has."""
        if self._engine is not None:
            self._retire(self._engine)

    def _new_engine(self) -> _Engine:
        return _Engine(self._auth, self._context, self._source)

    def _engine_for(self, address: Address) -> _Engine:
        engine = self._engine
        if engine is not None and len(engine.devices) >= _MOST_DEVICES and address not in engine.devices:
            self._retire(engine)
            engine = None
        if engine is None:
            engine = self._engine = self._new_engine()
        engine.devices.add(address)
        return engine


def auth_protocol(credentials: Credentials) -> Any:
    """How the library names the algorithm that signs."""
    return _AUTH[credentials.auth]


def priv_protocol(credentials: Credentials) -> Any:
    """How the library names the cipher."""
    return (_PRIV | _REEDER if credentials.reeder else _PRIV)[credentials.priv]


def _auth_data(credentials: Credentials) -> Any:
    if not credentials.user:
        return hlapi.CommunityData(credentials.community, mpModel=1)
    return hlapi.UsmUserData(
        credentials.user,
        credentials.auth_password or None,
        credentials.priv_password or None,
        authProtocol=auth_protocol(credentials),
        privProtocol=priv_protocol(credentials),
    )


def _check_source(source: str | None, address: Address) -> None:
    """The library binds in a task of its own and tells nobody why it cannot."""
    if source is None:
        return
    doing = f"open a socket to {address} from {source}"
    with ended_by(from_host, doing), socket.socket(address.family, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))


class _Session:
    def __init__(
        self,
        engine: _Engine,
        address: Address,
        auth: Any,
        context: Any,
        target: Any,
    ) -> None:
        self._engine = engine
        self._key = address.sockaddr[:2]
        self._whom = (engine.snmp, auth, target, context)

    async def open(self) -> None:
        """The library learns by itself."""

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """What it has of these; what it has not is absent."""
        names = [hlapi.ObjectType(hlapi.ObjectIdentity(oid)) for oid in oids]
        cells = await self._ask(lambda: hlapi.get_cmd(*self._whom, *names, lookupMib=False))
        return {oid: value for oid, value in cells if value is not None}

    def column(self, oid: str, count: int) -> Cursor:
        """From the top of a column."""
        return _Cursor(self, oid, count)

    async def rows(self, column: str, after: str, count: int) -> Rows:
        """The next cells of a column."""
        name = hlapi.ObjectType(hlapi.ObjectIdentity(after))
        cells = await self._ask(lambda: hlapi.bulk_cmd(*self._whom, 0, count, name, lookupMib=False))
        inside: list[tuple[str, Value]] = []
        for oid, value in cells:
            if value is None or not oid.startswith(f"{column}."):
                return Rows(inside, ended=True)
            inside.append((oid, value))
        return Rows(inside, False if inside else None)

    def overheard(self) -> str:
        """What came from the device and was no message."""
        return self._engine.overheard.pop(self._key, "")

    def forget(self) -> None:
        """Nothing that it could not learn anew by itself."""

    def close(self) -> None:
        """One user of the engine less."""
        self._engine.release()

    async def _ask(self, ask: Callable[[], Awaitable[Any]]) -> list[tuple[str, Value | None]]:
        try:
            indication, status, _, cells = await ask()
        except PySnmpError as exc:
            raise GarbageError(f"{exc}") from exc
        if indication is not None:
            self._refuse(indication)
        if int(status) == _TOO_BIG:
            raise TooLargeError("the device says that the answer would be too big")
        if int(status) in _NO_ACCESS:
            raise DeniedError("it says that we may not read that")
        return [(str(oid), None if int(status) else _value(value)) for oid, value in cells]

    def _refuse(self, indication: ErrorIndication) -> None:
        if isinstance(indication, RequestTimedOut):
            raise TimeoutError
        name = type(indication).__name__
        name = name[0].lower() + name[1:]
        if name in _GARBAGE:
            raise GarbageError(str(indication))
        raise DeniedError(f"{indication}")


class _Cursor:
    def __init__(self, session: _Session, column: str, count: int) -> None:
        self._session = session
        self._column = column
        self._after = column
        self._count = count

    async def next(self) -> Rows:
        """The next cells; asked again after no answer, the same."""
        rows = await self._session.rows(self._column, self._after, self._count)
        if rows.cells:
            self._after = rows.cells[-1][0]
        return rows


def _value(value: Any) -> Value | None:
    if isinstance(value, _ABSENT):
        return None
    if isinstance(value, rfc1902.IpAddress):
        return str(value.prettyPrint())
    if isinstance(value, rfc1902.OctetString | rfc1902.Opaque):
        octets = bytes(value)
        if len(octets) > MOST_BYTES:
            raise TooLargeError(f"a value of {len(octets)} bytes, wanted at most {MOST_BYTES}")
        return octets
    if isinstance(value, rfc1902.ObjectIdentifier):
        return str(value)
    return int(value)
