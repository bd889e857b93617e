"""Starts the lab and then an agent, and ends both: when it is told to, when either ends, and when it dies itself.

They are processes of their own, as the lab must tell the agent nothing but by what it answers. A launcher that is
killed cannot clean up, so each child asks the kernel for a signal at its parent's death.
"""

import argparse
import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from agent.lab.lab import READY

STOP_SECONDS = 30.0
"""How long a child may take to end; then it is killed."""

_SET_PDEATHSIG = 1
_FAILED = 2
_MAX_LINE = 64 * 1024


def main(arguments: Sequence[str]) -> int:
    """Both until a signal; the exit status of the agent, or 2 where the lab failed first."""
    parser = argparse.ArgumentParser(prog="python -m agent.lab", description=__doc__, allow_abbrev=False)
    parser.add_argument("--config.file", dest="config", type=Path, required=True, help="the agent's agent.yml")
    parser.add_argument("--directory", type=Path, default=Path("var/lab"), help="the lab's folder")
    parser.add_argument("lab", nargs="*", help="further options of sla-agent lab, after --")
    asked = parser.parse_args(arguments)
    lab = ["lab", "--directory", str(asked.directory), *asked.lab]
    return asyncio.run(Launcher(lab, ["run", "--config.file", str(asked.config)]).run())


class Launcher:
    """The two children, begun in this order and ended in the other."""

    def __init__(self, lab: Sequence[str], agent: Sequence[str]) -> None:
        self._lab, self._agent = list(lab), list(agent)
        self._stop = asyncio.Event()
        self._running: list[asyncio.subprocess.Process] = []

    async def run(self) -> int:
        """Both until one ends or a signal comes; the exit status."""
        self._listen(asyncio.get_running_loop())
        try:
            lab = await self._start(self._lab, stdout=asyncio.subprocess.PIPE)
            ready = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                told = group.create_task(_tell(lab, ready))
                await self._first(ready.wait(), lab.wait())
                if ready.is_set() and not self._stop.is_set():
                    agent = await self._start(self._agent)
                    await self._first(agent.wait(), lab.wait())
                status = await self._end()
                await told
            return status
        finally:
            for process in self._running:
                if process.returncode is None:
                    process.kill()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def _reload(self) -> None:
        """SIGHUP is the agent's: take the configuration anew."""
        for process in self._running[1:]:
            if process.returncode is None:
                process.send_signal(signal.SIGHUP)

    async def _start(self, words: Sequence[str], stdout: int | None = None) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent", *words, stdout=stdout, limit=_MAX_LINE,
            start_new_session=True,  # Ctrl-C is ours: the agent is told first, the lab when it has ended
            preexec_fn=die_with(os.getpid()),
        )  # fmt: skip
        self._running.append(process)
        return process

    async def _first(self, *awaited: Awaitable[object]) -> None:
        """The first of them, or a signal."""
        tasks = [asyncio.ensure_future(one) for one in (*awaited, self._stop.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    async def _end(self) -> int:
        """Both are told to end, the agent first; its status, or 2 where the lab ended unasked."""
        was_asked = self._stop.is_set()
        lab_failed = not was_asked and self._running[0].returncode is not None
        for process in reversed(self._running):
            await end_one(process)
        if lab_failed or len(self._running) == 1:
            return 0 if was_asked else self._running[0].returncode or _FAILED
        return abs(self._running[1].returncode or 0)


async def end_one(process: asyncio.subprocess.Process) -> None:
    """Tell a child to end, and kill it where it does not in time."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _tell(lab: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
    """What the lab says goes to our own output; its first line of that kind lets the agent begin."""
    assert lab.stdout is not None
    while line := await lab.stdout.readline():
        text = line.decode("utf-8", "replace").rstrip("\n")
        print(f"lab: {text}", flush=True)  # noqa: T201 (what the launcher is for)
        if text.startswith(READY):
            ready.set()


def die_with(parent: int) -> Callable[[], None]:
    """What a child does before it becomes another program: whatever kills its parent ends it too."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it has died in between
            os._exit(_FAILED)

    return ask
