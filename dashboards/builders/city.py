"""City overview: what is broken now and until when, what the plan's indicators say, what is left of the year."""

from dashboards.builders.common import (
    FRESHNESS,
    LATE,
    NEXT,
    OPEN,
    OPEN_OVER_TIME,
    PERIOD,
    PLAN,
    PLATFORMS,
    SIMULATED,
    available,
    cut,
    of_state,
    open_faults,
)
from dashboards.builders.model import Column, Dashboard, Panel, Query, Section, Text
from dashboards.builders.words import (
    DEGRADED,
    DOWN,
    UNKNOWN,
    UP,
    VERDICTS,
    indicators,
    load,
    none_is_well,
    share,
)

_OF = 'plan=~"$plan", period=~"$period"'
_ROW = "max by (plan, indicator)"
_BUDGET: tuple[tuple[float | None, str], ...] = ((None, DOWN), (0.0001, DEGRADED), (0.25, UP))


def _figure(name: str, bound: str) -> str:
    return f'{_ROW} ({name}{{{_OF}, variant="all_in", bound="{bound}"}})'


def _worst_first() -> str:
    """Rows in the order in which somebody has to look at them: Prometheus sorts, the table keeps it."""
    order = ("missed", "undetermined", "met", "not_computable", "not_applicable", "no_target")
    found = (
        f'(max by (plan, indicator, verdict) (sla_indicator_verdict{{{_OF}, verdict="{verdict}"}}) == 1) * {rank}'
        for rank, verdict in enumerate(order, start=1)
    )
    return f"sort({' or '.join(found)})"


_AVAILABLE = Panel(
    kind="stat",
    title=Text("现在可用", "Available now"),
    description=Text(
        "在用对象中正常或降级的占比；未知不算可用。瞬时值，不是考核指标。",
        "Share of the targets in service that are up or degraded; unknown is not up. A moment's value, no indicator.",
    ),
    unit="percentunit",
    queries=[Query(expr=available())],
    steps=share(0.95, 0.99),
    width=4,
    height=3,
    decimals=2,
    low=0,
    high=1,
)

_DOWN = Panel(
    kind="stat",
    title=Text("中断对象", "Targets down"),
    description=Text("已确认中断的对象，连带的也计。", "Targets confirmed down, members of a fault included."),
    unit="none",
    queries=[Query(expr=of_state("down"))],
    steps=none_is_well(),
    width=4,
    height=3,
)

_UNKNOWN = Panel(
    kind="stat",
    title=Text("未知对象", "Targets unknown"),
    description=Text(
        "没有有效读数的对象：未测到，不等于正常。", "Targets without a valid reading: not measured, which is not up."
    ),
    unit="none",
    queries=[Query(expr=of_state("unknown"))],
    steps=none_is_well(UNKNOWN),
    width=4,
    height=3,
)

_PLATFORMS_DOWN = Panel(
    kind="stat",
    title=Text("中断平台", "Platforms down"),
    description=Text("按组件规则判为中断的平台。", "Platforms that are down by the rule of their components."),
    unit="none",
    queries=[Query(expr="sum(1 - max by (platform) (sla_platform_up))")],
    steps=none_is_well(),
    width=4,
    height=3,
    empty=Text("没有平台", "no platform"),
)

_SITES_DOWN = Panel(
    kind="stat",
    title=Text("中断站点", "Sites down"),
    description=Text("全部线路都中断的接入单位。", "Sites all of whose lines are down."),
    unit="none",
    queries=[Query(expr="sum(1 - max by (site) (sla_site_up))")],
    steps=none_is_well(),
    width=4,
    height=3,
    empty=Text("没有站点", "no site"),
)

_SINGLE = Panel(
    kind="stat",
    title=Text("失去冗余的站点", "Sites without redundancy"),
    description=Text("站点仍通，但有线路中断。", "Sites that are up while one of their lines is down."),
    unit="none",
    queries=[Query(expr="sum(max by (site) (sla_site_redundancy_lost))")],
    steps=none_is_well(DEGRADED),
    width=4,
    height=3,
    empty=Text("没有站点", "no site"),
)

