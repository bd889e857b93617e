"""What README.md tells a newcomer to do, done: the quick start without the lab and its three targets."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.agent.cli_agent import wait_for
from tests.collectors.icmp_peers import inside, ip, namespace
from tests.requirements import need_program, need_root

ROOT = Path(__file__).parents[2]
GATEWAY, PORTAL, MAIL = "192.0.2.1", "192.0.2.10", "192.0.2.20"
OURS = ("this-host", "loopback", "gateway", "resolver", "resolver-port", "agent-page")


def block(readme: str) -> str:
    """The YAML block that README says to add."""
    found = re.search(r"^```yaml\n(.*?)^```$", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found, f"{readme} shows no YAML block"
    return found[1]


class Portal(BaseHTTPRequestHandler):
    """A page."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def town() -> Iterator[str]:
    """A host with a gateway that is its resolver too; behind it a portal and a mail server. Yields the host's name."""
    with namespace() as near, namespace() as far, contextlib.ExitStack() as stack:
        ip("link", "add", "near", "netns", near, "type", "veth", "peer", "name", "far", "netns", far)
        for name, link, addresses in ((near, "near", ["192.0.2.2"]), (far, "far", [GATEWAY, PORTAL, MAIL])):
            for address in addresses:
                ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
        ip("-n", near, "route", "add", "default", "via", GATEWAY)
        stack.enter_context(resolver_of(near))
        with inside(far):
            portal = stack.enter_context(ThreadingHTTPServer((PORTAL, 80), Portal))
            for address, port in ((GATEWAY, 53), (MAIL, 25)):
                stack.enter_context(socket.create_server((address, port)))
        thread = threading.Thread(target=portal.serve_forever)
        thread.start()
        try:
            yield near
        finally:
            portal.shutdown()
            thread.join()


@contextlib.contextmanager
def resolver_of(name: str) -> Iterator[None]:
    """`ip netns exec` puts this resolv.conf in the place of the machine's."""
    folder = Path("/etc/netns") / name
    folder.mkdir(parents=True)
    (folder / "resolv.conf").write_text(f"nameserver {GATEWAY}\n", encoding="ascii")
    try:
        yield
    finally:
        shutil.rmtree(folder)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


@pytest.mark.root
@pytest.mark.slow
def test_the_quick_start_measures_this_host_and_the_three_targets_of_the_readme(tmp_path):
    need_root()
    config = tmp_path / "agent.yml"
    quickstart = (ROOT / "config/quickstart/host.yml").read_text(encoding="utf-8")
    config.write_text(quickstart.rstrip("\n") + "\n" + block("README.md"), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with town() as name:
        agent = [need_program("ip"), "netns", "exec", name, sys.executable, "-m", "agent"]

        def states() -> dict[str, str]:
            command = [*agent, "targets", "--json", "--config.file", config]
            done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
            return {row["id"]: row["state"] for row in json.loads(done.stdout)["targets"]} if done.stdout else {}

        log = tmp_path / "log"
        with (
            log.open("wb") as out,
            subprocess.Popen([*agent, "run", "--config.file", config], cwd=tmp_path, env=env, stderr=out) as process,
        ):
            try:
                expected = dict.fromkeys((*OURS, *new_ids()), "up")
                wait_for(lambda: states() == expected or None, seconds=120)
            except AssertionError:
                pytest.fail(f"states: {states()}\n{log.read_text(encoding='utf-8')}", pytrace=False)
            finally:
                process.terminate()
        assert process.returncode == 0, log.read_text(encoding="utf-8")
    assert (tmp_path / "var" / "quickstart.db").exists()


def new_ids() -> list[str]:
    """The ids of the README's targets."""
    ids = re.findall(r"target_id: ([^,]+),", block("README.md"))
    assert len(ids) == 3
    return ids


def test_both_readmes_show_the_same_targets():
    assert block("README.md") == block("README.zh-CN.md")
