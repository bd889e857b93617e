"""Kind http against a real nginx: what a healthy or merely unsatisfying server makes."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.base import CollectorUnavailableError, Outcome, Reason, Target
from collectors.http import KIND, HttpCollector, HttpModule
from tests.collectors.http_peers import EXPIRED_ON, GOOD_UNTIL, LONG, Nginx, probe, running_nginx, traced

PASSWORD = "hunter2secret"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with running_nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


async def test_a_plain_page_is_ok_with_every_phase_and_no_tls(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/"))
    assert reading.outcome is Outcome.OK
    assert (reading.reason, reading.detail) == (None, "")
    values = dict(reading.values)
    assert values.pop("rtt_seconds") > 0
    phases = {name: values.pop(f"{name}_seconds") for name in ("connect", "processing", "transfer")}
    assert all(0 < seconds < LONG for seconds in phases.values())
    assert values == {
        "resolve_seconds": 0.0, "status_code": 200.0, "http_version": 1.1, "body_bytes": 5.0, "redirects": 0.0,
        "rules_broken": 0.0,
        "tls": 0.0, "ip_version": 4.0, "content_length_bytes": 5.0,
    }  # fmt: skip


async def test_every_value_that_a_reading_carries_is_described(nginx: Nginx) -> None:
    secure = await probe(nginx.url("/to-tls"), tls=nginx.trusting)
    dated = await probe(nginx.url("/zip/hello.txt"))
    assert set(secure.values) | set(dated.values) == set(KIND.values)


async def test_a_page_over_tls_says_when_its_certificate_ends_and_how_long_the_handshake_took(nginx: Nginx) -> None:
    reading, lines = await traced(nginx.url("/", "good"), tls=nginx.trusting)
    assert reading.outcome is Outcome.OK
    assert reading.values["certificate_not_after_timestamp_seconds"] == GOOD_UNTIL.timestamp()
    assert reading.values["certificate_chain_not_after_timestamp_seconds"] == GOOD_UNTIL.timestamp()
    assert (reading.values["tls"], reading.values["tls_version"]) == (1.0, 1.3)
    assert 0 < reading.values["tls_seconds"] < LONG
    assert "tls: certificate 'good.test' by '' ends 2038-01-19T03:14:07Z" in lines


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
    reading = await probe(nginx.url("/", server), tls=nginx.trusting)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.CERTIFICATE)
    assert words in reading.detail


async def test_a_host_without_any_authority_cannot_judge_a_certificate(
    nginx: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    reading = await probe(nginx.url("/", "good"))
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, Reason.INTERNAL)
    assert "install ca-certificates" in reading.detail


async def test_without_verification_an_expired_certificate_still_says_when_it_ended(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/", "expired"), tls={"verify": False}, valid_status=["404"])
    assert reading.outcome is Outcome.OK
    assert reading.values["certificate_not_after_timestamp_seconds"] == EXPIRED_ON.timestamp()


async def test_server_name_is_what_the_certificate_must_be_for(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/", "wrong_host"), tls=nginx.trusting | {"server_name": "elsewhere.test"})
    assert reading.outcome is Outcome.OK


async def test_a_server_too_old_for_min_version_is_failed_tls(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/", "old_tls"), tls=nginx.trusting | {"min_version": "1.3"})
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.TLS)
    assert "PROTOCOL_VERSION" in reading.detail
    assert (await probe(nginx.url("/", "old_tls"), tls=nginx.trusting)).values["tls_version"] == 1.2


async def test_tls_spoken_to_a_plain_port_is_failed_tls(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/").replace("http:", "https:"))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.TLS)


async def test_plain_http_to_a_tls_port_is_judged_by_the_status_that_comes_back(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/", "good").replace("https:", "http:"))
    assert reading.reason is Reason.STATUS
    assert reading.values["status_code"] == 400


async def test_a_redirect_is_followed_and_counted_and_every_status_is_in_the_trace(nginx: Nginx) -> None:
    reading, lines = await traced(nginx.url("/moved"))
    assert reading.outcome is Outcome.OK
    assert (reading.values["redirects"], reading.values["status_code"]) == (1.0, 200.0)
    assert [line for line in lines if line.startswith("response")] == [
        "response: HTTP/1.1 301 'Moved Permanently'", "response: HTTP/1.1 200 'OK'",
    ]  # fmt: skip


async def test_a_redirect_may_lead_to_another_scheme(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/to-tls"), tls=nginx.trusting, body_matches=["^secure$"])
    assert (reading.outcome, reading.values["tls"]) == (Outcome.OK, 1.0)


async def test_a_redirect_loop_is_failed_redirect_after_max(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/loop"), redirects={"max": 3})
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.REDIRECT)
    assert reading.values["redirects"] == 3
    assert "more than 3 redirects" in reading.detail


async def test_a_redirect_where_none_is_followed_is_failed_redirect_unless_its_status_is_valid(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/moved"), redirects={"follow": False})
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.REDIRECT)
    accepted = await probe(nginx.url("/moved"), redirects={"follow": False}, valid_status=["301"])
    assert accepted.outcome is Outcome.OK


@pytest.mark.parametrize(("path", "answer"), [("/see-other", "GET  "), ("/keep-method", "POST 3 text/x")])
async def test_a_redirect_keeps_or_drops_the_body_as_its_status_says(nginx: Nginx, path: str, answer: str) -> None:
    headers = {"Content-Type": "text/x"}
    reading = await probe(nginx.url(path), method="POST", body="a=1", headers=headers, body_matches=[f"^{answer}$"])
    assert reading.outcome is Outcome.OK, reading


async def test_what_a_query_hides_is_not_shown_in_the_trace(nginx: Nginx) -> None:
    _, lines = await traced(nginx.url("/with-query"))
    assert any("?…" in line for line in lines if line.startswith("redirect"))


async def test_an_unwanted_status_is_failed_status_with_got_and_wanted(nginx: Nginx) -> None:
    reading = await probe(nginx.url("/busy"))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.STATUS)
    assert reading.detail == "got status 503 'Service Temporarily Unavailable', wanted 2xx"
    assert reading.values["status_code"] == 503
    assert (await probe(nginx.url("/busy"), valid_status=["2xx", "503"])).outcome is Outcome.OK


async def test_an_answer_without_a_body_is_ok(nginx: Nginx) -> None:
    assert (await probe(nginx.url("/none"))).values["body_bytes"] == 0
    assert (await probe(nginx.url("/"), method="HEAD")).outcome is Outcome.OK


async def test_a_compressed_body_counts_and_matches_as_what_it_means(nginx: Nginx) -> None:
    reading, lines = await traced(nginx.url("/zip/big.txt"), body_matches=["^(0123456789){20000}$"])
    assert reading.outcome is Outcome.OK
    assert reading.values["body_bytes"] == 200_000
    assert "header: Content-Encoding: 'gzip'" in lines


async def test_more_than_max_body_fails_only_where_a_rule_or_the_module_needs_it(nginx: Nginx) -> None:
    address = nginx.url("/zip/big.txt")
    assert (await probe(address, max_body="10KiB")).outcome is Outcome.OK
    assert (await probe(address, max_body="10KiB", fail_on_too_large=True)).reason is Reason.TOO_LARGE
    by_rule = await probe(address, max_body="10KiB", body_matches=["0123"])
    assert (by_rule.outcome, by_rule.reason) == (Outcome.FAILED, Reason.TOO_LARGE)
    assert (await probe(address, max_body="200000B", fail_on_too_large=True)).outcome is Outcome.OK


async def test_body_json_and_header_rules_hold_or_are_failed_mismatch(nginx: Nginx) -> None:
    address = nginx.url("/health")
    rules = [
        {"path": "$.status", "equals": "UP"},
        {"path": "$.parts[*].ok", "equals": "true"},
        {"path": "$.load", "equals": "1.50"},
        {"path": "$.parts[?@.n == 2].n", "matches": "^2$"},
    ]
    holds, lines = await traced(
        address, json=rules, header_matches=[{"name": "content-type", "pattern": "json"}], body_not_matches=["DOWN"]
    )
    assert holds.outcome is Outcome.OK
    assert sum(line.endswith("holds") for line in lines) == 6
    broken = await probe(address, json=[{"path": "$.parts[*].n", "equals": "1"}], body_matches=["DOWN"])
    assert (broken.outcome, broken.reason) == (Outcome.FAILED, Reason.MISMATCH)
    assert broken.detail == "body_matches 'DOWN': nothing in the body matches (and 1 more)"


async def test_fail_if_ssl_and_fail_if_not_ssl_look_at_the_last_answer(nginx: Nginx) -> None:
    assert (await probe(nginx.url("/"), fail_if_not_ssl=True)).reason is Reason.MISMATCH
    assert (await probe(nginx.url("/to-tls"), tls=nginx.trusting, fail_if_not_ssl=True)).outcome is Outcome.OK
    assert (await probe(nginx.url("/to-tls"), tls=nginx.trusting, fail_if_ssl=True)).reason is Reason.MISMATCH


async def test_no_cookie_survives_to_the_next_probe(nginx: Nginx) -> None:
    async with HttpCollector(HttpModule(body_matches=["^$"])) as collector:
        target = Target(id="t", address=nginx.url("/cookie"), timeout_seconds=LONG)
        outcomes = [(await collector.collect(target))[0].outcome for _ in range(2)]
    assert outcomes == [Outcome.OK, Outcome.OK]


async def test_basic_auth_opens_what_is_closed_without(nginx: Nginx, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    assert (await probe(nginx.url("/private"))).values["status_code"] == 401
    auth = {"basic": {"user": "ops", "password": {"file": str(secret)}}}
    assert (await probe(nginx.url("/private"), auth=auth, body_matches=["hello private"])).outcome is Outcome.OK


async def test_a_bearer_token_is_sent(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "tok123")
    reading = await probe(nginx.url("/bearer"), auth={"bearer": {"env": "TOKEN"}}, body_matches=["^Bearer tok123$"])
    assert reading.outcome is Outcome.OK


async def test_a_secret_that_the_server_echoes_shows_up_nowhere(
    nginx: Nginx, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TOKEN", PASSWORD)
    caplog.set_level(logging.DEBUG)
    module = HttpModule(
        headers={"X-Token": {"env": "TOKEN"}},
        body_not_matches=["token .*"],
        header_matches=[{"name": "X-Echo", "pattern": "^$"}],
    )
    lines: list[str] = []
    async with HttpCollector(module) as collector:
        target = Target(
            id="t", address=nginx.url("/echo"), timeout_seconds=LONG, trace=lambda *step: lines.append(" ".join(step))
        )
        [reading] = await collector.collect(target)
        shown = [repr(module), repr(collector), repr(vars(collector)), repr(reading), *lines, caplog.text]
    assert reading.reason is Reason.MISMATCH
    assert "got '***'" in reading.detail
    assert not [text for text in shown if PASSWORD in text]


async def test_a_secret_header_does_not_follow_a_redirect_to_another_origin(
    nginx: Nginx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", PASSWORD)
    secret = {"X-Token": {"env": "TOKEN"}}
    assert (await probe(nginx.url("/echo"), headers=secret, body_matches=[PASSWORD])).outcome is Outcome.OK
    elsewhere = await probe(nginx.url("/elsewhere"), headers=secret, body_not_matches=[PASSWORD])
    assert (elsewhere.outcome, elsewhere.values["redirects"]) == (Outcome.OK, 1.0)
    downgraded = nginx.url("/to-plain", "good")
    reading = await probe(downgraded, headers=secret, body_not_matches=[PASSWORD], tls=nginx.trusting)
    assert (reading.outcome, reading.values["redirects"]) == (Outcome.OK, 1.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"auth": {"bearer": {"env": "NOT_SET_ANYWHERE"}}}, "NOT_SET_ANYWHERE is not set"),
        ({"body_file": "/nonexistent/body"}, "/nonexistent/body"),
        ({"tls": {"ca_file": "/nonexistent/ca.pem"}}, "tls.ca_file /nonexistent/ca.pem"),
        ({"headers": {"X-Token": {"env": "TWO_LINES"}}}, "TWO_LINES is empty or has a line break"),
    ],
)
async def test_a_module_whose_references_lead_nowhere_cannot_be_opened(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, object], words: str
) -> None:
    monkeypatch.setenv("TWO_LINES", "a\nX-Injected: b")
    with pytest.raises(CollectorUnavailableError, match=words):
        await HttpCollector(HttpModule.model_validate(options)).__aenter__()


async def test_a_hundred_probes_at_once_each_read_their_own_times(nginx: Nginx) -> None:
    async with HttpCollector(HttpModule(tls=nginx.trusting)) as collector, asyncio.TaskGroup() as group:
        addresses = [nginx.url("/", server) for server in ("plain", "good") for _ in range(50)]
        tasks = [
            group.create_task(collector.collect(Target(id="t", address=address, timeout_seconds=LONG)))
            for address in addresses
        ]
    readings = [task.result()[0] for task in tasks]
    assert {reading.outcome for reading in readings} == {Outcome.OK}
    assert ["tls_seconds" in reading.values for reading in readings] == [False] * 50 + [True] * 50
