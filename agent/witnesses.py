"""Tells the witnesses (E3): each in a task of its own, so that one that is down holds no other."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.chainmetrics import ChainMetrics
from agent.commit import Committer
from agent.config.schema import Witness
from agent.errors import StoreError
from agent.instants import format_instant
from agent.stores import witnessing
from agent.stores.base import Reader
from agent.stores.chaining import Kept
from agent.stores.opening import SIMULATED
from agent.stores.sealed import KeptSeal
from agent.stores.witnessing import Line
from agent.stores.writing import SqliteWriter
from agent.witnesssenders import SendError, blocking, post

LOG = logging.getLogger(__name__)

AT_ONCE = 100
RETRY_SECONDS = (30.0, 3600.0)
"""After a failure it is tried again so soon, then ever more seldom, at least so often."""

LOOK_SECONDS = 600.0

_UTC = ZoneInfo("UTC")


class About(NamedTuple):
    """Whose digests they are: stands in every line."""

    agent: str
    simulated: bool


def about(reader: Reader, name: str | None = None) -> About:
    """Whose store it is: by the vantage that is given, or that wrote to it last."""
    run = reader.last_run()
    known = "" if run is None else reader.vantages().get(run.vantage, "")
    return About(name or known, reader.meta(SIMULATED) == "true")


class Speaker:
    """Writes the lines for the witnesses into the transaction that adds a head or a seal."""

    def __init__(self, about: About, witnesses: Callable[[], Sequence[Witness]], now_us: Callable[[], int]) -> None:
        self._about, self._witnesses, self._now_us = about, witnesses, now_us

    def head(self, db: sqlite3.Connection, kept: Kept) -> None:
        """A head was added."""
        names = [each.name for each in self._witnesses() if each.heads]
        head = kept.head
        line = witnessing.spelled(
            witnessing.HEAD,
            **self._about._asdict(),
            number=head.number,
            made=head.kind,
            until=_utc(head.until),
            rows=head.rows,
            digest=f"{head.algorithm}:{kept.digest}",
        )
        witnessing.queue(db, names, witnessing.HEAD, head.number, line, self._now_us())

    def seal(self, db: sqlite3.Connection, kept: KeptSeal) -> None:
        """A month was sealed, or got a revision."""
        seal = kept.seal
        line = witnessing.spelled(
            witnessing.SEAL,
            **self._about._asdict(),
            number=seal.number,
            period=seal.period,
            revision=seal.revision,
            sealed=_utc(seal.sealed_at),
            head=seal.last_head,
            digest=f"{seal.algorithm}:{kept.digest}",
        )
        names = [each.name for each in self._witnesses()]
        witnessing.queue(db, names, witnessing.SEAL, seal.number, line, self._now_us())


class Witnesses:
    """The tasks that deliver. All methods are called on the loop; `wake` from any thread by the loop's own call."""

    def __init__(
        self, writer: SqliteWriter, committer: Committer, now_us: Callable[[], int], metrics: ChainMetrics
    ) -> None:
        self._writer, self._committer = writer, committer
        self._now_us, self._metrics = now_us, metrics
        self._tasks: dict[str, tuple[Witness, asyncio.Task[None], asyncio.Event]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._wanted: Sequence[Witness] = ()

    def take(self, witnesses: Sequence[Witness]) -> None:
        """Other witnesses: tasks of those that are gone, or changed, end."""
        self._wanted = witnesses
        if self._group is None:
            return
        known = {each.name: each for each in witnesses}
        for name, (witness, task, _) in list(self._tasks.items()):
            if known.get(name) != witness:
                task.cancel()
                del self._tasks[name]
                self._metrics.witness_gone(name)
        for name, witness in known.items():
            if name not in self._tasks:
                event = asyncio.Event()
                self._metrics.witness_known(name)
                self._tasks[name] = (witness, self._group.create_task(self._serve_one(witness, event)), event)

    def wake(self) -> None:
        """Something new waits."""
        for _, _, event in self._tasks.values():
            event.set()

    async def serve(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            self.take(self._wanted)
            await asyncio.Event().wait()

    async def _serve_one(self, witness: Witness, event: asyncio.Event) -> None:
        wait, failing = RETRY_SECONDS[0], False
        while True:
            event.clear()
            try:
                await self._deliver(witness)
            except (SendError, StoreError) as exc:
                if not failing:
                    LOG.warning(
                        "witness %s (%s) is not reached, it is tried again: %s", witness.name, witness.kind, exc
                    )
                failing = True
                await asyncio.sleep(wait)
                wait = min(wait * 2, RETRY_SECONDS[1])
                continue
            if failing:
                LOG.info("witness %s is reached again", witness.name)
            wait, failing = RETRY_SECONDS[0], False
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await event.wait()
            except TimeoutError:
                pass

    async def _deliver(self, witness: Witness) -> None:
        """All that waits, some at a time. Errors: SendError, StoreError."""
        while True:
            lines = await self._written(partial(self._waiting, witness.name))
            if not lines:
                return
            numbers = [line.number for line in lines]
            try:
                await _send(witness, [line.line for line in lines])
            except SendError as exc:
                self._metrics.witnessed(witness.name, "failed", 1, 0)
                await self._written(partial(self._note, witness.name, numbers, str(exc)))
                raise
            await self._written(partial(self._note, witness.name, numbers, None))
            self._metrics.witnessed(witness.name, "delivered", len(numbers), self._now_us())

    async def _written(self, work: Callable[[], list[Line]]) -> list[Line]:
        """Work on the store, in the writer's thread."""
        found: list[Line] = []
        await self._committer.run_in_writer(lambda: found.extend(work()))
        return found

    def _waiting(self, name: str) -> list[Line]:
        with self._writer.transaction() as db:
            dropped = witnessing.drop_beyond(db, name)
            lines = witnessing.waiting(db, name, AT_ONCE)
            count = witnessing.count_waiting(db, name)
        self._metrics.witness_waits(name, count)
        if dropped:
            self._metrics.witnessed(name, "dropped", dropped, 0)
        return lines

    def _note(self, name: str, numbers: Sequence[int], why: str | None) -> list[Line]:
        with self._writer.transaction() as db:
            if why is None:
                witnessing.delivered(db, numbers, self._now_us())
            else:
                witnessing.failed(db, numbers, why[:500])
            self._metrics.witness_waits(name, witnessing.count_waiting(db, name))
        return []


async def _send(witness: Witness, lines: Sequence[str]) -> None:
    send = blocking(witness)
    if send is None:
        await post(witness, lines)
    else:
        await asyncio.to_thread(send, lines)


def _utc(at: int) -> str:
    return format_instant(at, _UTC)
