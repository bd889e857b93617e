"""Opening the collectors of modules, and closing them when nothing uses them any more."""

import logging
from contextlib import AsyncExitStack

from agent.config import Config
from agent.config.model import ModuleConfig
from agent.errors import AgentError
from agent.runner import OpenModule
from collectors.base import CollectorUnavailableError, Kind, Launcher

LOG = logging.getLogger(__name__)


class Modules:
    """The open modules. A module whose options changed is opened anew beside the old one, then takes its place."""

    def __init__(self, kinds: dict[str, Kind], into: dict[str, OpenModule]) -> None:
        self._kinds = kinds
        self._open = into
        self._configs: dict[str, ModuleConfig] = {}
        self._stacks: dict[str, AsyncExitStack] = {}

    async def take(self, config: Config, used: set[str]) -> list[AsyncExitStack]:
        """Open what is new or changed among the used ones; returns the stacks to close once their probes ended.

        Errors: AgentError when one cannot be opened; then nothing has changed.
        """
        opened: dict[str, tuple[OpenModule, AsyncExitStack]] = {}
        try:
            for name in sorted(used):
                if self._is_new(config.modules[name]):
                    stack = AsyncExitStack()
                    opened[name] = await self._open_one(config.modules[name], stack), stack
        except Exception as exc:
            for _, stack in opened.values():
                await stack.aclose()
            raise AgentError(f"a module cannot be opened: {exc}") from exc
        retired = [self._drop(name) for name in list(self._open) if name not in used or name in opened]
        for name, (module, stack) in opened.items():
            self._open[name], self._stacks[name] = module, stack
        self._configs = {name: config.modules[name] for name in used}
        return retired

    def _is_new(self, module: ModuleConfig) -> bool:
        before = self._configs.get(module.name)
        return before is None or before.options != module.options or before.kind != module.kind

    async def close(self) -> None:
        """Close everything."""
        for name in list(self._open):
            await self._drop(name).aclose()

    def _drop(self, name: str) -> AsyncExitStack:
        del self._open[name]
        return self._stacks.pop(name)

    async def _open_one(self, module: ModuleConfig, stack: AsyncExitStack) -> OpenModule:
        kind = self._kinds[module.kind]
        try:
            collector = await stack.enter_async_context(kind.build(module.options))
        except CollectorUnavailableError as exc:
            LOG.warning("module %s cannot measure on this host: %s", module.name, exc)
            return OpenModule(kind, None, str(exc))
        return OpenModule(kind, collector, launcher=collector if isinstance(collector, Launcher) else None)
