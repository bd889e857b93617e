"""The dns collector: from a server's address to one reading, by the target's timeout."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import dns.flags

from collectors.base import Collector, Module, Reading, Reason, Target, error, failed, ok
from collectors.dns.exchange import Answer, Exchange
from collectors.dns.options import DnsModule, with_port
from collectors.dns.question import ask
from collectors.dns.verdict import VALUES, problem_of, values_of
from collectors.ending import EndError
from collectors.resolve import Address, Resolver, numeric, split_address
from collectors.walking import too_late


class DnsCollector:
    """Asks one module's question; nothing is shared between two probes but the resolver."""

    def __init__(self, module: DnsModule, resolver: Resolver) -> None:
        self._module = module
        self._resolver = resolver

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def collect(self, target: Target) -> Sequence[Reading]:
        """One reading; ends by the target's timeout, the resolver's time included."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            host, port = split_address(with_port(target.address))
        except ValueError as exc:
            return (error(Reason.INTERNAL, f"the target's address: {exc}"),)
        address = await self._locate(target, host, port)
        target.spent("resolve", loop.time() - began)
        if isinstance(address, Reading):
            return (address,)
        named = {} if numeric(host, port) else {"resolve_seconds": loop.time() - began}
        exchange = Exchange(target, address, self._module.source_address, values=named)
        reading = await self._within(exchange, began + target.timeout_seconds)
        return (replace(reading, values={name: exchange.values[name] for name in VALUES if name in exchange.values}),)

    async def _locate(self, target: Target, host: str, port: int) -> Address | Reading:
        """The server's address; of a name the resolver's first."""
        family, kind = self._module.wanted_family, socket.SOCK_DGRAM
        found = await self._resolver.resolve(host, port, family, kind, target.timeout_seconds)
        if isinstance(found, Reading):
            target.step("resolve", found.detail)
            return found
        if numeric(host, port) is None:
            target.step("resolve", f"{host} is {' '.join(str(address) for address in found)}")
        return target.refusal(host, found[0].sockaddr[0]) or found[0]

    async def _within(self, exchange: Exchange, until: float) -> Reading:
        loop, seconds = asyncio.get_running_loop(), exchange.target.timeout_seconds
        began = loop.time()
        if began >= until:
            return error(Reason.RESOLVER, f"our resolver took all of the {seconds:g} s")
        try:
            async with asyncio.timeout_at(until):
                return await self._ask(exchange)
        except EndError as exc:
            return exc.reading
        except TimeoutError:
            return _overdue(exchange, loop.time() - until)
        finally:
            exchange.target.spent("exchange", loop.time() - began)

    async def _ask(self, exchange: Exchange) -> Reading:
        question = ask(self._module)
        began = asyncio.get_running_loop().time()
        exchange.target.step("ask", f"{self._module.query_name} {self._module.query_type}, id {question.id}")
        over_tcp = self._module.transport == "tcp"
        answer = await (exchange.over_tcp(question) if over_tcp else exchange.over_udp(question))
        if not over_tcp and self._module.tcp_fallback and answer.message.flags & dns.flags.TC:
            exchange.target.step("truncated", "once more over TCP")
            answer, over_tcp = await exchange.over_tcp(ask(self._module)), True
        exchange.values |= {"query_seconds": answer.at - began, "tcp": float(over_tcp)}
        return self._judge(exchange, answer)

    def _judge(self, exchange: Exchange, answer: Answer) -> Reading:
        exchange.values |= values_of(answer.question, answer.message)
        exchange.values["response_bytes"] = float(answer.size)
        problem = problem_of(self._module, answer.question, answer.message)
        if problem:
            return failed(Reason.MISMATCH, f"{exchange.address}: {problem}")
        return ok(detail=f"measured {exchange.address}" if "resolve_seconds" in exchange.values else "")


def _overdue(exchange: Exchange, late: float) -> Reading:
    seconds = exchange.target.timeout_seconds
    if ours := too_late(late, seconds):
        return ours
    waited = f"no {exchange.doing.partition(' ')[2]} from {exchange.address} within {seconds:g} s"
    if exchange.stray:
        return failed(Reason.PROTOCOL, f"{waited}; what came instead: {exchange.stray}")
    return failed(Reason.TIMEOUT, waited)


def build(module: Module) -> Collector:
    """A collector for a module. Errors: TypeError for the module of another kind."""
    if not isinstance(module, DnsModule):
        raise TypeError(f"kind dns got a {type(module).__name__}, wanted a DnsModule")
    return DnsCollector(module, Resolver())
