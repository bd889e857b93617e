"""Opening the collectors of modules, and closing them when nothing uses them any more."""

import logging
from contextlib import AsyncExitStack

from agent.config import Config
from agent.config.model import ModuleConfig
from agent.runner import OpenModule
from collectors.base import CollectorUnavailableError, Kind

LOG = logging.getLogger(__name__)


class Modules:
    """The open modules. A module whose options changed is opened anew beside the old one, then takes its place."""

    def __init__(self, kinds: dict[str, Kind], into: dict[str, OpenModule]) -> None:
        self._kinds = kinds
        self._open = into
        self._configs: dict[str, ModuleConfig] = {}
        self._stacks: dict[str, AsyncExitStack] = {}

    async def take(self, config: Config, used: set[str]) -> list[AsyncExitStack]:
        """Open what is new or changed among the used ones; returns the stacks to close once their probes ended."""
        retired = [self._drop(name) for name in list(self._open) if name not in used]
        for name in sorted(used):
            module = config.modules[name]
            before = self._configs.get(name)
            if before is not None and before.options == module.options and before.kind == module.kind:
                self._configs[name] = module
                continue
            stack = AsyncExitStack()
            opened = await self._open_one(module, stack)
            if before is not None:
                retired.append(self._drop(name))
            self._open[name], self._stacks[name], self._configs[name] = opened, stack, module
        return retired

    async def close(self) -> None:
        """Close everything."""
        for name in list(self._open):
            await self._drop(name).aclose()

    def _drop(self, name: str) -> AsyncExitStack:
        del self._open[name], self._configs[name]
        return self._stacks.pop(name)

    async def _open_one(self, module: ModuleConfig, stack: AsyncExitStack) -> OpenModule:
        kind = self._kinds[module.kind]
        try:
            collector = await stack.enter_async_context(kind.build(module.options))
        except CollectorUnavailableError as exc:
            LOG.warning("module %s cannot measure on this host: %s", module.name, exc)
            return OpenModule(kind, None, str(exc))
        return OpenModule(kind, collector)
