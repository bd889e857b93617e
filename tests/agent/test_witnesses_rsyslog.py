"""A syslog server that nobody here wrote takes what the witnesses are told, by datagrams, by TCP and by its socket."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config.schema import Witness
from tests.agent.test_witnesses import LINES, send
from tests.requirements import need_program

CONFIG = """
module(load="imudp")
module(load="imtcp")
module(load="imuxsock" SysSock.Use="off")
input(type="imudp" address="127.0.0.1" port="{port}")
input(type="imtcp" address="127.0.0.1" port="{port}")
input(type="imuxsock" Socket="{folder}/log.sock" CreatePath="on")
template(name="said" type="string" string="%syslogfacility-text%.%syslogseverity-text% %app-name% %msgid%%msg%\\n")
action(type="omfile" file="{folder}/said" template="said")
"""
DEADLINE_SECONDS = 60.0


class Rsyslog:
    """A running server and the file that it writes."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self.port = folder, port

    def said(self, lines: int) -> list[str]:
        """So many lines, which have to come."""
        path, end = self._folder / "said", time.monotonic() + DEADLINE_SECONDS
        while not path.exists() or path.read_text(encoding="utf-8").count("\n") < lines:
            assert time.monotonic() < end, "rsyslogd wrote nothing"
            time.sleep(0.05)
        return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def rsyslog(tmp_path: Path) -> Iterator[Rsyslog]:
    program = need_program("rsyslogd")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "rsyslog.conf"
    config.write_text(CONFIG.format(port=port, folder=tmp_path), encoding="utf-8")
    line = [program, "-n", "-f", str(config), "-i", str(tmp_path / "pid")]
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(line, stdout=log, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + DEADLINE_SECONDS
        while not (tmp_path / "log.sock").exists() or not _listens(port):
            assert running.poll() is None, (tmp_path / "log").read_text(encoding="utf-8")
            assert time.monotonic() < end, "rsyslogd does not listen"
            time.sleep(0.05)
        yield Rsyslog(tmp_path, port)
    finally:
        running.terminate()
        running.wait(DEADLINE_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def test_rsyslog_takes_every_line_whichever_way_it_comes(rsyslog: Rsyslog, tmp_path: Path) -> None:
    for address in (f"udp:127.0.0.1:{rsyslog.port}", f"tcp:127.0.0.1:{rsyslog.port}", f"unix:{tmp_path}/log.sock"):
        send(Witness(name="w", kind="syslog", address=address))
    said = rsyslog.said(3 * len(LINES))
    assert len([line for line in said if any(line.endswith(each) for each in LINES)]) == 3 * len(LINES), said
    assert [line.split("{")[0].split() for line in said[:4]] == [["daemon.notice", "sla-agent", "witness"]] * 4
