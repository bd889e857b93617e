"""The register's targets and lines as things to probe, beside those of agent.yml.

A line is probed at its far address, from its source address if it has one, so that the answer is evidence of that
line alone (A6). A target that must answer on both IP versions is asked on each.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from agent.config import Config, TargetConfig
from agent.config.addresses import version_of
from agent.config.builtin import DEFAULT_MODULES, DEFAULT_ROLES
from agent.config.model import ModuleConfig, default_retry
from agent.config.schema import Role
from agent.errors import UsageError
from agent.figures.book import Book
from sla.confirm import FOREVER
from sla.model import Window

LINE_KIND = "icmp"
"""What probes the far address of a line."""


Service = Callable[[str], Sequence[Window]]


def with_registers(config: Config, book: Book, now: int) -> Config:
    """The configuration with everything that the registers want probed now, and the modules that this takes.

    Errors: UsageError naming every row that the configuration cannot probe.
    """
    modules = dict(config.modules)
    targets = tuple(each_target(config, book, now, modules))
    return replace(config, targets=targets, modules=MappingProxyType(modules))


def try_probing(config: Config, book: Book, now: int) -> None:
    """Whether all that the registers want probed can be. Errors: UsageError naming every row that cannot."""
    for _ in each_target(config, book, now, dict(config.modules)):
        pass


def each_target(
    config: Config, book: Book, now: int, modules: dict[str, ModuleConfig], service: Service | None = None
) -> Iterator[TargetConfig]:
    """The targets of agent.yml, then those of the registers, one after the other: all of them at once are large.

    The modules that one takes are added to `modules` before it comes; `service` says when an id is in service where
    more is known than the book says (M5). Errors: UsageError at the end, naming every row that cannot be probed; behind
    the first of them nothing comes any more.
    """
    problems: list[str] = []
    for target in config.targets:
        _add_families(modules, target, problems)
        if not problems:
            yield target
    inline = {target.id for target in config.targets}
    for target in _wanted(config, book, now, modules, problems):
        if target.id in inline:
            problems.append(f"{target.id}: stands in agent.yml and in a register; wanted one of them, remove it there")
        _add_families(modules, target, problems)
        if not problems:
            yield target if service is None else _serving(target, tuple(service(target.id)))
    if problems:
        more = f" (and {len(problems) - 20} more)" if len(problems) > 20 else ""
        raise UsageError("registers: " + "; ".join(problems[:20]) + more)


def _serving(target: TargetConfig, service: tuple[Window, ...]) -> TargetConfig:
    return target if target.service == service else replace(target, service=service)


def family_module(name: str, family: int) -> str:
    """The name of the module that asks on one IP version."""
    return f"{name}@{family}"


def _wanted(
    config: Config, book: Book, now: int, modules: dict[str, ModuleConfig], problems: list[str]
) -> Iterator[TargetConfig]:
    for id_ in book.ids("targets"):
        if _serves_from(book, id_, now):
            target = _target(config, book, id_, book.at(id_, now))
            problems += _why_not(config, target)
            yield target
    for id_ in book.ids("links"):
        body = book.at(id_, now)
        if body.get("far_address") and _serves_from(book, id_, now):
            try:
                yield _link(config, book, id_, body, modules)
            except ValueError as exc:
                problems.append(f"{id_}: {exc}; correct the row")


def _why_not(config: Config, target: TargetConfig) -> Iterator[str]:
    module = config.modules.get(target.module)
    if module is None:
        yield f"{target.id}: module {target.module or target.kind}: no such module; add it or correct the row"
    elif module.kind != target.kind:
        yield f"{target.id}: module {target.module} is of kind {module.kind}, wanted {target.kind}; correct the row"
    if target.plane is not None and target.plane not in config.planes:
        yield f"{target.id}: plane {target.plane}: no such plane; add it under planes or correct the row"
    if target.confirm is not None and target.confirm not in config.modules:
        yield f"{target.id}: confirm {target.confirm}: no such module; add it or correct the row"


def _target(config: Config, book: Book, id_: str, body: Mapping[str, Any]) -> TargetConfig:
    kind = str(body["kind"])
    name = str(body.get("module") or DEFAULT_MODULES.get(kind, kind))
    module = config.modules.get(name)
    interval = float(body.get("interval_seconds") or (module.interval_seconds if module else 60.0))
    return _target_config(
        book,
        id_,
        body,
        kind=kind,
        address=str(body["address"]),
        role=Role(str(body.get("role") or DEFAULT_ROLES.get(kind, "node"))),
        module=name,
        site_id=body.get("site_id"),
        interval_seconds=interval,
        retry_interval_seconds=_retry(module, interval),
        timeout_seconds=float(body.get("timeout_seconds") or (module.timeout_seconds if module else 5.0)),
    )


def _retry(module: ModuleConfig | None, interval: float) -> float:
    if module is not None and module.retry_given:
        return min(module.retry_interval_seconds, interval)
    return default_retry(interval)


def _link(
    config: Config, book: Book, id_: str, body: Mapping[str, Any], modules: dict[str, ModuleConfig]
) -> TargetConfig:
    base = modules[LINE_KIND]
    source = body.get("source_address")
    name = f"{LINE_KIND}@{source}" if source else LINE_KIND
    if name not in modules:
        modules[name] = _variant(base, name, source_address=str(source))
    return _target_config(
        book,
        id_,
        body,
        kind=LINE_KIND,
        address=str(body["far_address"]),
        role=Role.LINE,
        module=name,
        site_id=body["b_site"],
        tier=config.tiers.of(body.get("tier")),
        interval_seconds=base.interval_seconds,
        retry_interval_seconds=base.retry_interval_seconds,
        timeout_seconds=base.timeout_seconds,
    )


def _target_config(book: Book, id_: str, body: Mapping[str, Any], **own: Any) -> TargetConfig:
    """What every row has in common; service is the headline's (A2), of which the probing needs the last end."""
    return TargetConfig(
        id=id_,
        name=str(body.get("name") or ""),
        plane=body.get("plane"),
        parents=tuple(body.get("parents") or ()),
        confirm=body.get("confirm"),
        responsible_unit=str(body.get("responsible_unit") or ""),
        carrier=str(body.get("carrier") or ""),
        families_required=tuple(int(family) for family in body.get("families_required") or ()),
        in_service_from_us=None,
        in_service_to_us=None,
        source_doc=str(body.get("source_doc") or ""),
        service=tuple(book.service(id_)),
        **own,
    )


def _serves_from(book: Book, id_: str, now: int) -> bool:
    """Whether it serves now or will: what has been retired is probed no more."""
    service = book.service_latest(id_) or [Window(-FOREVER, FOREVER)]
    return any(window.end > now for window in service)


def _add_families(modules: dict[str, ModuleConfig], target: TargetConfig, problems: list[str]) -> None:
    """One more module for each IP version that a target must answer on."""
    base = modules.get(target.module)
    if base is None or (len(target.families_required) == 1 and version_of(target.address)):
        return
    for family in target.families_required:
        name = family_module(target.module, family)
        if name in modules:
            continue
        try:
            modules[name] = _variant(base, name, family=str(family))
        except ValueError as exc:
            problems.append(f"{target.id}: families_required: {exc}; correct the row")


def _variant(base: ModuleConfig, name: str, **options: str) -> ModuleConfig:
    """A module that differs in one option. Errors: ValueError where its kind has no such option."""
    written = base.options.model_dump(by_alias=True, exclude_unset=True) | options
    try:
        return replace(base, name=name, options=type(base.options).model_validate(written))
    except ValidationError as exc:
        why = exc.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"module {base.name} of kind {base.kind}: {', '.join(options)}: {why}") from None
