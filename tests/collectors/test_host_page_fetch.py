"""Kind host_page on the way to a page: who answers what, what is too old, too large, or no page at all."""

import asyncio
import gzip
import re
import socket
import ssl
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from collectors.base import CollectorUnavailableError, Outcome, Reading, Reason
from collectors.host_page import HostPageCollector, HostPageModule, check_address
from collectors.host_page.options import page_url
from collectors.host_page.parsing import MAX_SAMPLES
from tests.collectors.http_peers import Handler, dripping, scripted, silent
from tests.collectors.page_peers import (
    NOW,
    OPEN_METRICS,
    STAMP,
    dated,
    eye,
    later,
    look,
    looks,
    node_page,
    response,
    running_node_exporter,
    serving,
)

SHORT = 0.2
FAILED, ERROR = Outcome.FAILED, Outcome.ERROR


def said(found: dict[str, Reading]) -> tuple[Outcome, Reason | None]:
    """The host's own verdict; a host that was not read has no parts."""
    if found[""].outcome is not Outcome.OK:
        assert list(found) == [""]
    return found[""].outcome, found[""].reason


def open_metrics() -> str:
    """The same page as OpenMetrics wants it: families whole."""
    samples = [line for line in node_page().splitlines() if not line.startswith("#")]
    return "\n".join([*sorted(samples, key=lambda line: re.split("[{ ]", line)[0]), "# EOF", ""])


async def of(handler: Handler, timeout_seconds: float = 20.0, **options: Any) -> dict[str, Reading]:
    async with scripted(handler) as peer, eye(peer.url, timeout_seconds, **options) as one:
        return await one.look()


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (response("who are you", status="401 Unauthorized"), ERROR, Reason.PERMISSION),
        (response("not you", status="403 Forbidden"), ERROR, Reason.PERMISSION),
        (response("gone", status="404 Not Found"), FAILED, Reason.STATUS),
        (response("down", status="503 Service Unavailable"), FAILED, Reason.STATUS),
        (response(b"", {"Location": "/other"}, status="302 Found"), FAILED, Reason.REDIRECT),
        (response("<html>welcome\nto nginx</html>\n"), FAILED, Reason.PROTOCOL),
        (response(b"\xff\xfe\x00node_load1 1\n"), FAILED, Reason.PROTOCOL),
        (response(b""), FAILED, Reason.PROTOCOL),
        (response("node_load1 1\nnode_load5"), FAILED, Reason.PROTOCOL),
        (response(node_page() + "node_load1{ 1\n"), FAILED, Reason.PROTOCOL),
        (response(node_page() + 'node_load1{a="\xff"} 1\n'.encode("latin-1").decode("latin-1")), Outcome.OK, None),
        (response(node_page().encode() + b'node_cpu_seconds_total{cpu="\xff"} 1\n'), FAILED, Reason.PROTOCOL),
        (response("go_threads 7\nup 1\n"), FAILED, Reason.MISMATCH),
        (response(node_page(), kind=OPEN_METRICS), FAILED, Reason.PROTOCOL),
        (response(open_metrics(), kind=OPEN_METRICS), Outcome.OK, None),
        (response(node_page().replace("\n", "\r\n")), Outcome.OK, None),
        (response(node_page(), {"Content-Encoding": "br", **dated()}), FAILED, Reason.PROTOCOL),
        (response(b"no gzip", {"Content-Encoding": "gzip"}), FAILED, Reason.PROTOCOL),
        (response(gzip.compress(node_page().encode()), {"Content-Encoding": "gzip", **dated()}), Outcome.OK, None),
        (response("node_load1 1\n" * (MAX_SAMPLES + 1)), FAILED, Reason.TOO_LARGE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", FAILED, Reason.PROTOCOL),
    ],
)
async def test_answers(answer: bytes, outcome: Outcome, reason: Reason | None) -> None:
    assert said(await look(answer)) == (outcome, reason)


async def test_a_closed_port_is_failed_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with eye(f"127.0.0.1:{port}") as one:
        assert said(await one.look()) == (FAILED, Reason.REFUSED)


async def test_silence_is_failed_timeout() -> None:
    assert said(await of(silent, SHORT)) == (FAILED, Reason.TIMEOUT)


async def test_a_page_that_drips_is_failed_timeout() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await dripping(reader, writer, response(b"").replace(b"Content-Length: 0\r\n", b""), b"node_load1 1\n")

    assert said(await of(handler, SHORT)) == (FAILED, Reason.TIMEOUT)


async def test_a_page_without_end_is_failed_too_large() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await dripping(reader, writer, response(b"").replace(b"Content-Length: 0\r\n", b""), b"node_load1 1\n" * 9000)

    assert said(await of(handler, max_body="1MiB")) == (FAILED, Reason.TOO_LARGE)


