"""From the configuration to what runs: watched targets, with addresses of this host's own filled in."""

import ipaddress
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from sys import intern
from types import MappingProxyType

from agent.config import Config, TargetConfig
from agent.config.addresses import host_of, version_of
from agent.config.model import ModuleConfig
from agent.config.tier_schema import Tier
from agent.config.tokens import resolve_token
from agent.registered import family_module
from agent.targets import Duty, Watched
from agent.vantage import GATEWAY_ONLY
from collectors.base import Target
from sla.confirm import FOREVER, Rules
from sla.limits import Limit, reason_of
from sla.model import Degraded, Window

LOG = logging.getLogger(__name__)

_NO_LIMITS: Mapping[str, Limit] = MappingProxyType({})

SELFCHECK_PREFIX = "vantage"
"""Ids of the self-check's own targets begin so."""


def watched_targets(
    config: Config, targets: Iterable[TargetConfig], resolve: Callable[[str], str | None] = resolve_token
) -> Iterator[Watched]:
    """Everything to probe: the vantage's self-check first, then the targets, for which the configuration has modules.

    A target whose token (@gateway …) stands for nothing on this host is left out, and the log says so.
    """
    if config.vantage.gateway and resolve(config.vantage.gateway) is None:
        LOG.warning("the self-check has no gateway: this host has no %s", config.vantage.gateway)
    yield from selfcheck_targets(config, resolve)
    for target in targets:
        address = resolve(target.address)
        if address is None:
            LOG.warning("target %s is not probed: this host has no %s", target.id, target.address)
            continue
        yield _watched(config, target, address)


def needs_no_selfcheck(kind: str, address: str) -> bool:
    """Loopback and this host itself are reached without any uplink (S6)."""
    if kind == "host":
        return True
    host = host_of(address)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _watched(config: Config, target: TargetConfig, address: str) -> Watched:
    module = config.modules[target.module]
    return Watched(
        target=Target(id=target.id, address=address, timeout_seconds=target.timeout_seconds),
        kind=intern(target.kind),
        module=intern(_module_name(target)),
        vantage=config.vantage.name,
        rules=_rules(config, target.interval_seconds),
        retry_ns=int(target.retry_interval_seconds * 1e9),
        down_loss=config.states.down_loss,
        role=intern(str(target.role)),
        name=target.name,
        limits=_limits(module, target.tier),
        site=intern(target.site_id or ""),
        plane=None if needs_no_selfcheck(target.kind, address) else target.plane or GATEWAY_ONLY,
        confirm=target.confirm,
        labels=tuple((label, str(getattr(target, label, None) or "")) for label in config.labels),
        service=_service(target),
        families=_families(target),
        parents=target.parents,
    )


def selfcheck_targets(config: Config, resolve: Callable[[str], str | None] = resolve_token) -> Iterator[Watched]:
    """The gateway, where this host has the one that is meant, and each plane's anchors."""
    vantage = config.vantage
    gateway = resolve(vantage.gateway) if vantage.gateway else None
    if gateway is not None:
        yield _check(config, Duty.GATEWAY, gateway, vantage.module, vantage.interval_seconds, None)
    for name, plane in config.planes.items():
        for address in plane.anchors:
            yield _check(config, Duty.ANCHOR, address, plane.module, plane.interval, name)


def _check(
    config: Config, duty: Duty, address: str, module_name: str, interval_seconds: float, plane: str | None
) -> Watched:
    """A target of the self-check: probed like any other, but its failures are the vantage's (S6)."""
    module = config.modules[module_name]
    where = f"{plane}/{address}" if plane else str(duty)
    return Watched(
        target=Target(
            id=f"{SELFCHECK_PREFIX}:{config.vantage.name}/{where}",
            address=address,
            timeout_seconds=min(module.timeout_seconds, interval_seconds),
        ),
        kind=module.kind,
        module=module_name,
        vantage=config.vantage.name,
        rules=_rules(config, interval_seconds),
        retry_ns=int(min(interval_seconds, max(interval_seconds / 6, 5.0)) * 1e9),
        down_loss=config.states.down_loss,
        name=f"{duty} {address}",
        plane=plane,
        duty=duty,
        labels=tuple((label, "") for label in config.labels),
    )


def _rules(config: Config, interval_seconds: float) -> Rules:
    states = config.states
    return _shared(
        Rules(
            interval=round(interval_seconds * 1_000_000),
            down_after=states.down_after,
            up_after=states.up_after,
            blips=states.blips,
            blip_window=round(states.blip_window * 1_000_000),
        )
    )


@lru_cache(maxsize=256)
def _shared(rules: Rules) -> Rules:
    """One object for all targets that have the same: there are 43 000 of them and a handful of rules."""
    return rules


def _limits(module: ModuleConfig, tier: Tier | None) -> Mapping[str, Limit]:
    """The module's; of a line those of its tier in place of whatever the module says of loss and delay (C4)."""
    limits = {name: Limit(limit.min, limit.max) for name, limit in module.limits.items()}
    if tier is None:
        return limits or _NO_LIMITS
    others = {name: limit for name, limit in limits.items() if not reason_of(name) & (Degraded.LOSS | Degraded.RTT)}
    return {**others, "loss_ratio": Limit(maximum=tier.loss_ratio), "rtt_seconds": Limit(maximum=tier.rtt_seconds)}


def _families(target: TargetConfig) -> tuple[tuple[str, str], ...]:
    """Component and module for each IP version, where it must answer on more than one."""
    if len(target.families_required) < 2:
        return ()
    return tuple((f"v{family}", family_module(target.module, family)) for family in target.families_required)


def _module_name(target: TargetConfig) -> str:
    """Its module, for one required IP version the one that asks on it; a numeric address has its version."""
    if len(target.families_required) == 1 and not version_of(target.address):
        return family_module(target.module, target.families_required[0])
    return target.module


def _service(target: TargetConfig) -> tuple[Window, ...]:
    if target.service:
        return target.service
    start, end = target.in_service_from_us, target.in_service_to_us
    if start is None and end is None:
        return ()
    return (Window(-FOREVER if start is None else start, FOREVER if end is None else end),)
