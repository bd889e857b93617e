"""All commands, one file each."""

import typer

from agent.cli import check, run

app = typer.Typer(
    name="sla-agent",
    help="Measures what e-government network plans promise, and keeps the evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (run, check):
    command.register(app)
