"""Collectors for on-demand probes: opened when first asked for, shared by all who ask, closed when nobody does.

They are instances of their own: what a kind shares in its `build` (sockets, engines, breakers) is shared with the
scheduled probes, what belongs to one open module is not, so that nobody's slow names hold up the schedule.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from agent.config.model import ModuleConfig
from agent.runner import OpenModule
from collectors.base import CollectorUnavailableError, Kind

LOG = logging.getLogger(__name__)

IDLE_NS = 300_000_000_000
"""A collector that nobody asked for in five minutes is closed: longer than any usual scrape interval."""


class _Loan:
    """One open module and who uses it now."""

    def __init__(self, module: ModuleConfig, kind: Kind) -> None:
        self.module = module
        self.users = 0
        self.last_ns = 0
        self.is_retired = False
        self._kind = kind
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._opened: OpenModule | None = None

    async def opened(self) -> OpenModule:
        """The collector, opened once. One that this host does not allow is tried again by the next who asks."""
        async with self._lock:
            if self._opened is None:
                try:
                    collector = await self._stack.enter_async_context(self._kind.build(self.module.options))
                except CollectorUnavailableError as exc:
                    return OpenModule(self._kind, None, str(exc))
                self._opened = OpenModule(self._kind, collector)
            return self._opened

    async def close(self) -> None:
        """Close the collector."""
        await self._stack.aclose()


class Borrowed:
    """The open modules by name. A module that a reload changed is opened anew; the old one closes after its probes."""

    def __init__(self, kinds: Mapping[str, Kind], now_ns: Callable[[], int]) -> None:
        self._kinds = kinds
        self._now_ns = now_ns
        self._loans: dict[str, _Loan] = {}

    @property
    def names(self) -> frozenset[str]:
        """The modules that are open now."""
        return frozenset(self._loans)

    @asynccontextmanager
    async def lent(self, module: ModuleConfig) -> AsyncIterator[OpenModule]:
        """The module, open for as long as the block runs."""
        loan = self._loans.get(module.name)
        if loan is None or loan.module.options != module.options or loan.module.kind != module.kind:
            await self._retire(module.name)
            loan = self._loans[module.name] = _Loan(module, self._kinds[module.kind])
        loan.users += 1
        try:
            yield await loan.opened()
        finally:
            loan.users, loan.last_ns = loan.users - 1, self._now_ns()
            if loan.is_retired and not loan.users:
                await loan.close()

    async def keep_only(self, modules: Mapping[str, ModuleConfig]) -> None:
        """Close what nobody asked for in a while, and what the configuration has changed or no longer has."""
        for name, loan in list(self._loans.items()):
            module = modules.get(name)
            is_old = module is None or module.options != loan.module.options
            if is_old or (not loan.users and self._now_ns() - loan.last_ns > IDLE_NS):
                await self._retire(name)

    async def close(self) -> None:
        """Close everything; nothing is on loan any more."""
        for name in list(self._loans):
            await self._retire(name)

    async def _retire(self, name: str) -> None:
        loan = self._loans.pop(name, None)
        if loan is None:
            return
        loan.is_retired = True
        if not loan.users:
            await loan.close()
