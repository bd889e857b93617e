"""Faults and the 3-hour rate: the rate with its bounds, what is open, how long clearing takes and for whom."""

from dataclasses import replace

from dashboards.builders.common import FRESHNESS, LATE, NEXT, OPEN, OPEN_OVER_TIME, ROLE, SIMULATED, cut, open_faults
from dashboards.builders.model import Dashboard, Panel, Query, Section, Text, Variable
from dashboards.builders.words import DEGRADED, DOWN, OUTCOMES, ROLES, share

_PERIOD = Variable(
    name="period",
    label=Text("周期", "Period"),
    query="label_values(sla_faults, period)",
    multi=False,
    newest_first=False,
)
_RATED = 'outcome=~"in_time|late|undecided", period=~"$period"'
_CLEARING = "sla_fault_clearing_seconds_bucket"


def _faults(outcomes: str) -> str:
    return f'sum(sla_faults{{outcome=~"{outcomes}", period=~"$period"}})'


def _rate(title: Text, description: Text, outcomes: str) -> Panel:
    return Panel(
        kind="stat",
        title=title,
        description=description,
        unit="percentunit",
        queries=[Query(expr=cut(f"{_faults(outcomes)} / ({_faults('in_time|late|undecided')} > 0)"))],
        steps=share(0.95, 0.99),
        width=4,
        height=3,
        decimals=2,
        low=0,
        high=1,
        empty=Text("还没有可评的故障", "nothing to rate yet"),
    )


_LOW = _rate(
    Text("3 小时处置率下限", "Cleared within 3 h, low bound"),
    Text(
        "3 小时内恢复的故障占可评故障；证据不足的全部算超时。这是公布的数。",
        "Faults cleared within 3 h of those that can be rated; what lacks evidence counts as late. "
        "The published figure.",
    ),
    "in_time",
)
_HIGH = _rate(
    Text("3 小时处置率上限", "Cleared within 3 h, high bound"),
    Text("同上，证据不足的全部算按时。", "The same with what lacks evidence as in time."),
    "in_time|undecided",
)

_OF_OUTCOME = Panel(
    kind="bargauge",
    title=Text("本周期故障（按结果）", "Faults of the period by outcome"),
    description=Text(
        "时钟在本周期内开始的故障。后到的证据会改变它。",
        "Faults whose clock started in the period. Evidence that comes later may change it.",
    ),
    unit="none",
    queries=[Query(expr=_faults(outcome), legend=meaning.text) for outcome, meaning in OUTCOMES.items()],
    colors={text: meaning.color for meaning in OUTCOMES.values() for text in dict.fromkeys(meaning.text)},
    width=12,
    height=8,
    low=0,
)

_RATED_COUNT = Panel(
    kind="stat",
    title=Text("本周期可评故障", "Rated in the period"),
    description=Text(
        "按时、超时与证据不足的故障之和：处置率的分母。", "In time, late and without evidence: the rate's denominator."
    ),
    unit="none",
    queries=[Query(expr=f"sum(sla_faults{{{_RATED}}})")],
    width=4,
    height=3,
)

_AGES = Panel(
    kind="timeseries",
    title=Text("最久的未恢复故障（3 小时为限）", "Longest open faults, against 3 hours"),
    description=Text(
        "未恢复故障已持续的时间，最久 10 件；虚线为 1、2、3 小时。",
        "How long open faults have lasted, longest 10; lines at 1, 2 and 3 hours.",
    ),
    unit="dtdurations",
    queries=[
        Query(
            expr='topk(10, max by (fault, root) (sla_fault_age_seconds{role=~"$role"}))',
            legend=Text("{{root}} {{fault}}", "{{root}} {{fault}}"),
        )
    ],
    steps=((None, "text"), (3600, DEGRADED), (7200, DEGRADED), (10800, DOWN)),
    width=24,
    height=8,
    low=0,
    empty=Text("没有未恢复的故障", "no open fault"),
)

_BUCKETS = Panel(
    kind="bargauge",
    title=Text("处置时间分布", "Clearing times"),
    description=Text(
        "代理启动以来已定局的故障，处置时间不超过各档的数目（累计）。",
        "Faults that are final, since the agent started: how many were cleared within each time (cumulative).",
    ),
    unit="none",
    queries=[
        Query(expr=f'sum({_CLEARING}{{le="{le}", role=~"$role"}})', legend=Text(zh, en))
        for le, zh, en in (
            ("300.0", "5 分钟内", "5 min"),
            ("1800.0", "30 分钟内", "30 min"),
            ("3600.0", "1 小时内", "1 h"),
            ("7200.0", "2 小时内", "2 h"),
            ("10800.0", "3 小时内", "3 h"),
            ("28800.0", "8 小时内", "8 h"),
            ("+Inf", "全部", "all"),
        )
    ],
    width=12,
    height=9,
    low=0,
)

_TYPICAL = Panel(
    kind="timeseries",
    title=Text("处置时间中位数与 95 分位", "Clearing time, median and 95th percentile"),
    description=Text(
        "代理启动以来已定局的故障，按角色；由直方图估算，仅供参考。",
        "Faults that are final, since the agent started, by role; estimated from a histogram.",
    ),
    unit="dtdurations",
    queries=[
        Query(
            expr=f'histogram_quantile({quantile}, sum by (le) ({_CLEARING}{{role=~"$role"}})) '
            f'and on () sum({_CLEARING}{{le="+Inf", role=~"$role"}}) > 0',
            legend=legend,
        )
        for quantile, legend in (("0.5", Text("中位数", "median")), ("0.95", Text("95 分位", "95th percentile")))
    ],
    width=12,
    height=9,
    low=0,
    empty=Text("还没有定局的故障", "no fault is final yet"),
)

_OF_ROLE = Panel(
    kind="bargauge",
    title=Text("未恢复故障（按角色）", "Open faults by role of their root"),
    description=Text("未恢复故障的根因是什么。", "What the roots of open faults are."),
    unit="none",
    queries=[
        Query(
            expr="count by (role) (max by (fault, role) (sla_fault_age_seconds))", legend=Text("{{role}}", "{{role}}")
        )
    ],
    steps=((None, DEGRADED),),
    named=ROLES,
    width=8,
    height=9,
    low=0,
    empty=Text("没有未恢复的故障", "no open fault"),
)

FAULTS = Dashboard(
    uid="sla-faults",
    title=Text("政务网 · 故障与 3 小时处置", "E-gov network · Faults and the 3 hours"),
    description=Text(
        "3 小时处置率及其上下限、未恢复故障的时钟、处置时间。审定数以报告为准。",
        "The 3-hour rate and its bounds, the clocks of open faults, clearing times. "
        "The audited figures are the report's.",
    ),
    variables=[_PERIOD, ROLE],
    sections=[
        Section(
            title=Text("现在", "Now"),
            panels=[
                replace(panel, width=3) for panel in (OPEN, LATE, NEXT, _LOW, _HIGH, _RATED_COUNT, FRESHNESS, SIMULATED)
            ],
        ),
        Section(title=Text("未恢复", "Open"), panels=[open_faults('{role=~"$role"}', width=16), _OF_ROLE, _AGES]),
        Section(title=Text("本周期", "This period"), panels=[_OF_OUTCOME, OPEN_OVER_TIME]),
        Section(title=Text("处置时间", "Clearing"), panels=[_BUCKETS, _TYPICAL]),
    ],
    since="now-24h",
)
