"""Kind http against peers that misbehave, each in one way: what S1 says about it."""

import asyncio
import gzip
import socket
import ssl
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.base import Outcome, Reading, Reason
from tests.collectors.http_peers import (
    answering,
    dripping,
    head,
    make_certificates,
    plain,
    probe,
    scripted,
    server_context,
    silent,
    traced,
)

SHORT = 0.3
"""Seconds for a probe that is meant to run into its deadline."""


def verdict(reading: Reading) -> tuple[Outcome, Reason | None]:
    return reading.outcome, reading.reason


def failed_for(reason: Reason) -> tuple[Outcome, Reason]:
    return Outcome.FAILED, reason


async def test_a_closed_port_is_failed_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert verdict(await probe(f"http://127.0.0.1:{port}/")) == failed_for(Reason.REFUSED)


async def test_a_name_whose_every_address_refuses_is_failed_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert verdict(await probe(f"http://localhost:{port}/")) == failed_for(Reason.REFUSED)


async def test_a_silent_server_is_failed_timeout_waiting_for_the_response() -> None:
    async with scripted(silent) as peer:
        reading = await probe(peer.url, timeout=SHORT)
    assert verdict(reading) == failed_for(Reason.TIMEOUT)
    assert reading.detail == "not done within 0.3 s: waiting for the response"
    assert reading.values["connect_seconds"] > 0


async def test_a_server_that_never_accepts_is_failed_timeout_while_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first, socket.socket() as second:
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        reading = await probe(f"http://127.0.0.1:{full.getsockname()[1]}/", timeout=SHORT)
    assert verdict(reading) == failed_for(Reason.TIMEOUT)
    assert reading.detail.endswith(": connecting")


async def test_a_server_that_never_shakes_hands_is_failed_timeout_in_the_handshake() -> None:
    async with scripted(silent) as peer:
        reading = await probe(peer.url.replace("http:", "https:"), timeout=SHORT)
    assert verdict(reading) == failed_for(Reason.TIMEOUT)
    assert reading.detail.endswith(": in the TLS handshake")


async def test_a_deadline_that_our_own_loop_slept_through_is_error_late() -> None:
    async def hogging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        time.sleep(3 * SHORT)  # the peer shares our loop, so this blocks the probe
        await reader.read()

    async with scripted(hogging) as peer:
        reading = await probe(peer.url, timeout=SHORT)
    assert verdict(reading) == (Outcome.ERROR, Reason.LATE)


async def test_a_dripping_head_is_failed_timeout() -> None:
    async with scripted(lambda r, w: dripping(r, w, b"HTTP/1.1 200 OK\r\nX-A: ", b"a")) as peer:
        reading = await probe(peer.url, timeout=SHORT)
    assert verdict(reading) == failed_for(Reason.TIMEOUT)
    assert reading.detail.endswith("waiting for the response")


async def test_a_dripping_body_is_failed_timeout_and_says_how_far_it_came() -> None:
    async with scripted(lambda r, w: dripping(r, w, b"HTTP/1.1 200 OK\r\n\r\n", b"a")) as peer:
        reading = await probe(peer.url, timeout=SHORT)
    assert verdict(reading) == failed_for(Reason.TIMEOUT)
    assert "reading the body, " in reading.detail
    assert reading.values["status_code"] == 200


async def test_endless_interim_answers_are_failed_timeout() -> None:
    async with scripted(lambda r, w: dripping(r, w, b"", b"HTTP/1.1 102 Processing\r\n\r\n")) as peer:
        assert verdict(await probe(peer.url, timeout=SHORT)) == failed_for(Reason.TIMEOUT)


async def test_interim_answers_before_the_final_one_are_no_answer() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with scripted(answering(b"HTTP/1.1 100 Continue\r\n\r\n", early, plain(b"ok"))) as peer:
        reading = await probe(peer.url, body_matches=["^ok$"])
    assert (reading.outcome, reading.values["status_code"]) == (Outcome.OK, 200.0)


