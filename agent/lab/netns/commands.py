"""The two programs that build and break the network: ip, in batches, and nft. Every call has a deadline."""

import subprocess
from collections.abc import Iterable

from agent.lab.netns.needs import NetnsError, program

DEADLINE_SECONDS = 60.0
"""Far beyond what any of them takes."""


def ip(*words: str, ok: bool = True) -> str:
    """What `ip` prints. Errors: NetnsError unless a failure is `ok=False`."""
    return _run([program("ip"), *words], ok=ok)


def ip_batch(namespace: str, lines: Iterable[str], *, version: int | None = None) -> None:
    """Many `ip` commands in one process, within a namespace; `version` for what does not say it itself."""
    text = "\n".join(lines) + "\n"
    family = [] if version is None else [f"-{version}"]
    _run([program("ip"), *family, "-n", namespace, "-batch", "-"], text)


def nft(namespace: str, text: str, *, ok: bool = True) -> None:
    """Rules of a namespace's firewall, all of them or none."""
    _run([program("ip"), "netns", "exec", namespace, program("nft"), "-f", "-"], text, ok=ok)


def _run(command: list[str], text: str = "", *, ok: bool = True) -> str:
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NetnsError(f"lab: {' '.join(command)}: no end within {DEADLINE_SECONDS:g} s") from None
    if ok and done.returncode != 0:
        said = done.stderr.strip() or f"exit status {done.returncode}"
        raise NetnsError(f"lab: {' '.join(command)}: {said}; a host that limits containers may forbid it")
    return done.stdout
