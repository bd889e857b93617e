"""sla-agent verify: whether a store, or a pack, agrees with its own digests, and with one that a witness kept."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress

from agent.cli.common import ConfigOption, StoreOption, failing_clearly, mark_simulated, open_connection, place
from agent.cli.report import Language
from agent.errors import UsageError
from agent.instants import format_instant
from agent.packs.checking import check_pack
from agent.stores import chaining
from agent.stores.chaincheck import Found, Told, Walk
from agent.stores.opening import Location
from agent.stores.reading import SqliteReader
from agent.stores.sealcheck import Expected, check_seals, expected

FAILED = 1
DIGITS_MIN = 16


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    pack: Annotated[Path | None, typer.Argument(metavar="[PACK]", help="An evidence pack; or --store.")] = None,
    store: StoreOption = None,
    config: ConfigOption = None,
    expect: Annotated[
        str | None,
        typer.Option("--expect", metavar="DIGEST", help="A digest of a head or seal as a witness kept it."),
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="Language in which a pack's verifier speaks.")] = Language.ZH,
) -> None:
    """Recompute every digest; exit 1 where one does not agree, naming the first record that is wrong."""
    with failing_clearly():
        if pack is not None:
            if store is not None:
                raise UsageError("verify: got a pack and --store, wanted one of them")
            sound = verify_pack(pack, expect, str(lang))
        else:
            where = place(store, config)
            sound = verify_store(where.location, where.zone, expect)
    if not sound:
        raise typer.Exit(FAILED)


def verify_pack(pack: Path, expect: str | None, language: str) -> bool:
    """Whether an evidence pack agrees with itself, by its own verifier. Errors: UsageError."""
    checked = check_pack(pack, None if expect is None else _digest(expect), language)
    typer.echo(checked.words, nl=False)
    return checked.holds


def verify_store(location: Location, zone: ZoneInfo, expect: str | None) -> bool:
    """Walk the chain of a store and say what was found."""
    wanted = None if expect is None else _digest(expect)
    with open_connection(location) as db, _steps() as step:
        db.execute("BEGIN")  # one instant of it, also while an agent writes
        told = Told(lambda at: format_instant(at, zone) if at else "the beginning", step)
        walk = Walk(db, told)
        found = walk.walk()
        seals = check_seals(db)
        answer = None if wanted is None else expected(db, wanted, told.at)
        mark_simulated(SqliteReader(db))
        for line in _lines(walk, found, seals.bad, told.at, seals.found):
            typer.echo(line)
        agrees = not found.bad and not seals.bad
        for line in _expected_lines(db, answer) if answer is not None or (agrees and found.heads) else ():
            typer.echo(line)
    return agrees and (answer is None or answer.is_there)


def _digest(text: str) -> str:
    """The digits of a digest, with or without its algorithm before it. Errors: UsageError."""
    digits = text.strip().lower().rpartition(":")[2]
    if len(digits) < DIGITS_MIN or set(digits) - set("0123456789abcdef"):
        raise UsageError(f"--expect: got {text[:80]!r}, wanted at least {DIGITS_MIN} hexadecimal digits of a digest")
    return digits


def _lines(walk: Walk, found: Found, seals: list[str], at: Callable[[int], str], count: int) -> Iterator[str]:
    if found.bad:
        first, *others = found.bad
        yield f"FAILED: the first record that is wrong: {walk.name_of(first)}: {first.what}"
        yield from (f"also: {walk.name_of(bad)}: {bad.what}" for bad in others)
    yield from (f"FAILED: {what}" for what in seals)
    if not found.bad and not seals and found.heads:
        yield f"ok: {found.heads} heads over {found.rows} rows, {count} seals: every digest is that of what it covers"
    if found.pending:
        yield (
            f"not in a head yet: {found.pending} rows, and those that still grow (counts of a month, sightings and "
            "identities of a day, traffic of an hour); the hour goes on, or its head is made at the next start"
        )
    if found.last is None:
        yield "there is no head yet: nothing is proved of this store"
    else:
        head = found.last.head
        yield f"the chain ends with head {head.number}, {at(head.until)}: {head.algorithm}:{found.last.digest}"


def _expected_lines(db: sqlite3.Connection, answer: Expected | None) -> Iterator[str]:
    if answer is None:
        yield (
            "This shows that the store agrees with itself. That somebody rewrote all of it, or cut off its end, only a "
            "digest shows that a witness kept: sla-agent verify --expect DIGEST"
        )
        return
    yield answer.words
    if not answer.is_there:
        for kept in chaining.heads(db):
            if kept.head.kind == "restore":
                yield f"the store was restored from a backup in head {kept.head.number}: {kept.head.said}"


@contextmanager
def _steps() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing where the output goes elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda *_: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("walking the chain", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
