"""sla-agent seal: seals the months that are over for 72 h, and revises those that later data concern (E3)."""

from typing import Annotated

import typer

from agent.cli.asking import ask
from agent.cli.common import (
    ConfigOption,
    Place,
    StoreOption,
    failing_clearly,
    mark_simulated,
    now_us,
    open_reader,
    open_writer,
    os_user,
    place,
)
from agent.clock import SystemClock
from agent.errors import UsageError
from agent.figures.book import Shelf
from agent.headmaking import HeadMaker, Terms
from agent.plans import configured_plans
from agent.sealing import Asked, Sealer, Sources
from agent.sealjobs import clock_words, refuse_doubt, told
from agent.stores.clocksteps import How, Resolution, resolve
from agent.stores.holder import describe, live_holder
from agent.stores.writing import SqliteWriter
from agent.witnesses import Speaker, about

SEAL_SECONDS = 600.0
"""Figures of many months of a large city take long."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("seal")(seal)


def seal(
    period: Annotated[
        str | None, typer.Option("--period", metavar="P", help="A month, 2025-06; default all that are due.")
    ] = None,
    accept_clock: Annotated[
        bool, typer.Option("--accept-clock", help="Take the wall clock, as it is now, for right.")
    ] = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Seal months that are over for 72 h; what came later for a sealed one makes a revision, the old seal stays."""
    with failing_clearly():
        where = place(store, config)
        holder = live_holder(where.location)
        lines = _here(where, period, accept_clock) if holder is None else _there(holder, period, accept_clock)
        with open_reader(where.location) as reader:
            mark_simulated(reader)
    for line in lines:
        typer.echo(line)


def _there(holder: dict[str, str], period: str | None, accept_clock: bool) -> list[str]:
    """By the running agent, which holds the store."""
    if not holder.get("address"):
        raise UsageError(f"the store is held by {describe(holder)}, which takes no requests; wait until it has ended")
    query = {"by": os_user(), **({} if period is None else {"period": period})}
    if accept_clock:
        ask(holder["address"], "/-/accept-clock", {"by": os_user()}, method="POST")
        query["accept_clock"] = "true"
    return [
        str(line)
        for line in ask(holder["address"], "/api/v1/seals", query, method="POST", seconds=SEAL_SECONDS)["text"]
    ]


def _here(where: Place, period: str | None, accept_clock: bool) -> list[str]:
    with open_writer(where.location, "sla-agent seal") as writer:
        if accept_clock:
            _accept_steps(writer)
        refuse_doubt(is_open=bool(writer.reader.clock_steps(only_open=True)))
        now, by = now_us(), os_user()
        asked = Asked(now, by, clock_words(SystemClock().synchronised(), by, accept_clock=accept_clock))
        run = writer.reader.last_run()
        if run is not None and now < run.heartbeat_at:
            raise UsageError("seal: the wall clock is behind the last record of the store; set the clock")
        sealer = _sealer(where, writer)
        periods = sealer.due(now) if period is None else [period]
        return told([sealer.seal(each, asked) for each in periods] + sealer.revise(asked))


def _sealer(where: Place, writer: SqliteWriter) -> Sealer:
    speaker = Speaker(about(writer.reader), lambda: where.witnesses, now_us)
    maker = HeadMaker(where.location, writer, where.zone)
    maker.terms = Terms(where.algorithm, speaker.head)
    plans = list(configured_plans(where.plans, where.folder))
    return Sealer(maker, writer, where.zone, Sources(writer.reader, Shelf(), lambda: plans), speaker.seal)


def _accept_steps(writer: SqliteWriter) -> None:
    """A person takes the clock for right while no agent runs: what is open is resolved (T4)."""
    left, run = writer.reader.clock_steps(only_open=True), writer.reader.last_run()
    if left and run is not None:
        with writer.transaction() as db:
            last = max(left, key=lambda step: (step.boot_no, step.number))
            by, at = os_user(), max(now_us(), run.heartbeat_at)
            resolve(db, run.vantage, [Resolution(last.boot_no, last.number, at, How.ACCEPTED, by)])
