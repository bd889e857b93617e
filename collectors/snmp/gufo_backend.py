"""Sessions over gufo-snmp: a socket and a codec in Rust, driven by our own loop.

What the library leaves out is done here or by the caller: it repeats nothing, tells a closed port as a timeout,
cuts off what is longer than its buffer, sends the clock of the last answer however old that is, and panics on some
malformed messages. It does not look whether the column it walks goes forward; `talk` does. Its version 3 does not
verify the signature of answers.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from gufo.snmp import (
    Aes128Key,
    Aes192Key,
    Aes256Key,
    BaseAuthKey,
    BasePrivKey,
    Sha1Key,
    Sha224Key,
    Sha256Key,
    Sha384Key,
    Sha512Key,
    SnmpAuthError,
    SnmpError,
    User,
)
from gufo.snmp._fast import GetIter, SnmpV2cClientSocket, SnmpV3ClientSocket
from gufo.snmp.user import KeyExpansion, KeyType

from collectors.ending import EndError
from collectors.errnos import from_host, from_path
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

T = TypeVar("T")

_FRESH_SECONDS = 100.0  # a device refuses a clock that is more than 150 s off (RFC 3414, 2.2.3)
_AUTH: dict[str, type[BaseAuthKey]] = {
    "sha": Sha1Key,
    "sha224": Sha224Key,
    "sha256": Sha256Key,
    "sha384": Sha384Key,
    "sha512": Sha512Key,
}
_PRIV: dict[str, type[BasePrivKey]] = {"aes128": Aes128Key, "aes192": Aes192Key, "aes256": Aes256Key}
_DENIED = "it refused the request (authentication or access failure)"
_PEEK = socket.MSG_PEEK | socket.MSG_TRUNC
_RUST_PANIC = "pyo3_runtime"


class GufoBackend:
    """Holds what all sessions share: the user, with the master keys that passwords make (derived once)."""

    def __init__(self, credentials: Credentials) -> None:
        self._community = credentials.community
        self._user = _user(credentials) if credentials.user else None

    def session(self, address: Address) -> Session:
        """A session with one device. Errors: EndError where this host has no socket for it."""
        if self._user is None:
            return _SessionV2c(address, self._community)
        return _SessionV3(address, self._user)

    def distrust(self) -> None:
        """Nothing is known but by sessions, which have forgotten it by themselves."""

    def close(self) -> None:
        """Nothing is open but sessions."""


def _user(credentials: Credentials) -> User:
    if credentials.auth == "none":
        return User(credentials.user)
    auth = _AUTH[credentials.auth]
    priv = None
    if credentials.priv != "none":
        # the key that encrypts is made with the hash of the key that signs (RFC 3826, 1.2)
        priv = _PRIV[credentials.priv](auth.get_master_key(credentials.priv_password), KeyType.Master)
    signing = auth(auth.get_master_key(credentials.auth_password), KeyType.Master)
    expansion = KeyExpansion.Cisco if credentials.reeder else KeyExpansion.Blumenthal
    return User(credentials.user, auth_key=signing, priv_key=priv, key_expansion=expansion)


class _Session:
    """What both versions share: one request, then the answer to it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._heard = ""
        self._waiter: asyncio.Future[None] | None = None
        self._watched = False
        self._begin()

    def _begin(self) -> None:
        self._sock = _open(partial(self._make, _text(self._address)), self._address)
        self._descriptor = self._sock.get_fd()
        self._view = socket.socket(self._address.family, socket.SOCK_DGRAM, fileno=self._descriptor)  # the library's

    def _make(self, address: str) -> SnmpV2cClientSocket | SnmpV3ClientSocket:
        raise NotImplementedError

    async def open(self) -> None:
        """Version 2c needs nothing."""

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """What it has of these; what it has not is absent."""
        self._send(partial(self._sock.send_get_many, list(oids)))
        return _known(await self._hear(self._sock.recv_get_many))

    def column(self, oid: str, count: int) -> Cursor:
        """From the top of a column."""
        return _Cursor(self, GetIter(oid, count))

    async def rows(self, at: GetIter) -> Rows:
        """The next cells of a column."""
        self._send(partial(self._sock.send_get_bulk, at))
        found = await self._hear(partial(_bulk, self._sock, at))
        cells = [cell for cell in found if cell is not None]
        return Rows([(oid, value) for oid, value in cells if value is not None], _ended(found))

    def overheard(self) -> str:
        """What came and was no answer."""
        heard, self._heard = self._heard, ""
        return heard

    def forget(self) -> None:
        """Nothing was learned."""

    def close(self) -> None:
        """Give the descriptor back."""
        if self._watched:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._watched = False
        if self._view.fileno() >= 0:
            self._view.detach()
            del self._sock

    def _send(self, send: Callable[[], None]) -> None:
        try:
            _guarded(send)
        except OSError as exc:
            raise EndError(from_host(_number(exc), f"send to {self._address}")) from exc

    async def _hear(self, receive: Callable[[], T]) -> T:
        while True:
            await self._readable()
            self._look()
            try:
                return _guarded(receive)
            except BlockingIOError:  # an answer to an earlier request, passed over
                continue
            except GarbageError as exc:  # anybody may have sent it
                self._heard = str(exc)

    def _look(self) -> None:
        """Before the library reads: an error of the path with its number, a datagram with its true length."""
        try:
            size = self._view.recv_into(bytearray(1), 1, _PEEK)
        except BlockingIOError:
            return
        except OSError as exc:
            raise EndError(from_path(exc.errno or 0, f"ask {self._address}")) from exc
        if size > MOST_BYTES:
            self._view.recv(1)
            raise TooLargeError(f"an answer of {size} bytes, wanted at most {MOST_BYTES}")

    async def _readable(self) -> None:
        """The descriptor stays watched from one request to the next: that is a third of what a request costs."""
        loop = asyncio.get_running_loop()
        if not self._watched:
            loop.add_reader(self._descriptor, self._wake)
            self._watched = True
        self._waiter = loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is None:  # nobody asked: what lies there waits for the next request, and must not wake us again
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._watched = False
        elif not self._waiter.done():
            self._waiter.set_result(None)


