"""Agent health: whether the figures of all other dashboards can be believed just now."""

from collections.abc import Sequence

from dashboards.builders.common import FRESHNESS, SIMULATED
from dashboards.builders.model import (
    Column,
    Dashboard,
    Mapped,
    Meaning,
    Panel,
    PanelKind,
    Query,
    Section,
    Step,
    Text,
    Variable,
)
from dashboards.builders.words import DEGRADED, DOWN, UNKNOWN, UP, YES_NO, load, none_is_well

_JOB = Variable(name="job", label=Text("采集任务", "Job"), query="label_values(sla_agent_build_info, job)")
_INSTANCE = Variable(
    name="instance",
    label=Text("实例", "Instance"),
    query='label_values(sla_agent_build_info{job=~"$job"}, instance)',
)
_OF = 'job=~"$job", instance=~"$instance"'
_NO_AGENT = Text("没有代理", "no agent")
_BAD_IF_ONE: Mapped = {"0": Meaning(Text("否", "no"), UP), "1": Meaning(Text("是", "yes"), DOWN)}


def _series(  # noqa: PLR0913 (a panel is what it says)
    title: Text,
    description: Text,
    unit: str,
    queries: Sequence[tuple[str, Text]],
    *,
    steps: Sequence[Step] = (),
    stacked: bool = False,
    width: int = 8,
) -> Panel:
    return Panel(
        kind="timeseries",
        title=title,
        description=description,
        unit=unit,
        queries=[Query(expr=expr, legend=legend) for expr, legend in queries],
        steps=steps,
        stacked=stacked,
        width=width,
        height=8,
        low=0,
        empty=_NO_AGENT,
    )


def _stat(  # noqa: PLR0913 (a panel is what it says)
    title: Text,
    description: Text,
    unit: str,
    expr: str,
    *,
    steps: Sequence[Step] = (),
    mapped: Mapped | None = None,
    kind: PanelKind = "stat",
) -> Panel:
    return Panel(
        kind=kind,
        title=title,
        description=description,
        unit=unit,
        queries=[Query(expr=expr)],
        steps=steps,
        mapped=mapped,
        width=4,
        height=3,
        empty=_NO_AGENT,
    )


def _same(word: str) -> Text:
    return Text(word, word)


_NOW = [
    _stat(
        Text("自检隔离", "Cut off"),
        Text(
            "是：观测点自身断网，对象都是未知，不是中断。",
            "Yes: the vantage itself is cut off, so targets are unknown, not down.",
        ),
        "none",
        f"max(sla_agent_vantage_isolated{{{_OF}}}) or max(sla_agent_build_info{{{_OF}}}) * 0",
        steps=((None, UP), (1, DOWN)),
        mapped=_BAD_IF_ONE,
    ),
    _stat(
        Text("时钟存疑", "Clock in doubt"),
        Text(
            "是：墙上时钟存疑，不可逆的事都停下。",
            "Yes: nobody knows whether the wall clock is right; nothing irreversible runs.",
        ),
        "none",
        f"max(sla_agent_clock_unresolved{{{_OF}}})",
        steps=((None, UP), (1, DOWN)),
        mapped=_BAD_IF_ONE,
    ),
    _stat(
        Text("配置生效", "Configuration taken"),
        Text(
            "否：最近一次重载被拒绝，旧配置仍在用。",
            "No: the last reload was refused, the old configuration is in force.",
        ),
        "none",
        f"min(sla_agent_config_last_reload_successful{{{_OF}}})",
        steps=((None, DEGRADED), (1, UP)),
        mapped=YES_NO,
    ),
    _stat(
        Text("登记册年龄", "Age of the register"),
        Text("读出对象的文件有多旧。", "How old the file is that the targets were read from."),
        "dtdurations",
        f"max(sla_agent_register_age_seconds{{{_OF}}})",
        steps=load(90 * 86_400, 180 * 86_400),
    ),
    FRESHNESS,
    SIMULATED,
]

_TABLE = Panel(
    kind="table",
    title=Text("代理", "Agents"),
    description=Text("在运行的代理及其版本、口径与对象数。", "Agents that run: version, method and targets."),
    unit="none",
    queries=[
        Query(expr=f"max by (instance, version, method_version, python_version) (sla_agent_build_info{{{_OF}}})"),
        Query(expr=f"sum by (instance) (sla_agent_targets{{{_OF}}})"),
        Query(expr=f"time() - max by (instance) (process_start_time_seconds{{{_OF}}})"),
        Query(expr=f"max by (instance) (process_resident_memory_bytes{{{_OF}}})"),
        Query(expr=f"max by (instance) (sla_agent_store_bytes{{{_OF}}})"),
        Query(expr=f"max by (instance) (scrape_duration_seconds{{{_OF}}})"),
    ],
    columns=[
        Column(field="instance", title=Text("实例", "instance")),
        Column(field="version", title=Text("版本", "version"), width=110),
        Column(field="method_version", title=Text("口径", "method"), width=110),
        Column(field="python_version", title=_same("Python"), width=100),
        Column(field="Value #B", title=Text("对象", "targets"), unit="none", decimals=0),
        Column(field="Value #C", title=Text("已运行", "runs for"), unit="dtdurations"),
        Column(field="Value #D", title=Text("内存", "memory"), unit="bytes"),
        Column(field="Value #E", title=Text("台账大小", "ledger"), unit="bytes"),
        Column(field="Value #F", title=Text("抓取耗时", "scrape takes"), unit="s", decimals=3),
        Column(field="Value #A", title=Text("（数）", "(count)"), hidden=True),
    ],
    empty=_NO_AGENT,
    width=16,
    height=8,
)

