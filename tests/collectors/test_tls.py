"""Kind tls against real peers: nginx, Python's TLS servers, and peers that misbehave, each in one way."""

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.base import CollectorUnavailableError, Outcome, Reading, Reason
from collectors.tls import TlsModule
from collectors.tls.collector import _plain_name
from tests.collectors.http_peers import (
    EXPIRED_ON,
    GOOD_UNTIL,
    LONG,
    Nginx,
    running_nginx,
    scripted,
    server_context,
    silent,
)
from tests.collectors.tls_peers import (
    GOOD,
    SHORT,
    Issued,
    blocking,
    ending,
    failed_for,
    hasty,
    issue,
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


def address(nginx: Nginx, server: str = "good") -> str:
    return f"127.0.0.1:{nginx.ports[server]}"


async def test_a_good_certificate_is_ok_with_its_dates_and_the_time_of_each_step(nginx: Nginx) -> None:
    reading = await probe(address(nginx), **nginx.trusting)
    assert (verdict(reading), reading.detail) == (GOOD, "")
    values = dict(reading.values)
    for name in ("connect_seconds", "rtt_seconds", "handshake_seconds"):
        assert 0 < values.pop(name) < LONG
    leaf = x509.load_pem_x509_certificates(nginx.certificates.good.read_bytes())[0]
    assert values == {
        "tls_version": 1.3,
        "certificate_verified": 1.0,
        "certificate_not_before_timestamp_seconds": leaf.not_valid_before_utc.timestamp(),
        "certificate_not_after_timestamp_seconds": GOOD_UNTIL.timestamp(),
        "certificate_chain_not_after_timestamp_seconds": GOOD_UNTIL.timestamp(),
    }


async def test_the_trace_names_address_version_and_certificate(nginx: Nginx) -> None:
    _, lines = await traced(address(nginx), **nginx.trusting)
    assert [line.partition(":")[0] for line in lines] == ["connected", "tls", "tls"]
    assert lines[0].startswith(f"connected: {address(nginx)} in 0.")
    assert lines[1].startswith("tls: TLSv1.3 ")
    assert lines[2] == "tls: certificate 'good.test' by '' ends 2038-01-19T03:14:07Z"


async def test_of_a_name_the_address_that_was_measured_is_told(nginx: Nginx) -> None:
    reading = await probe(f"localhost:{nginx.ports['good']}", family="4", **nginx.trusting)
    assert (verdict(reading), reading.detail) == (GOOD, f"measured {address(nginx)}")
    assert reading.values["resolve_seconds"] > 0


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("expired", "certificate has expired"),
        ("wrong_host", "IP address mismatch"),
        ("self_signed", "self-signed certificate"),
        ("unknown_ca", "unable to get local issuer certificate"),
    ],
)
async def test_a_certificate_that_does_not_verify_is_failed_certificate_and_says_why(
    nginx: Nginx, server: str, words: str
) -> None:
    reading = await probe(address(nginx, server), **nginx.trusting)
    assert verdict(reading) == failed_for(Reason.CERTIFICATE)
    assert words in reading.detail
    assert set(reading.values) == {"connect_seconds", "rtt_seconds", "certificate_verified"}
    assert reading.values["certificate_verified"] == 0


async def test_a_certificate_that_is_not_yet_valid_is_failed_certificate(tmp_path: Path) -> None:
    ca, begins = trustme.CA(), datetime(2090, 1, 1, tzinfo=UTC)
    leaf = ca.issue_cert("127.0.0.1", not_before=begins, not_after=datetime(2091, 1, 1, tzinfo=UTC))
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "leaf.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with scripted(silent, tls=server_context(tmp_path / "leaf.pem")) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}", ca_file=str(tmp_path / "ca.pem"))
        unverified = await probe(f"127.0.0.1:{peer.port}", verify=False)
    assert verdict(reading) == failed_for(Reason.CERTIFICATE)
    assert "certificate is not yet valid" in reading.detail
    assert unverified.values["certificate_not_before_timestamp_seconds"] == begins.timestamp()


@pytest.mark.parametrize(
    ("server", "ends"), [("expired", EXPIRED_ON), ("wrong_host", None), ("self_signed", None), ("unknown_ca", None)]
)
async def test_without_verification_every_certificate_still_says_when_it_ends(
    nginx: Nginx, server: str, ends: datetime | None
) -> None:
    reading = await probe(address(nginx, server), verify=False)
    assert (verdict(reading), reading.values["certificate_verified"]) == (GOOD, 0.0)
    leaf = x509.load_pem_x509_certificates(getattr(nginx.certificates, server).read_bytes())[0]
    assert reading.values["certificate_not_after_timestamp_seconds"] == leaf.not_valid_after_utc.timestamp()
    assert ends in (None, leaf.not_valid_after_utc)


