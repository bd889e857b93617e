"""A draft without problems into the configuration in force."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from zoneinfo import ZoneInfo

from agent.config.builtin import DEFAULT_ROLES
from agent.config.draft import Draft
from agent.config.instants import parse_instant
from agent.config.model import Config, KindConfig, ModuleConfig, TargetConfig, VantageConfig, default_retry
from agent.config.schema import KindLimits, Role, TargetRow, Vantage
from agent.config.show import digest_of
from collectors.base import Kind


def config_of(draft: Draft) -> Config:
    """The configuration in force. Shape: only for a draft in which the rules found nothing."""
    config = Config(
        zone=draft.head.zone,
        vantage=_vantage(draft),
        store=draft.store,
        web=draft.web,
        probe=draft.probe,
        log=draft.log,
        planes=MappingProxyType(dict(draft.planes)),
        states=draft.states,
        tiers=draft.tiers,
        kinds=MappingProxyType(_kinds(draft.kinds, draft.limits)),
        modules=MappingProxyType(dict(draft.modules)),
        targets=tuple(_target(draft, row) for row in draft.rows.values()),
        labels=draft.head.labels,
        registers=draft.registers,
        reports=draft.reports,
        traps=draft.traps,
        path=draft.path,
        chain=draft.chain,
        witnesses=draft.witnesses,
        plans=draft.head.plans,
        notices=draft.notices,
    )
    return replace(config, digest=digest_of(config))


def _vantage(draft: Draft) -> VantageConfig:
    written = draft.vantage or Vantage()
    return VantageConfig(
        name=written.name or draft.host_name,
        gateway=written.gateway,
        module=written.module,
        interval_seconds=written.interval,
    )


def _kinds(kinds: Mapping[str, Kind], limits: Mapping[str, KindLimits]) -> dict[str, KindConfig]:
    nothing = KindLimits()
    return {
        name: KindConfig(
            concurrency=limits.get(name, nothing).concurrency or kind.concurrency,
            per_second=limits.get(name, nothing).per_second or kind.per_second,
        )
        for name, kind in kinds.items()
    }


def _target(draft: Draft, row: TargetRow) -> TargetConfig:
    module = draft.module_of(row)
    if module is None:
        raise ValueError(f"target {row.target_id} has no module: the rules were not run")
    return effective_target(row, module, draft.zone)


def effective_target(row: TargetRow, module: ModuleConfig, zone: ZoneInfo) -> TargetConfig:
    """A row with the defaults of its kind and module filled in. Errors: ValueError for a date that is none."""
    interval = row.interval_seconds or module.interval_seconds
    return TargetConfig(
        id=row.target_id,
        kind=row.kind,
        address=row.address,
        role=row.role or Role(DEFAULT_ROLES.get(row.kind, "node")),
        name=row.name,
        module=module.name,
        site_id=row.site_id,
        plane=row.plane,
        parents=row.parents,
        interval_seconds=interval,
        retry_interval_seconds=_retry(module, interval),
        timeout_seconds=row.timeout_seconds or module.timeout_seconds,
        confirm=row.confirm,
        responsible_unit=row.responsible_unit,
        carrier=row.carrier,
        families_required=tuple(int(family) for family in row.families_required),
        in_service_from_us=_instant(row.in_service_from, zone),
        in_service_to_us=_instant(row.in_service_to, zone),
        source_doc=row.source_doc,
    )


def _retry(module: ModuleConfig, interval: float) -> float:
    return min(module.retry_interval_seconds, interval) if module.retry_given else default_retry(interval)


def _instant(text: str | None, zone: ZoneInfo) -> int | None:
    return None if text is None else parse_instant(text, zone)
