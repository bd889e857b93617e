"""sla-agent simulate: a scenario on a virtual clock through the real reducer, ledger and store."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from agent.cli.common import SIMULATED_WORDS, failing_clearly
from agent.cli.telling import bar
from agent.errors import StoreError
from agent.simulate.engine import Player, Tally
from agent.simulate.script import Script
from agent.simulate.setting import prepare, words
from agent.stores.holder import Holder
from agent.stores.opening import Location, connect, migrate, parse_url
from agent.stores.writing import SqliteWriter


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    scenario: Annotated[Path, typer.Option("--scenario", metavar="FILE", help="What happens to which city when.")],
    store: Annotated[
        str, typer.Option("--store", metavar="URL", help="sqlite:///PATH of a new store; it is born simulated.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Play a scenario into a new store, in seconds: the agent's own state machine on a clock turned by hand."""
    with failing_clearly(), TemporaryDirectory(prefix="sla-simulate-") as folder:
        location = parse_url(store, simulated=True)
        script, play = prepare(scenario, Path(folder))
        with Holder(location, "sla-agent simulate"):
            _refuse_old(location)
            connection = connect(location)
            try:
                migrate(connection, location)
                began = time.process_time()
                with bar("simulate") as told, _quiet():
                    tally = asyncio.run(Player(play, SqliteWriter(connection)).play(told))
            finally:
                connection.close()
        _tell(script, store, tally, time.process_time() - began, as_json=as_json)


@contextmanager
def _quiet() -> Iterator[None]:
    """The ledger's warnings are of a time that is made up."""
    log = logging.getLogger("agent")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _refuse_old(location: Location) -> None:
    """Errors: StoreError where there is a store already: a year cannot begin twice in one ledger (E1)."""
    if location.path is not None and location.path.exists() and location.path.stat().st_size:
        raise StoreError(
            f"store {location}: there is one already, wanted a new file; a scenario begins an empty ledger"
        )


def _tell(script: Script, store: str, tally: Tally, seconds: float, *, as_json: bool) -> None:
    if as_json:
        said = {"scenario": script.scenario.name, "simulated": True, "store": store, **tally._asdict()}
        typer.echo(json.dumps(said | {"cpu_seconds": round(seconds, 2)}, ensure_ascii=False))
        return
    typer.echo(SIMULATED_WORDS)
    typer.echo(words(script))
    left_out = tally.readings - tally.produced
    typer.echo(f"readings: {tally.readings}, of which {left_out} where nothing changed; state changes: {tally.edges}")
    typer.echo(f"{seconds:.1f} s of CPU time; ask it: sla-agent report --plan ankang --store {store}")
