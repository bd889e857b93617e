"""What both back ends are: a session with one device that sends one request and hears its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from collectors.resolve import Address

Value = int | str | bytes | float
"""Shape: numbers of all SNMP types are int, octet strings bytes, object identifiers and addresses str."""

MOST_BYTES = 4080
"""Of one answer, and of one value in it."""


class DeniedError(Exception):
    """The device answered that it will not answer us; the text is its word."""


class TooLargeError(Exception):
    """An answer with more bytes than we take, or one that the device says it cannot give: ask for less."""


class GarbageError(Exception):
    """What came from the device is no SNMP message, or none that an answer can be."""


class Rows(NamedTuple):
    """One answer to GETBULK: names in dotted form in the order they came, and whether the column ends here.

    `ended` is None where the answer was empty: the end of all that we may see, or an error that is not told.
    """

    cells: Sequence[tuple[str, Value]]
    ended: bool | None


class Cursor(Protocol):
    """Goes through one column; a request that got no answer is simply sent again."""

    async def next(self) -> Rows: ...


class Session(Protocol):
    """One device. One request at a time, one datagram each; whoever calls sets the deadline.

    `open` learns what version 3 must know of the device, and costs nothing while that is fresh; `forget` makes it
    learn that anew, as the device may be another by now.
    What is no answer is passed over; `overheard` says what it was, once, "" if there was nothing.
    Errors: DeniedError, TooLargeError, GarbageError; EndError where it is plain what that says.
    """

    async def open(self) -> None: ...
    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]: ...
    def column(self, oid: str, count: int) -> Cursor: ...
    def overheard(self) -> str: ...
    def forget(self) -> None: ...
    def close(self) -> None: ...


class Backend(Protocol):
    """Makes sessions; closed after the last of them."""

    def session(self, address: Address) -> Session: ...
    def distrust(self) -> None:
        """A device that lives does not understand us: what is known of devices may be of those before them."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """As whom we ask; nothing of it stands in a repr."""

    community: str = ""
    user: str = ""
    auth: str = "none"
    auth_password: bytes = b""
    priv: str = "none"
    priv_password: bytes = b""
    reeder: bool = False
    context: str = ""

    def __repr__(self) -> str:
        return f"<credentials of user {self.user}>" if self.user else "<credentials of a community>"
