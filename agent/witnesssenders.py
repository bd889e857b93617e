"""How a digest leaves this machine: appended to a file, to syslog, by mail, to a webhook. Each call has a deadline."""

import os
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import aiohttp

from agent.config.schema import Witness

TIMEOUT_SECONDS = 20.0
APP = "sla-agent"
_NOTICE_OF_DAEMON = 3 * 8 + 5
_DATAGRAM_MAX = 2048
"""RFC 5424, 6.1: a receiver should take so much; a line of ours is far shorter."""


class SendError(Exception):
    """A witness did not take it: what happened, in words."""


def blocking(witness: Witness) -> Callable[[Sequence[str]], None] | None:
    """How a witness is told in a thread; None for one that is told on the loop. Errors of the call: SendError."""
    made = {"file": _append, "syslog": _log, "mail": _mail}.get(witness.kind)
    if made is None:
        return None

    def send(lines: Sequence[str]) -> None:
        try:
            made(witness, lines)
        except (OSError, smtplib.SMTPException, ValueError) as exc:
            raise SendError(f"{type(exc).__name__}: {exc}") from exc

    return send


async def post(witness: Witness, lines: Sequence[str]) -> None:
    """A webhook: one POST for each line, its JSON as the body. Errors: SendError."""
    headers = {"Content-Type": "application/json"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        if witness.token is not None:
            headers["Authorization"] = f"Bearer {witness.token.reveal()}"
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for line in lines:
                async with session.post(witness.url or "", data=line, headers=headers, allow_redirects=False) as answer:
                    if not 200 <= answer.status < 300:
                        raise SendError(f"answered {answer.status}")
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as exc:
        raise SendError(f"{type(exc).__name__}: {exc}") from exc


def _append(witness: Witness, lines: Sequence[str]) -> None:
    """Durable when it returns; a file that was cut between gets a line break first."""
    path = Path(witness.path or "")
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        data = "".join(f"{line}\n" for line in lines).encode()
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _log(witness: Witness, lines: Sequence[str]) -> None:
    """RFC 5424; over TCP with the length in front (RFC 6587). A datagram is sent, not acknowledged."""
    transport, _, where = (witness.address or "").partition(":")
    messages = [_message(line) for line in lines]
    if transport == "tcp":
        host, port = _host_port(where)
        with socket.create_connection((host, port), TIMEOUT_SECONDS) as connection:
            connection.sendall(b"".join(b"%d %b" % (len(each), each) for each in messages))
            connection.shutdown(socket.SHUT_WR)
            with suppress(TimeoutError):  # it may stay open and say nothing: what counts is that it did not refuse
                connection.settimeout(1.0)
                connection.recv(1)
        return
    family, address = _datagram_address(transport, where)
    with socket.socket(family, socket.SOCK_DGRAM) as sending:
        sending.settimeout(TIMEOUT_SECONDS)
        sending.connect(address)
        for each in messages:
            sending.send(each)


def _message(line: str) -> bytes:
    """Without a time of ours: the one that counts is when the witness had it."""
    message = f"<{_NOTICE_OF_DAEMON}>1 - {socket.gethostname()} {APP} {os.getpid()} witness - {line}".encode()
    return message[:_DATAGRAM_MAX]


def _datagram_address(transport: str, where: str) -> tuple[socket.AddressFamily, tuple[object, ...] | str]:
    if transport == "unix":
        return socket.AF_UNIX, where
    family, _, _, _, address = socket.getaddrinfo(*_host_port(where), type=socket.SOCK_DGRAM)[0]
    return family, address


def _mail(witness: Witness, lines: Sequence[str]) -> None:
    """One mail with all lines that wait."""
    host, port = _host_port(witness.address or "")
    message = EmailMessage()
    message["Subject"] = f"{APP}: digests of the ledger"
    message["From"], message["To"] = witness.sender or "", ", ".join(witness.recipients)
    message.set_content("\n".join(lines) + "\n")
    context = ssl.create_default_context()
    if witness.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    with server:
        if witness.tls == "starttls":
            server.starttls(context=context)
        if witness.user is not None and witness.password is not None:
            server.login(witness.user, witness.password.reveal())
        refused = server.send_message(message)
        if refused:
            raise SendError(f"refused for {', '.join(refused)}")


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
