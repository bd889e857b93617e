"""What could be read of a configuration, for the rules to judge: broken parts are missing but their names are known."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from zoneinfo import ZoneInfo

from agent.config.builtin import BUILT_IN, DEFAULT_MODULES
from agent.config.model import Limit, ModuleConfig, default_retry
from agent.config.nodes import Tree
from agent.config.notice_schema import Notices
from agent.config.problems import Rule, unknown_kind
from agent.config.reader import Reader
from agent.config.schema import (
    Chain,
    Document,
    KindLimits,
    Log,
    ModuleCommon,
    PathEvidence,
    Plane,
    Probe,
    RegisterFile,
    ReportJob,
    States,
    Store,
    TargetRow,
    Traps,
    Vantage,
    Web,
    Witness,
)
from agent.config.tier_schema import Tiers
from collectors.base import Kind, Module

_COMMON = frozenset(ModuleCommon.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The readable parts. Shape: `plane_names` and `module_names` include broken ones; `rows` go by index."""

    tree: Tree
    kinds: Mapping[str, Kind]
    head: Document
    host_name: str
    vantage: Vantage | None
    store: Store
    web: Web
    probe: Probe
    log: Log
    states: States
    tiers: Tiers
    planes: Mapping[str, Plane]
    plane_names: frozenset[str]
    limits: Mapping[str, KindLimits]
    modules: Mapping[str, ModuleConfig]
    module_names: frozenset[str]
    rows: Mapping[int, TargetRow]
    registers: tuple[RegisterFile, ...] = ()
    reports: tuple[ReportJob, ...] = ()
    traps: Traps = field(default_factory=Traps)
    path: PathEvidence = field(default_factory=PathEvidence)
    chain: Chain = field(default_factory=Chain)
    witnesses: tuple[Witness, ...] = ()
    notices: Notices = field(default_factory=Notices)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.head.zone)

    @property
    def vantage_name(self) -> str | None:
        """This vantage's name, None where what is written cannot be one."""
        return None if self.vantage is None else self.vantage.name or self.host_name

    def default_module(self, kind: str) -> str | None:
        """The module of a target of a kind that names none, None if there is none."""
        name = DEFAULT_MODULES.get(kind, kind)
        return name if name in self.module_names else None

    def module_of(self, row: TargetRow) -> ModuleConfig | None:
        """The module that probes a row, None where it is missing or broken."""
        return self.modules.get(row.module or self.default_module(row.kind) or "")


def read_draft(reader: Reader, kinds: Sequence[Kind]) -> Draft:
    """Read all that can be read; the reader keeps the problems."""
    by_name = {kind.name: kind for kind in kinds}
    reader.unknown_options(Document.model_fields)
    planes = {name: reader.read(Plane, ("planes", name)) for name in reader.named("planes")}
    modules = _modules(reader, by_name)
    registers = [reader.read(RegisterFile, ("registers", index)) for index in reader.sequence(("registers",))]
    reports = [reader.read(ReportJob, ("reports", index)) for index in reader.sequence(("reports",))]
    witnesses = [reader.read(Witness, ("witnesses", index)) for index in reader.sequence(("witnesses",))]
    rows = {index: reader.read(TargetRow, ("targets", index)) for index in reader.sequence(("targets",))}
    return Draft(
        tree=reader.tree,
        kinds=by_name,
        head=reader.read(Document, (), keys=("zone", "labels", "plans")) or Document(),
        host_name=socket.gethostname(),
        vantage=reader.read(Vantage, ("vantage",)),
        store=reader.read(Store, ("store",)) or Store(),
        web=reader.read(Web, ("web",)) or Web(),
        probe=reader.read(Probe, ("probe",)) or Probe(),
        log=reader.read(Log, ("log",)) or Log(),
        states=reader.read(States, ("states",)) or States(),
        tiers=reader.read(Tiers, ("tiers",)) or Tiers(),
        planes={name: plane for name, plane in planes.items() if plane},
        plane_names=frozenset(planes),
        limits=_limits(reader, by_name),
        modules={name: module for name, module in modules.items() if module},
        module_names=frozenset(modules),
        rows={index: row for index, row in rows.items() if row},
        registers=tuple(file for file in registers if file),
        reports=tuple(job for job in reports if job),
        traps=reader.read(Traps, ("traps",)) or Traps(),
        path=reader.read(PathEvidence, ("path",)) or PathEvidence(),
        chain=reader.read(Chain, ("chain",)) or Chain(),
        witnesses=tuple(each for each in witnesses if each),
        notices=reader.read(Notices, ("notices",)) or Notices(),
    )


def _limits(reader: Reader, kinds: Mapping[str, Kind]) -> dict[str, KindLimits]:
    limits: dict[str, KindLimits] = {}
    for name in reader.mapping(("kinds",)) or {}:
        if name not in kinds:
            reader.refuse(Rule.KIND, ("kinds", name), unknown_kind(name, kinds), at_key=True)
        elif (read := reader.read(KindLimits, ("kinds", name))) is not None:
            limits[name] = read
    return limits


def _modules(reader: Reader, kinds: Mapping[str, Kind]) -> dict[str, ModuleConfig | None]:
    modules: dict[str, ModuleConfig | None] = {
        name: _built_in(name, kinds[kind]) for name, (kind, _) in BUILT_IN.items() if kind in kinds
    }
    modules.update({name: _module(reader, name, kinds) for name in reader.named("modules")})
    return modules


def _built_in(name: str, kind: Kind) -> ModuleConfig:
    options = kind.module_type.model_validate(BUILT_IN[name][1])
    return _module_config(name, ModuleCommon(kind=kind.name), options)


def _module(reader: Reader, name: str, kinds: Mapping[str, Kind]) -> ModuleConfig | None:
    path = ("modules", name)
    raw = reader.mapping(path)
    if raw is None:
        return None
    kind = kinds.get(str(raw.get("kind")))
    names = _COMMON | ({info.alias or name for name, info in kind.module_type.model_fields.items()} if kind else set())
    common = reader.read(ModuleCommon, path, keys=_COMMON, names=names)
    if kind is None:
        _refuse_kind(reader, path, raw.get("kind"), kinds)
        return None
    options = reader.read(kind.module_type, path, keys=raw.keys() - _COMMON, names=names)
    return None if common is None or options is None else _module_config(name, common, options)


def _refuse_kind(reader: Reader, path: tuple[str, str], raw: object, kinds: Mapping[str, Kind]) -> None:
    if isinstance(raw, str):  # absent or not text: the schema has said so
        reader.refuse(Rule.KIND, (*path, "kind"), unknown_kind(raw, kinds))


def _module_config(name: str, common: ModuleCommon, options: Module) -> ModuleConfig:
    limits = {
        value: Limit(max=limit) if isinstance(limit, float) else Limit(min=limit.min, max=limit.max)
        for value, limit in common.limits.items()
    }
    return ModuleConfig(
        name=name,
        kind=common.kind,
        interval_seconds=common.interval,
        retry_interval_seconds=common.retry_interval or default_retry(common.interval),
        retry_given=common.retry_interval is not None,
        limits=MappingProxyType(limits),
        options=options,
    )
