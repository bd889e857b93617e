"""Keeps trap receivers listening as the configuration says; where this host does not let one, the agent runs on."""

import asyncio
import logging
from typing import TYPE_CHECKING

from agent.config.schema import Traps
from agent.hints import Hints
from agent.selfmetrics import SelfMetrics
from collectors.base import CollectorUnavailableError
from collectors.snmp.credentials import reveal_community, reveal_user

if TYPE_CHECKING:
    from collectors.snmp.trap_messages import TrapReader

LOG = logging.getLogger(__name__)

AGAIN_SECONDS = 30.0


class TrapListeners:
    """One receiver for each address. `take` a configuration at any time; `serve` until cancelled."""

    def __init__(self, hints: Hints, metrics: SelfMetrics) -> None:
        self._hints = hints
        self._metrics = metrics
        self._wanted = Traps()
        self._broken: set[str] = set()
        self._changed = asyncio.Event()

    def take(self, wanted: Traps) -> None:
        """Listen as this says; what is the same is not touched."""
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()

    async def serve(self) -> None:
        """Listen, and begin anew when that changes."""
        while True:
            self._changed.clear()
            wanted = self._wanted
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._keep(address, wanted)) for address in wanted.listen_addresses]
                await self._changed.wait()
                for task in tasks:
                    task.cancel()

    async def _keep(self, address: str, wanted: Traps) -> None:
        """Listen on one address, or try again now and then; each change is said once."""
        said = ""
        gauge = self._metrics.traps_listening.labels(address)
        gauge.set(0)
        try:
            while True:
                why = await self._listen(address, wanted)
                gauge.set(0)
                if why != said:
                    LOG.error("no traps are heard on %s: %s; tried again every %g s", address, why, AGAIN_SECONDS)
                    said = why
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._metrics.traps_listening.remove(address)

    async def _listen(self, address: str, wanted: Traps) -> str:
        """Why it came to an end, which it does not by itself."""
        try:
            reader = await asyncio.to_thread(_reader, wanted)
            from collectors.snmp.traps import TrapReceiver

            host, _, port = address.rpartition(":")
            receiver = TrapReceiver(host.strip("[]"), int(port), reader, lambda: self._listening(address))
            await receiver.serve(self._hints)
        except OSError as exc:
            return f"{exc.strerror or exc}{_PRIVILEGE if isinstance(exc, PermissionError) else ''}"
        except CollectorUnavailableError as exc:
            return str(exc)
        except Exception as exc:  # a hint more or less is never worth the agent
            if address not in self._broken:
                self._broken.add(address)
                LOG.exception("the trap receiver on %s broke on our side", address)
            return f"our own fault ({type(exc).__name__})"
        return "it ended"

    def _listening(self, address: str) -> None:
        self._metrics.traps_listening.labels(address).set(1)
        LOG.info("traps are heard on %s", address)


_PRIVILEGE = "; a port below 1024 needs CAP_NET_BIND_SERVICE (docs/collectors.md)"


def _reader(wanted: Traps) -> "TrapReader":
    """In a thread: the library takes half a second to load, and each password some milliseconds to become a key."""
    from collectors.snmp.trap_messages import TrapReader

    communities = [reveal_community(secret) for secret in wanted.communities]
    return TrapReader(communities, [reveal_user(user) for user in wanted.users])
