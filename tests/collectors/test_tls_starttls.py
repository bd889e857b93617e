"""Kind tls behind STARTTLS: the plain words of each protocol, and peers that do not lead to TLS."""

import asyncio
import ftplib
import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from collectors.base import Reason
from collectors.tls import KIND
from tests.collectors.http_peers import (
    Nginx,
    running_nginx,
    scripted,
    server_context,
    silent,
)
from tests.collectors.tls_peers import (
    FTP,
    GOOD,
    IMAP,
    POP3,
    SCRIPTS,
    SMTP,
    Issued,
    Script,
    ending,
    failed_for,
    hasty,
    issue,
    postgres,
    probe,
    saying,
    traced,
    verdict,
)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with running_nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return issue(tmp_path_factory.mktemp("issued"))


@pytest.mark.parametrize("protocol", [*SCRIPTS, "postgres"])
async def test_after_the_plain_dialogue_of_a_protocol_tls_is_measured(issued: Issued, protocol: str) -> None:
    context = server_context(issued.server)
    handler = postgres(context) if protocol == "postgres" else SCRIPTS[protocol].handler(context)
    async with scripted(handler) as peer:
        reading, lines = await traced(f"127.0.0.1:{peer.port}", starttls=protocol, ca_file=str(issued.ca_file))
    assert verdict(reading) == GOOD
    assert set(reading.values) == set(KIND.values) - {"resolve_seconds"}
    assert any(line.startswith("send: ") for line in lines)
    assert any(line.startswith("received: ") for line in lines)


def smtp_client(port: int, context: ssl.SSLContext) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.starttls(context=context)
        client.close()


def imap_client(port: int, context: ssl.SSLContext) -> None:
    client = imaplib.IMAP4("127.0.0.1", port)
    try:
        client._simple_command("STARTTLS")  # the public method goes on after it, which our peer does not
    finally:
        client.shutdown()


def pop3_client(port: int, context: ssl.SSLContext) -> None:
    client = poplib.POP3("127.0.0.1", port)
    client.stls(context=context)
    client.close()


def ftp_client(port: int, context: ssl.SSLContext) -> None:
    client = ftplib.FTP_TLS(context=context)
    client.connect("127.0.0.1", port)
    client.auth()
    client.close()


@pytest.mark.parametrize(
    ("script", "client"), [(SMTP, smtp_client), (IMAP, imap_client), (POP3, pop3_client), (FTP, ftp_client)]
)
async def test_the_peers_of_these_tests_are_understood_by_python_s_own_clients(
    issued: Issued, script: Script, client: Callable[[int, ssl.SSLContext], None]
) -> None:
    trusting = ssl.create_default_context(cafile=issued.ca_file)
    async with scripted(script.handler(server_context(issued.server))) as peer:
        await asyncio.to_thread(client, peer.port, trusting)


async def test_smtp_is_told_our_address_as_a_literal(issued: Issued) -> None:
    script = replace(SMTP, said=[])
    async with scripted(script.handler(server_context(issued.server))) as peer:
        await probe(f"127.0.0.1:{peer.port}", starttls="smtp", ca_file=str(issued.ca_file))
    assert script.said == [b"EHLO [127.0.0.1]\r\n", b"STARTTLS\r\n"]


async def test_a_bad_certificate_behind_starttls_is_failed_certificate(nginx: Nginx) -> None:
    async with scripted(SMTP.handler(server_context(nginx.certificates.expired))) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}", starttls="smtp", **nginx.trusting)
    assert verdict(reading) == failed_for(Reason.CERTIFICATE)


WITHOUT = b"250-mail.test\r\n250 HELP\r\n"
WITH = b"250-mail.test\r\n250 STARTTLS\r\n"