_VIDEO = Panel(
    kind="stat",
    title=Text("视频在线率", "Video online"),
    description=Text(
        "在用摄像机中应答的占比；未知不算在线。瞬时值，不是考核指标。",
        "Share of the cameras in service that answer; unknown is not online. A moment's value, no indicator.",
    ),
    unit="percentunit",
    queries=[Query(expr=available('role="camera"'))],
    steps=share(0.9, 0.97),
    width=4,
    height=3,
    decimals=2,
    low=0,
    high=1,
    empty=Text("没有摄像机", "no camera"),
)

_VERDICTS = Panel(
    kind="bargauge",
    title=Text("指标判定", "Verdicts"),
    description=Text(
        "所选规划各项指标本年到目前的判定。年度结束前都是暂定。",
        "What the indicators of the chosen plan come to so far. Provisional until the year ends.",
    ),
    unit="none",
    queries=[
        Query(expr=f'sum(sla_indicator_verdict{{{_OF}, verdict="{verdict}"}})', legend=meaning.text)
        for verdict, meaning in VERDICTS.items()
    ],
    colors={text: meaning.color for meaning in VERDICTS.values() for text in dict.fromkeys(meaning.text)},
    width=8,
    height=9,
    low=0,
)

_INDICATORS = Panel(
    kind="table",
    title=Text("指标、目标与判定", "Indicators, targets and verdicts"),
    description=Text(
        "实测下限把未知全部计为不利，是公布的数；上限把未知全部计为有利。分子、分母是下限的；按时间的指标以秒计。",
        "The low bound counts all that is unknown against the figure and is the published one; the high bound "
        "counts it in favour. Numerator and denominator are of the low bound; of time in seconds.",
    ),
    unit="none",
    queries=[
        Query(expr=_worst_first()),
        Query(expr=cut(_figure("sla_indicator_ratio", "low"), 4)),
        Query(expr=cut(_figure("sla_indicator_ratio", "high"), 4)),
        Query(expr=f"{_ROW} (sla_indicator_target_ratio{{{_OF}}})"),
        Query(expr=_figure("sla_indicator_numerator", "low")),
        Query(expr=_figure("sla_indicator_denominator", "low")),
        Query(expr=cut(f"{_ROW} (sla_indicator_measured_ratio{{{_OF}}})")),
        Query(expr=cut(f"{_ROW} (sla_budget_remaining_ratio{{{_OF}}})")),
    ],
    columns=[
        Column(field="plan", title=Text("规划", "plan"), width=100),
        Column(field="indicator", title=Text("指标", "indicator"), mapped=indicators()),
        Column(field="verdict", title=Text("判定", "verdict"), mapped=VERDICTS, width=120),
        Column(field="Value #B", title=Text("实测下限", "low bound"), unit="percentunit", decimals=4),
        Column(field="Value #C", title=Text("实测上限", "high bound"), unit="percentunit", decimals=4),
        Column(field="Value #D", title=Text("目标", "target"), unit="percentunit", decimals=2),
        Column(field="Value #E", title=Text("分子", "numerator"), unit="none", decimals=0),
        Column(field="Value #F", title=Text("分母", "denominator"), unit="none", decimals=0),
        Column(field="Value #G", title=Text("已测占比", "measured share"), unit="percentunit", decimals=2),
        Column(field="Value #H", title=Text("预算剩余", "budget left"), unit="percentunit", decimals=2, steps=_BUDGET),
        Column(field="Value #A", title=Text("（判定）", "(verdict)"), hidden=True),
    ],
    empty=Text("没有配置规划（agent.yml 的 plans）", "no plan configured (plans in agent.yml)"),
    width=24,
    height=16,
)