async def test_switching_protocols_is_an_unwanted_status() -> None:
    async with scripted(answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nxx")) as peer:
        assert verdict(await probe(peer.url)) == failed_for(Reason.STATUS)


async def test_a_post_to_a_server_that_never_reads_ends_and_leaves_no_connection() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()
        await gone.wait()
        transport.resume_reading()
        await reader.read()

    gone = asyncio.Event()
    async with scripted(deaf) as peer:
        reading = await probe(peer.url, timeout=SHORT, method="POST", body="x" * 1024**2)
        gone.set()
    assert verdict(reading) == failed_for(Reason.TIMEOUT)


async def test_a_close_without_an_answer_is_failed_closed_and_is_not_tried_again() -> None:
    calls = 0

    async def every_other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await head(reader)
        if calls % 2 == 0:
            writer.write(plain(b"ok"))

    async with scripted(every_other) as peer:
        assert verdict(await probe(peer.url)) in {failed_for(Reason.CLOSED), failed_for(Reason.RESET)}
        assert calls == 1
        assert (await probe(peer.url)).outcome is Outcome.OK


async def test_a_close_in_the_middle_of_the_head_is_failed_closed() -> None:
    async with scripted(answering(b"HTTP/1.1 200 OK\r\nContent-Le")) as peer:
        assert verdict(await probe(peer.url)) == failed_for(Reason.CLOSED)


async def test_a_half_closed_server_that_says_nothing_is_failed_closed() -> None:
    async with scripted(answering()) as peer:
        reading = await probe(peer.url)
    assert verdict(reading) == failed_for(Reason.CLOSED)
    assert reading.detail == "waiting for the response: the peer closed the connection"


async def test_a_reset_is_failed_reset() -> None:
    async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async with scripted(resetting) as peer:
        assert verdict(await probe(peer.url)) == failed_for(Reason.RESET)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
    ],
)
async def test_a_close_in_the_middle_of_the_body_is_failed_closed(answer: bytes) -> None:
    async with scripted(answering(answer)) as peer:
        reading = await probe(peer.url)
    assert verdict(reading) == failed_for(Reason.CLOSED)
    assert reading.detail == "reading the body: the peer closed before the body was complete"


async def test_a_reset_in_the_middle_of_the_body_is_failed() -> None:
    async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
        await writer.drain()
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async with scripted(resetting) as peer:
        assert verdict(await probe(peer.url)) in {failed_for(Reason.CLOSED), failed_for(Reason.RESET)}


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcdef\r\n0\r\n\r\n",
        b"<html>HTTP/0.9</html>\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_failed_protocol(answer: bytes) -> None:
    async with scripted(answering(answer)) as peer:
        assert verdict(await probe(peer.url)) == failed_for(Reason.PROTOCOL)


async def test_more_than_the_promised_length_is_left_out_or_failed_protocol_as_the_parser_is_strict() -> None:
    async with scripted(answering(plain(b"short") + b"and more")) as peer:
        assert (await probe(peer.url, body_matches=["^short$"])).reason in {None, Reason.PROTOCOL}


async def test_a_stray_line_end_after_the_body_does_no_harm() -> None:
    async with scripted(answering(plain(b"short") + b"\r\n")) as peer:
        assert (await probe(peer.url, body_matches=["^short$"])).outcome is Outcome.OK


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async with scripted(answering(b"HTTP/1.0 200 OK\r\n\r\n", b"all of it")) as peer:
        reading = await probe(peer.url, body_matches=["^all of it$"])
    assert (reading.outcome, reading.values["http_version"]) == (Outcome.OK, 1.0)
    assert "content_length_bytes" not in reading.values


async def test_a_long_header_line_of_an_honest_server_is_read() -> None:
    async with scripted(answering(plain(b"ok", "Set-Cookie: " + "a" * 30_000))) as peer:
        assert (await probe(peer.url)).outcome is Outcome.OK


async def test_a_head_that_is_too_long_is_failed_too_large() -> None:
    async with scripted(answering(plain(b"ok", "X-Long: " + "a" * 100_000))) as peer:
        assert verdict(await probe(peer.url)) == failed_for(Reason.TOO_LARGE)


async def test_a_head_of_endless_headers_is_failed() -> None:
    async with scripted(answering(plain(b"ok", *(f"X-{number}: a" for number in range(50_000))))) as peer:
        assert (await probe(peer.url)).outcome is Outcome.FAILED


async def test_an_endless_body_is_cut_at_max_body() -> None:
    async with scripted(lambda r, w: dripping(r, w, b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65536)) as peer:
        assert (await probe(peer.url, max_body="100KiB")).outcome is Outcome.OK
        reading = await probe(peer.url, max_body="100KiB", body_not_matches=["b"])
    assert verdict(reading) == failed_for(Reason.TOO_LARGE)
    assert reading.detail == "the body has more than 102400 bytes (max_body)"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_decompression_bomb_costs_no_memory(encoding: str) -> None:
    bomb = gzip.compress(bytes(200 * 1024**2)) if encoding == "gzip" else zlib.compress(bytes(200 * 1024**2))
    async with scripted(answering(plain(bomb, f"Content-Encoding: {encoding}"))) as peer:
        tracemalloc.start()
        try:
            reading = await probe(peer.url, body_not_matches=["x"])
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert verdict(reading) == failed_for(Reason.TOO_LARGE)
    assert peak < 20 * 1024**2


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("gzip", b"plain text"), ("deflate", b"\xff\xff\xff"), ("gzip", gzip.compress(b"cut off", mtime=0)[:-4])],
)
async def test_a_body_that_is_not_what_its_encoding_says_is_failed_protocol(encoding: str, data: bytes) -> None:
    async with scripted(answering(plain(data, f"Content-Encoding: {encoding}"))) as peer:
        assert verdict(await probe(peer.url)) == failed_for(Reason.PROTOCOL)