async def test_a_gzip_bomb_is_failed_too_large() -> None:
    bomb = gzip.compress(bytes(256 * 1024**2))
    assert said(await look(response(bomb, {"Content-Encoding": "gzip"}))) == (FAILED, Reason.TOO_LARGE)


async def test_a_page_of_100_000_samples_is_read_and_leaves_the_loop_free() -> None:
    page = node_page() + "".join(f'app_requests_total{{path="/{n}",code="200"}} {n}\n' for n in range(100_000))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with scripted(serving(response(page))) as peer, eye(peer.url, max_body="32MiB") as one:
        counting = asyncio.create_task(count())
        found = await one.look()
        counting.cancel()
    assert said(found) == (Outcome.OK, None)
    assert found[""].values["load1"] == 3
    assert turns > len(page) / 256 / 1024


async def test_a_redirect_is_followed_where_the_module_says_so() -> None:
    there = response(b"", {"Location": "/other"}, status="302 Found")
    [found] = await looks(there, response(node_page()), times=1, redirects={"follow": True})
    assert said(found) == (Outcome.OK, None)


# freshness


@pytest.mark.parametrize(
    ("date", "stamp", "more", "reason"),
    [
        (later(119), STAMP, {}, None),
        (later(121), STAMP, {}, Reason.UNREAD),
        (later(-86400), STAMP, {}, None),  # a proxy's clock, far behind: says nothing of age
        (NOW, STAMP, {"Age": "30"}, None),
        (NOW, STAMP, {"Age": "121"}, Reason.UNREAD),
        (NOW, STAMP, {"Age": "soon"}, None),
        (None, STAMP, {}, Reason.UNREAD),
    ],
)
async def test_age(date: datetime | None, stamp: float, more: dict[str, str], reason: Reason | None) -> None:
    found = await look(response(node_page(stamp), {**dated(date), **more}))
    assert said(found) == ((Outcome.OK, None) if reason is None else (ERROR, reason))


async def test_without_a_date_a_stamp_that_moves_is_proof() -> None:
    pages = [response(node_page(STAMP + seconds), {}) for seconds in (0, 0, 60, 60)]
    assert [said(found)[0] for found in await looks(*pages)] == [ERROR, ERROR, Outcome.OK, Outcome.OK]


async def test_a_stamp_that_stands_still_grows_old_by_our_own_clock() -> None:
    async with scripted(serving(response(node_page()))) as peer, eye(peer.url, max_age="50ms") as one:
        assert said(await one.look()) == (Outcome.OK, None)
        while (found := await one.look())[""].outcome is Outcome.OK:
            assert found[""].values["age_seconds"] <= 0.05
    assert said(found) == (ERROR, Reason.UNREAD)
    assert found[""].values["age_seconds"] > 0.05


async def test_a_page_without_its_time_is_unknown() -> None:
    assert said(await look(node_page().replace("node_time_seconds", "no_time"))) == (ERROR, Reason.UNREAD)


# TLS, secrets, addresses


def certificates(folder: Path) -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("node.test", "127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return authority, context


async def test_tls_with_an_authority_of_our_own_and_without(tmp_path: Path) -> None:
    _, context = certificates(tmp_path)
    async with scripted(serving(response(node_page())), context) as peer:
        url = f"https://127.0.0.1:{peer.port}/metrics"
        async with eye(url, tls={"ca_file": str(tmp_path / "ca.pem")}) as one:
            found = await one.look()
            assert said(found) == (Outcome.OK, None)
            assert found[""].values["certificate_not_after_timestamp_seconds"] > 0
        async with eye(url, tls={"ca_file": str(tmp_path / "ca.pem"), "server_name": "other.test"}) as one:
            assert said(await one.look()) == (FAILED, Reason.CERTIFICATE)
        async with eye(url, tls={"verify": False}) as one:
            assert said(await one.look()) == (Outcome.OK, None)
        async with eye(f"127.0.0.1:{peer.port}") as one:
            assert said(await one.look())[0] is FAILED


async def test_a_certificate_of_ours_is_shown_where_the_peer_wants_one(tmp_path: Path) -> None:
    authority, context = certificates(tmp_path)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    ours = authority.issue_cert("agent.test")
    ours.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ours.pem")
    ca = {"ca_file": str(tmp_path / "ca.pem")}
    async with scripted(serving(response(node_page())), context) as peer:
        url = f"https://127.0.0.1:{peer.port}/metrics"
        async with eye(url, tls={**ca, "certificate_file": str(tmp_path / "ours.pem")}) as one:
            assert said(await one.look()) == (Outcome.OK, None)
        async with eye(url, tls=ca) as one:
            assert said(await one.look())[0] is FAILED


async def test_a_certificate_that_cannot_be_used_is_said_when_the_module_opens(tmp_path: Path) -> None:
    module = HostPageModule.model_validate({"tls": {"certificate_file": str(tmp_path / "none.pem")}})
    with pytest.raises(CollectorUnavailableError, match=r"none\.pem"):
        async with HostPageCollector(module):
            pass


async def test_secrets_are_sent_and_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "hush-hush")
    asked: list[bytes] = []
    answer = response("hush-hush is wrong", status="401 hush-hush")
    for auth in ({"bearer": {"env": "WORD"}}, {"basic": {"user": "ops", "password": {"env": "WORD"}}}):
        async with scripted(serving(answer, asked=asked)) as peer, eye(peer.url, auth=auth) as one:
            found = await one.look()
        assert said(found) == (ERROR, Reason.PERMISSION)
        assert "hush" not in found[""].detail
    assert b"Authorization: Bearer hush-hush" in asked[0]
    assert b"Authorization: Basic b3BzOmh1c2gtaHVzaA==" in asked[1]
    assert b"GET /metrics HTTP/1.1" in asked[0]


