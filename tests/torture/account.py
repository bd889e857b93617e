"""What a torture did, what was lost and what became UNKNOWN: printed at its end, passed or failed."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Account:
    """Lines under a title. What was not lost is told too: how much was held against the ledger."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.lines: list[tuple[str, str]] = []

    def did(self, what: str) -> None:
        """What was done to the agent, or seen of it meanwhile."""
        self.lines.append(("did", what))

    def lost(self, what: str) -> None:
        """What is gone; "nothing" with what was compared."""
        self.lines.append(("lost", what))

    def unknown(self, what: str) -> None:
        """Which time became UNKNOWN."""
        self.lines.append(("became UNKNOWN", what))

    def text(self) -> str:
        """As it is printed, and as docs/reliability.md has it."""
        return "\n".join([f"torture: {self.title}", *(f"  {kind}: {what}" for kind, what in self.lines), ""])


@contextmanager
def account(title: str, out: TextIO | None = None) -> Iterator[Account]:
    """An account that is printed when the block ends, however it ends."""
    told, began = Account(title), time.monotonic()
    try:
        yield told
    except BaseException:
        told.did("and FAILED")
        raise
    finally:
        told.did(f"in {time.monotonic() - began:.0f} s")
        print(f"\n{told.text()}", file=out or sys.stdout, flush=True)
