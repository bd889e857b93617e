"""The same requests to one real snmpd over both back ends of kind snmp, in one process, alternated."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from collectors.base import Outcome, Target
from collectors.snmp import KIND, SnmpModule
from tests.collectors.snmp_peers import PASSWORDS, snmpd

REQUESTS: Mapping[str, int] = {"gufo": 4_000, "pysnmp": 200}
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
    """CPU seconds of ours per 10 000 requests."""

    version: str
    gufo: float
    pysnmp: float


def compare(rounds: int = 3) -> list[Cost]:
    """The middle of alternated rounds for each version. Errors: AssertionError where a request is not answered."""
    os.environ.update(PASSWORDS | {"SNMP_BENCH_COMMUNITY": "not-public"})
    with TemporaryDirectory() as folder, snmpd(Path(folder)) as address:
        time.sleep(1)
        return [_version(version, address, rounds) for version in VERSIONS]


def _version(version: str, address: str, rounds: int) -> Cost:
    found: dict[str, list[float]] = {backend: [] for backend in REQUESTS}
    for _ in range(rounds):
        for backend, requests in REQUESTS.items():
            options = {"read": "system", "backend": backend} | VERSIONS[version]
            found[backend].append(asyncio.run(_spend(SnmpModule.model_validate(options), address, requests)))
    gufo, pysnmp = (sorted(each)[rounds // 2] for each in found.values())
    return Cost(version, gufo, pysnmp)


async def _spend(module: SnmpModule, address: str, requests: int) -> float:
    target = Target(id="bench", address=address, timeout_seconds=10)
    async with KIND.build(module) as collector:
        await collector.collect(target)  # keys and caches are made once
        began = time.process_time()
        for _ in range(requests):
            (reading,) = await collector.collect(target)
            assert reading.outcome is Outcome.OK, reading.detail
        return (time.process_time() - began) / requests * 10_000
