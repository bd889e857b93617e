"""All commands, one file each."""

import typer

from agent.cli import availability, backup, check, doctor, import_, probe, restore, run, status, targets

app = typer.Typer(
    name="sla-agent",
    help="Measures what e-government network plans promise, and keeps the evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (run, check, probe, targets, status, doctor, import_, availability, backup, restore):
    command.register(app)
