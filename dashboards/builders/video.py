"""Video: how many cameras are online, where they are not, and why. Nothing here sums up thousands of series."""

from dashboards.builders.common import COUNTY, FRESHNESS, NAMES, SIMULATED, available, of_state
from dashboards.builders.model import Column, Dashboard, Panel, Query, Section, Text
from dashboards.builders.words import DEGRADED, DOWN, READ, REASONS, STATES, UNKNOWN, load, none_is_well, share

_CAMERAS = 'role="camera", county=~"$county"'
_ONLINE = share(0.9, 0.97)


def _count(title: Text, description: Text, state: str, color: str) -> Panel:
    return Panel(
        kind="stat", title=title, description=description, unit="none", queries=[Query(expr=of_state(state, _CAMERAS))],
        steps=none_is_well(color), width=4, height=3, empty=Text("没有摄像机", "no camera"),
    )  # fmt: skip


_SHARE = Panel(
    kind="stat",
    title=Text("在线率", "Online"),
    description=Text(
        "在用摄像机中应答的占比；未知不算在线。瞬时值，不是考核指标。",
        "Share of the cameras in service that answer; unknown is not online. A moment's value, no indicator.",
    ),
    unit="percentunit",
    queries=[Query(expr=available(_CAMERAS))],
    steps=_ONLINE,
    width=4,
    height=3,
    decimals=2,
    low=0,
    high=1,
    empty=Text("没有摄像机", "no camera"),
)

_ALL = Panel(
    kind="stat",
    title=Text("摄像机", "Cameras"),
    description=Text("登记为摄像机的对象。", "Targets of the role camera."),
    unit="none",
    queries=[Query(expr=f"sum(sla_population_targets{{{_CAMERAS}}})")],
    width=4,
    height=3,
    empty=Text("没有摄像机", "no camera"),
)


def _by_name(expr: str) -> str:
    return f"sum by (county, name) ({expr} * on (county) group_left (name) {NAMES})"


_BY_COUNTY = Panel(
    kind="bargauge",
    title=Text("各县区在线率", "Online by county"),
    description=Text(
        "各县区在用摄像机中应答的占比；未知不算在线。", "Share that answers by county; unknown is not online."
    ),
    unit="percentunit",
    queries=[
        Query(
            expr=f"{available(_CAMERAS, 'county')} * on (county) group_left (name) {NAMES}",
            legend=Text("{{name}}", "{{name}}"),
        )
    ],
    steps=_ONLINE,
    width=8,
    height=10,
    low=0,
    high=1,
    decimals=2,
    empty=Text("没有摄像机", "no camera"),
)

_STATES = Panel(
    kind="table",
    title=Text("各县区摄像机", "Cameras by county"),
    description=Text("各县区摄像机按状态的数目。", "How many cameras of each county are in which state."),
    unit="none",
    queries=[
        Query(expr=_by_name(f"sum by (county) (sla_population_targets{{{_CAMERAS}}})")),
        *(
            Query(expr=_by_name(f'sum by (county) (sla_population_targets{{{_CAMERAS}, state="{state}"}})'))
            for state in ("up", "degraded", "down", "unknown")
        ),
    ],
    columns=[
        Column(field="name", title=Text("县区", "county")),
        Column(field="county", title=Text("代码", "code"), width=100),
        Column(field="Value #A", title=Text("总数", "all"), unit="none", decimals=0),
        Column(field="Value #B", title=Text("正常", "up"), unit="none", decimals=0),
        Column(field="Value #C", title=Text("降级", "degraded"), unit="none", decimals=0, steps=none_is_well(DEGRADED)),
        Column(field="Value #D", title=Text("中断", "down"), unit="none", decimals=0, steps=none_is_well()),
        Column(field="Value #E", title=Text("未知", "unknown"), unit="none", decimals=0, steps=none_is_well(UNKNOWN)),
    ],
    empty=Text("没有摄像机", "no camera"),
    width=16,
    height=10,
    sort_by="county",
)

_OVER_TIME = Panel(
    kind="timeseries",
    title=Text("在线率（按县区）", "Online by county, over time"),
    description=Text("每一时刻应答的占比；未知不算在线。", "Share that answered, when; unknown is not online."),
    unit="percentunit",
    queries=[
        Query(
            expr=f"{available(_CAMERAS, 'county')} * on (county) group_left (name) {NAMES}",
            legend=Text("{{name}}", "{{name}}"),
        )
    ],
    width=12,
    height=9,
    low=0,
    high=1,
    decimals=2,
    empty=Text("没有摄像机", "no camera"),
)

_NOT_UP = Panel(
    kind="timeseries",
    title=Text("不正常的摄像机", "Cameras that are not up"),
    description=Text("中断、未知、降级的摄像机数。", "How many cameras were down, unknown or degraded when."),
    unit="none",
    queries=[
        Query(expr=of_state("down", _CAMERAS), legend=Text("中断", "down")),
        Query(expr=of_state("unknown", _CAMERAS), legend=Text("未知", "unknown")),
        Query(expr=of_state("degraded", _CAMERAS), legend=Text("降级", "degraded")),
    ],
    colors={"中断": DOWN, "down": DOWN, "未知": UNKNOWN, "unknown": UNKNOWN, "降级": DEGRADED, "degraded": DEGRADED},
    width=12,
    height=9,
    low=0,
    decimals=0,
    stacked=True,
    empty=Text("没有摄像机", "no camera"),
)

