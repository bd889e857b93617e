"""A thread that reckons goes on while the loop waits for something to happen, and waits while the loop works.

Only one thread at a time has the interpreter. The loop gives it away at each of its system calls and has to wait to get
it back, ten times a probe: whoever reckons beside it costs both of them twice what the reckoning costs alone.
"""

import asyncio
import selectors
from threading import Event, Lock

_AT_MOST_SECONDS = 0.005
"""A loop that never waits is overloaded: what is reckoned goes on then too, a little at a time."""


class IdleTime:
    """When the loop has nothing to do. `wait` is for every other thread, the rest for the loop's own."""

    def __init__(self) -> None:
        self._is_idle = True
        self._waiting = 0
        self._lock = Lock()
        self._begun = Event()

    def begin(self) -> None:
        """The loop waits from now on."""
        self._is_idle = True
        if self._waiting:
            self._begun.set()

    def end(self) -> None:
        """The loop works again."""
        self._is_idle = False

    def wait(self) -> None:
        """Return once the loop waits, at once if it does, and after a few milliseconds at the latest."""
        if self._is_idle:
            return
        with self._lock:
            self._waiting += 1
        self._begun.clear()
        if not self._is_idle:  # it may have begun just before it could know of us
            self._begun.wait(_AT_MOST_SECONDS)
        with self._lock:
            self._waiting -= 1


IDLE = IdleTime()
"""Of the process's one loop, where that is made by `new_loop`; of any other one nothing is known, and nobody waits."""


class _Selector(selectors.DefaultSelector):
    """Says when the loop waits: there is nothing that could be done at once."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        IDLE.begin()
        try:
            return super().select(timeout)
        finally:
            IDLE.end()

    def close(self) -> None:
        super().close()
        IDLE.begin()  # for good


def new_loop() -> asyncio.AbstractEventLoop:
    """The agent's loop, whose idle time others may use."""
    IDLE.end()
    return asyncio.SelectorEventLoop(_Selector())
