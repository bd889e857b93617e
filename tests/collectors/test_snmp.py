"""Kind snmp against a real agent and against our own, one suite over both back ends."""

import asyncio
import contextlib
import socket

import pytest

from collectors.base import Outcome, Reason, Target
from collectors.snmp import KIND, SnmpModule
from collectors.snmp.verdict import VALUES
from tests.collectors.snmp_peers import COMMUNITY, PASSWORDS, agent, device, free_port, interface, snmpd

OK = (Outcome.OK, None)
TIMEOUT, REFUSED, PROTOCOL, TOO_LARGE, MISMATCH, NAME = (
    (Outcome.FAILED, Reason(each)) for each in ("timeout", "refused", "protocol", "too_large", "mismatch", "name")
)
PERMISSION, NO_ROUTE = (Outcome.ERROR, Reason.PERMISSION), (Outcome.ERROR, Reason.NO_ROUTE)
BACKENDS = ["gufo", "pysnmp"]
V3 = {"version": "3", "auth_password": {"env": "SNMP_AUTH"}, "priv_password": {"env": "SNMP_PRIV"}}
USERS = [
    {"user": "signed", "hash": "sha256", "cipher": "aes128"},
    {"user": "old", "hash": "sha", "cipher": "aes128"},
    {"user": "strong", "hash": "sha512", "cipher": "aes256"},
    {"user": "plain", "hash": "sha256"},
]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    for key, value in PASSWORDS.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("SNMP_COMMUNITY", COMMUNITY)


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def server(request, tmp_path_factory):
    with snmpd(tmp_path_factory.mktemp("snmpd"), request.param) as address:
        asyncio.run(until_it_answers(address))
        yield address


async def until_it_answers(address, community=None):
    """A community that is refused is an answer too: the agent is there."""
    async with asyncio.timeout(60):
        while (await measure(address, timeout=1.0, backend="gufo", read="system", retries=0))[""].outcome is not (
            Outcome.ERROR if community is None else Outcome.OK
        ):
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def opened(**options):
    """Measures more than once with one collector."""
    module = SnmpModule.model_validate(options)
    async with KIND.build(module) as collector:

        async def ask(address, timeout=10.0, trace=None, **more):
            target = Target(id="t", address=address, timeout_seconds=timeout, trace=trace, **more)
            readings = await collector.collect(target)
            found = {reading.component: reading for reading in readings}
            assert len(found) == len(readings)
            for reading in readings:
                assert list(reading.values) == [value for value in VALUES if value in reading.values]
            return found

        yield ask


async def measure(address, timeout=10.0, trace=None, **options):
    async with opened(**options) as ask:
        return await ask(address, timeout, trace)


def verdict(reading):
    return reading.outcome, reading.reason


def asked_of_snmpd(**options):
    return options if "version" in options else {"community": {"env": "SNMP_COMMUNITY"}} | options


# a real agent


async def test_a_real_agent_tells_its_name_and_its_uptime(server, backend):
    found = await measure(server, backend=backend, **asked_of_snmpd(read="system"))
    assert verdict(found[""]) == OK
    assert found[""].detail.startswith("sw1.example: Linux")
    assert found[""].values["uptime_seconds"] > 0
    assert found[""].values["requests"] == 1
    assert set(found) == {""}


async def test_a_real_agent_tells_of_an_interface_that_is_asked_for(server, backend):
    found = await measure(server, backend=backend, **asked_of_snmpd(interfaces_up=["lo"]))
    assert verdict(found["if/lo"]) == OK
    values = found["if/lo"].values
    assert (values["oper_status"], values["admin_status"]) == (1, 1)
    with open("/sys/class/net/lo/statistics/rx_bytes") as file:
        assert 0 < values["in_octets_total"] <= int(file.read())


@pytest.mark.parametrize("user", USERS, ids=lambda user: user["user"])
async def test_a_real_agent_answers_version_3_at_every_level(server, backend, user):
    options = {key: value for key, value in V3.items() if "cipher" in user or key != "priv_password"} | user
    found = await measure(server, backend=backend, interfaces_up=["lo"], **options)
    assert verdict(found[""]) == OK, found[""].detail
    assert verdict(found["if/lo"]) == OK


