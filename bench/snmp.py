"""The same requests to one real snmpd over both back ends of kind snmp, and over pysnmp as its own pages show it.

The agent is asked at many addresses of loopback, as many devices would be; all in one process, alternated.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pysnmp.hlapi.v3arch import asyncio as hlapi

from collectors.base import Collector, Outcome, Target
from collectors.snmp import KIND, SnmpModule
from collectors.snmp.mib import ENGINE_BOOTS, ENGINE_TIME, SYS_DESCR, SYS_NAME, SYS_UPTIME
from tests.collectors.snmp_peers import COMMUNITY, PASSWORDS, snmpd

OBJECTS = (SYS_UPTIME, ENGINE_BOOTS, ENGINE_TIME, SYS_NAME, SYS_DESCR)
HOSTS = [f"127.0.1.{number}" for number in range(1, 21)]
OWN: Mapping[str, int] = {"gufo": 8_000, "pysnmp": 400}
PEER = 200
VERSIONS: Mapping[str, Mapping[str, Any]] = {
    "2c": {"community": {"env": "SNMP_BENCH_COMMUNITY"}},
    "3": {
        "version": "3",
        "user": "signed",
        "hash": "sha256",
        "auth_password": {"env": "SNMP_AUTH"},
        "cipher": "aes128",
        "priv_password": {"env": "SNMP_PRIV"},
    },
}


class Cost(NamedTuple):
    """CPU seconds of this process per 10 000 requests; `peer` is pysnmp by itself."""

    version: str
    gufo: float
    pysnmp: float
    peer: float


def compare(rounds: int = 3) -> list[Cost]:
    """The middle of alternated rounds for each version. Errors: AssertionError where a request is not answered."""
    os.environ.update(PASSWORDS | {"SNMP_BENCH_COMMUNITY": COMMUNITY})
    with TemporaryDirectory() as folder, snmpd(Path(folder), HOSTS[0], also=HOSTS[1:]) as address:
        time.sleep(1)
        port = int(address.rpartition(":")[2])
        return [_version(version, port, rounds) for version in VERSIONS]


def _version(version: str, port: int, rounds: int) -> Cost:
    found: dict[str, list[float]] = {"gufo": [], "pysnmp": [], "peer": []}
    for _ in range(rounds):
        for backend, requests in OWN.items():
            options = {"read": "system", "backend": backend} | VERSIONS[version]
            found[backend].append(asyncio.run(_own(SnmpModule.model_validate(options), port, requests)))
        found["peer"].append(asyncio.run(_peer(version, port)))
    return Cost(version, *(sorted(each)[rounds // 2] for each in found.values()))


async def _own(module: SnmpModule, port: int, requests: int) -> float:
    async with KIND.build(module) as collector:
        return await _spend(lambda host: _probe(collector, f"{host}:{port}"), requests)


async def _probe(collector: Collector, address: str) -> None:
    (reading,) = await collector.collect(Target(id=address, address=address, timeout_seconds=10))
    assert reading.outcome is Outcome.OK, reading.detail


async def _peer(version: str, port: int) -> float:
    engine = hlapi.SnmpEngine()
    auth: Any = hlapi.CommunityData(COMMUNITY)
    if version == "3":
        auth = hlapi.UsmUserData(
            "signed",
            PASSWORDS["SNMP_AUTH"],
            PASSWORDS["SNMP_PRIV"],
            authProtocol=hlapi.USM_AUTH_HMAC192_SHA256,
            privProtocol=hlapi.USM_PRIV_CFB128_AES,
        )

    async def ask(host: str) -> None:
        where = await hlapi.UdpTransportTarget.create((host, port), timeout=10, retries=0)
        names = [hlapi.ObjectType(hlapi.ObjectIdentity(oid)) for oid in OBJECTS]
        indication, status, _, cells = await hlapi.get_cmd(engine, auth, where, hlapi.ContextData(), *names)
        assert (indication, int(status), len(cells)) == (None, 0, len(OBJECTS))

    try:
        return await _spend(ask, PEER)
    finally:
        engine.close_dispatcher()


async def _spend(ask: Callable[[str], Awaitable[None]], requests: int) -> float:
    """All hosts at once, each one after the other; keys and caches are made before it counts."""

    async def ask_often(host: str, times: int) -> None:
        for _ in range(times):
            await ask(host)

    await asyncio.gather(*(ask_often(host, 1) for host in HOSTS))
    began = time.process_time()
    await asyncio.gather(*(ask_often(host, requests // len(HOSTS)) for host in HOSTS))
    return (time.process_time() - began) / requests * 10_000
