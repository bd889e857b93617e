"""What the agent's configuration knows that rows refer to: modules, planes, its vantage, its inline targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from agent.config import Config
from agent.config.draft import Draft, read_draft
from agent.config.model import ModuleConfig
from agent.config.nodes import parse
from agent.config.reader import Reader
from agent.config.schema import Plane, Vantage
from collectors import KINDS

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What rows may name. Shape: vantage None where no configuration was named; targets by id, columns as in a body."""

    modules: Mapping[str, ModuleConfig]
    planes: frozenset[str] = frozenset()
    vantage: str | None = None
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))

    def draft(self) -> Draft:
        """A configuration without targets, for the rules of targets."""
        return replace(
            _nothing(),
            modules=self.modules,
            module_names=frozenset(self.modules),
            planes={name: Plane() for name in self.planes},
            plane_names=self.planes,
            vantage=None if self.vantage is None else Vantage(name=self.vantage),
        )

    def to_json(self) -> Json:
        """For another process; secrets stay references."""
        return {
            "modules": [_module_json(module) for module in self.modules.values()],
            "planes": sorted(self.planes),
            "vantage": self.vantage,
            "targets": {name: dict(columns) for name, columns in self.targets.items()},
        }


def built_in() -> Known:
    """What is known without a configuration: the built-in modules."""
    return Known(modules=_nothing().modules)


def known_of(config: Config) -> Known:
    """What a configuration in force knows."""
    return Known(
        modules=config.modules,
        planes=frozenset(config.planes),
        vantage=config.vantage.name,
        targets={
            target.id: {
                "site_id": target.site_id,
                "kind": target.kind,
                "role": str(target.role),
                "plane": target.plane,
                "carrier": target.carrier,
                "module": target.module,
                "responsible_unit": target.responsible_unit,
                "parents": list(target.parents),
            }
            for target in config.targets
        },
    )


def known_from_json(said: Json) -> Known:
    """The other process's side."""
    modules = map(_module, said["modules"])
    return Known(
        modules={module.name: module for module in modules},
        planes=frozenset(said["planes"]),
        vantage=said["vantage"],
        targets=said["targets"],
    )


def _nothing() -> Draft:
    return read_draft(Reader(parse("zone: UTC")), KINDS)


def _module_json(module: ModuleConfig) -> Json:
    return {
        "name": module.name,
        "kind": module.kind,
        "interval_seconds": module.interval_seconds,
        "retry_interval_seconds": module.retry_interval_seconds,
        "retry_given": module.retry_given,
        "options": module.options.model_dump(mode="json", by_alias=True, exclude_unset=True),
    }


def _module(said: Json) -> ModuleConfig:
    kinds = {kind.name: kind for kind in KINDS}
    options = kinds[said["kind"]].module_type.model_validate(said["options"])
    return ModuleConfig(**{**said, "limits": {}, "options": options})