_LEFT = Panel(
    kind="bargauge",
    title=Text("年度中断预算剩余", "Budget left of the year"),
    description=Text(
        "目标允许的全年中断时间还剩多少；用完为 0，超用为负。目标 100% 没有预算。",
        "What is left of the time that the target allows to be down in the year; negative when overspent. "
        "100 % allows none.",
    ),
    unit="percentunit",
    queries=[
        Query(
            expr=cut(f"min by (indicator) (sla_budget_remaining_ratio{{{_OF}}})"),
            legend=Text("{{indicator}}", "{{indicator}}"),
        )
    ],
    steps=_BUDGET,
    decimals=2,
    named=indicators(),
    width=12,
    height=7,
    low=0,
    high=1,
    empty=Text("没有带预算的指标", "no indicator with a budget"),
)

_BUDGETS = Panel(
    kind="table",
    title=Text("年度中断预算", "Budgets of the year"),
    description=Text(
        "全年允许、已用的中断时间与消耗速度：速度为 1 时恰好用到年底。",
        "Time allowed to be down in the year, time used, and how fast: at 1 it just lasts for the year.",
    ),
    unit="none",
    queries=[
        Query(expr=f"{_ROW} (sla_budget_allowed_seconds{{{_OF}}})"),
        Query(expr=f"{_ROW} (sla_budget_spent_seconds{{{_OF}}})"),
        Query(expr=f'{_ROW} (sla_burn_rate{{{_OF}, window="period"}})'),
    ],
    columns=[
        Column(field="plan", title=Text("规划", "plan"), width=100),
        Column(field="indicator", title=Text("指标", "indicator"), mapped=indicators()),
        Column(field="Value #A", title=Text("全年允许", "allowed"), unit="dtdurations"),
        Column(field="Value #B", title=Text("已用", "used"), unit="dtdurations"),
        Column(field="Value #C", title=Text("消耗速度", "burn rate"), unit="none", decimals=2, steps=load(1, 2)),
    ],
    empty=Text("没有带预算的指标", "no indicator with a budget"),
    width=12,
    height=7,
)

_STATES_OVER_TIME = Panel(
    kind="timeseries",
    title=Text("不正常的对象", "Targets that are not up"),
    description=Text("中断、未知、降级的对象数。", "How many targets were down, unknown or degraded when."),
    unit="none",
    queries=[
        Query(expr=of_state("down"), legend=Text("中断", "down")),
        Query(expr=of_state("unknown"), legend=Text("未知", "unknown")),
        Query(expr=of_state("degraded"), legend=Text("降级", "degraded")),
    ],
    colors={"中断": DOWN, "down": DOWN, "未知": UNKNOWN, "unknown": UNKNOWN, "降级": DEGRADED, "degraded": DEGRADED},
    width=12,
    height=8,
    decimals=0,
    low=0,
    stacked=True,
)

CITY = Dashboard(
    uid="sla-city",
    title=Text("政务网 · 城市总览", "E-gov network · City overview"),
    description=Text(
        "现在坏了什么、到几点算超时；规划指标到目前如何；今年还剩多少中断预算。审定数以报告为准。",
        "What is broken and until when it may be; where the plan's indicators stand; what is left of the year's "
        "budget. The audited figures are those of the report.",
    ),
    variables=[PLAN, PERIOD],
    sections=[
        Section(
            title=Text("现在", "Now"),
            panels=[
                *(OPEN, LATE, NEXT, _AVAILABLE, FRESHNESS, SIMULATED),
                *(_PLATFORMS_DOWN, _SITES_DOWN, _SINGLE, _DOWN, _UNKNOWN, _VIDEO),
            ],
        ),
        Section(title=Text("故障与判定", "Faults and verdicts"), panels=[open_faults(width=16), _VERDICTS]),
        Section(title=Text("规划指标", "Indicators of the plan"), panels=[_INDICATORS, _LEFT, _BUDGETS]),
        Section(title=Text("经过", "Over time"), panels=[OPEN_OVER_TIME, _STATES_OVER_TIME, PLATFORMS]),
    ],
)
