"""Imports into the store that a running agent writes: one after the other, each whole or not at all.

A child process reads and checks the file (agent.imports.staging). Only then the agent's loop gives out ids and the
writer's thread copies the staged rows in one transaction, between two commits.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agent.commit import Committer
from agent.errors import AgentError, StoreError
from agent.imports.request import ImportOutcome, ImportRequest
from agent.imports.staging import COMMAND, Order, outcome_from_json, provisional_ids
from agent.ledger import Ledger
from agent.stores.importing import StagedImport
from agent.stores.writing import SqliteWriter

LOG = logging.getLogger(__name__)

DEADLINE_SECONDS = 1800.0
DURABLE_SECONDS = 30.0
_POLL_SECONDS = 0.05
_SAID = 2000
"""Characters of a broken child's last words that are logged."""


class Parts(NamedTuple):
    """What of the running agent an import needs; `changing` is held while the configuration is taken."""

    store: Path
    writer: SqliteWriter
    committer: Committer
    ledger: Ledger
    changing: asyncio.Lock
    now_us: Callable[[], int]


class LiveImports:
    """Takes files into a running agent's store. All methods are called on the loop."""

    def __init__(self, agent: Parts) -> None:
        self._agent = agent
        self._one = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def take(self, request: ImportRequest, data: Path) -> ImportOutcome:
        """Import the file at `data`; `request.data` is not looked at. No other import changes the store meanwhile.

        Errors: UsageError, ImportProblemsError, StoreError.
        """
        staged = data.with_name("staged.db")
        async with self._one:
            outcome = await self._staged(Order(request, data, self._agent.store, staged))
            async with self._agent.changing:
                mine = await self._mine(outcome)
                if mine.changed and not request.dry_run:
                    await self._write(request, outcome, mine, staged)
        LOG.info("import %s by %s: %s", request.kind, request.by, "; ".join(mine.words()))
        return mine

    def stop(self) -> None:
        """The agent ends: what is being read is given up, what is being written is finished."""
        self._stopping = True
        if self._child is not None and self._child.returncode is None:
            self._child.kill()

    async def _staged(self, order: Order) -> ImportOutcome:
        self._refuse_when_stopping()
        pipe = asyncio.subprocess.PIPE
        self._child = child = await asyncio.create_subprocess_exec(
            sys.executable, *COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment()
        )
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                answer, words = await child.communicate(order.to_json().encode())
        except TimeoutError:
            raise StoreError(f"{order.request.file}: not read within {DEADLINE_SECONDS:g} s; split the file") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        self._refuse_when_stopping()
        if child.returncode:
            LOG.error("reading %s ended with %d: %s", order.request.file, child.returncode, words[-_SAID:].decode())
            raise AgentError(
                f"{order.request.file}: the process that read it ended with {child.returncode}, nothing was applied; "
                "the agent's log has its words, memory may have run out: split the file"
            )
        return outcome_from_json(answer)

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise StoreError("the agent is stopping; nothing was applied, import again when it runs")

    async def _mine(self, outcome: ImportOutcome) -> ImportOutcome:
        """The outcome without new ids that the ledger has given out meanwhile. It waits until those are durable.

        Otherwise a kill could leave rows of a component that no store knows, and its id would be given out again.
        """
        known: list[str] = []
        ledger = self._agent.ledger
        while (now_known := [name for name in outcome.created if ledger.component_of(name)]) != known:
            known = now_known
            await self._durable()
        return replace(outcome, created=tuple(name for name in outcome.created if not ledger.component_of(name)))

    async def _durable(self) -> None:
        """Wait until all that the ledger knows now is in the store. Errors: StoreError."""
        now = self._agent.now_us()
        try:
            async with asyncio.timeout(DURABLE_SECONDS):
                while self._agent.committer.durable_until <= now:  # noqa: ASYNC110 (nothing tells of a commit)
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise StoreError(
                f"the store has written nothing for {DURABLE_SECONDS:g} s; see the agent's log, then import again"
            ) from None

    async def _write(self, request: ImportRequest, staged: ImportOutcome, mine: ImportOutcome, path: Path) -> None:
        agent = self._agent
        self._refuse_when_stopping()
        made = agent.ledger.adopt({name: staged.kinds.get(name, "imported") for name in mine.created})
        try:
            ids = {component.name: component.id for component in made}
            for name in staged.created:
                if (known := agent.ledger.component_of(name)) is not None:
                    ids[name] = known.id
            real = {number: ids[name] for name, number in provisional_ids(staged.created).items()}
            rows = StagedImport(path, real, made, agent.now_us(), request.by)
            await agent.committer.run_in_writer(partial(rows.take_over, agent.writer))
        except Exception:
            agent.ledger.settle_adopted(written=False)
            raise
        agent.ledger.settle_adopted(written=True)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
