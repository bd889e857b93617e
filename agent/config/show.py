"""A configuration in force as plain data, as YAML for people and as a digest; secrets stay hidden."""

import hashlib
import json
import re
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, get_args, get_origin

import yaml
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from agent.config.instants import format_instant
from agent.config.model import Config, Limit, ModuleConfig, TargetConfig
from agent.config.problems import MASK, hide_user_info, is_sensitive
from agent.config.schema import Chain, Note, Traps, Web
from collectors.options import Secret, parse_duration, parse_size


def as_dict(config: Config) -> dict[str, Any]:
    """The configuration in force in the shape of agent.yml. Shape: it loads again where it holds no secret."""
    return {
        "zone": config.zone,
        "vantage": _present(
            name=config.vantage.name,
            gateway=config.vantage.gateway,
            module=config.vantage.module,
            interval=duration(config.vantage.interval_seconds),
        ),
        "store": {"url": hide_user_info(config.store.url)},
        "web": _web(config.web),
        **_present(probe=plain(config.probe) if config.probe.allow else None),
        "log": plain(config.log),
        "planes": {name: plain(plane) for name, plane in config.planes.items()},
        "states": plain(config.states),
        "tiers": plain(config.tiers),
        "kinds": {
            name: {"concurrency": kind.concurrency, "per_second": kind.per_second}
            for name, kind in config.kinds.items()
        },
        "modules": {name: _module(module) for name, module in config.modules.items()},
        "targets": [_target(target, config) for target in config.targets],
        "labels": list(config.labels),
        "path": plain(config.path),
        **_present(
            registers=[plain(file) for file in config.registers] or None,
            plans=list(config.plans) or None,
            reports=[plain(job) for job in config.reports] or None,
            chain=None if config.chain == Chain() else plain(config.chain),
            witnesses=[plain(each) for each in config.witnesses] or None,
            notices=plain(config.notices) if config.notices.sinks else None,
            traps=None if config.traps == Traps() else plain(config.traps),
        ),
    }


def _web(web: Web) -> dict[str, Any]:
    """What is not said is left out: the digests of older configurations stay."""
    said = plain(web)
    kept = {"listen_address": True, "note": web.note != Note(), "families": bool(web.families)}
    return {name: value for name, value in said.items() if kept[name]}


def effective_yaml(config: Config) -> str:
    """The configuration in force as YAML; each secret is <secret>."""
    return yaml.safe_dump(as_dict(config), allow_unicode=True, sort_keys=False, width=110)


def module_yaml(module: ModuleConfig) -> str:
    """One module in force as YAML; each secret is <secret>."""
    return yaml.safe_dump(_module(module), allow_unicode=True, sort_keys=False, width=110)


def digest_of(config: Config) -> str:
    """SHA-256 of the canonical JSON of the configuration in force, without secrets (E7)."""
    text = json.dumps(as_dict(config), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def duration(seconds: float) -> str:
    """Seconds with their unit, as an option takes them: 60s, 0.25s."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def _present(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, "", ())}


def _module(module: ModuleConfig) -> dict[str, Any]:
    # a default retry interval is left out: written, it would also hold for targets with an interval of their own
    return _present(
        kind=module.kind,
        interval=duration(module.interval_seconds),
        retry_interval=duration(module.retry_interval_seconds) if module.retry_given else None,
        limits={name: _limit(limit) for name, limit in module.limits.items()},
    ) | plain(module.options)


def _limit(limit: Limit) -> dict[str, float]:
    return _present(min=limit.min, max=limit.max)


def _target(target: TargetConfig, config: Config) -> dict[str, Any]:
    ends = {
        "in_service_from": target.in_service_from_us,
        "in_service_to": target.in_service_to_us,
    }
    return _present(
        target_id=target.id,
        kind=target.kind,
        address=hide_user_info(target.address),
        role=target.role.value,
        name=target.name,
        module=target.module,
        site_id=target.site_id,
        plane=target.plane,
        parents=";".join(target.parents),
        interval_seconds=target.interval_seconds,
        timeout_seconds=target.timeout_seconds,
        confirm=target.confirm,
        vantage=config.vantage.name,
        responsible_unit=target.responsible_unit,
        carrier=target.carrier,
        families_required=";".join(map(str, target.families_required)),
        source_doc=target.source_doc,
        **{name: None if us is None else format_instant(us, config.zone_info) for name, us in ends.items()},
    )


def plain(model: BaseModel) -> dict[str, Any]:
    """A model's options as text, numbers, lists and mappings; absent ones are left out."""
    options: dict[str, Any] = {}
    for name, info in type(model).model_fields.items():
        key = info.alias or name
        value = _value(getattr(model, name), _unit(info), sensitive=is_sensitive((key,)))
        if value is not None:
            options[key] = value
    return options


def _unit(info: FieldInfo) -> Any:
    """How an option of this type is written: parse_duration, parse_size or None."""
    metadata = list(info.metadata)
    for part in (info.annotation, *get_args(info.annotation)):
        metadata += get_args(part)[1:] if get_origin(part) is Annotated else ()
    return next((m.func for m in metadata if isinstance(m, BeforeValidator)), None)


def _value(value: Any, unit: Any, *, sensitive: bool) -> Any:
    if isinstance(value, Secret) or (sensitive and isinstance(value, str)):
        return MASK
    if isinstance(value, BaseModel):
        return plain(value)
    if isinstance(value, Mapping):
        return {str(k): _value(v, unit, sensitive=is_sensitive((str(k),))) for k, v in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_value(item, unit, sensitive=sensitive) for item in value]
    return _scalar(value, unit)


def _scalar(value: Any, unit: Any) -> Any:
    if isinstance(value, bool | None):
        return value
    if unit is parse_duration and isinstance(value, float):
        return duration(value)
    if unit is parse_size and isinstance(value, int):
        return f"{value}B"
    if isinstance(value, int | float) and not isinstance(value, Enum):
        return value
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, re.Pattern):
        return str(value.pattern)
    return hide_user_info(str(value.value if isinstance(value, Enum) else value))