_LIST = Panel(
    kind="table",
    title=Text("中断的视频对象", "Video targets that are down"),
    description=Text(
        "中断的摄像机、录像机与视频网关及最近一次读数的原因，最多 50 个。",
        "Cameras, recorders and gateways that are down, and why by their last reading, at most 50.",
    ),
    unit="none",
    queries=[
        Query(
            expr='topk(50, max by (target, site, state) (sla_target_state{kind="rtsp", state="down", target!~".*#.*"}))'
        ),
        Query(
            expr="max by (target, site, outcome, reason) (sla_probe_problem) and on (target) "
            'topk(50, max by (target, site, state) (sla_target_state{kind="rtsp", state="down", target!~".*#.*"}))'
        ),
    ],
    columns=[
        Column(field="state", title=Text("状态", "state"), mapped=STATES, width=110),
        Column(field="target", title=Text("对象", "target")),
        Column(field="site", title=Text("站点", "site")),
        Column(field="outcome", title=Text("读数", "reading"), mapped=READ, width=120),
        Column(field="reason", title=Text("原因", "reason"), mapped=REASONS),
        Column(field="Value #A", title=Text("（状态）", "(state)"), hidden=True),
        Column(field="Value #B", title=Text("（原因）", "(reason)"), hidden=True),
    ],
    empty=Text("没有中断的视频对象", "no video target is down"),
    width=16,
    height=10,
)

_REASONS = Panel(
    kind="bargauge",
    title=Text("视频探测失败的原因", "Why video probes fail"),
    description=Text(
        "最近一次读数不成功的视频对象，按原因。由记录规则预先汇总。",
        "Video targets whose last reading was not ok, by reason. Summed up beforehand by a recording rule.",
    ),
    unit="none",
    queries=[
        Query(
            expr='topk(12, sum by (reason) (kind_reason:sla_probe_problem:count{kind="rtsp"}))',
            legend=Text("{{reason}}", "{{reason}}"),
        )
    ],
    steps=((None, DEGRADED),),
    named=REASONS,
    width=8,
    height=10,
    low=0,
    empty=Text("没有失败的读数", "no reading failed"),
)

_STAGES = Panel(
    kind="timeseries",
    title=Text("RTSP 应答时间（平均）", "RTSP answer times, mean"),
    description=Text(
        "连接、OPTIONS、DESCRIBE 各阶段时间的平均。由记录规则预先汇总。",
        "Means of connect, OPTIONS and DESCRIBE. Summed up beforehand by recording rules.",
    ),
    unit="s",
    queries=[
        Query(expr="avg(vantage:sla_rtsp_connect_seconds:avg)", legend=Text("连接", "connect")),
        Query(expr="avg(vantage:sla_rtsp_options_seconds:avg)", legend=Text("OPTIONS", "OPTIONS")),
        Query(expr="avg(vantage:sla_rtsp_describe_seconds:avg)", legend=Text("DESCRIBE", "DESCRIBE")),
    ],
    width=12,
    height=8,
    low=0,
    empty=Text("没有视频探测，或没有装载记录规则", "no video target, or the recording rules are not loaded"),
)

_CLOCKS = Panel(
    kind="timeseries",
    title=Text("时钟偏差超过 1 分钟的摄像机", "Cameras whose clock is off by more than a minute"),
    description=Text(
        "录像时间会错，作为证据会被质疑。由记录规则预先汇总。",
        "Their recordings bear the wrong time and will be doubted. Summed up beforehand by a recording rule.",
    ),
    unit="none",
    queries=[Query(expr="sum(vantage:sla_rtsp_clock_skew_minute:count)", legend=Text("摄像机", "cameras"))],
    steps=load(1, 100),
    width=12,
    height=8,
    low=0,
    decimals=0,
    empty=Text("没有视频探测，或没有装载记录规则", "no video target, or the recording rules are not loaded"),
)

VIDEO = Dashboard(
    uid="sla-video",
    title=Text("政务网 · 视频", "E-gov network · Video"),
    description=Text(
        "摄像机在线率、各县区情况、谁中断、为什么、时钟准不准。",
        "Cameras online, by county, what is down and why, and whose clock is off.",
    ),
    variables=[COUNTY],
    sections=[
        Section(
            title=Text("现在", "Now"),
            panels=[
                _SHARE,
                _ALL,
                _count(Text("中断", "Down"), Text("已确认中断的摄像机。", "Cameras confirmed down."), "down", DOWN),
                _count(
                    Text("未知", "Unknown"),
                    Text(
                        "没有有效读数的摄像机：未测到，不等于在线。",
                        "Cameras without a valid reading: which is not online.",
                    ),
                    "unknown",
                    UNKNOWN,
                ),
                FRESHNESS,
                SIMULATED,
            ],
        ),
        Section(title=Text("县区", "Counties"), panels=[_BY_COUNTY, _STATES, _OVER_TIME, _NOT_UP]),
        Section(title=Text("原因与质量", "Reasons and quality"), panels=[_LIST, _REASONS, _STAGES, _CLOCKS]),
    ],
)
