"""The command `sla-agent`."""

import os
import sys

from agent.cli.main import app


def main() -> None:
    """Run one command; the exit status is the answer's (0), a check's (1) or a refusal's (2)."""
    try:
        app()
    except OSError as exc:  # what a command itself does not expect: a full disk under standard output, for one
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more can be flushed there
        sys.stderr.write(f"sla-agent: {exc.filename or 'output'}: {exc.strerror or exc}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
