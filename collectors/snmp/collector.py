"""The snmp collector: from a device's address to one reading of it, and one of each interface that is looked at.

A device that does not answer says nothing of its interfaces: they get no reading and become UNKNOWN (S2), as the
parts of a host do. Sessions are kept from probe to probe, one of each device, used by one probe at a time; after
anything but a good end a session is closed.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Sequence
from typing import Self

from collectors.base import (
    Collector,
    CollectorUnavailableError,
    Module,
    Reading,
    Reason,
    Target,
    error,
    failed,
    ok,
    recognised,
)
from collectors.ending import EndError
from collectors.resolve import Address, Resolver, numeric
from collectors.snmp.counters import Sample, rates
from collectors.snmp.credentials import reveal
from collectors.snmp.doubt import Suspect, why_denied, why_silent
from collectors.snmp.options import SnmpModule, dialled
from collectors.snmp.readers import Found, read_interfaces, read_system
from collectors.snmp.session import Backend, Credentials, DeniedError, Session
from collectors.snmp.talk import Plan, SilenceError, Talk
from collectors.snmp.verdict import reading

_MOST_SESSIONS = 4096
_MOST_HISTORIES = 50_000
_LONGEST_TRY = 2.0


class SnmpCollector:
    """Asks devices with one module; holds their sessions and what their counters were."""

    def __init__(self, module: SnmpModule, resolver: Resolver) -> None:
        self._module = module
        self._resolver = resolver
        self._user = ""
        self._backend: Backend | None = None
        self._sessions: OrderedDict[Address, Session] = OrderedDict()
        self._samples: OrderedDict[str, dict[str, Sample]] = OrderedDict()

    async def __aenter__(self) -> Self:
        credentials = reveal(self._module)
        self._user = credentials.user
        try:
            self._backend = _backend(self._module, credentials)
        except ImportError as exc:
            what = f"backend {self._module.chosen_backend} is not installed ({exc})"
            raise CollectorUnavailableError(f"snmp: {what}; install it, or let backend be auto") from exc
        return self

    async def __aexit__(self, *exc: object) -> None:
        while self._sessions:
            self._sessions.popitem()[1].close()
        if self._backend is not None:
            self._backend.close()

    async def collect(self, target: Target) -> Sequence[Reading]:
        """The device first, then its interfaces; ends by the target's timeout, the resolver's time included."""
        loop = asyncio.get_running_loop()
        until = loop.time() + target.timeout_seconds
        try:
            host, port = dialled(target.address)
        except ValueError as exc:
            return (error(Reason.INTERNAL, f"the target's address: {exc}"),)
        address = await self._locate(target, host, port)
        if isinstance(address, Reading):
            return (address,)
        if loop.time() >= until:
            return (error(Reason.RESOLVER, f"our resolver took all of the {target.timeout_seconds:g} s"),)
        found = await self._ask(target, address, until)
        late = loop.time() - until
        if isinstance(found, Reading):
            if late > target.timeout_seconds / 2 and found.reason is Reason.TIMEOUT:  # S1: then it was us
                return (error(Reason.LATE, f"our loop came {late:.3f} s after the deadline: {found.detail}"),)
            return (found,)
        return self._readings(target, found)

    async def _locate(self, target: Target, host: str, port: int) -> Address | Reading:
        """The device's address; of a name the resolver's first."""
        family, kind = self._module.wanted_family, socket.SOCK_DGRAM
        found = await self._resolver.resolve(host, port, family, kind, target.timeout_seconds)
        if isinstance(found, Reading):
            target.step("resolve", found.detail)
            return found
        if numeric(host, port) is None:
            target.step("resolve", f"{host} is {' '.join(str(address) for address in found)}")
        return found[0]

    async def _ask(self, target: Target, address: Address, until: float) -> Found | Reading:
        plan = self._plan(target)
        try:
            session = self._session(address)
        except EndError as exc:
            return exc.reading
        talk = Talk(target, session, plan, until - plan.try_seconds / 2)  # the rest is to find out why
        good = False
        try:
            found = await self._read(talk)
            good = True
        except EndError as exc:
            return exc.reading
        except SilenceError as exc:
            return await self._silence(target, talk, exc, self._suspect(target, address, plan, until))
        except DeniedError as exc:
            return await why_denied(self._suspect(target, address, plan, until), str(exc))
        finally:
            self._put_back(address, session, good=good)
        return found

    async def _read(self, talk: Talk) -> Found:
        if self._module.read == "system":
            return await read_system(talk)
        return await read_interfaces(talk, self._module)

    async def _silence(self, target: Target, talk: Talk, silence: SilenceError, suspect: Suspect) -> Reading:
        """It answered nothing, or no more: only what never answered at all is looked into."""
        plan, address = self._plan(target), suspect.address
        if talk.answered:
            return _broken_off(target, f"{address} answered {talk.answered} requests", silence)
        target.step("doubt", f"does {address} answer at all?")
        waited = f"no answer from {address} in {plan.tries} tries of {plan.try_seconds:.3g} s"
        said = await why_silent(suspect, waited, silence.garbage)
        if said.reason is Reason.PERMISSION and self._backend is not None:
            self._backend.distrust()
        return said

    def _suspect(self, target: Target, address: Address, plan: Plan, until: float) -> Suspect:
        enough = asyncio.get_running_loop().time() + min(plan.try_seconds, target.timeout_seconds / 4)
        return Suspect(address, self._module.source_address, self._user, min(enough, until))

    def _plan(self, target: Target) -> Plan:
        module = self._module
        tries = 1 if target.single_attempt else module.retries + 1
        return Plan(tries, _try_seconds(module, target.timeout_seconds, tries), module.max_repetitions, module.max_rows)

    def _session(self, address: Address) -> Session:
        """The kept one, unless another probe uses it now. Errors: EndError."""
        if self._backend is None:
            raise EndError(error(Reason.STOPPED, "the collector is not open"))
        kept = self._sessions.pop(address, None)
        return self._backend.session(address) if kept is None else kept

    def _put_back(self, address: Address, session: Session, *, good: bool) -> None:
        if not good or address in self._sessions:
            session.close()
            return
        self._sessions[address] = session
        if len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)[1].close()

    def _readings(self, target: Target, found: Found) -> list[Reading]:
        before = self._samples.pop(target.id, {})
        readings = [recognised(ok(found.values, detail=found.detail), found.identity)]
        kept: dict[str, Sample] = {}
        for look in found.looks:
            component, sample = look.port.component, look.sample()
            said = reading(look, rates(before.get(component), sample), known=component in before)
            if said is not None:
                readings.append(said)
                kept[component] = sample
        if kept:
            self._samples[target.id] = kept
        if len(self._samples) > _MOST_HISTORIES:
            self._samples.popitem(last=False)
        target.step("interfaces", f"{len(kept)} of {len(found.looks)} looked at say something") if found.looks else None
        return [*readings, *found.missing]


def _backend(module: SnmpModule, credentials: Credentials) -> Backend:
    """The library that the module chose: one is not there for every machine, the other dear to import."""
    if module.chosen_backend == "gufo":
        from collectors.snmp.gufo_backend import GufoBackend

        return GufoBackend(credentials)
    from collectors.snmp.pysnmp_backend import PysnmpBackend

    return PysnmpBackend(credentials, module.source_address, _try_seconds(module, module.timeout, module.retries + 1))


def _broken_off(target: Target, answered: str, silence: SilenceError) -> Reading:
    """It began to answer and did not come to the end."""
    if silence.garbage:
        return failed(Reason.PROTOCOL, f"{answered}, then only: {silence.garbage}")
    if silence.out_of_time:
        more = "and there was more to ask: raise timeout, or name fewer interfaces"
        return failed(Reason.TIMEOUT, f"{answered} in the {target.timeout_seconds:g} s, {more}")
    return failed(Reason.TIMEOUT, f"{answered}, then no more")


def _try_seconds(module: SnmpModule, timeout: float, tries: int) -> float:
    """What one try may take, so that all of them, and one more question, fit into the timeout."""
    wanted = _LONGEST_TRY if module.try_timeout is None else module.try_timeout
    return min(wanted, timeout / (tries + 1))


def build(module: Module) -> Collector:
    """A collector for a module. Errors: TypeError for the module of another kind."""
    if not isinstance(module, SnmpModule):
        raise TypeError(f"kind snmp got a {type(module).__name__}, wanted an SnmpModule")
    return SnmpCollector(module, Resolver())