async def test_the_first_of_the_presented_chain_to_end_is_told_beside_the_leaf(tmp_path: Path) -> None:
    root = trustme.CA()
    middle = root.create_child_ca()
    late = datetime(3500, 1, 1, tzinfo=UTC)
    middle.issue_cert("127.0.0.1", not_after=late).private_key_and_cert_chain_pem.write_to_path(tmp_path / "leaf.pem")
    root.cert_pem.write_to_path(tmp_path / "root.pem")
    between = x509.load_pem_x509_certificate(middle.cert_pem.bytes()).not_valid_after_utc
    assert between < late
    async with scripted(silent, tls=server_context(tmp_path / "leaf.pem")) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}", ca_file=str(tmp_path / "root.pem"))
    assert verdict(reading) == GOOD
    assert reading.values["certificate_not_after_timestamp_seconds"] == late.timestamp()
    assert reading.values["certificate_chain_not_after_timestamp_seconds"] == between.timestamp()


async def test_server_name_is_what_is_asked_for_and_what_the_certificate_must_be_for(nginx: Nginx) -> None:
    named = await probe(address(nginx, "wrong_host"), server_name="elsewhere.test", **nginx.trusting)
    assert verdict(named) == GOOD
    other = await probe(address(nginx), server_name="elsewhere.test", **nginx.trusting)
    assert verdict(other) == failed_for(Reason.CERTIFICATE)
    assert "Hostname mismatch" in other.detail


@pytest.mark.parametrize(
    ("host", "name"), [("mail.example.", "mail.example"), ("fe80::1%eth0", "fe80::1"), ("10.0.0.1", "10.0.0.1")]
)
def test_a_host_is_asked_for_as_certificates_write_it(host: str, name: str) -> None:
    assert _plain_name(host) == name


async def test_versions_that_do_not_meet_are_failed_tls(nginx: Nginx) -> None:
    reading = await probe(address(nginx, "old_tls"), min_version="1.3", **nginx.trusting)
    assert verdict(reading) == failed_for(Reason.TLS)
    assert "PROTOCOL_VERSION" in reading.detail
    assert (await probe(address(nginx, "old_tls"), **nginx.trusting)).values["tls_version"] == 1.2
    assert (await probe(address(nginx), max_version="1.2", **nginx.trusting)).values["tls_version"] == 1.2


@pytest.mark.parametrize(("options", "ok"), [({"min_version": "1.0"}, True), ({}, False)])
async def test_a_peer_that_only_knows_an_old_version_is_let_in_by_min_version_alone(
    issued: Issued, options: dict[str, str], ok: bool
) -> None:
    context = server_context(issued.server)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    async with blocking(context) as peer:
        reading = await probe(peer, ca_file=str(issued.ca_file), **options)
    assert verdict(reading) == (GOOD if ok else failed_for(Reason.TLS))
    assert reading.values.get("tls_version") == (1.1 if ok else None)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
async def test_a_peer_that_wants_our_certificate_refuses_whoever_has_none_or_a_stranger_s(
    issued: Issued, version: str
) -> None:
    only = {"min_version": version, "max_version": version}
    async with blocking(issued.demanding) as peer:
        reading = await probe(peer, ca_file=str(issued.ca_file), **only)
    assert verdict(reading) == failed_for(Reason.TLS)
    assert ("CERTIFICATE_REQUIRED" if version == "1.3" else "HANDSHAKE_FAILURE") in reading.detail
    async with blocking(issued.demanding) as peer:
        reading = await probe(peer, **issued.client_options("stranger"), **only)
    assert verdict(reading) == failed_for(Reason.TLS)
    assert "ALERT_UNKNOWN_CA" in reading.detail
    async with blocking(issued.demanding) as peer:
        assert verdict(await probe(peer, **issued.client_options("client"), **only)) == GOOD


async def test_a_peer_that_speaks_first_after_the_handshake_is_ok(issued: Issued) -> None:
    async with blocking(server_context(issued.server), lambda tls: tls.sendall(b"220 mail.test ESMTP\r\n")) as peer:
        assert verdict(await probe(peer, ca_file=str(issued.ca_file))) == GOOD


async def test_a_peer_that_resets_after_the_handshake_is_ok(issued: Issued) -> None:
    def resetting(tls: ssl.SSLSocket) -> None:
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with blocking(server_context(issued.server), resetting) as peer:
        assert verdict(await probe(peer, ca_file=str(issued.ca_file))) == GOOD


async def test_a_peer_that_never_says_goodbye_is_ok_by_the_deadline_with_all_values(issued: Issued) -> None:
    def deaf(tls: ssl.SSLSocket) -> None:
        while socket.socket.recv(tls, 65536):  # reads the goodbye as bytes, so never answers it
            pass

    async with blocking(server_context(issued.server), deaf) as peer:
        reading = await hasty(peer, ca_file=str(issued.ca_file))
    assert verdict(reading) == GOOD
    assert reading.values["certificate_verified"] == 1


async def test_a_plain_text_peer_is_failed_tls(nginx: Nginx) -> None:
    reading = await probe(address(nginx, "plain"))
    assert verdict(reading) == failed_for(Reason.TLS)
    assert reading.detail.startswith("in the TLS handshake: ")


async def test_a_closed_port_is_failed_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reading = await probe(f"127.0.0.1:{port}")
    assert verdict(reading) == failed_for(Reason.REFUSED)
    assert reading.values == {}


