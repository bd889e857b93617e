"""Those who are told: a robot over HTTP, a mail server, an Alertmanager. All of them real, on ports of the kernel's."""

import json
import mailbox
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.e2e.running import until
from tests.requirements import need_program, unmet

_SMTP = Path(__file__).with_name("smtp_peer.py")


class Robot:
    """Takes what is posted; answers what the test says."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.status, self.answer = 200, b'{"errcode": 0}'
        self.refused = 0
        robot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if robot.status == 200 and b'"errcode": 0' in robot.answer:
                    robot.bodies.append(json.loads(body))
                    robot.paths.append(self.path)
                    robot.headers.append(dict(self.headers))
                else:
                    robot.refused += 1
                self.send_response(robot.status)
                self.send_header("Content-Length", str(len(robot.answer)))
                self.end_headers()
                self.wfile.write(robot.answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/robot"

    @property
    def sorts(self) -> list[str]:
        """Of bodies in the form json."""
        return [body["notice"]["sort"] for body in self.bodies]


@contextmanager
def robot() -> Iterator[Robot]:
    made = Robot()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join(60)


class Post:
    """A mail server and what it has taken."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self.port = folder, port

    @property
    def subjects(self) -> list[str]:
        box = mailbox.Maildir(self._folder, create=False)
        return [str(make_header(decode_header(mail["Subject"]))) for _, mail in sorted(box.items(), key=_received)]

    @property
    def mails(self) -> list[mailbox.MaildirMessage]:
        box = mailbox.Maildir(self._folder, create=False)
        return [mail for _, mail in sorted(box.items(), key=_received)]


def _received(item: tuple[str, mailbox.MaildirMessage]) -> str:
    return item[0]


@contextmanager
def post(folder: Path, *arguments: str) -> Iterator[Post]:
    """Debian's aiosmtpd under the system's Python."""
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import aiosmtpd"], capture_output=True, check=False).returncode:
        unmet("python3-aiosmtpd is not installed (tests/apt-packages.txt)")
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        child = subprocess.Popen([python, str(_SMTP), str(folder), *arguments], stdout=out, stderr=out)
        try:
            until(lambda: re.search(rb"port (\d+)", log.read_bytes()), "the mail server's port", child)
            found = re.search(rb"port (\d+)", log.read_bytes())
            assert found
            yield Post(folder, int(found[1]))
        finally:
            child.terminate()
            child.wait(60)


class Alertmanager:
    """Asked over its API."""

    def __init__(self, address: str) -> None:
        self.address = address

    def alerts(self, *, active: bool = True) -> list[dict[str, Any]]:
        url = f"http://{self.address}/api/v2/alerts?active=true&silenced=true&inhibited=true"
        with urllib.request.urlopen(url, timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return [each for each in found if not active or each["status"]["state"] == "active"]

    def names(self, *, active: bool = True) -> list[str]:
        return sorted(each["labels"]["alertname"] for each in self.alerts(active=active))


@contextmanager
def alertmanager(folder: Path, config: str) -> Iterator[Alertmanager]:
    program = need_program("prometheus-alertmanager")
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(config, encoding="utf-8")
    log = folder / "log"
    command = [
        program, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data",
        "--web.listen-address=127.0.0.1:0", "--cluster.listen-address=",
    ]  # fmt: skip
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            until(lambda: b"Listening on" in log.read_bytes(), "Alertmanager's address", child)
            found = re.search(rb'"Listening on" address=(\S+)', log.read_bytes())
            assert found
            address = found[1].decode()
            ready = f"http://{address}/-/ready"
            until(lambda: urllib.request.urlopen(ready, timeout=10).status == 200, "a ready Alertmanager", child)
            yield Alertmanager(address)
        finally:
            child.terminate()
            child.wait(60)


def told(line: str) -> None:
    """For who reads the test's output (-s)."""
    print(line, file=sys.stderr)