class _SessionV2c(_Session):
    def __init__(self, address: Address, community: str) -> None:
        self._community = community
        super().__init__(address)

    def _make(self, address: str) -> SnmpV2cClientSocket:
        return SnmpV2cClientSocket(address, self._community, 0, 0, 0, 0)


class _SessionV3(_Session):
    """Learns the device's id first, then its clock; both again when they may be stale."""

    _sock: SnmpV3ClientSocket

    def __init__(self, address: Address, user: User) -> None:
        self._user = user
        self._learned = False
        self._heard_at = 0.0
        super().__init__(address)

    def _make(self, address: str) -> SnmpV3ClientSocket:
        return SnmpV3ClientSocket(address, b"", "", 0, b"", 0, b"", 0, 0, 0, 0)

    async def open(self) -> None:
        """Its id, unless it is known; its clock, if the last answer is old."""
        if not self._learned:
            await self._refresh()
            user = self._user
            key = user.get_auth_key()
            self._sock.set_keys(user.name, user.get_auth_alg(), key, user.get_priv_alg(), user.get_priv_key())
            self._learned = True
            self._heard_at = 0.0
        if asyncio.get_running_loop().time() - self._heard_at > _FRESH_SECONDS:
            await self._refresh()

    async def _refresh(self) -> None:
        self._send(self._sock.send_refresh)
        await self._hear(self._sock.recv_refresh)

    async def _hear(self, receive: Callable[[], T]) -> T:
        answer = await super()._hear(receive)
        self._heard_at = asyncio.get_running_loop().time()
        return answer

    def forget(self) -> None:
        """It may be another device by now: a new socket, as the library keeps the id of the first."""
        self.close()
        self._begin()
        self._learned = False


class _Cursor:
    def __init__(self, session: _Session, at: GetIter) -> None:
        self._session = session
        self._at = at

    async def next(self) -> Rows:
        """The next cells; asked again, the same."""
        return await self._session.rows(self._at)


_Cells = Sequence[tuple[str, Value | None] | None]


def _bulk(sock: SnmpV2cClientSocket | SnmpV3ClientSocket, at: GetIter) -> _Cells:
    try:
        return sock.recv_get_bulk(at)
    except StopAsyncIteration:
        return []


def _ended(found: _Cells) -> bool | None:
    return None if not found else found[-1] is None


def _known(found: Mapping[str, Value | None]) -> dict[str, Value]:
    return {oid: value for oid, value in found.items() if value is not None}


def _guarded(call: Callable[[], T]) -> T:
    """A call into the library. Errors: BlockingIOError, OSError; the rest as a Session says it."""
    try:
        return call()
    except SnmpAuthError as exc:
        raise DeniedError(_DENIED) from exc
    except SnmpError as exc:
        raise GarbageError(f"{exc}") from exc
    except OSError:
        raise
    except (ValueError, ArithmeticError, LookupError, RuntimeError) as exc:
        raise GarbageError(f"a value that cannot be: {exc}") from exc
    except BaseException as exc:
        if type(exc).__module__ != _RUST_PANIC:
            raise
        raise GarbageError("a malformed message") from exc  # no Exception: it would end the whole process


def _open(make: Callable[[], T], address: Address) -> T:
    try:
        return make()
    except OSError as exc:
        raise EndError(from_host(_number(exc), f"open a socket to {address}")) from exc


def _number(exc: OSError) -> int:
    """The library keeps an error's number in its text only: `No route to host (os error 113)`."""
    if exc.errno is not None:
        return exc.errno
    digits = str(exc).rpartition("(os error ")[2].rstrip(")")
    return int(digits) if digits.isascii() and digits.isdecimal() else 0


def _text(address: Address) -> str:
    """As the library wants it; the interface of a link-local address by number."""
    if address.family != socket.AF_INET6:
        return f"{address.sockaddr[0]}:{address.port}"
    scope = address.sockaddr[3]
    host = str(address.sockaddr[0]).partition("%")[0]
    return f"[{host}%{scope}]:{address.port}" if scope else f"[{host}]:{address.port}"
