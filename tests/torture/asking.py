"""Questions to a running agent, over its own HTTP."""

import json
import re
import urllib.error
import urllib.request
from collections import Counter

from tests.e2e.running import Process


def states(running: Process) -> dict[str, str]:
    """The state of each target, page by page."""
    found: dict[str, str] = {}
    path: str | None = "/api/v1/targets?limit=1000"
    while path is not None:
        body = json.loads(running.get(path))
        found |= {row["id"]: row["state"] for row in body["targets"]}
        cursor = body["next_cursor"]
        path = f"/api/v1/targets?limit=1000&cursor={cursor}" if cursor else None
    return found


def all_in(running: Process, state: str, names: set[str] | None = None) -> bool:
    """Whether each of them, by default every target, is in that state."""
    found = states(running)
    return all(found.get(name) == state for name in names or found)


def counted(running: Process) -> str:
    """How many targets are in which state, in words."""
    return ", ".join(f"{number} {state}" for state, number in sorted(Counter(states(running).values()).items()))


def sample(page: str, name: str) -> float:
    """One sample of a page of /metrics by its name with labels."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
    assert found is not None, f"{name} is not on the page"
    return float(found[1])


def samples(page: str, name: str) -> dict[str, float]:
    """The samples of a family by target."""
    lines = re.findall(rf'^{re.escape(name)}{{target="([^"]+)"[^}}]*}} (\S+)', page, re.MULTILINE)
    return {target: float(value) for target, value in lines}


def problems(page: str) -> Counter[tuple[str, str]]:
    """How many targets had a last reading that was not ok, by outcome and reason."""
    return Counter(re.findall(r'^sla_probe_problem{.*outcome="([a-z]+)",reason="([a-z_]+)".*} 1$', page, re.MULTILINE))


def reload(running: Process) -> tuple[int, str]:
    """Ask for a reload: status and what was said."""
    request = urllib.request.Request(f"http://{running.address}/-/reload", b"", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.read().decode()
