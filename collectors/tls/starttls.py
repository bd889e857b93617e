"""The plain words before TLS, for each protocol that has them.

RFC 3207 (smtp), RFC 3501 6.2.1 (imap), RFC 2595 4 (pop3), RFC 4217 4.1 (ftp), PostgreSQL's message SSLRequest.
"""

import re
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence

from collectors.base import Reason, failed
from collectors.certificates import shorten
from collectors.tls.channel import Channel, ProbeError

_REPLY = re.compile(r"(\d{3})([ -]|$)")
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_TAG = "a1"


def _wrong(reason: Reason, channel: Channel, got: str, wanted: str) -> ProbeError:
    return ProbeError(failed(reason, f"{channel.doing}: got {shorten(got)}, wanted {wanted}"))


async def _reply(channel: Channel, code: str, to: str) -> Sequence[str]:
    """The lines of one reply of SMTP or FTP; it may have several, the last with a space behind its code."""
    lines = [await channel.line()]
    match = _REPLY.match(lines[0])
    if match is None:
        raise _wrong(Reason.PROTOCOL, channel, lines[0], f"a reply to {to} such as {code}")
    if match[2] == "-":
        last = (f"{match[1]} ", match[1])
        while not (lines[-1].startswith(last[0]) or lines[-1] == last[1]):
            lines.append(await channel.line())
    if match[1] != code:
        raise _wrong(Reason.MISMATCH, channel, lines[-1], f"{code} to {to}")
    return lines


async def _smtp(channel: Channel) -> None:
    await _reply(channel, "220", "the connection")
    await channel.say(f"EHLO {channel.own_literal}")
    offered = [line[4:].strip().upper() for line in await _reply(channel, "250", "EHLO")]
    if "STARTTLS" not in offered:
        raise _wrong(Reason.MISMATCH, channel, " ".join(offered[1:]), "STARTTLS among what it offers")
    await channel.say("STARTTLS")
    await _reply(channel, "220", "STARTTLS")


async def _ftp(channel: Channel) -> None:
    await _reply(channel, "220", "the connection")
    await channel.say("AUTH TLS")
    await _reply(channel, "234", "AUTH TLS")


async def _pop3(channel: Channel) -> None:
    await _pop3_reply(channel, "the connection")
    await channel.say("STLS")
    await _pop3_reply(channel, "STLS")


async def _pop3_reply(channel: Channel, to: str) -> None:
    line = await channel.line()
    if not line.startswith("+OK"):
        reason = Reason.MISMATCH if line.startswith("-ERR") else Reason.PROTOCOL
        raise _wrong(reason, channel, line, f"+OK to {to}")


async def _imap(channel: Channel) -> None:
    greeting = await channel.line()
    if not greeting.upper().startswith("* OK"):
        reason = Reason.MISMATCH if greeting.startswith("* ") else Reason.PROTOCOL
        raise _wrong(reason, channel, greeting, "a greeting with * OK")
    await channel.say(f"{_TAG} STARTTLS")
    answer = await channel.line()
    while answer.startswith("* "):  # untagged: news, no answer
        answer = await channel.line()
    if not answer.upper().startswith(f"{_TAG} OK".upper()):
        reason = Reason.MISMATCH if answer.startswith(f"{_TAG} ") else Reason.PROTOCOL
        raise _wrong(reason, channel, answer, f"{_TAG} OK to STARTTLS")


async def _postgres(channel: Channel) -> None:
    channel.step("send", "SSLRequest")
    await channel.send(_SSL_REQUEST)
    answer = (await channel.take(1)).decode("latin-1")
    channel.step("received", shorten(answer))
    if answer != "S":
        reason = Reason.MISMATCH if answer in "NE" else Reason.PROTOCOL
        raise _wrong(reason, channel, answer, "S to SSLRequest")


_DIALOGUES: Mapping[str, Callable[[Channel], Awaitable[None]]] = {
    "smtp": _smtp, "imap": _imap, "pop3": _pop3, "ftp": _ftp, "postgres": _postgres,
}  # fmt: skip


async def agree(channel: Channel, protocol: str) -> None:
    """Talk the peer into TLS. Errors: ProbeError."""
    await _DIALOGUES[protocol](channel)
    channel.end_plain()
