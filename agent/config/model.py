"""The configuration in force: every default filled in, every reference known to exist."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.config.notice_schema import Notices
from agent.config.schema import (
    Chain,
    Log,
    PathEvidence,
    Plane,
    Probe,
    RegisterFile,
    ReportJob,
    Role,
    States,
    Store,
    Traps,
    Web,
    Witness,
)
from agent.config.tier_schema import Tier, Tiers
from collectors.base import Module
from sla.model import Window

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The range in which a value is good; None is no bound."""

    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindConfig:
    """How hard one kind may work."""

    concurrency: int
    per_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VantageConfig:
    """This vantage; `gateway` None is no self-check by the gateway."""

    name: str
    gateway: str | None
    module: str
    interval_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleConfig:
    """A module in force: what its kind needs (`options`) and what the schedule needs.

    Shape: `retry_given` is whether the retry interval was written; else targets with an interval of their own get
    their own default.
    """

    name: str
    kind: str
    interval_seconds: float
    retry_interval_seconds: float
    retry_given: bool
    limits: Mapping[str, Limit]
    options: Module

    @property
    def timeout_seconds(self) -> float:
        return self.options.timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConfig:
    """A target in force. Units: microseconds UTC, None is no bound.

    Shape: `address` keeps its token; `service` is a register's, which may know several intervals; `tier` has the limits
    of a line, in place of what its module says of loss and delay (C4).
    """

    id: str
    kind: str
    address: str
    role: Role
    name: str
    module: str
    site_id: str | None
    plane: str | None
    parents: tuple[str, ...]
    interval_seconds: float
    retry_interval_seconds: float
    timeout_seconds: float
    confirm: str | None
    responsible_unit: str
    carrier: str
    families_required: tuple[int, ...]
    in_service_from_us: int | None
    in_service_to_us: int | None
    source_doc: str
    service: tuple[Window, ...] = ()
    tier: Tier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything agent.yml says. `digest`: SHA-256 of its canonical JSON without secrets (E7)."""

    zone: str
    vantage: VantageConfig
    store: Store
    web: Web
    probe: Probe
    log: Log
    planes: Mapping[str, Plane]
    states: States
    kinds: Mapping[str, KindConfig]
    modules: Mapping[str, ModuleConfig]
    targets: tuple[TargetConfig, ...]
    labels: tuple[str, ...]
    registers: tuple[RegisterFile, ...] = ()
    reports: tuple[ReportJob, ...] = ()
    traps: Traps = field(default_factory=Traps)
    path: PathEvidence = field(default_factory=PathEvidence)
    chain: Chain = field(default_factory=Chain)
    witnesses: tuple[Witness, ...] = ()
    tiers: Tiers = field(default_factory=Tiers)
    plans: tuple[str, ...] = ()
    notices: Notices = field(default_factory=Notices)
    digest: str = ""

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def store_path(self) -> Path | None:
        """The ledger's file, None for one in memory."""
        return store_path(self.store.url)


def store_path(url: str) -> Path | None:
    """The file of a store's URL, None for :memory:. Shape: three slashes relative, four absolute, as SQLAlchemy."""
    path = url.removeprefix(_SQLITE)
    return None if path == ":memory:" else Path(path)


def default_retry(interval_seconds: float) -> float:
    """S3: a sixth of the interval, at least 5 s; never longer than the interval itself."""
    return min(interval_seconds, max(interval_seconds / 6, 5.0))
