"""What a reload changes, and what it cannot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.config.model import Config, TargetConfig

_RESTART: Mapping[str, Callable[[Config], object]] = {
    "zone": lambda config: config.zone,
    "vantage.name": lambda config: config.vantage.name,
    "store.url": lambda config: config.store.url,
    "store.simulated": lambda config: config.store.simulated,
    "web.listen_address": lambda config: config.web.listen_address,
    "labels": lambda config: config.labels,
}
"""The identity of the ledger's rows and of the metrics' series: a running agent keeps them."""

_SETTINGS: Mapping[str, Callable[[Config], object]] = {
    "vantage.gateway": lambda config: config.vantage.gateway,
    "vantage.module": lambda config: config.vantage.module,
    "vantage.interval": lambda config: config.vantage.interval_seconds,
    "web.families": lambda config: config.web.families,
    "probe.allow": lambda config: config.probe.allow,
    "log.level": lambda config: config.log.level,
    "log.format": lambda config: config.log.format,
    "states": lambda config: config.states,
    "tiers": lambda config: config.tiers,
    "traps": lambda config: config.traps,
    "path": lambda config: config.path,
    "notices": lambda config: config.notices,
    "reports": lambda config: config.reports,
    "chain": lambda config: config.chain,
    "witnesses": lambda config: config.witnesses,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDiff:
    """Ids and names that differ, sorted.

    Shape: `changed` targets are probed or judged otherwise (also by a module of theirs, or by `states`); `relabelled`
    ones only read otherwise (names, units, sources). modules, planes and kinds hold added, removed and changed names.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    relabelled: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    planes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    restart_needed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self == ConfigDiff()


def diff(old: Config, new: Config) -> ConfigDiff:
    """What differs between two configurations in force."""
    before = {target.id: target for target in old.targets}
    after = {target.id: target for target in new.targets}
    common = sorted(before.keys() & after.keys())
    modules = _names(old.modules, new.modules)
    changed = tuple(id_ for id_ in common if _judged_otherwise(before[id_], after[id_], modules, old, new))
    return ConfigDiff(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=changed,
        relabelled=tuple(id_ for id_ in common if id_ not in changed and before[id_] != after[id_]),
        modules=modules,
        planes=_names(old.planes, new.planes),
        kinds=_names(old.kinds, new.kinds),
        settings=_settings(_SETTINGS, old, new),
        restart_needed=_settings(_RESTART, old, new),
    )


def _judged_otherwise(
    before: TargetConfig, after: TargetConfig, modules: tuple[str, ...], old: Config, new: Config
) -> bool:
    uses_changed_module = after.module in modules or after.confirm in modules
    return uses_changed_module or old.states != new.states or _bare(before) != _bare(after)


def _bare(target: TargetConfig) -> TargetConfig:
    """The target without what is only for people."""
    return replace(target, name="", responsible_unit="", carrier="", source_doc="")


def _names(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def _settings(readers: Mapping[str, Callable[[Config], object]], old: Config, new: Config) -> tuple[str, ...]:
    return tuple(name for name, read in readers.items() if read(old) != read(new))
