"""Witnesses over real sockets and files: told at once, kept until they have it, none held by another (E3)."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from agent import witnesses as witnesses_module
from agent.chainmetrics import ChainMetrics
from agent.commit import Committer
from agent.config.schema import Witness
from agent.headmaking import Terms
from agent.stores import witnessing
from agent.witnesses import About, Speaker, Witnesses
from agent.witnesssenders import SendError, blocking, post
from collectors.options import Secret
from tests.agent.chain_worlds import HOUR_US, JUNE, World

LINES = ('{"sla-agent": "head", "number": 1}', '{"sla-agent": "seal", "number": 2}')


class Loose:
    """The part of a committer that the witnesses use."""

    async def run_in_writer(self, work: Callable[[], object]) -> None:
        await asyncio.to_thread(work)


def send(witness: Witness, lines: Sequence[str] = LINES) -> None:
    sending = blocking(witness)
    assert sending is not None
    sending(lines)


def test_a_file_only_grows(tmp_path: Path) -> None:
    path = tmp_path / "witness.log"
    path.write_text("what was there\n", encoding="utf-8")
    witness = Witness(name="w", kind="file", path=str(path))
    send(witness)
    send(witness, ["third"])
    assert path.read_text(encoding="utf-8").splitlines() == ["what was there", *LINES, "third"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SendError, match="FileNotFoundError"):
        send(Witness(name="w", kind="file", path=str(tmp_path / "no" / "file")))


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_syslog_by_datagrams(family: socket.AddressFamily, tmp_path: Path) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as receiving:
        receiving.settimeout(20)
        if family == socket.AF_UNIX:
            receiving.bind(str(tmp_path / "log"))
            address = f"unix:{tmp_path / 'log'}"
        else:
            host = "127.0.0.1" if family == socket.AF_INET else "::1"
            receiving.bind((host, 0))
            shown = host if family == socket.AF_INET else f"[{host}]"
            address = f"udp:{shown}:{receiving.getsockname()[1]}"
        send(Witness(name="w", kind="syslog", address=address))
        got = [receiving.recv(4096).decode() for _ in LINES]
    assert [each.rpartition(" witness - ")[2] for each in got] == list(LINES)
    assert all(each.startswith("<29>1 - ") for each in got)


def test_syslog_over_tcp_counts_its_octets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        heard: list[bytes] = []
        thread = threading.Thread(target=_hear, args=(listening, heard))
        thread.start()
        send(Witness(name="w", kind="syslog", address=f"tcp:127.0.0.1:{listening.getsockname()[1]}"))
        thread.join(20)
    data, messages = heard[0], []
    while data:
        length, _, rest = data.partition(b" ")
        messages.append(rest[: int(length)].decode())
        data = rest[int(length) :]
    assert [each.rpartition(" witness - ")[2] for each in messages] == list(LINES)


def _hear(listening: socket.socket, heard: list[bytes]) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.settimeout(20)
        data = b""
        while piece := connection.recv(4096):
            data += piece
        heard.append(data)


def test_a_syslog_server_that_is_down_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(SendError, match="ConnectionRefusedError"):
        send(Witness(name="w", kind="syslog", address=f"tcp:127.0.0.1:{port}"))


class Post:
    """A mail server of one session: what it was told."""

    def __init__(self, recipient_answer: str = "250 ok") -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._answer = recipient_answer
        self.commands: list[str] = []
        self.body: list[str] = []
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Post":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(20)
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        connection.settimeout(20)
        with connection, connection.makefile("rwb") as file:

            def say(text: str) -> None:
                file.write(f"{text}\r\n".encode())
                file.flush()

            say("220 here")
            while line := file.readline().decode().strip():
                verb = line.split()[0].upper()
                self.commands.append(line)
                if verb == "DATA":
                    say("354 go on")
                    while (text := file.readline().decode().rstrip("\r\n")) != ".":
                        self.body.append(text)
                say(
                    {
                        "RCPT": self._answer,
                        "AUTH": "235 ok",
                        "EHLO": "250-here\r\n250 AUTH PLAIN",
                        "QUIT": "221 bye",
                    }.get(verb, "250 ok")
                )
                if verb == "QUIT":
                    return


def mail(address: str, **more: Any) -> Witness:
    people = {"sender": "sla@city.example", "recipients": ("audit@city.example", "office@city.example")}
    return Witness(name="w", kind="mail", address=address, tls="none", **{**people, **more})


def test_mail_holds_every_line_and_goes_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "s3cret")
    with Post() as server:
        send(mail(server.address, user="sla", password=Secret(env="MAIL_PASSWORD")))
    assert [line for line in server.body if line.startswith("{")] == list(LINES)
    said = " ".join(server.commands)
    assert "AUTH PLAIN" in said
    assert "audit@city.example" in said
    assert "office@city.example" in said


def test_mail_that_a_server_refuses_for_somebody_is_said() -> None:
    with Post(recipient_answer="550 nobody") as server, pytest.raises(SendError, match="SMTPRecipientsRefused"):
        send(mail(server.address))


async def test_a_webhook_gets_one_post_a_line_and_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "t0ken")
    got: list[tuple[str | None, object]] = []

    async def take(request: web.Request) -> web.Response:
        got.append((request.headers.get("Authorization"), await request.json()))
        return web.Response(status=204)

    async with serving(take) as url:
        await post(Witness(name="w", kind="webhook", url=url, token=Secret(env="HOOK")), LINES)
    assert got == [("Bearer t0ken", json.loads(line)) for line in LINES]


async def test_a_webhook_that_refuses_or_redirects_is_said() -> None:
    answers = [web.Response(status=500), web.Response(status=302, headers={"Location": "http://192.0.2.1/"})]

    async def refuse(_: web.Request) -> web.Response:
        return answers.pop(0)

    async with serving(refuse) as url:
        for status in ("500", "302"):
            with pytest.raises(SendError, match=f"answered {status}"):
                await post(Witness(name="w", kind="webhook", url=url), LINES[:1])


class serving:
    """A web server on a free port."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    async def __aenter__(self) -> str:
        app = web.Application()
        app.router.add_post("/hook", self._handler)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


