"""sla-agent lab: the simulated city alone."""

import asyncio
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import typer

from agent.cli.common import failing_clearly
from agent.clock import SystemClock
from agent.lab.addresses import BASE
from agent.lab.lab import Wanted, prepare, serve, write_papers
from agent.process import raise_descriptor_limit

NONE = "none"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lab")(lab)


def lab(  # noqa: PLR0913 (one parameter an option)
    scale: Annotated[
        Literal["small", "city"], typer.Option("--scale", help="A few dozen targets, or all of it.")
    ] = "small",
    net: Annotated[
        Literal["loopback", "netns"], typer.Option("--net", help="This host's loopback, or network namespaces (root).")
    ] = "loopback",
    directory: Annotated[
        Path,
        typer.Option("--directory", metavar="DIR", help="Where registers, agent.yml and certificates are written."),
    ] = Path("var/lab"),
    story: Annotated[
        str | None,
        typer.Option("--story", metavar="FILE", help=f"What happens when; `{NONE}`: nothing. Default: built in."),
    ] = None,
    city: Annotated[
        Path | None, typer.Option("--city", metavar="FILE", help="Another city. Default: built in, Ankang's shape.")
    ] = None,
    ports: Annotated[int, typer.Option("--ports", metavar="BASE", help="First port of the lab on loopback.")] = BASE,
    listen_address: Annotated[
        str, typer.Option("--web.listen-address", metavar="HOST:PORT", help="Where the agent of that agent.yml serves.")
    ] = "127.0.0.1:9610",
    write_only: Annotated[bool, typer.Option("--write-only", help="Write registers and agent.yml, and end.")] = False,
) -> None:
    """Run the simulated city until a signal. It measures nothing: an agent does, with the agent.yml it writes."""
    with failing_clearly():
        wanted = Wanted(
            city_file=city or _built_in("ankang.yml"),
            story=None if story == NONE else Path(story) if story else _built_in("story.yml"),
            folder=directory,
            scale=scale,
            form=net,
            base=ports,
            listen_address=listen_address,
        )
        papers = write_papers(wanted, _tell)
        if write_only:
            _tell(f"written: {papers.agent_yml.parent}")
            return
        made = prepare(papers, SystemClock())
        _tell(f"measure it with: {made.world.before_commands}sla-agent run --config.file {papers.agent_yml}")
        raise_descriptor_limit()
        asyncio.run(serve(made, _tell))


def _tell(text: str) -> None:
    """One line at once, for a launcher too."""
    print(text, flush=True)  # noqa: T201 (what the command is for)


def _built_in(name: str) -> Path:
    return Path(str(resources.files("agent") / "data" / "config" / "lab" / name))
