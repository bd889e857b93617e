"""All commands, one file each."""

import typer

from agent.cli import (
    availability,
    backup,
    check,
    clock,
    doctor,
    evidence,
    faults,
    import_,
    lab,
    notices,
    probe,
    report,
    restore,
    run,
    seal,
    simulate,
    status,
    targets,
    template,
    verify,
)

app = typer.Typer(
    name="sla-agent",
    help="Measures what e-government network plans promise, and keeps the evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    run, check, probe, targets, status, clock, doctor, import_, template, availability, faults, report, backup, restore,
    evidence, seal, verify, lab, simulate, notices,
)  # fmt: skip
for command in COMMANDS:
    command.register(app)
