"""Whom the server answers: this host's own requests, and no browser that another site led here."""

from pathlib import Path

import pytest

from agent.web.guard import is_own_host
from tests.agent.web_worlds import world

EMPTY = "store: {{url: 'sqlite:///{store}'}}\nweb: {{listen_address: '127.0.0.1:0'}}\n"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9610", "127.0.0.1", "localhost:9610", "LOCALHOST", "[::1]:9610", "[::1]", "10.1.2.3:80"]
)
def test_an_ip_address_or_localhost_is_our_own_name(host: str):
    assert is_own_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9610",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "[::1",
        "a@127.0.0.1x",
    ],
)
def test_any_other_name_is_not_ours(host: str):
    assert not is_own_host(host)


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/-/ready", "/nowhere"])
async def test_a_request_by_a_foreign_name_is_refused_before_anything_is_read(tmp_path: Path, path: str):
    async with world(tmp_path, EMPTY) as w:
        got = await w.get(path, 421, Host="rebound.example:9610")
    assert got.headers["Content-Type"].startswith("application/problem+json")
    assert "rebound.example" in got.json["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_a_write_that_another_site_began_is_refused(tmp_path: Path, headers: dict):
    async with world(tmp_path, EMPTY) as w:
        await w.send("POST", "/-/reload", 403, **headers)


async def test_a_write_of_a_program_or_of_our_own_page_is_taken(tmp_path: Path):
    async with world(tmp_path, EMPTY) as w:
        origin = str(w.client.make_url("/")).rstrip("/")
        await w.send("POST", "/-/reload", 200)
        await w.send("POST", "/-/reload", 200, Origin=origin, **{"Sec-Fetch-Site": "same-origin"})


async def test_every_answer_carries_the_headers_that_keep_browsers_in(tmp_path: Path):
    async with world(tmp_path, EMPTY) as w:
        for path, status in (("/", 200), ("/metrics", 200), ("/api/v1/status", 200), ("/nowhere", 404)):
            got = await w.get(path, status)
            assert got.headers["Content-Security-Policy"].startswith("default-src 'self'")
            assert got.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_wrong_method_is_told_which_ones_there_are(tmp_path: Path):
    async with world(tmp_path, EMPTY) as w:
        got = await w.send("POST", "/api/v1/status", 405)
        assert got.headers["Allow"] == "GET,HEAD"
        await w.get("/-/reload", 405)


async def test_a_bug_of_ours_is_a_500_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("agent.web.answers.facts", broken)
    async with world(tmp_path, EMPTY) as w:
        got = await w.get("/api/v1/status", 500)
        page = await w.get("/", 500, Accept="text/html")
    assert "secret" not in got.text + page.text
    assert page.html.all("h1")
