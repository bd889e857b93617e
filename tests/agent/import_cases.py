"""Helps tests go the whole way: a CSV file, the command line, a store's file, the JSON answer."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer
from click.testing import Result
from typer.testing import CliRunner

from agent.cli import availability, import_
from agent.imports import ImportRequest
from agent.instants import parse_point
from agent.stores.base import Batch, Component, EdgeRow, Leaving, RunRequest
from agent.stores.opening import connect, migrate, parse_url
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.model import Cause, Degraded, Edge, State

ZONE = ZoneInfo("Asia/Shanghai")
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
HISTORY = "target_id,at,state"
READINGS = "target_id,at,outcome,interval_seconds,over_limit"


def at(text: str) -> int:
    """An instant in Beijing time: 2025-01-01 or 2025-01-01T00:00:00."""
    return parse_point(text if len(text) == 10 else f"{text}+08:00", ZONE)


def request(kind: str, text: str | bytes, **options: Any) -> ImportRequest:
    """An import of text, as the running agent would be asked for it."""
    given = {"as_of": at("2026-01-01")} if kind == "history" else {}
    given |= {"now": at("2026-06-01"), "by": "tester", "zone": ZONE, "create_targets": True, "file": "rows.csv"}
    data = text if isinstance(text, bytes) else text.encode()
    return ImportRequest(kind=kind, data=data, **{**given, **options})


class City:
    """A store's file and the commands around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "ledger.db"
        self.url = f"sqlite:///{self.store}"
        self._app = typer.Typer()
        availability.register(self._app)
        import_.register(self._app)

    def run(self, *words: str) -> Result:
        """One command on the store; a traceback fails the test."""
        env = {"SLA_AGENT_CONFIG": str(self.folder / "absent.yml")}
        result = CliRunner().invoke(self._app, [*words, "--store", self.url], env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    def file(self, name: str, text: str | bytes) -> str:
        """A file to import."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def history(
        self, *rows: str, until: str = "2026-01-01", name: str = "history.csv", options: Sequence[str] = ()
    ) -> Result:
        """Import states: rows such as `a,2025-01-01,up`; the time is Beijing's."""
        lines = [HISTORY, *(_with_offset(row) for row in rows)]
        path = self.file(name, "\n".join(lines) + "\n")
        return self.run("import", "history", path, "--as-of", until, "--create-targets", *options)

    def readings(self, *rows: str, name: str = "readings.csv", options: Sequence[str] = ()) -> Result:
        """Import readings: rows such as `a,2025-01-01T00:01:00,ok,60,`; the time is Beijing's."""
        lines = [READINGS, *(_with_offset(row) for row in rows)]
        return self.run("import", "readings", self.file(name, "\n".join(lines) + "\n"), "--create-targets", *options)

    def answer(self, target: str, start: str, end: str, *options: str) -> dict[str, Any]:
        """What `availability --json` says; instants as `at` takes them."""
        ends = [text if len(text) == 10 else f"{text}+08:00" for text in (start, end)]
        words = ("availability", "--target", target, "--from", ends[0], "--to", ends[1], "--json", *options)
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The store's file, open for writing."""
        location = parse_url(self.url)
        with closing(connect(location)) as connection:
            migrate(connection, location)
            yield connection

    def dump(self) -> list[str]:
        """Everything in the store, as SQL."""
        with self.connection() as connection:
            return list(connection.iterdump())

    def agent_ran(self, start: str, end: str, *edges: tuple[int, State], target: str = "core-1") -> None:
        """A run of the agent that watched one target and stopped cleanly."""
        with self.connection() as connection:
            component = SqliteReader(connection).component(target)
            number = 1 if component is None else component.id
            made = [Component(number, target, "", "icmp")] if component is None else []
            writer = SqliteWriter(connection)
            run = writer.start_run(RunRequest("core", "boot", at(start), (0, at(start)), "test", 1))
            rows = [
                EdgeRow(number, run.boot_no, seq, Edge(when, state, Degraded.NONE, Cause.PROBE))
                for seq, (when, state) in enumerate(edges, start=1)
            ]
            writer.stop_run(run, Batch(at(end), made, rows), Leaving({}))


def _with_offset(row: str) -> str:
    target, when, *rest = row.split(",")
    stamp = f"{when}T00:00:00" if len(when) == 10 else when
    return ",".join([target, f"{stamp}+08:00", *rest])
