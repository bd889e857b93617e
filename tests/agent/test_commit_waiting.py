"""What waits for the store counts as waiting, in a transaction that is under way too."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from agent.commit import Committer
from agent.errors import StoreError
from agent.stores.base import Batch, EdgeRow, RunStart
from sla.model import Cause, Degraded, Edge, State

RUN = RunStart(1, 1, 0, None, clean=False, tracks={})
ROW = EdgeRow(1, 1, 1, Edge(0, State.UP, Degraded.NONE, Cause.PROBE))


class Held:
    """A writer that waits as long as a locked store does, then refuses or writes; and whom the committer tells."""

    def __init__(self, *, refuses: bool) -> None:
        self.refuses = refuses
        self.asked, self.free = threading.Event(), threading.Event()

    def write(self, run: RunStart, batch: Batch) -> None:
        self.asked.set()
        assert self.free.wait(60)
        if self.refuses:
            raise StoreError("database is locked")

    def committed(self, edges: int) -> None: ...
    def refused(self) -> None: ...
    async def durable(self, batch: Batch) -> None: ...


def now() -> int:
    return 1


@pytest.mark.parametrize("refuses", [True, False])
async def test_an_edge_under_way_is_waiting_until_it_is_durable(refuses: bool) -> None:
    store = Held(refuses=refuses)
    clock: Callable[[], int] = now
    committer = Committer(store, RUN, clock, store.durable, store)  # type: ignore[arg-type]  # the store plays all parts
    committer.edge(ROW)
    assert committer.waiting == 1
    commit = asyncio.ensure_future(committer._commit(asyncio.get_running_loop()))
    await asyncio.to_thread(store.asked.wait, 60)
    assert committer.waiting == 1
    store.free.set()
    assert await commit is not refuses
    assert committer.waiting == (1 if refuses else 0)
