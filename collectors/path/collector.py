"""A trace for people: `sla-agent probe path ADDRESS` shows each hop. Nothing schedules it."""

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

from collectors.base import (
    Collector,
    CollectorUnavailableError,
    Kind,
    Module,
    Reading,
    Reason,
    Target,
    error,
    failed,
    ok,
)  # fmt: skip
from collectors.errnos import from_host
from collectors.path.model import End, Hop, Method, Traced, hop_words, last_answered, sentence
from collectors.path.options import PathModule, check_address, host_and_port
from collectors.path.tracer import trace
from collectors.resolve import Resolver

VALUES: Mapping[str, str] = {
    "rtt_seconds": "Shortest round trip to the address itself.",
    "hops": "The farthest hop that answered; 0 where none did.",
}

_SOCKTYPES = {Method.ICMP: socket.SOCK_RAW, Method.UDP: socket.SOCK_DGRAM, Method.TCP: socket.SOCK_STREAM}


class Tracers:
    """Threads of their own for traces: each blocks for seconds, and the loop's own threads are for others.

    Units: `concurrency` traces at once; more wait.
    """

    def __init__(self, concurrency: int) -> None:
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="path")
        self._resolver = Resolver()

    def close(self) -> None:
        """Every trace has ended, or was told to."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def trace(
        self, host: str, port: int | None, recipe: PathModule, told: Callable[[Hop], None] = lambda _: None
    ) -> Traced | Reading:
        """One trace to a host or address; a reading of outcome error where this host could not make it."""
        socktype = _SOCKTYPES[recipe.method]
        found = await self._resolver.resolve(host, port or 0, recipe.address_family, socktype, recipe.timeout)
        if isinstance(found, Reading):
            return found
        stop = threading.Event()
        work = partial(trace, found[0], recipe, port=port, told=told, stopping=stop.is_set)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except CollectorUnavailableError as exc:
            return error(Reason.PERMISSION, str(exc))
        except OSError as exc:
            return from_host(exc.errno, f"trace to {found[0].sockaddr[0]}")
        finally:
            stop.set()


class PathCollector:
    """Traces with one module's recipe."""

    def __init__(self, module: PathModule) -> None:
        self._module = module
        self._tracers = Tracers(KIND.concurrency)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._tracers.close()

    async def collect(self, target: Target) -> Sequence[Reading]:
        """One reading: whether the address itself answered, and how far anything did."""
        host, port = host_and_port(target.address)
        recipe = self._module.model_copy(update={"timeout": target.timeout_seconds})

        def told(hop: Hop) -> None:
            target.step(f"hop {hop.number}", hop_words(hop))

        traced = await self._tracers.trace(host, port or recipe.port, recipe, told)
        return (traced if isinstance(traced, Reading) else reading(traced),)


def reading(traced: Traced) -> Reading:
    """What a trace says as a reading."""
    last = last_answered(traced.hops)
    values = {"hops": float(last.number if last else 0)}
    if traced.end is End.ARRIVED and last is not None:
        return ok({"rtt_seconds": min(answer.seconds for answer in last.answers), **values}, detail=sentence(traced))
    reason = Reason.UNREACHABLE if traced.end is End.UNREACHABLE else Reason.TIMEOUT
    return failed(reason, sentence(traced), values)


def _build(module: Module) -> Collector:
    if not isinstance(module, PathModule):
        raise TypeError(f"got a {type(module).__name__}, wanted a PathModule")
    return PathCollector(module)


KIND = Kind(
    name="path",
    module_type=PathModule,
    build=_build,
    check_address=check_address,
    values=VALUES,
    owns_deadline=True,
    concurrency=4,
    per_second=4,
)