async def test_a_silent_peer_is_failed_timeout_in_the_handshake() -> None:
    async with scripted(silent) as peer:
        reading = await hasty(f"127.0.0.1:{peer.port}")
    assert verdict(reading) == failed_for(Reason.TIMEOUT)
    assert reading.detail == "not done within 0.3 s: in the TLS handshake"
    assert set(reading.values) == {"connect_seconds", "rtt_seconds"}


async def test_a_peer_that_stops_in_the_middle_of_its_first_record_is_failed_timeout() -> None:
    async with scripted(saying(b"\x16\x03\x03\x00\x7a\x02\x00")) as peer:
        reading = await hasty(f"127.0.0.1:{peer.port}")
    assert verdict(reading) == failed_for(Reason.TIMEOUT)


async def test_a_peer_that_never_accepts_is_failed_timeout_while_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first, socket.socket() as second:
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        where = "{}:{}".format(*full.getsockname())
        reading = await hasty(where)
    assert verdict(reading) == failed_for(Reason.TIMEOUT)
    assert reading.detail == f"not done within 0.3 s: connecting to {where}"


async def test_a_peer_that_closes_in_the_handshake_is_failed_closed() -> None:
    async with scripted(ending(b"")) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}")
    assert verdict(reading) == failed_for(Reason.CLOSED)
    assert reading.detail == "in the TLS handshake: the peer closed the connection"


async def test_a_peer_that_resets_in_the_handshake_is_failed_reset() -> None:
    async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async with scripted(resetting) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}")
    assert verdict(reading) == failed_for(Reason.RESET)


async def test_a_deadline_that_our_own_loop_slept_through_is_error_late() -> None:
    async def hogging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        time.sleep(3 * SHORT)  # the peer shares our loop, so this blocks the probe
        await reader.read()

    async with scripted(hogging) as peer:
        reading = await hasty(f"127.0.0.1:{peer.port}")
    assert verdict(reading) == (Outcome.ERROR, Reason.LATE)


async def test_a_host_without_any_authority_cannot_judge_a_certificate(
    nginx: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    reading = await probe(address(nginx))
    assert verdict(reading) == (Outcome.ERROR, Reason.INTERNAL)
    assert "or set ca_file or verify: false" in reading.detail


async def test_ipv6_is_dialled_and_the_family_of_a_module_is_kept(issued: Issued) -> None:
    async with scripted(silent, tls=server_context(issued.server), host="::1") as peer:
        six = f"[::1]:{peer.port}"
        assert verdict(await probe(six, ca_file=str(issued.ca_file), server_name="localhost")) == GOOD
        assert verdict(await probe(six, family="4")) == (Outcome.ERROR, Reason.NO_ROUTE)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"min_version": "1.3", "max_version": "1.2"}, "max_version: got 1.2, wanted at least min_version (1.3)"),
        ({"client_certificate": "a.pem"}, "client_certificate and client_key belong together"),
        ({"client_key": {"file": "a.pem"}}, "client_certificate and client_key belong together"),
        ({"client_certificate": "a.pem", "client_key": {"env": "A"}}, "wanted {file: PATH}"),
        ({"client_certificate": "a.pem", "client_key": "hunter2"}, "got a plain text secret"),
        ({"verify": False, "ca_file": "a.pem"}, "ca_file without verify does nothing"),
        ({"server_name": ""}, "server_name: got ''"),
        ({"starttls": "telnet"}, "starttls"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TlsModule.model_validate(options)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value.errors(include_input=False))


async def test_files_that_cannot_be_used_are_named_and_no_passphrase_is_asked_for(
    issued: Issued, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.pem"
    key = load_pem_private_key(issued.client.read_bytes(), None)
    secret = BestAvailableEncryption(b"hunter2")
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, secret))
    for options, words in (
        ({"ca_file": str(tmp_path / "none.pem")}, "tls: ca_file "),
        ({"client_certificate": str(issued.client), "client_key": {"file": str(locked)}}, "without a passphrase"),
        ({"client_certificate": str(issued.client), "client_key": {"file": str(issued.stranger)}}, "belong together"),
    ):
        with pytest.raises(CollectorUnavailableError, match=words):
            await probe("127.0.0.1:1", **options)


PROTOCOLS = st.sampled_from([None, "smtp", "imap", "pop3", "ftp", "postgres"])
BEGINNINGS = st.sampled_from(
    [b"", b"220 ", b"220-", b"* OK\r\na1 OK\r\n", b"+OK\r\n", b"S", b"\x16\x03\x03\x00\x05", b"\x15\x03\x03\x00\x02"]
)


@settings(max_examples=100, deadline=None)
@given(protocol=PROTOCOLS, start=BEGINNINGS, rest=st.binary(max_size=60))
def test_whatever_a_peer_sends_is_evidence_against_it(protocol: str | None, start: bytes, rest: bytes) -> None:
    async def run() -> Reading:
        async with scripted(ending(start + rest)) as peer:
            return await probe(f"127.0.0.1:{peer.port}", starttls=protocol)

    assert asyncio.run(run()).outcome is Outcome.FAILED
