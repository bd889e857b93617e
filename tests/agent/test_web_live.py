"""The pages and the API of an agent that probes for itself: a process of its own, real peers on loopback."""

import json
import socket
import urllib.request
from pathlib import Path

from tests.agent.cli_agent import free_address, running, wait_for, write_config
from tests.agent.web_worlds import read


def test_a_closed_port_an_open_one_and_a_limit_that_breaks_are_shown_as_they_are(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        targets = f"""
  - {{target_id: open, kind: tcp, module: fast, address: "127.0.0.1:{listener.getsockname()[1]}"}}
  - {{target_id: closed, kind: tcp, module: fast, address: "{free_address()}"}}
  - {{target_id: strict, kind: tcp, module: strict, address: "127.0.0.1:{listener.getsockname()[1]}"}}
  - {{target_id: me, kind: host, module: machine, address: localhost}}
"""
        strict = "  strict: {kind: tcp, interval: 1s, timeout: 1s, limits: {connect_seconds: 0.0000001}}"
        with running(write_config(tmp_path, targets, strict)) as agent:

            def settled() -> dict | None:
                found = {target["id"]: target for target in ask(agent.address, "/api/v1/targets")["targets"]}
                return None if any(one["state"] == "unknown" for one in found.values()) else found

            found = wait_for(settled)
            figures = ask(agent.address, "/api/v1/availability?target=closed")
            page = read(get(agent.address, "/?lang=zh"))
            part = found["me"]["components"][0]["id"]
            detail = read(get(agent.address, f"/targets/{urllib.request.quote(part, safe='')}?lang=zh"))
    states = {name: one["state"] for name, one in found.items()}
    assert states == {"open": "up", "closed": "down", "strict": "degraded", "me": "up"}
    assert found["closed"]["last_reading"]["reason"] == "refused"
    assert figures["us"]["down"] > 0
    assert figures["us"]["up"] == figures["us"]["degraded"] == 0
    assert page.text.index("1 个对象中断") < page.text.index("1 个降级")
    assert part.partition("#")[2] in detail.text


def get(address: str, path: str) -> str:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return answer.read().decode()


def ask(address: str, path: str) -> dict:
    return json.loads(get(address, path))
