"""sla-agent import where something holds the store: an agent is asked, anything else is named."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.stores.holder import Holder
from agent.stores.opening import Location
from tests.agent.cli_agent import Said, sla_agent
from tests.agent.import_cases import HISTORY

ROWS = f"{HISTORY}\na,2025-01-01T00:00:00+08:00,up\n"


@pytest.fixture
def serve_once() -> Iterator[Callable[[bytes], tuple[str, list[bytes]]]]:
    """A server that reads one request and gives one answer, whatever is asked; its address, and what it was sent."""
    with contextlib.ExitStack() as stack:

        def serve(answer: bytes) -> tuple[str, list[bytes]]:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.settimeout(30)
            asked: list[bytes] = []

            def give() -> None:
                peer, _ = listener.accept()
                with peer:
                    peer.settimeout(30)
                    while not b"".join(asked).endswith(ROWS.encode()):
                        asked.append(peer.recv(65536))
                    peer.sendall(answer)

            thread = threading.Thread(target=give)
            thread.start()
            stack.callback(thread.join)
            return f"127.0.0.1:{listener.getsockname()[1]}", asked

        yield serve


def history(folder: Path, *options: object) -> Said:
    file = folder / "rows.csv"
    file.write_text(ROWS, encoding="utf-8")
    store = f"sqlite:///{folder}/ledger.db"
    given = ("--as-of", "2025-01-02", "--store", store, "--config.file", folder / "agent.yml")
    (folder / "agent.yml").write_text(f"store: {{url: '{store}'}}\n", encoding="utf-8")
    return sla_agent("import", "history", file, *given, *options)


def problem(status: int, **body: object) -> bytes:
    text = json.dumps({"title": "t", "status": status, "detail": "d", **body}).encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text)


def test_a_holder_that_is_no_agent_is_named(tmp_path: Path):
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent restore"):
        said = history(tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "is held by sla-agent restore with process id" in said.err


def test_an_agent_is_sent_the_file_with_all_that_was_asked_and_its_words_are_printed(tmp_path: Path, serve_once):
    body = json.dumps({"text": ["one", "two"]}).encode()
    address, asked = serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    names = tmp_path / "names.yml"
    names.write_text("线路: target_id\n", encoding="utf-8")
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", address):
        said = history(tmp_path, "--create-targets", "--map", names)
    assert (said.code, said.out, said.err) == (0, "one\ntwo\n", "")
    head = b"".join(asked).decode().partition("\r\n")[0]
    assert head.startswith("POST /api/v1/import/history?file=")
    for part in ("as_of=2025-01-02T00%3A00%3A00%2B08%3A00", "create_targets=true", "by=", "map=%7B"):
        assert part in head


def test_rows_that_the_agent_refuses_are_printed_one_a_line(tmp_path: Path, serve_once):
    problems = [{"line": 2, "column": "at", "text": "got x, wanted y"}]
    address, _ = serve_once(problem(422, problems=problems, more=3))
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", address):
        said = history(tmp_path)
    file = tmp_path / "rows.csv"
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines() == [
        f"{file}:2: at: got x, wanted y",
        "… and 3 more problems like these",
        f"sla-agent: {file}: refused, 4 problems; nothing was applied",
    ]


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (problem(503, detail="4 imports are under way already"), "refused: 503 t: 4 imports are under way already"),
        (problem(400, detail="--as-of lies in the future"), "sla-agent: --as-of lies in the future\n"),
        (b"HTTP/1.1 418 X\r\nContent-Length: 3\r\n\r\n<a>", "refused: 418 <a>"),
        (b"SSH-2.0-x\r\n", "took the file and gave no answer"),
        (b"", "whether it was applied is not known, import it again"),
    ],
)
def test_what_the_holder_answers_instead_is_said_without_a_traceback(tmp_path: Path, serve_once, answer, wanted):
    address, _ = serve_once(answer)
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", address):
        said = history(tmp_path)
    assert (said.code, said.out) == (2, "")
    assert wanted in said.err


def test_a_map_that_is_too_long_for_an_address_is_refused_before_it_is_sent(tmp_path: Path):
    names = tmp_path / "names.yml"
    names.write_text("".join(f"{'列' * 20}{number}: ignore\n" for number in range(100)), encoding="utf-8")
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", "127.0.0.1:1"):
        said = history(tmp_path, "--map", names)
    assert (said.code, said.out) == (2, "")
    assert "too long for a running agent" in said.err
