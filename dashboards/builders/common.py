"""Variables, expressions and panels that several dashboards share."""

from dashboards.builders.model import Column, Meaning, Panel, Query, Text, Variable
from dashboards.builders.words import DEGRADED, DOWN, NOTE, PRIORITIES, ROLES, UP, UP_OR_DOWN, load, none_is_well

PLAN = Variable(name="plan", label=Text("规划", "Plan"), query="label_values(sla_indicator_verdict, plan)")
PERIOD = Variable(
    name="period",
    label=Text("周期", "Period"),
    query='label_values(sla_indicator_verdict{plan=~"$plan"}, period)',
    multi=False,
    newest_first=True,
)
COUNTY = Variable(
    name="county",
    label=Text("县区", "County"),
    query="query_result(count by (county, name) (sla_county_info))",
    regex='/county="(?<value>[^"]+)".*name="(?<text>[^"]+)"/',
)
CARRIER = Variable(name="carrier", label=Text("运营商", "Carrier"), query="label_values(sla_link_info, carrier)")
ROLE = Variable(name="role", label=Text("角色", "Role"), query="label_values(sla_population_targets, role)")

NAMES = "max by (county, name) (sla_county_info)"
"""The names of counties, to join on their code."""

SITES = 'max by (site, county) (sla_site_info{county=~"$county"})'
"""Sites of the chosen counties."""

FAULT = "fault, root, role, priority"
WHOSE = "name, carrier, responsible_unit"
"""What the registers say of the root of a fault: who has to mend it."""

SIMULATED = Panel(
    kind="stat",
    title=Text("数据性质", "Data"),
    description=Text(
        "真实数据，或模拟城市的数据。模拟数据不得用于考核。",
        "Real data, or that of a simulated city. Simulated data proves nothing.",
    ),
    unit="none",
    queries=[Query(expr='max(sla_agent_build_info{simulated="true"}) or max(sla_agent_build_info) * 0')],
    mapped={
        "0": Meaning(Text("真实", "real"), UP),
        "1": Meaning(Text("模拟数据 SIMULATED", "模拟数据 SIMULATED"), NOTE),
    },
    steps=((None, UP), (1, NOTE)),
    width=4,
    height=3,
    empty=Text("没有代理", "no agent"),
)

FRESHNESS = Panel(
    kind="stat",
    title=Text("台账滞后", "Ledger behind by"),
    description=Text(
        "最旧的台账落盘到现在的时间。超过 1 分钟，本页其余数字都是旧的。",
        "Since the oldest ledger was last durable. Beyond a minute, everything else on this page is old.",
    ),
    unit="s",
    queries=[Query(expr="time() - min(sla_agent_store_durable_timestamp_seconds)")],
    steps=load(60, 300),
    width=4,
    height=3,
    decimals=0,
    empty=Text("没有代理", "no agent"),
)

OPEN = Panel(
    kind="stat",
    title=Text("未恢复故障", "Open faults"),
    description=Text(
        "尚未恢复也未撤销的故障。一处断开连带的成员不另计。",
        "Faults neither restored nor withdrawn. What one of them took along is not counted again.",
    ),
    unit="none",
    queries=[Query(expr="sum(sla_faults_open)")],
    steps=none_is_well(DEGRADED),
    width=4,
    height=3,
    empty=Text("没有代理", "no agent"),
)

LATE = Panel(
    kind="stat",
    title=Text("已超 3 小时", "Past 3 hours"),
    description=Text("未恢复且已过 3 小时时限的故障。", "Open faults whose 3 hours are over."),
    unit="none",
    queries=[Query(expr="count(sla_fault_deadline_timestamp_seconds < time()) or sum(sla_faults_open) * 0")],
    steps=none_is_well(DOWN),
    width=4,
    height=3,
    empty=Text("没有代理", "no agent"),
)

NEXT = Panel(
    kind="stat",
    title=Text("最近的 3 小时时限", "Next 3-hour deadline"),
    description=Text(
        "离最早到期的未恢复故障还有多久；负数为已超过。",
        "Time left to the open fault that is due first; negative when it is over.",
    ),
    unit="dtdurations",
    queries=[Query(expr="min(sla_fault_deadline_timestamp_seconds) - time()")],
    steps=((None, DOWN), (1800, DEGRADED), (7200, UP)),
    width=4,
    height=3,
    empty=Text("没有未恢复的故障", "no open fault"),
)

OPEN_OVER_TIME = Panel(
    kind="timeseries",
    title=Text("未恢复故障（按优先级）", "Open faults by priority"),
    description=Text("每一时刻未恢复的故障数。", "How many faults were open when."),
    unit="none",
    queries=[Query(expr="sum by (priority) (sla_faults_open)", legend=Text("{{priority}}", "{{priority}}"))],
    colors={priority: meaning.color for priority, meaning in PRIORITIES.items() if meaning.color != "text"},
    width=12,
    height=8,
    decimals=0,
    low=0,
    stacked=True,
)

