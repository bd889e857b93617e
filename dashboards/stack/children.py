"""The processes of the stack: each begun when the one before is ready, all ended in the other order.

A child asks the kernel for a signal at its parent's death, so nothing outlives a stack that was killed.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.lab.launch import die_with, end_one
from dashboards.stack.wanted import StackError

READY_SECONDS = 120.0
_MAX_LINE = 64 * 1024
_KEPT_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is begun: `ready` is what it says when it is ready, `told` which of its lines people see here."""

    name: str
    words: Sequence[str]
    ready: str
    told: str | None = None


@dataclass(slots=True)
class Child:
    """One that runs. `said` are its last lines."""

    program: Program
    process: asyncio.subprocess.Process
    reading: asyncio.Task[None]
    ready: asyncio.Event
    said: list[str] = field(default_factory=list)


class Children:
    """All that were begun."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[Child] = []

    async def begin(self, program: Program) -> Child:
        """Start one and wait until it is ready. Errors: StackError with what it said last."""
        process = await asyncio.create_subprocess_exec(
            *program.words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=_MAX_LINE,
            start_new_session=True,  # Ctrl-C is ours: they are told one after the other
            preexec_fn=die_with(os.getpid()),
        )  # fmt: skip
        ready, said = asyncio.Event(), list[str]()
        reading = asyncio.get_running_loop().create_task(self._read(program, process, ready, said))
        child = Child(program, process, reading, ready, said)
        self._running.append(child)
        await self._wait_ready(child)
        return child

    async def first_end(self) -> str:
        """When one has ended unasked: which, and what it said last."""
        waits = {asyncio.ensure_future(each.process.wait()): each for each in self._running}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return _last_words(waits[done.pop()])

    async def end(self) -> None:
        """All of them, the last first."""
        while self._running:
            child = self._running.pop()
            await end_one(child.process)
            await child.reading

    async def _wait_ready(self, child: Child) -> None:
        waits = [asyncio.ensure_future(each) for each in (child.ready.wait(), child.process.wait())]
        try:
            await asyncio.wait(waits, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not child.ready.is_set():
            raise StackError(_last_words(child))

    async def _read(
        self, program: Program, process: asyncio.subprocess.Process, ready: asyncio.Event, said: list[str]
    ) -> None:
        """Its output goes to its log; to people only what is for them."""
        assert process.stdout is not None
        with (self._logs / f"{program.name}.log").open("w", encoding="utf-8") as log:
            while line := await process.stdout.readline():
                text = line.decode("utf-8", "replace").rstrip("\n")
                log.write(f"{text}\n")
                log.flush()
                said[:] = [*said[-_KEPT_LINES:], text]
                if program.told is not None and text.startswith(program.told):
                    tell(f"{program.name}: {text.removeprefix('message: ')}")
                if program.ready in text:
                    ready.set()


def _last_words(child: Child) -> str:
    status = child.process.returncode
    how = f"was not ready within {READY_SECONDS:g} s" if status is None else f"ended with status {status}"
    return "\n".join([f"{child.program.name} {how}; its last lines:", *child.said])


def tell(line: str) -> None:
    """To people, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