@contextmanager
def told(tmp_path: Path, *witnesses: Witness) -> Iterator[World]:
    """A store whose heads speak to witnesses."""
    world = World(tmp_path / "ledger.db")
    world.maker.terms = Terms(added=Speaker(About("v", True), lambda: witnesses, lambda: JUNE).head)
    try:
        yield world
    finally:
        world.close()


def waits(world: World, name: str) -> int:
    with world.writer.transaction() as db:
        return witnessing.count_waiting(db, name)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


async def test_one_that_is_down_holds_no_other_and_gets_all_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses_module, "RETRY_SECONDS", (0.05, 0.1))
    good = Witness(name="good", kind="file", path=str(tmp_path / "good.log"))
    late = Witness(name="late", kind="file", path=str(tmp_path / "no" / "late.log"))
    metrics = ChainMetrics(CollectorRegistry())
    with told(tmp_path, late, good) as world:
        telling = Witnesses(world.writer, cast(Committer, Loose()), lambda: JUNE, metrics)
        telling.take([late, good])
        serving_ = asyncio.create_task(telling.serve())
        digests = [world.head(JUNE + number * HOUR_US) for number in range(3)]
        telling.wake()
        await until(lambda: waits(world, "good") == 0)
        assert waits(world, "late") == 3
        with world.writer.transaction() as db:
            assert "FileNotFoundError" in (witnessing.last_problem(db, "late") or (0, ""))[1]
        (tmp_path / "no").mkdir()
        await until(lambda: waits(world, "late") == 0)
        serving_.cancel()
        await asyncio.wait([serving_])
        with world.writer.transaction() as db:
            assert [each.witness for each in witnessing.witnesses_of(db, "head", 1)] == ["good", "late"]
    for path in (good.path, late.path):
        lines = [json.loads(line) for line in Path(path or "").read_text(encoding="utf-8").splitlines()]
        assert [line["digest"] for line in lines] == [f"sha256:{digest}" for digest in digests]
        assert [line["simulated"] for line in lines] == [True] * 3


def test_what_waits_is_bounded_and_seals_stay(tmp_path: Path) -> None:
    silent = Witness(name="w", kind="file", path="/nowhere/at/all")
    with told(tmp_path, silent) as world, world.writer.transaction() as db:
        for number in range(5):
            witnessing.queue(db, ["w"], witnessing.SEAL if number == 0 else witnessing.HEAD, number, f"{number}", 0)
        assert witnessing.drop_beyond(db, "w", limit=3) == 2
        assert [line.line for line in witnessing.waiting(db, "w", 10)] == ["0", "3", "4"]


def test_a_witness_of_seals_alone_is_not_told_heads(tmp_path: Path) -> None:
    quiet = Witness(name="w", kind="file", path="/nowhere", heads=False)
    with told(tmp_path, quiet) as world:
        world.head(JUNE)
        assert waits(world, "w") == 0
