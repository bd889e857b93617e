"""What this process asks of its interpreter and its kernel before it begins."""

import asyncio
import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SLACK = Path("/proc/self/timerslack_ns")

START_SECONDS = 75.0
"""By then a target that is probed each minute has its first state."""


def raise_descriptor_limit() -> None:
    """Every probe under way is a descriptor: take all that the system allows this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def share_the_interpreter() -> None:
    """Let a thread that reckons go after 0.05 ms: the loop gives the interpreter away at every system call.

    With the default of 5 ms each connect, send and close waited that long for the thread that looks at faults; with
    0.2 ms a look at 43 000 of them still made probes 0.3 s late, now 0.1.
    """
    sys.setswitchinterval(0.00005)


async def put_the_loop_first() -> None:
    """After the start a thread that reckons holds up the loop for 0.02 ms at a system call, no longer for 0.1.

    Half of that was the kernel's: it wakes a sleeper up to 0.05 ms late, so that timers fall together (Linux only).
    With 43 000 faults found in a storm probes were 0.16 s late, now 0.01. During the start all targets get their first
    state at once: the thread that writes these down would fall behind, and 30 MB more would wait for it.
    """
    await asyncio.sleep(START_SECONDS)
    sys.setswitchinterval(0.00002)
    _wake_in_time()


def _wake_in_time() -> None:
    with suppress(OSError):
        _SLACK.write_text("1000")


GIVE_BACK_SECONDS = 30.0
"""What a reload or a storm needed for seconds would else stay the agent's for ever: 10 to 30 MB with 43 000 targets."""


async def give_back_memory() -> None:
    """Give the system what the C library holds free, every so often, until cancelled (ADR 0028).

    Of its own accord it gives back only the end of its heap. A call takes 1 to 2 ms of a thread. glibc only: other C
    libraries have no such call, and most need none.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim is not None:
        await asyncio.sleep(GIVE_BACK_SECONDS)
        await asyncio.to_thread(trim, 0)


def settle_memory() -> None:
    """What was built at the start is for good: without this every full collection walks 43 000 targets again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 1_000, 100)


YOUNG = 1_000
"""So many new objects are walked in one go while the loop waits: 1 to 3 ms, by how cold they are."""

MANY = 6_000
"""So many at once would be 5 to 15 ms."""


class Quiet:
    """How many ask for quiet, and what they made: the collector is the process's own, so this is too.

    `made` is for whoever frees as much as it makes: the collector counts what is left of that.
    """

    asking = 0
    made = 0


@contextmanager
def undisturbed() -> Iterator[type[Quiet]]:
    """Without the collector of cycles: it would hold up the loop while it walks what is made here, and find nothing.

    For the loop's thread; blocks may overlap. What was made in masses is put out of the collector's sight before it
    goes on: else its first round would walk all of that at once, with the interpreter in its hand.
    """
    Quiet.asking += 1
    gc.disable()
    try:
        yield Quiet
    finally:
        Quiet.asking -= 1
        if not Quiet.asking:
            if max(gc.get_count()[0], Quiet.made) > MANY:
                gc.freeze()
            Quiet.made = 0
            gc.enable()