@pytest.mark.parametrize(
    ("protocol", "pieces", "reason", "words"),
    [
        ("smtp", [b"421 too busy\r\n"], Reason.MISMATCH, "got '421 too busy', wanted 220 to the connection"),
        ("smtp", [b"220 a\r\n", WITHOUT], Reason.MISMATCH, "got 'HELP', wanted STARTTLS among what it offers"),
        ("smtp", [b"220 a\r\n", WITH, b"454 no\r\n"], Reason.MISMATCH, "got '454 no', wanted 220 to STARTTLS"),
        (
            "smtp",
            [b"220 a\r\n", WITH, b"220 go\r\n250 more\r\n"],
            Reason.PROTOCOL,
            "10 plain bytes after the agreement",
        ),
        ("smtp", [b"SSH-2.0-OpenSSH_9.2\r\n"], Reason.PROTOCOL, "a reply to the connection such as 220"),
        ("smtp", [b"220-" + b"a" * 70_000], Reason.PROTOCOL, "no answer that ends; it begins '220-aaa"),
        ("ftp", [b"220 a\r\n", b"502 no\r\n"], Reason.MISMATCH, "got '502 no', wanted 234 to AUTH TLS"),
        ("pop3", [b"-ERR busy\r\n"], Reason.MISMATCH, "got '-ERR busy', wanted +OK to the connection"),
        ("pop3", [b"+OK\r\n", b"-ERR no\r\n"], Reason.MISMATCH, "got '-ERR no', wanted +OK to STLS"),
        ("pop3", [b"* OK\r\n"], Reason.PROTOCOL, "got '* OK'"),
        ("imap", [b"* BYE busy\r\n"], Reason.MISMATCH, "got '* BYE busy', wanted a greeting with * OK"),
        ("imap", [b"* PREAUTH in\r\n"], Reason.MISMATCH, "got '* PREAUTH in'"),
        ("imap", [b"* OK\r\n", b"a1 BAD no\r\n"], Reason.MISMATCH, "got 'a1 BAD no', wanted a1 OK to STARTTLS"),
        ("imap", [b"* OK\r\n", b"a2 OK\r\n"], Reason.PROTOCOL, "got 'a2 OK'"),
        ("imap", [b"+OK\r\n"], Reason.PROTOCOL, "got '+OK'"),
        ("smtp", [b"\xff\xfe\x00\r\n"], Reason.PROTOCOL, "xff"),
    ],
)
async def test_a_dialogue_that_does_not_lead_to_tls_is_failed_and_quotes_the_peer(
    protocol: str, pieces: list[bytes], reason: Reason, words: str
) -> None:
    async with scripted(saying(*pieces)) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}", starttls=protocol)
    assert verdict(reading) == failed_for(reason)
    assert words in reading.detail
    assert "starttls_seconds" not in reading.values


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(b"N", Reason.MISMATCH), (b"E", Reason.MISMATCH), (b"x", Reason.PROTOCOL), (b"Sx", Reason.PROTOCOL)],
)
async def test_postgres_that_does_not_say_s_alone_is_failed(issued: Issued, answer: bytes, reason: Reason) -> None:
    async with scripted(postgres(server_context(issued.server), answer)) as peer:
        assert verdict(await probe(f"127.0.0.1:{peer.port}", starttls="postgres")) == failed_for(reason)


async def test_a_peer_that_closes_in_the_dialogue_is_failed_closed() -> None:
    async with scripted(ending(b"220-a\r\n220-b\r\n")) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}", starttls="smtp")
    assert verdict(reading) == failed_for(Reason.CLOSED)
    assert reading.detail == "in the smtp dialogue before TLS: the peer closed the connection"


async def test_a_peer_that_is_silent_before_starttls_is_failed_timeout_in_the_dialogue() -> None:
    async with scripted(silent) as peer:
        reading = await hasty(f"127.0.0.1:{peer.port}", starttls="imap")
    assert verdict(reading) == failed_for(Reason.TIMEOUT)
    assert reading.detail == "not done within 0.3 s: in the imap dialogue before TLS"
