"""Kind http and routes of our own host: they are our fault, never the target's (S1)."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.requirements import need_program, need_root

SPACE = "slahttproutes"


@pytest.fixture
def namespace() -> Iterator[list[str]]:
    need_root()
    ip = need_program("ip")
    inside = [ip, "netns", "exec", SPACE]
    subprocess.run([ip, "netns", "add", SPACE], check=True)
    try:
        for command in (
            "link set lo up",
            "route add unreachable 198.51.100.0/24",
            "route add prohibit 203.0.113.0/24",
        ):
            subprocess.run([*inside, ip, *command.split()], check=True)
        yield inside
    finally:
        subprocess.run([ip, "netns", "del", SPACE], check=True)


def test_what_our_own_routing_table_refuses_is_an_error(namespace: list[str]) -> None:
    said = {}
    for address in ("198.51.100.1", "203.0.113.1", "192.0.2.77"):
        command = [*namespace, sys.executable, "-m", "agent", "probe", "http_2xx", f"http://{address}/", "--json"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        [reading] = json.loads(ran.stdout)["readings"]
        said[address] = (reading["outcome"], reading["reason"])
    assert said == {
        "198.51.100.1": ("error", "no_route"),
        "203.0.113.1": ("error", "permission"),
        "192.0.2.77": ("error", "no_route"),
    }
