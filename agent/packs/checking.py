"""Runs the verifier of packs as a stranger would: in a bare Python of its own, so that both say the same."""

import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from agent.errors import UsageError

LONGEST_SECONDS = 3600


class Checked(NamedTuple):
    """What the verifier said, and whether the pack holds."""

    holds: bool
    words: str


def check_pack(pack: Path, expect: str | None = None, language: str = "zh") -> Checked:
    """Verify a pack by its outside verifier. Errors: UsageError for no such file, or where it cannot be run."""
    if not pack.is_file():
        raise UsageError(f"{pack}: there is no such file, wanted an evidence pack; make one: sla-agent evidence")
    with resources.as_file(resources.files("agent.packs").joinpath("verify.py")) as program:
        words = [sys.executable, "-I", "-S", str(program), str(pack), "--lang", language]
        words += [] if expect is None else ["--expect", expect]
        try:
            ran = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise UsageError(f"verify {pack}: {exc}; run it yourself: python3 verify.py {pack}") from exc
    if ran.returncode not in (0, 1):
        raise UsageError(f"verify {pack}: {ran.stderr.strip()[-500:]}")
    return Checked(ran.returncode == 0, ran.stdout)
