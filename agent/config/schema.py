"""What may stand in agent.yml: every option with its type, default and meaning. docs/configuration.md is held to it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from agent.config.notice_schema import Notices
from agent.config.section import Section
from agent.config.tier_schema import Tiers
from agent.config.values import (
    Address,
    Families,
    Interval,
    IntervalSeconds,
    ListenAddress,
    Name,
    Network,
    Parents,
    PathSeconds,
    StoreUrl,
    TimeoutSeconds,
    TrapAddress,
    Unique,
    Window,
    Zone,
)
from collectors.options import Secret


class Role(StrEnum):
    """What a target is: decides where its faults are counted (F4)."""

    CORE = "core"
    EXIT = "exit"
    COUNTY_NODE = "county_node"
    NODE = "node"
    LINE = "line"
    PLATFORM = "platform"
    COMPONENT = "component"
    SERVICE = "service"
    HOST = "host"
    CAMERA = "camera"
    CERTIFICATE = "certificate"


class Vantage(Section):
    """Where this agent measures from, and the check of its own uplink."""

    name: Name | None = Field(None, description="Name of this vantage; without it the host name.")
    gateway: Address | None = Field(
        None,
        description="Address of this vantage's own gateway for the self-check (S6), or `@gateway` for the default "
        "route of this host. Without it and without anchors the self-check is absent.",
    )
    module: Name = Field("icmp", description="Module that probes the gateway.")
    interval: Interval = Field(10.0, description="How often the gateway is probed.")


class Store(Section):
    """Where the ledger lies."""

    url: StoreUrl = Field(
        "sqlite:////var/lib/sla-agent/ledger.db",
        description="`sqlite:////absolute/path` (four slashes), `sqlite:///relative/path` (three) or "
        "`sqlite:///:memory:`.",
    )
    simulated: bool = Field(
        False,
        description="A new store is born simulated: every page, report, message and metric of it says 模拟数据 "
        "SIMULATED for good, whatever stands here later. A store that was not born so is refused.",
    )


class Note(Section):
    """What an operator wants every visitor of the page to know, in both languages."""

    zh: str = Field("", max_length=500, description="In Chinese; without it the English one is shown.")
    en: str = Field("", max_length=500, description="In English; without it the Chinese one is shown.")


class Web(Section):
    """The HTTP server."""

    listen_address: ListenAddress = Field(
        "127.0.0.1:9610",
        description="HOST:PORT to serve on; loopback only, as roles and TLS are not there yet. Port 0: any free one.",
    )
    note: Note = Field(Note(), description="A sentence of yours at the head of the page.")
    families: Annotated[tuple[str, ...], Field(max_length=100)] = Field(
        (),
        description="Families of targets that `/metrics` shows, by name; `*` at the end of one stands for any ending. "
        "Without any all are shown: some 20 samples a camera.",
    )


class Probe(Section):
    """What `GET /probe` may be pointed at, beside the registered targets."""

    allow: tuple[Network, ...] = Field(
        (),
        description="Networks in which `/probe` may connect to anything; without any only registered targets. A name "
        "is looked up first, and each address that is dialled has to lie in one of them.",
    )


class Log(Section):
    """What the agent says about itself, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is written.")
    format: Literal["logfmt", "json"] = Field("logfmt", description="Form of a line.")


class Plane(Section):
    """A network plane: targets on it are believed only while its anchors answer (S6)."""

    anchors: tuple[Address, ...] = Field(
        (),
        description="Addresses on the plane that stand for its reachability: none (self-check absent) or at least two.",
    )
    module: Name = Field("icmp", description="Module that probes the anchors.")
    interval: Interval = Field(10.0, description="How often each anchor is probed.")


class TrapUser(Section):
    """A user of version 3 whose traps are believed; options as in a module of kind `snmp`."""

    user: Annotated[str, Field(min_length=1, max_length=32)] = Field(description="Name of the user.")
    hash: Literal["none", "sha", "sha224", "sha256", "sha384", "sha512"] = Field(
        "none", description="How its traps are signed."
    )
    auth_password: Secret | None = Field(None, description="Password of the signature.")
    cipher: Literal["none", "aes128", "aes192", "aes256"] = Field("none", description="How its traps are encrypted.")
    priv_password: Secret | None = Field(None, description="Password of the encryption.")
    key_expansion: Literal["blumenthal", "reeder"] = Field(
        "blumenthal", description="How `aes192` and `aes256` get a key that is long enough."
    )


class Traps(Section):
    """SNMP traps: a linkDown brings a probe forward, and is never evidence itself (ADR 0017)."""

    listen_addresses: Annotated[tuple[TrapAddress, ...], Field(max_length=16)] = Field(
        (),
        description="Numeric ADDRESS:PORT to hear on over UDP, for example `0.0.0.0:162` and `[::]:162`; none: no trap "
        "is heard.",
    )
    communities: Annotated[tuple[Secret, ...], Field(max_length=100)] = Field(
        (), description="Communities of versions 1 and 2c that are believed; none: no trap of these versions is."
    )
    users: Annotated[tuple[TrapUser, ...], Field(max_length=100)] = Field(
        (), description="Users of version 3 that are believed, whatever the engine id of the sender."
    )