WRONG = {
    "user": ({"user": "nobody"}, "does not know the user nobody"),
    "auth": ({"auth_password": {"env": "SNMP_PRIV"}}, "it knows the user signed, so hash"),
    "hash": ({"hash": "sha512"}, "it knows the user signed, so hash"),
    "priv": ({"priv_password": {"env": "SNMP_AUTH"}}, "it knows the user signed, so cipher"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_wrong_credentials_are_told_apart_and_are_no_failure_of_the_device(server, backend, wrong):
    options, detail = WRONG[wrong]
    found = await measure(server, 3.0, backend=backend, **(V3 | USERS[0] | options))
    assert verdict(found[""]) == PERMISSION
    assert detail in found[""].detail


async def test_a_wrong_community_is_silence_of_a_device_that_lives(server, backend):
    found = await measure(server, 2.0, backend=backend)
    assert verdict(found[""]) == PERMISSION
    assert "correct the community" in found[""].detail


async def test_secrets_stand_nowhere(server, backend):
    steps = []
    options = V3 | USERS[0] | {"user": "nobody"}
    found = await measure(server, 3.0, lambda *step: steps.append(step), backend=backend, **options)
    text = f"{found} {steps} {SnmpModule.model_validate(options)!r}"
    assert steps
    assert not [secret for secret in PASSWORDS.values() if secret in text]


async def test_rates_of_a_real_interface_over_two_probes(server, backend):
    async with opened(backend=backend, **asked_of_snmpd(interfaces_up=["lo"])) as ask:
        first = await ask(server)
        assert "rate_seconds" not in first["if/lo"].values
        async with asyncio.timeout(60):
            while "in_bits_per_second" not in (values := (await ask(server))["if/lo"].values):
                await asyncio.sleep(0.5)  # the agent reads the kernel's counters only now and then
    assert values["rate_seconds"] > 0
    assert values["in_bits_per_second"] == values["out_bits_per_second"] >= 0


async def test_a_device_that_was_replaced_is_known_anew(tmp_path, backend):
    port = free_port()
    async with opened(backend=backend, timeout="5s", read="system", **(V3 | USERS[0])) as ask:
        for number in (1, 2):
            where = tmp_path / str(number)
            where.mkdir()
            with snmpd(where, port=port, more=f"engineID another-{number}\n") as address:
                await until_it_answers(address)
                found = await ask(address)
                if number == 2 and backend == "pysnmp":  # the library holds on to the first: one probe notices
                    assert verdict(found[""]) == PERMISSION
                    found = await ask(address)
                assert verdict(found[""]) == OK, found[""].detail


async def test_a_device_that_started_anew_is_asked_by_its_new_clock(tmp_path, backend):
    port = free_port()
    async with opened(backend=backend, timeout="5s", read="system", **(V3 | USERS[0])) as ask:
        boots = []
        for _ in range(2):
            with snmpd(tmp_path, port=port) as address:
                await until_it_answers(address)
                found = await ask(address)
                assert verdict(found[""]) == OK, found[""].detail
                boots.append(found[""].values["engine_boots"])
    assert boots[1] == boots[0] + 1


# where nothing answers


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_closed_port_is_refused(backend, host):
    found = await measure(f"[{host}]:{free_port(host)}" if ":" in host else f"{host}:{free_port()}", 2, backend=backend)
    assert verdict(found[""]) == REFUSED


async def test_silence_is_a_timeout_that_says_what_it_may_be(backend):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        found = await measure(f"127.0.0.1:{deaf.getsockname()[1]}", 0.8, backend=backend, retries=1)
        assert verdict(found[""]) == TIMEOUT
        assert "a wrong community is never answered" in found[""].detail
        deaf.setblocking(False)
        assert len([deaf.recv(2048) for _ in range(3)]) == 3  # two tries, and the question whether it lives


async def test_a_name_is_resolved_by_our_resolver(backend):
    async with agent(device(interface(1, "ge1"))) as peer:
        found = await measure(f"localhost:{peer.address.rpartition(':')[2]}", backend=backend, family="4")
        assert verdict(found[""]) == OK
    found = await measure("no-such-name.invalid:161", backend=backend)
    assert found[""].reason in (Reason.NAME, Reason.RESOLVER)


async def test_the_source_address_is_used_and_one_that_is_not_ours_is_an_error():
    async with agent(device(interface(1, "ge1"))) as peer:
        assert verdict((await measure(peer.address, source_address="127.0.0.9"))[""]) == OK
        found = await measure(peer.address, source_address="192.0.2.7")
    assert verdict(found[""]) == NO_ROUTE


async def test_sessions_are_kept_and_closed_on_exit(backend):
    async with agent(device(interface(1, "ge1"))) as peer, opened(backend=backend) as ask:
        for _ in range(5):
            assert verdict((await ask(peer.address))[""]) == OK
        many = await asyncio.gather(*(ask(peer.address) for _ in range(10)))
        assert {verdict(found[""]) for found in many} == {OK}


class Forger(asyncio.DatagramProtocol):
    """Stands between us and the agent and wipes out the signature of every answer."""

    def __init__(self, agent_address):
        self.host, _, port = agent_address.rpartition(":")
        self.port = int(port)

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        if sender[1] != self.port:
            self.asked_by = sender
            self.transport.sendto(data, (self.host, self.port))
            return
        at = data.find(b"\x04\x18")  # 24 octets: HMAC-SHA-256 cut to 192 bits
        forged = data if at < 0 else data[: at + 2] + bytes(24) + data[at + 26 :]
        self.transport.sendto(forged, self.asked_by)


async def test_only_pysnmp_verifies_signatures_as_the_page_says(tmp_path, backend):
    """Where this fails for gufo, the library has mended it: then mend the page."""
    with snmpd(tmp_path) as address:
        await until_it_answers(address)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Forger(address), ("127.0.0.1", 0))
        options = {key: value for key, value in V3.items() if key != "priv_password"} | USERS[3]
        with contextlib.closing(transport):
            between = f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
            found = await measure(between, 2.0, backend=backend, read="system", **options)
    assert (verdict(found[""]) == OK) == (backend == "gufo")
