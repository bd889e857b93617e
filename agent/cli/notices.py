"""sla-agent notices test SINK: one message over one way out, now, so that people know it arrives."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import ConfigFile, failing_clearly, now_us
from agent.config import Config, load
from agent.config.problems import nearest, show
from agent.errors import UsageError
from agent.notices.checking import example
from agent.notices.push import Pusher, probe_alert
from agent.notices.watch import make_way
from agent.notices.ways import UnsentError
from agent.notices.words import words
from collectors import KINDS


class Action(StrEnum):
    """What to do with notices."""

    TEST = "test"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("notices")(notices)


def notices(
    action: Annotated[Action, typer.Argument(metavar="ACTION", help="Send one test message.")],
    sink: Annotated[str, typer.Argument(metavar="SINK", help="One of `notices:` by its name.")],
    config_file: ConfigFile,
) -> None:
    """Send a test message through SINK of the configuration, now; exit 2 where it does not get out."""
    assert action is Action.TEST
    with failing_clearly():
        config = load(config_file, KINDS)
        if sink not in config.notices.sinks:
            raise UsageError(f"notices: got the sink {show(sink)}; {nearest(sink, config.notices.sinks)}")
        try:
            asyncio.run(_send(config, sink, config_file.parent))
        except UnsentError as exc:
            raise UsageError(f"{sink}: not sent: {exc}") from exc
    typer.echo(f"{sink}: sent; look whether it has arrived")


async def _send(config: Config, name: str, folder: Path) -> None:
    notice = example(config.vantage.name, now_us(), simulated=config.store.simulated)
    if name in config.notices.alertmanagers:
        pusher = Pusher(config.notices.alertmanagers[name])
        try:
            await pusher.post([probe_alert(notice)])
        finally:
            await pusher.close()
        return
    way = make_way(config.notices.sinks[name], folder, config.zone_info, now_us)
    try:
        await way.send(notice, words(notice, config.notices.lang, config.zone_info))
    finally:
        await way.close()
