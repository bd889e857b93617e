"""What the tests of the host kind share: probes in this process, and in namespaces of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from collectors.base import Outcome, Reading, Reason, Target
from collectors.host import KIND, HostCollector, HostModule
from tests.requirements import need_program, need_root

ROOT = Path(__file__).parents[2]
# one probe for each line it is told; in a namespace of the test's own, on request as nobody
PROBER = """
import asyncio, json, os, sys
from collectors.base import Target
from collectors.host import HostCollector, HostModule
async def main():
    async with HostCollector(HostModule.model_validate_json(sys.argv[1])) as collector:
        if sys.argv[2] == "nobody":
            os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
        for line in sys.stdin:
            readings = await collector.collect(Target(id="h", address="localhost", timeout_seconds=5.0))
            found = [{"outcome": r.outcome, "reason": r.reason, "component": r.component, "detail": r.detail,
                      "values": dict(r.values)} for r in readings]
            print(json.dumps(found), flush=True)
asyncio.run(main())
"""


class Prober:
    """A collector in a process of its own, probing when told."""

    def __init__(self, module: Mapping[str, Any], *prefix: str, user: str = "root") -> None:
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-c", PROBER, json.dumps(module), user],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def __enter__(self) -> "Prober":
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.communicate(timeout=60)

    def probe(self) -> dict[str, Reading]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return by_component(
            Reading(**one | {"outcome": Outcome(one["outcome"]), "reason": one["reason"] and Reason(one["reason"])})
            for one in json.loads(self._process.stdout.readline())
        )


def by_component(readings: Iterable[Reading]) -> dict[str, Reading]:
    found = list(readings)
    assert len({one.component for one in found}) == len(found), "a component came twice"
    unknown = {name for one in found for name in one.values} - KIND.values.keys()
    assert not unknown, "values without a sentence in KIND.values"
    return {one.component: one for one in found}


def module(**options: Any) -> HostModule:
    return HostModule.model_validate(options)


def a_target(timeout_seconds: float = 5.0, **more: Any) -> Target:
    return Target(id="h", address="localhost", timeout_seconds=timeout_seconds, **more)


async def probe(collector: HostCollector, timeout_seconds: float = 5.0) -> dict[str, Reading]:
    return by_component(await collector.collect(a_target(timeout_seconds)))


async def probe_once(**options: Any) -> dict[str, Reading]:
    async with HostCollector(module(**options)) as collector:
        return await probe(collector)


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def in_mounts_of_its_own(setup: str) -> list[str]:
    """The prefix of a command that runs after `setup` in a private mount namespace."""
    need_root()
    return [need_program("unshare"), "-m", "sh", "-ec", f'{setup}; exec "$@"', "sh"]


def burn(cpu_seconds: float) -> None:
    until = time.process_time() + cpu_seconds
    while time.process_time() < until:
        pass