async def test_an_encoding_that_nobody_asked_for_breaks_the_rules_and_nothing_else() -> None:
    async with scripted(answering(plain(b"...", "Content-Encoding: br"))) as peer:
        assert (await probe(peer.url)).outcome is Outcome.OK
        assert verdict(await probe(peer.url, body_matches=["x"])) == failed_for(Reason.MISMATCH)


@pytest.mark.parametrize(
    "location",
    ["ftp://127.0.0.1/", "//", "http://127.1/", "http://127.0.0.1:0/", "http://a b/", "javascript:x", "http://[::1/"],
)
async def test_a_redirect_that_leads_nowhere_is_failed_redirect(location: str) -> None:
    async with scripted(answering(plain(b"", f"Location: {location}", status="302 Found"))) as peer:
        assert verdict(await probe(peer.url)) == failed_for(Reason.REDIRECT)


async def test_a_redirect_to_a_closed_port_is_failed_refused_with_the_redirect_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    location = f"Location: http://127.0.0.1:{port}/"
    async with scripted(answering(plain(b"", location, status="307 Temporary Redirect"))) as peer:
        reading = await probe(peer.url)
    assert verdict(reading) == failed_for(Reason.REFUSED)
    assert reading.values["redirects"] == 1


async def test_a_redirect_without_a_location_is_an_unwanted_status() -> None:
    async with scripted(answering(plain(b"", status="302 Found"))) as peer:
        assert verdict(await probe(peer.url)) == failed_for(Reason.STATUS)


async def test_a_password_in_a_redirect_is_neither_used_nor_shown() -> None:
    requests: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await head(reader))
        to = f"Location: http://me:opensesame@127.0.0.1:{peer.port}/b"
        writer.write(plain(b"ok") if len(requests) > 1 else plain(b"", to, status="302 Found"))
        await reader.read()

    async with scripted(handler) as peer:
        reading, lines = await traced(peer.url)
    assert reading.outcome is Outcome.OK
    assert not [request for request in requests if b"authorization" in request.lower()]
    assert not [line for line in lines if line.startswith("redirect") and "opensesame" in line]


async def test_ipv6_is_dialled_and_the_family_of_a_module_is_kept() -> None:
    async with scripted(answering(plain(b"ok")), host="::1") as peer:
        address = f"http://[::1]:{peer.port}/"
        reading = await probe(address)
        assert (reading.outcome, reading.values["ip_version"]) == (Outcome.OK, 6.0)
        assert (await probe(address, family="6")).outcome is Outcome.OK
        assert verdict(await probe(address, family="4")) == (Outcome.ERROR, Reason.NO_ROUTE)
    async with scripted(answering(plain(b"ok"))) as peer:
        assert verdict(await probe(peer.url, family="6")) == (Outcome.ERROR, Reason.NO_ROUTE)


async def test_a_server_that_wants_our_certificate_is_failed_tls(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    context = server_context(certificates.good)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.ca_file)

    def refuse(listener: socket.socket) -> None:  # blocking, since asyncio's server sends no alert
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
            with pytest.raises(ssl.SSLError):
                secured.do_handshake()
            while socket.socket.recv(secured, 65536):  # else the kernel answers our request with a reset
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(asyncio.to_thread(refuse, listener))
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        reading = await probe(url, tls={"ca_file": str(certificates.ca_file)})
        await serving
    assert verdict(reading) == failed_for(Reason.TLS)
    assert "CERTIFICATE_REQUIRED" in reading.detail


async def test_a_close_in_the_handshake_is_failed_closed() -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write_eof()
        await reader.read()

    async with scripted(closing) as peer:
        reading = await probe(peer.url.replace("http:", "https:"))
    assert verdict(reading) == failed_for(Reason.CLOSED)
    assert reading.detail.startswith("in the TLS handshake")


async def test_a_tls_peer_that_never_says_goodbye_does_not_hold_our_connection(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    handler = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", closing=False)
    async with scripted(handler, tls=server_context(certificates.good)) as peer:
        url = peer.url.replace("http:", "https:")
        reading = await probe(url, tls={"ca_file": str(certificates.ca_file)})
    assert reading.outcome is Outcome.OK


HEADS = st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: ", b"HTTP/1.1 200 OK\r\n\r\n"])
NEXT = st.sampled_from(
    [b"", b"Content-Encoding: gzip\r\n\r\n", b"Content-Type: ", b"Transfer-Encoding: chunked\r\n\r\n", b"Set-Cookie: "]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=HEADS, middle=NEXT, rest=st.binary(max_size=60))
def test_whatever_a_peer_sends_a_probe_answers_with_a_reading(start: bytes, middle: bytes, rest: bytes) -> None:
    async def run() -> Reading:
        async with scripted(answering(start + middle + rest)) as peer:
            return await probe(peer.url, timeout=1.0, body_not_matches=["zzz"], redirects={"follow": False})

    reading = asyncio.run(run())
    assert reading.outcome is not Outcome.ERROR