class States(Section):
    """How readings become states."""

    down_after: Annotated[int, Field(ge=1, le=100)] = Field(
        3, description="Failed readings in a row that make DOWN (S3)."
    )
    up_after: Annotated[int, Field(ge=1, le=100)] = Field(2, description="Ok readings in a row that make UP (S3).")
    down_loss: Annotated[float, Field(gt=0, le=1)] = Field(
        0.75, description="Share of lost echoes from which an answer counts as failed (S4)."
    )
    blip_window: Window = Field(600.0, description="Time in which blips make a target flapping (S4).")
    blips: Annotated[int, Field(ge=1, le=100)] = Field(3, description="Blips in that time that make it flapping (S4).")


class KindLimits(Section):
    """How hard one kind may work; what is absent stays as the kind has it."""

    concurrency: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="Probes of the kind under way at once; default: the kind's own."
    )
    per_second: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="Probes of the kind started in a second; default: the kind's own."
    )


class PathEvidence(Section):
    """The trace that is kept with a fault."""

    enabled: bool = Field(True, description="Whether one trace is made towards the root of a new fault.")
    method: Literal["auto", "icmp", "udp", "tcp"] = Field(
        "auto",
        description="What is sent; `auto`: what the kind of the target sends (echoes, datagrams or SYNs to its port).",
    )
    max_hops: Annotated[int, Field(ge=1, le=64)] = Field(30, description="The farthest hop that is asked.")
    queries: Annotated[int, Field(ge=1, le=5)] = Field(2, description="Packets sent for each hop.")
    silent_hops: Annotated[int, Field(ge=1, le=64)] = Field(
        5, description="Hops in a row without an answer after which it is given up."
    )
    timeout: PathSeconds = Field(15.0, description="Time for the whole trace.")
    concurrency: Annotated[int, Field(ge=1, le=16)] = Field(
        4, description="Traces under way at once; 100 more wait, the others are counted and not made."
    )


class Bounds(Section):
    """The range in which a value of a reading is good."""

    min: float | None = Field(None, description="Smallest good value.")
    max: float | None = Field(None, description="Largest good value.")


class ModuleCommon(Section):
    """What a module of every kind has; the options of its kind stand beside it, flat."""

    kind: str = Field(description="Kind that does the measuring.")
    interval: Interval = Field(60.0, description="How often a target is probed.")
    retry_interval: Interval | None = Field(
        None,
        description="How often it is probed while its state is open (S3); default: a sixth of the interval, at least "
        "5s, at most the interval.",
    )
    limits: dict[str, float | Bounds] = Field(
        {},
        description="Limits of quality by the name of a value: a number (at most) or `{min: N, max: N}`. An ok reading "
        "beyond one makes the target DEGRADED, never DOWN (S4).",
    )


class TargetRow(Section):
    """One target: the columns of the register, written inline."""

    target_id: Name = Field(description="Its id: one namespace for targets, links, sites, platforms and systems.")
    kind: str = Field(description="Kind that measures it.")
    address: Address = Field(
        description="Address as the kind dials it; `@gateway`, `@gateway6` and `@resolver` stand for this host's own."
    )
    role: Role | None = Field(
        None, description="What it is (F4); default: host for kind host, certificate for tls, else node."
    )
    name: str = Field("", description="Name for people.")
    module: Name | None = Field(None, description="Module that probes it; default: the built-in one of its kind.")
    site_id: Name | None = Field(None, description="Site it stands at.")
    plane: Name | None = Field(None, description="Network plane it is reached over.")
    parents: Parents = Field((), description="Ids it is reached through; `;` between redundant ways.")
    interval_seconds: IntervalSeconds | None = Field(None, description="Seconds between probes; default: the module's.")
    timeout_seconds: TimeoutSeconds | None = Field(None, description="Seconds for one probe; default: the module's.")
    confirm: Name | None = Field(None, description="Second module: DOWN then needs both to fail (S3).")
    vantage: Name | None = Field(None, description="Vantage that probes it; default and only choice: this one.")
    responsible_unit: str = Field("", description="Unit that answers for it.")
    carrier: str = Field("", description="Carrier of its line.")
    families_required: Families = Field((), description="IP versions it must answer on: `4`, `6` or `4;6`.")
    in_service_from: str | None = Field(
        None,
        description="Begin of its service: a date (00:00 in the zone) or a time with offset; default: without bound.",
    )
    in_service_to: str | None = Field(
        None, description="End of its service, exclusive: a date (00:00 in the zone) or a time with offset."
    )
    source_doc: str = Field("", description="Document the row comes from.")


RegisterKind = Literal[
    "divisions",
    "sites",
    "links",
    "targets",
    "identities",
    "platforms",
    "components",
    "systems",
    "private_networks",
    "video_points",
    "video_demands",
    "maintenance",
    "faults",
    "security_incidents",
    "data_issues",
    "measures",
    "summaries",
]
"""The registers and records, as agent.registers has them."""