_TARGETS = Panel(
    kind="bargauge",
    title=Text("已调度对象（按探测类型）", "Targets scheduled, by kind"),
    description=Text("在探测的对象数。", "Targets that are probed."),
    unit="none",
    queries=[Query(expr=f"sum by (kind) (sla_agent_targets{{{_OF}}}) > 0", legend=_same("{{kind}}"))],
    width=8,
    height=8,
    low=0,
    empty=_NO_AGENT,
)


def _quantile(metric: str, quantile: str) -> str:
    return f"histogram_quantile({quantile}, sum by (le) (rate({metric}_bucket{{{_OF}}}[$__rate_interval])))"


_PROBING = [
    _series(
        Text("探测迟到（99 分位）", "Probes late, 99th percentile"),
        Text(
            "探测从到期到发出、事件循环从该醒到醒来。超过 1 秒说明主机太忙。",
            "From due to launched, and how late the loop wakes up. More than a second: the host is too busy.",
        ),
        "s",
        [
            (_quantile("sla_agent_lateness_seconds", "0.99"), Text("发出", "launch")),
            (_quantile("sla_agent_loop_lag_seconds", "0.99"), Text("事件循环", "event loop")),
        ],
    ),
    _series(
        Text("一轮用时", "A pass takes"),
        Text("最近一轮扫完一类全部对象的时间。", "How long the last pass over all targets of a kind took."),
        "s",
        [(f"max by (kind) (sla_agent_sweep_seconds{{{_OF}}})", _same("{{kind}}"))],
    ),
    _series(
        Text("在途与等待的探测", "Probes under way and waiting"),
        Text("等待长期不为零，说明并发上限太小。", "What waits for long: the limit of concurrency is too low."),
        "none",
        [
            (f"sum(sla_agent_probes_in_flight{{{_OF}}})", Text("在途", "under way")),
            (f"sum(sla_agent_probes_waiting{{{_OF}}})", Text("等待", "waiting")),
        ],
    ),
    _series(
        Text("错过与丢弃", "Missed and dropped"),
        Text(
            "错过的轮次与我方放弃的读数（每秒）：这些时间成为未知。",
            "Turns missed and readings given up on our side a second: that time becomes unknown.",
        ),
        "ops",
        [
            (f"sum(rate(sla_agent_ticks_missed_total{{{_OF}}}[$__rate_interval]))", Text("错过", "missed")),
            (f"sum by (cause) (rate(sla_agent_readings_dropped_total{{{_OF}}}[$__rate_interval]))", _same("{{cause}}")),
        ],
        steps=((None, UP), (0.001, UNKNOWN)),
    ),
    _series(
        Text("时钟与台账时标之差", "Clock against the ledger's dating"),
        Text("超过 1 秒只会在时钟跳变之后。", "Beyond a second only after a step of the clock."),
        "s",
        [(f"max by (instance) (abs(sla_agent_clock_offset_seconds{{{_OF}}}))", _same("{{instance}}"))],
        steps=load(1, 60),
    ),
    _series(
        Text("本进程 CPU", "CPU of this process"),
        Text("1 为一个核心。", "1 is one core."),
        "none",
        [(f"rate(process_cpu_seconds_total{{{_OF}}}[$__rate_interval])", _same("{{instance}}"))],
        steps=load(0.7, 0.9),
    ),
]

_LEDGER = [
    _series(
        Text("台账提交与状态变化", "Commits and edges"),
        Text("每秒落盘的事务与状态变化。", "Transactions and changes of state made durable a second."),
        "ops",
        [
            (f"sum(rate(sla_agent_store_commits_total{{{_OF}}}[$__rate_interval]))", Text("事务", "commits")),
            (f"sum(rate(sla_agent_store_edges_total{{{_OF}}}[$__rate_interval]))", Text("状态变化", "edges")),
        ],
    ),
    _series(
        Text("未落盘的状态变化与被拒事务", "Edges waiting, commits refused"),
        Text(
            "持续不为零：台账写不进去，查磁盘与锁。",
            "Above zero for long: the ledger cannot be written; look at disk and locks.",
        ),
        "none",
        [
            (f"sum(sla_agent_store_waiting_edges{{{_OF}}})", Text("等待", "waiting")),
            (f"sum(increase(sla_agent_store_refused_total{{{_OF}}}[$__rate_interval]))", Text("被拒", "refused")),
        ],
        steps=none_is_well(),
    ),
    _series(
        Text("按需探测", "Probes on demand"),
        Text("/probe 的请求，按结果（每秒）。", "Requests to /probe by result, a second."),
        "ops",
        [(f"sum by (result) (rate(sla_agent_probe_requests_total{{{_OF}}}[$__rate_interval]))", _same("{{result}}"))],
        stacked=True,
    ),
]

AGENT = Dashboard(
    uid="sla-agent",
    title=Text("政务网 · 代理健康", "E-gov network · Agent health"),
    description=Text(
        "代理自身：看得准不准、写得进不进、时钟对不对。这里不好，其他看板的数都要打折。",
        "The agent itself: does it measure, write and date well? Where this is bad, no other dashboard can be trusted.",
    ),
    variables=[_JOB, _INSTANCE],
    sections=[
        Section(title=Text("现在", "Now"), panels=_NOW),
        Section(title=Text("代理", "Agents"), panels=[_TABLE, _TARGETS]),
        Section(title=Text("探测", "Probing"), panels=_PROBING),
        Section(title=Text("台账", "Ledger"), panels=_LEDGER),
    ],
)
