"""Seals by themselves in the running agent, and on demand; never while the clock is in doubt (T4, E3)."""

import logging
from collections.abc import Callable
from typing import NamedTuple, Protocol

from agent.chainmetrics import ChainMetrics
from agent.errors import UsageError
from agent.headmaking import HOUR_US
from agent.sealing import Asked, Sealer
from agent.stores.sealed import KeptSeal

LOG = logging.getLogger(__name__)

AGENT = "agent"


class Watch(Protocol):
    """What is asked of the clocks."""

    @property
    def unresolved(self) -> bool: ...

    synchronised: bool | None


class Done(NamedTuple):
    """What came of being asked to seal."""

    seals: list[KeptSeal]
    words: list[str]


class SealJobs:
    """Looks once an hour for months to seal. All methods are called in the chain's thread."""

    def __init__(
        self, sealer: Sealer, now_us: Callable[[], int], watch: Callable[[], Watch], metrics: ChainMetrics
    ) -> None:
        self._sealer, self._now_us, self._watch, self._metrics = sealer, now_us, watch, metrics
        self._looked = -1
        self._is_told = False

    def look(self, pause: Callable[[], None]) -> bool:
        """Seal what is due, where the clock lets us; True if anything was sealed. Errors: what `pause` raises."""
        now = self._now_us()
        if now // HOUR_US == self._looked:
            return False
        due = self._sealer.due(now)
        self._metrics.seals_missing.set(len(due))
        why = self._why_not()
        if why is not None:
            if due and not self._is_told:
                LOG.warning("%d months wait to be sealed: %s", len(due), why)
            self._is_told = bool(due)
            self._looked = now // HOUR_US
            return False
        made = []
        for period in due:
            pause()
            made.append(self._seal(period, Asked(now, AGENT)))
        made += self._revise(Asked(now, AGENT))
        self._looked, self._is_told = now // HOUR_US, False
        self._metrics.seals_missing.set(0)
        return bool(made)

    def on_demand(self, period: str | None, by: str, *, accept_clock: bool) -> Done:
        """What a person asks for. Errors: UsageError where the clock is in doubt, or the month is not over."""
        refuse_doubt(is_open=self._watch().unresolved)
        asked = Asked(self._now_us(), by, clock_words(self._watch().synchronised, by, accept_clock=accept_clock))
        periods = self._sealer.due(asked.now) if period is None else [period]
        made = [self._seal(each, asked) for each in periods] + self._revise(asked)
        return Done(made, told(made))

    def _why_not(self) -> str | None:
        if self._watch().unresolved:
            return "the clock is in doubt, nobody knows which months are over (T4)"
        if self._watch().synchronised is not True:
            return "the kernel does not call its clock synchronised; sla-agent seal --accept-clock seals all the same"
        return None

    def _seal(self, period: str, asked: Asked) -> KeptSeal:
        kept = self._sealer.seal(period, asked)
        self._metrics.seals.labels("first").inc()
        return kept

    def _revise(self, asked: Asked) -> list[KeptSeal]:
        made = self._sealer.revise(asked)
        self._metrics.seals.labels("revision").inc(len(made))
        return made


def refuse_doubt(*, is_open: bool) -> None:
    """Errors: UsageError while a step of the clock is unresolved: then nobody knows which months are over (T4)."""
    if is_open:
        raise UsageError(
            "seal: a step of the clock is unresolved, so nothing is sealed; look at it, and accept it if the clock is "
            "right now: sla-agent clock --accept"
        )


def clock_words(synchronised: bool | None, by: str, *, accept_clock: bool) -> str:
    """What a seal says of the clock. Errors: UsageError for an unsynchronised one that nobody accepts (T4)."""
    if synchronised:
        return "synchronised"
    if not accept_clock:
        raise UsageError(
            "seal: the kernel does not call its clock synchronised; start its time service, or take the clock as it is "
            "for right: --accept-clock"
        )
    return f"not synchronised, accepted by {by}"


def told(made: list[KeptSeal]) -> list[str]:
    """What was sealed, line by line."""
    if not made:
        return ["nothing to seal: no month is over for 72 h that has no seal, and nothing came that concerns one"]
    return [line for kept in made for line in _told_one(kept)]


def _told_one(kept: KeptSeal) -> list[str]:
    seal = kept.seal
    lines = [
        f"{seal.period} sealed, revision {seal.revision}, up to head {seal.last_head}: {seal.algorithm}:{kept.digest}"
    ]
    for each in seal.said.get("because", ()):
        first = ", ".join(each["first"][:3])
        lines.append(f"  {each['rows']} rows of {each['table']} by {each['by'] or 'unknown'}: {first}")
    for each in seal.said.get("figures", ()):
        was, now = (each[name] and each[name]["display"] for name in ("was", "is"))
        lines.append(f"  plan {each['plan']}, {each['indicator']}: was {was}, is {now}")
    return lines
