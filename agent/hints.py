"""What hints do: the targets of whoever sent one are probed early. A hint is never a reading (ADR 0017)."""

import ipaddress
import logging
from collections.abc import Iterable, Mapping
from enum import StrEnum

from agent.config.addresses import host_of
from agent.schedule import Schedule
from agent.selfmetrics import SelfMetrics
from agent.targets import Watched

LOG = logging.getLogger(__name__)

HINTING_KIND = "snmp"
LINE = "line"

MOST_LINES = 100
"""Lines that one hint has probed at once; with forged hints in mind, the rest of a larger device keeps its turns."""


class Hints:
    """Whom a receiver of hints tells."""

    def __init__(self, schedule: Schedule, metrics: SelfMetrics) -> None:
        self._schedule = schedule
        self._metrics = metrics
        self._targets: Mapping[str, tuple[str, ...]] = {}

    def take(self, targets: Mapping[str, tuple[str, ...]]) -> None:
        """Who may give hints from now on, and of what: as `hinted_targets` found it."""
        self._targets = targets

    def knows(self, source: str) -> bool:
        """Whether a hint from there would have any effect."""
        return source in self._targets

    def nudge(self, source: str, why: str) -> None:
        """Probe what is at this address, and the lines that rest on it, as soon as may be."""
        pulled = [id_ for id_ in self._targets.get(source, ()) if self._schedule.pull_forward(id_)]
        self._metrics.early_probes.inc(len(pulled))
        LOG.debug("%s from %s: %d targets are probed early", why, source, len(pulled))

    def count(self, fate: StrEnum, times: int = 1) -> None:
        """What became of a message."""
        self._metrics.traps.labels(str(fate)).inc(times)


def hinted_targets(watched: Iterable[Watched]) -> dict[str, tuple[str, ...]]:
    """By numeric source: ids of the devices there, then of at most MOST_LINES lines that rest on them."""
    every = list(watched)
    devices: dict[str, list[str]] = {}
    for one in every:
        if one.kind == HINTING_KIND and (source := _numeric(one.target.address)):
            devices.setdefault(source, []).append(one.id)
    lines: dict[str, list[str]] = {}
    for one in every:
        if one.role == LINE:
            for parent in {parent.partition("#")[0] for parent in one.parents}:
                lines.setdefault(parent, []).append(one.id)
    return {source: tuple(_with_lines(ids, lines)) for source, ids in devices.items()}


def _with_lines(ids: list[str], lines: Mapping[str, list[str]]) -> list[str]:
    resting = sorted({line for id_ in ids for line in lines.get(id_, ())} - set(ids))
    return [*ids, *resting[:MOST_LINES]]


def _numeric(address: str) -> str:
    """The address as a socket names it, without a zone; "" for a name."""
    host = address if address.count(":") > 1 and not address.startswith("[") else host_of(address)
    try:
        return ipaddress.ip_address(host.partition("%")[0]).compressed
    except ValueError:
        return ""
