"""The plain words before TLS, for each protocol that has them.

RFC 3207 (smtp), RFC 3501 6.2.1 (imap), RFC 2595 4 (pop3), RFC 4217 4.1 (ftp), PostgreSQL's message SSLRequest.
"""

import re
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence

from collectors.base import Reason
from collectors.certificates import shorten
from collectors.ending import EndError
from collectors.tls.plain import Plain

_REPLY = re.compile(r"(\d{3})([ -]|$)")
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_TAG = "a1"


def _wrong(reason: Reason, plain: Plain, got: str, wanted: str) -> EndError:
    return plain.wrong(reason, f"got {shorten(got)}, wanted {wanted}")


async def _reply(plain: Plain, code: str, to: str) -> Sequence[str]:
    """The lines of one reply of SMTP or FTP; it may have several, the last with a space behind its code."""
    lines = [await plain.line()]
    match = _REPLY.match(lines[0])
    if match is None:
        raise _wrong(Reason.PROTOCOL, plain, lines[0], f"a reply to {to} such as {code}")
    if match[2] == "-":
        last = (f"{match[1]} ", match[1])
        while not (lines[-1].startswith(last[0]) or lines[-1] == last[1]):
            lines.append(await plain.line())
    if match[1] != code:
        raise _wrong(Reason.MISMATCH, plain, lines[-1], f"{code} to {to}")
    return lines


async def _smtp(plain: Plain) -> None:
    await _reply(plain, "220", "the connection")
    await plain.say(f"EHLO {plain.own_literal}")
    offered = [line[4:].strip().upper() for line in await _reply(plain, "250", "EHLO")]
    if "STARTTLS" not in offered:
        raise _wrong(Reason.MISMATCH, plain, " ".join(offered[1:]), "STARTTLS among what it offers")
    await plain.say("STARTTLS")
    await _reply(plain, "220", "STARTTLS")


async def _ftp(plain: Plain) -> None:
    await _reply(plain, "220", "the connection")
    await plain.say("AUTH TLS")
    await _reply(plain, "234", "AUTH TLS")


async def _pop3(plain: Plain) -> None:
    await _pop3_reply(plain, "the connection")
    await plain.say("STLS")
    await _pop3_reply(plain, "STLS")


async def _pop3_reply(plain: Plain, to: str) -> None:
    line = await plain.line()
    if not line.startswith("+OK"):
        reason = Reason.MISMATCH if line.startswith("-ERR") else Reason.PROTOCOL
        raise _wrong(reason, plain, line, f"+OK to {to}")


async def _imap(plain: Plain) -> None:
    greeting = await plain.line()
    if not greeting.upper().startswith("* OK"):
        reason = Reason.MISMATCH if greeting.startswith("* ") else Reason.PROTOCOL
        raise _wrong(reason, plain, greeting, "a greeting with * OK")
    await plain.say(f"{_TAG} STARTTLS")
    answer = await plain.line()
    while answer.startswith("* "):  # untagged: news, no answer
        answer = await plain.line()
    if not answer.upper().startswith(f"{_TAG} OK".upper()):
        reason = Reason.MISMATCH if answer.startswith(f"{_TAG} ") else Reason.PROTOCOL
        raise _wrong(reason, plain, answer, f"{_TAG} OK to STARTTLS")


async def _postgres(plain: Plain) -> None:
    plain.step("send", "SSLRequest")
    await plain.link.send(_SSL_REQUEST)
    answer = (await plain.take(1)).decode("latin-1")
    plain.step("received", shorten(answer))
    if answer != "S":
        reason = Reason.MISMATCH if answer in "NE" else Reason.PROTOCOL
        raise _wrong(reason, plain, answer, "S to SSLRequest")


_DIALOGUES: Mapping[str, Callable[[Plain], Awaitable[None]]] = {
    "smtp": _smtp, "imap": _imap, "pop3": _pop3, "ftp": _ftp, "postgres": _postgres,
}  # fmt: skip


async def agree(plain: Plain, protocol: str) -> None:
    """Talk the peer into TLS. Errors: EndError."""
    await _DIALOGUES[protocol](plain)
    plain.end()