PLATFORMS = Panel(
    kind="state-timeline",
    title=Text("平台", "Platforms"),
    description=Text(
        "每个平台何时正常、何时中断；空白处未知。", "When each platform was up and when down; a gap is unknown."
    ),
    unit="none",
    queries=[Query(expr="max by (platform) (sla_platform_up)", legend=Text("{{platform}}", "{{platform}}"))],
    mapped=UP_OR_DOWN,
    steps=((None, DOWN), (1, UP)),
    width=24,
    height=7,
    empty=Text("没有平台", "no platform"),
)


def open_faults(where: str = "", *, width: int = 24, height: int = 9) -> Panel:
    """The open faults with their clocks; those that began first come first, at most 50."""
    ages = f"max by ({FAULT}) (sla_fault_age_seconds{where})"
    first = f"topk(50, {ages})"
    return Panel(
        kind="table",
        title=Text("未恢复故障与 3 小时时钟", "Open faults and their 3-hour clocks"),
        description=Text(
            "每件未恢复故障：离 3 小时时限还有多久、已持续多久、连带多少对象、归谁处置。最多列 50 件，最早的在前。",
            "Each open fault: how much of its 3 hours is left, how long it lasts, what it took, who mends it. "
            "At most 50, oldest first.",
        ),
        unit="none",
        queries=[
            Query(expr=f"max by ({FAULT}) (sla_fault_deadline_timestamp_seconds{where}) - time() and {first}"),
            Query(expr=first),
            Query(expr=f"max by ({FAULT}) (sla_fault_members{where}) and {first}"),
            Query(expr=f"max by ({FAULT}, {WHOSE}) (sla_fault_info{where}) and on ({FAULT}) {first}"),
        ],
        columns=[
            Column(
                field="Value #A",
                title=Text("剩余", "left"),
                unit="dtdurations",
                steps=((None, DOWN), (1800, DEGRADED), (7200, UP)),
            ),
            Column(field="priority", title=Text("优先级", "priority"), mapped=PRIORITIES, width=90),
            Column(field="root", title=Text("根因对象", "root")),
            Column(field="name", title=Text("名称", "name")),
            Column(field="carrier", title=Text("运营商", "carrier")),
            Column(field="responsible_unit", title=Text("责任单位", "responsible")),
            Column(field="role", title=Text("角色", "role"), mapped=ROLES, width=110),
            Column(field="Value #B", title=Text("已持续", "age"), unit="dtdurations"),
            Column(field="Value #C", title=Text("连带", "members"), unit="none", decimals=0, width=80),
            Column(field="fault", title=Text("故障编号", "fault")),
            Column(field="Value #D", title=Text("（数）", "(count)"), hidden=True),
        ],
        empty=Text("没有未恢复的故障", "no open fault"),
        width=width,
        height=height,
        sort_by="Value #A",
    )


def cut(ratio: str, decimals: int = 2) -> str:
    """A share of 1 cut to so many decimals of a percent: Grafana would round 99.9999 % up to 100 %.

    The millionth of the last digit is for ratios that binary fractions keep a little too small.
    """
    return f"floor(({ratio}) * 1e{decimals + 2} + 1e-6) / 1e{decimals + 2}"


def of_state(states: str, where: str = "") -> str:
    """How many targets are in one of the states; 0 where there are targets and none of them is."""
    others = f", {where}" if where else ""
    alone = f"{{{where}}}" if where else ""
    return f'sum(sla_population_targets{{state=~"{states}"{others}}}) or sum(sla_population_targets{alone}) * 0'


def available(where: str = "", by: str = "") -> str:
    """The share of targets in service that are up now; what nobody knows counts against it."""
    others = f", {where}" if where else ""
    alone = f"{{{where}}}" if where else ""
    group = f" by ({by})" if by else ""
    up = f'sum{group} (sla_population_targets{{state=~"up|degraded"{others}}})'
    whole = f"sum{group} (sla_population_targets{alone})"
    return cut(f"({up} or {whole} * 0) / {whole}")


def joined(lines: str, labels: str = "county, carrier") -> str:
    """Something of lines with where they are of: of the chosen counties and carriers."""
    return f"{lines} * on (link) group_left ({labels}) {chosen_lines(labels)}"


def chosen_lines(labels: str = "county, carrier", more: str = "") -> str:
    """The chosen lines; several agents that have the same register say one thing."""
    return f'max by (link, {labels}) (sla_link_info{{county=~"$county", carrier=~"$carrier"{more}}})'


def with_county_name(expr: str) -> str:
    """The same with the county's name beside its code, where a register says it."""
    return f"({expr}) * on (county) group_left (name) {NAMES} or ({expr}) unless on (county) {NAMES}"
