"""Why a device does not answer: one more question that any living SNMPv3 engine answers, whoever asks.

It goes over a connected socket of ours, so a closed port or a router's word comes back as what it is. An answer
proves that the device lives: then the silence, or the refusal, is about our credentials or its access list, and says
nothing against the device (S1).
"""

import asyncio
import random
import socket
from typing import NamedTuple

from collectors.base import Reading, Reason, error, failed
from collectors.errnos import from_host, from_path
from collectors.resolve import Address
from collectors.wire.snmp import UNKNOWN_USER, MalformedError, Report, question, read_report

_MOST_BYTES = 4096


class Suspect(NamedTuple):
    """Whom to look at, from where and as which user ("" for version 2c), and for how long."""

    address: Address
    source: str | None
    user: str
    until: float


class _Spoke(NamedTuple):
    """The engine answered; `knows_user` is None where nobody asked or it did not say."""

    knows_user: bool | None


async def why_silent(suspect: Suspect, waited: str, garbage: str) -> Reading:
    """The reading of a probe that got no answer at all; `waited` says for what and how long."""
    found = await _look(suspect)
    if isinstance(found, Reading):
        return found
    if found is None:
        if garbage:
            return failed(Reason.PROTOCOL, f"{waited}; what came instead: {garbage}")
        guess = "" if suspect.user else "; a wrong community is never answered, so it looks the same"
        return failed(Reason.TIMEOUT, f"{waited}{guess}, as do an access list or a firewall that drops")
    alive = f"{waited}, but it answers a version 3 discovery, so it runs"
    if not suspect.user:
        mend = "correct the community, or let this host in by the device's access list and version 2c"
        return error(Reason.PERMISSION, f"{alive}: {mend}")
    return error(Reason.PERMISSION, f"{alive}: {_about_user(suspect.user, found, 'cipher or priv_password is wrong')}")


async def why_denied(suspect: Suspect, word: str) -> Reading:
    """The reading of a probe that the device refused to answer."""
    if not suspect.user:
        return error(Reason.PERMISSION, f"{suspect.address}: {word}; let this community read system and interfaces")
    found = await _look(suspect)
    spoke = found if isinstance(found, _Spoke) else _Spoke(None)
    about = _about_user(suspect.user, spoke, "hash, auth_password or the level or view of the user is wrong")
    return error(Reason.PERMISSION, f"{suspect.address} answered: {word}; {about}")


def _about_user(user: str, found: _Spoke, otherwise: str) -> str:
    if found.knows_user is False:
        return f"it does not know the user {user}"
    return f"it knows the user {user}, so {otherwise}" if found.knows_user else otherwise


async def _look(suspect: Suspect) -> Reading | _Spoke | None:
    """None: nothing came in time."""
    try:
        sock = _connected(suspect)
    except OSError as exc:
        return from_host(exc.errno, f"ask {suspect.address}")
    with sock:
        try:
            async with asyncio.timeout_at(suspect.until):
                return await _interview(sock, suspect.user.encode())
        except TimeoutError:
            return None
        except OSError as exc:
            return from_path(exc.errno or 0, f"ask {suspect.address}")


def _connected(suspect: Suspect) -> socket.socket:
    sock = socket.socket(suspect.address.family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if suspect.source is not None:
            sock.bind((suspect.source, 0))
        sock.connect(suspect.address.sockaddr)
    except OSError:
        sock.close()
        raise
    return sock


async def _interview(sock: socket.socket, user: bytes) -> _Spoke:
    engine = (await _ask(sock, b"", b"")).engine_id
    if not user:
        return _Spoke(None)
    try:
        async with asyncio.timeout(1.0):
            return _Spoke((await _ask(sock, engine, user)).counter != UNKNOWN_USER)
    except TimeoutError:
        return _Spoke(None)


async def _ask(sock: socket.socket, engine: bytes, user: bytes) -> Report:
    loop = asyncio.get_running_loop()
    message_id = random.getrandbits(31)
    await loop.sock_sendall(sock, question(message_id, engine, user))
    while True:
        data = await loop.sock_recv(sock, _MOST_BYTES)
        try:
            report = read_report(data)
        except MalformedError:
            continue
        if report.message_id == message_id:
            return report
        await asyncio.sleep(0)  # a flood of them must not hold up our loop
