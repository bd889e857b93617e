"""The files that agent.yml names under `registers`: readable, sound, and not forgotten."""

from collections.abc import Iterator
from pathlib import Path

from agent.clock import SystemClock
from agent.config import Config
from agent.doctor.findings import Finding, Level
from agent.errors import AgentError
from agent.registerfiles import try_files
from agent.stores.opening import Location, parse_url

OLD_DAYS = 30
"""A register that nobody has touched for longer may not be what is out there any more."""

_CHECK = "registers"
_DAY_US = 86_400_000_000


def examine_files(config: Config, path: Path, now_us: int | None = None) -> Iterator[Finding]:
    """Age of each file, then whether all of them would be taken, tried on a copy of the store's registers."""
    now = SystemClock().wall_us() if now_us is None else now_us
    readable = True
    for file in config.registers:
        finding = _age(path.parent / file.file, now)
        readable = readable and finding.level is not Level.PROBLEM
        yield finding
    if config.registers and readable:
        yield _tried(config, path, now)


def _age(file: Path, now_us: int) -> Finding:
    try:
        with file.open("rb"):
            days = (now_us / 1e6 - file.stat().st_mtime) / 86_400
    except OSError as exc:
        fix = "correct the name under registers:, or let the agent's user read the file"
        return Finding(_CHECK, Level.PROBLEM, f"{file}: {exc.strerror}", fix)
    if days <= OLD_DAYS:
        return Finding(_CHECK, Level.OK, f"{file}: {max(days, 0):.0f} days old")
    fix = "compare it with what is in service; if it still holds, say so with touch"
    return Finding(_CHECK, Level.WARNING, f"{file}: {days:.0f} days old, more than {OLD_DAYS}", fix)


def _tried(config: Config, path: Path, now_us: int) -> Finding:
    store = parse_url(config.store.url, simulated=config.store.simulated)
    # a store that is not there yet has no registers: an empty one, and doctor leaves no file behind
    location = store if store.path is None or store.path.exists() else Location(None)
    try:
        rows = try_files(config, path, now_us, location)
    except (AgentError, OSError) as exc:
        return Finding(_CHECK, Level.PROBLEM, str(exc), "mend the file; a start or a reload refuses all of them")
    return Finding(_CHECK, Level.OK, f"all {len(config.registers)} files are sound; {rows} rows new to the store")
