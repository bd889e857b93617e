"""sla-agent doctor: what stands in the way of measuring here, each with what to do about it."""

import json
from collections.abc import Iterable
from typing import Annotated

import typer

from agent.cli.common import ConfigFile, failing_clearly
from agent.doctor import Finding, Level, examine

MARKS = {Level.OK: "✓", Level.WARNING: "!", Level.PROBLEM: "✗", Level.UNKNOWN: "?"}
COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red", Level.UNKNOWN: "magenta"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    config_file: ConfigFile,
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines.")] = False,
) -> None:
    """Look at host, network, configuration and store: what stands in the way of measuring, and what to do about it."""
    with failing_clearly():
        if as_json:
            typer.echo(json.dumps(as_dict(list(examine(config_file))), ensure_ascii=False))
        else:
            show(examine(config_file))


def as_dict(findings: list[Finding]) -> dict[str, object]:
    """The answer for machines."""
    return {"findings": [finding._asdict() for finding in findings], **count(findings)}


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings of each level."""
    counts = dict.fromkeys(map(str, Level), 0)
    for finding in findings:
        counts[str(finding.level)] += 1
    return counts


def show(findings: Iterable[Finding]) -> None:
    """The answer for people, as it is found."""
    seen = []
    for finding in findings:
        seen.append(finding)
        mark = typer.style(MARKS[finding.level], fg=COLOURS[finding.level])
        typer.echo(f"{mark} {finding.check:13} {finding.text}")
        if finding.fix:
            typer.echo(f"  {'':13} -> {finding.fix}")
    counts = count(seen)
    typer.echo(f"problems: {counts['problem']}, warnings: {counts['warning']}, not known: {counts['unknown']}")
