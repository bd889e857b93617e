"""Who answered, as readings tell it (C2): held against what openssl and snmpd themselves say."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.base import Outcome, Reading, Reason, Recognised, failed, ok, recognised
from tests.collectors import http_peers, tls_peers
from tests.collectors.http_peers import Nginx, answering, plain, running_nginx, scripted, server_context
from tests.collectors.snmp_peers import COMMUNITY, PASSWORDS, agent, device, interface, snmpd
from tests.collectors.test_snmp import BACKENDS, USERS, V3, measure, until_it_answers
from tests.requirements import need_program


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with running_nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in (PASSWORDS | {"SNMP_COMMUNITY": COMMUNITY}).items():
        monkeypatch.setenv(key, value)


def fingerprint(pem: Path) -> str:
    """What openssl says of a certificate: `sha256 Fingerprint=AB:CD:...`."""
    command = [need_program("openssl"), "x509", "-in", str(pem), "-noout", "-fingerprint", "-sha256"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return f"certificate:{said.partition('=')[2].strip().replace(':', '').lower()}"


def who(reading: Reading) -> str:
    return reading.identity if isinstance(reading, Recognised) else ""


def test_a_reading_without_an_identity_is_none_the_larger_for_it() -> None:
    assert type(recognised(ok(), "")) is Reading
    assert set(Recognised.__slots__) - set(Reading.__slots__) == {"identity"}
    assert "identity" not in Reading.__slots__
    bad = failed(Reason.STATUS, "why", {"a": 1.0}, "part")
    said = recognised(bad, "engine:8000000001")
    assert (said.outcome, said.reason, said.detail, said.values, said.component, who(said)) == (
        Outcome.FAILED, Reason.STATUS, "why", {"a": 1.0}, "part", "engine:8000000001",
    )  # fmt: skip


@pytest.mark.parametrize("server", ["good", "old_tls"])
async def test_tls_tells_the_leaf_s_fingerprint(nginx: Nginx, server: str) -> None:
    reading = await tls_peers.probe(f"127.0.0.1:{nginx.ports[server]}", **nginx.trusting)
    assert (reading.outcome, who(reading)) == (Outcome.OK, fingerprint(nginx.certificates.good))


async def test_one_that_was_not_verified_tells_it_too(nginx: Nginx) -> None:
    reading = await tls_peers.probe(f"127.0.0.1:{nginx.ports['expired']}", verify=False)
    assert who(reading) == fingerprint(nginx.certificates.expired)


async def test_without_a_handshake_nobody_is_known(nginx: Nginx) -> None:
    reading = await tls_peers.probe(f"127.0.0.1:{nginx.ports['plain']}")
    assert (reading.outcome, type(reading)) == (Outcome.FAILED, Reading)


async def test_https_tells_it_and_http_does_not(nginx: Nginx) -> None:
    secure = await http_peers.probe(nginx.url("/", "good"), tls=nginx.trusting)
    assert who(secure) == fingerprint(nginx.certificates.good)
    missing = await http_peers.probe(nginx.url("/none", "wrong_host"), tls={"verify": False})
    assert who(missing) == fingerprint(nginx.certificates.wrong_host)
    assert type(await http_peers.probe(nginx.url("/"))) is Reading


async def test_where_it_redirects_to_is_not_the_target(nginx: Nginx) -> None:
    """A portal to which half the city redirects must not make one unit of it."""
    moved = await http_peers.probe(nginx.url("/to-tls"), tls=nginx.trusting)
    assert (moved.outcome, moved.values["tls"], type(moved)) == (Outcome.OK, 1.0, Reading)
    there = answering(plain(b"", f"Location: {nginx.url('/', 'good')}", status="302 Found"))
    async with scripted(there, server_context(nginx.certificates.wrong_host)) as peer:
        url = f"https://127.0.0.1:{peer.port}/"
        reading = await http_peers.probe(url, tls={"verify": False})
    assert (reading.outcome, reading.values["redirects"]) == (Outcome.OK, 1.0)
    assert who(reading) == fingerprint(nginx.certificates.wrong_host)


ASKED = {"2c": {"community": {"env": "SNMP_COMMUNITY"}}, "3": V3 | USERS[0]}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("version", ASKED)
async def test_snmp_tells_the_engine_id_that_snmpd_was_given(tmp_path: Path, backend: str, version: str) -> None:
    """Two agents with one id and one with another: by every way of asking the same."""
    found = []
    for number, id_ in enumerate(("one", "one", "another")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with snmpd(folder, more=f"engineID {id_}\n") as address:
            await until_it_answers(address)
            readings = await measure(address, backend=backend, interfaces_up=["lo"], **ASKED[version])
            assert type(readings["if/lo"]) is Reading
            found.append(who(readings[""]))
    text = {id_: f"engine:80001f8804{id_.encode().hex()}" for id_ in ("one", "another")}
    assert found == [text["one"], text["one"], text["another"]]


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_device_that_shows_no_engine_id_is_nobody(backend: str) -> None:
    async with agent(device(interface(1, "eth0"))) as peer:
        readings = await measure(peer.address, backend=backend)
    assert (readings[""].outcome, type(readings[""])) == (Outcome.OK, Reading)