async def test_a_bare_host_is_asked_at_the_module_s_port(tmp_path: Path) -> None:
    _, context = certificates(tmp_path)
    async with scripted(serving(response(node_page())), context) as peer:
        options = {"port": peer.port, "scheme": "https", "tls": {"ca_file": str(tmp_path / "ca.pem")}}
        async with eye("127.0.0.1", **options) as one:
            assert said(await one.look()) == (Outcome.OK, None)


async def test_ipv6_and_source_address() -> None:
    async with scripted(serving(response(node_page())), host="::1") as peer:
        async with eye(f"[::1]:{peer.port}", source_address="::1") as one:
            assert said(await one.look()) == (Outcome.OK, None)
        async with eye(f"[::1]:{peer.port}", family="4") as one:
            assert said(await one.look()) == (ERROR, Reason.NO_ROUTE)
        async with eye(f"[::1]:{peer.port}", source_address="127.0.0.1") as one:
            assert said(await one.look()) == (ERROR, Reason.NO_ROUTE)


async def test_the_source_address_is_the_one_the_peer_sees_and_a_foreign_one_is_our_error() -> None:
    seen: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("peername")[0])
        await serving(response(node_page()))(reader, writer)

    assert said(await of(handler, source_address="127.0.0.9")) == (Outcome.OK, None)
    assert seen == ["127.0.0.9"]
    assert said(await of(handler, source_address="192.0.2.9")) == (ERROR, Reason.NO_ROUTE)


async def test_two_probes_of_one_target_at_once_do_not_mix() -> None:
    with running_node_exporter() as address:
        async with eye(address) as one:
            for found in await asyncio.gather(*(one.look() for _ in range(8))):
                assert {"", "disk/"} <= found.keys()


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("10.0.0.1", "http://10.0.0.1:9100/metrics"),
        ("10.0.0.1:9610", "http://10.0.0.1:9610/metrics"),
        ("node-1.test:9100", "http://node-1.test:9100/metrics"),
        ("2001:db8::1", "http://[2001:db8::1]:9100/metrics"),
        ("[2001:db8::1]:9610", "http://[2001:db8::1]:9610/metrics"),
        ("https://node.test:9100", "https://node.test:9100/metrics"),
        ("https://node.test/", "https://node.test/metrics"),
        ("http://node.test/own/page?collect[]=cpu", "http://node.test/own/page?collect%5B%5D=cpu"),
    ],
)
def test_addresses(address: str, url: str) -> None:
    assert check_address(address) == ""
    assert str(page_url(address)) == url


@pytest.mark.parametrize(
    "address",
    ["", "10.0.0.1:0", "10.0.0.1:99999", "10.1", "a b", "ftp://h/", "http://u:pw@h/", "h:9100/metrics", ":9100"],
)
def test_addresses_that_are_none(address: str) -> None:
    problem = check_address(address)
    assert problem
    assert "pw" not in problem


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"source_address": "eth0"}, "source_address"),
        ({"source_address": "::1", "family": "4"}, "family"),
        ({"tls": {"key_file": "k"}}, "certificate_file"),
        ({"processes": [{"name": "a"}, {"name": "a"}]}, "twice"),
        ({"processes": [{"name": "a", "min": 3, "max": 2}]}, "max"),
        ({"max_age": "0s"}, "max_age"),
        ({"headers": {"Cookie": "c"}}, "secret"),
    ],
)
def test_options_that_contradict(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        HostPageModule.model_validate(options)