class RegisterFile(Section):
    """One register or record file."""

    kind: RegisterKind = Field(description="What its rows are; `docs/registers.md` has the columns.")
    file: str = Field(min_length=1, description="CSV or XLSX; a relative path begins at the folder of this file.")
    map: str | None = Field(None, description="File with more headings, as `--map` of `sla-agent import` takes it.")


class ReportJob(Section):
    """Reports of one plan that are written by the calendar."""

    plan: str = Field(min_length=1, description="Plan: one of `plans` by its id, or a built-in one.")
    folder: str = Field(
        min_length=1,
        description="Folder that takes the files; it has to be there. A relative path begins at the folder of this "
        "file.",
    )
    every: Annotated[tuple[Literal["month", "quarter", "year"], ...], Field(min_length=1), Unique] = Field(
        ("month", "quarter", "year"),
        description="Periods that get a report, some hours after they are over; a file that is there stays.",
    )
    formats: Annotated[tuple[Literal["html", "xlsx"], ...], Field(min_length=1), Unique] = Field(
        ("html", "xlsx"), description="Forms in which it is written."
    )
    lang: Literal["zh", "en"] = Field("zh", description="Language of all but the plan's own words.")
    sheets: Annotated[tuple[str, ...], Field(max_length=100), Unique] = Field(
        (), description="Beside the whole report the sheets of these: `carrier=NAME` or `county=CODE`."
    )


class Chain(Section):
    """The chain of digests over the ledger (E3)."""

    algorithm: Literal["sha256", "sm3"] = Field(
        "sha256",
        description="What digests are made with, from the next head on; `sm3` where this Python has it, which `check` "
        "says.",
    )


class Witness(Section):
    """Somebody outside who is told the digests of the ledger at once (E3)."""

    name: Name = Field(description="Name of the witness, as reports and metrics print it.")
    kind: Literal["file", "syslog", "mail", "webhook"] = Field(description="How it is told.")
    heads: bool = Field(True, description="Whether it is told every head, or seals alone.")
    path: str | None = Field(
        None, description="For `file`: absolute path of a file that only grows; best on another machine's disk."
    )
    address: str | None = Field(
        None,
        description="For `syslog`: `udp:HOST:PORT`, `tcp:HOST:PORT` or `unix:/dev/log`; for `mail`: HOST:PORT of the "
        "mail server.",
    )
    url: str | None = Field(None, description="For `webhook`: http or https URL that takes a POST of JSON.")
    token: Secret | None = Field(None, description="For `webhook`: sent as a bearer token.")
    sender: str | None = Field(None, description="For `mail`: address it comes from.")
    recipients: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        (), description="For `mail`: addresses it goes to."
    )
    tls: Literal["none", "starttls", "tls"] = Field("starttls", description="For `mail`: how it is encrypted.")
    user: str | None = Field(None, description="For `mail`: name to log in by; without one there is no login.")
    password: Secret | None = Field(None, description="For `mail`: password of that name.")


Label = Literal["carrier", "name", "plane", "responsible_unit", "role"]


class Document(Section):
    """agent.yml."""

    zone: Zone = Field("Asia/Shanghai", description="IANA time zone of period borders and of dates without a time.")
    vantage: Vantage = Field(Vantage(), description="Where this agent measures from.")
    store: Store = Field(Store(), description="Where the ledger lies.")
    web: Web = Field(Web(), description="The HTTP server.")
    probe: Probe = Field(Probe(), description="What `GET /probe` may be pointed at, beside the registered targets.")
    log: Log = Field(Log(), description="What the agent says about itself.")
    planes: dict[Name, Plane] = Field({}, description="Network planes by name.")
    states: States = Field(States(), description="How readings become states.")
    tiers: Tiers = Field(Tiers(), description="Limits of lines by their tier, in place of those of their module (C4).")
    kinds: dict[str, KindLimits] = Field({}, description="Limits by kind.")
    modules: dict[Name, ModuleCommon] = Field({}, description="Modules by name, beside the built-in ones.")
    targets: tuple[TargetRow, ...] = Field((), description="Up to 100 targets; more belong into a register file.")
    traps: Traps = Field(Traps(), description="SNMP traps, which bring probes forward.")
    path: PathEvidence = Field(PathEvidence(), description="The trace that is kept with a fault.")
    registers: tuple[RegisterFile, ...] = Field(
        (),
        description="Register and record files, applied in this order at start and at a reload, as `sla-agent import` "
        "would.",
    )
    plans: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        (),
        description="Plans whose figures are metrics and pages: ids of built-in ones, or files that end in `.yml`; a "
        "relative path begins at the folder of this file.",
    )
    reports: Annotated[tuple[ReportJob, ...], Field(max_length=20)] = Field(
        (), description="Reports that are written by the calendar."
    )
    chain: Chain = Field(Chain(), description="The chain of digests over the ledger.")
    witnesses: Annotated[tuple[Witness, ...], Field(max_length=20)] = Field(
        (), description="Who is told the digests; without any reports say 无外部见证 (no outside witness)."
    )
    notices: Notices = Field(Notices(), description="Who is told of faults.")
    labels: Annotated[tuple[Label, ...], Unique] = Field((), description="Register columns that become metric labels.")
