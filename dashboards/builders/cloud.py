"""Cloud platform and hosts: platforms and services, what is not up and why, certificates, hosts near their limits."""

from dataclasses import replace

from dashboards.builders.common import COUNTY, FRESHNESS, PLATFORMS, ROLE, SIMULATED, available, of_state
from dashboards.builders.model import Column, Dashboard, Panel, Query, Section, Text
from dashboards.builders.words import (
    DEGRADED,
    DOWN,
    READ,
    REASONS,
    ROLES,
    STATES,
    UNKNOWN,
    UP,
    load,
    none_is_well,
    share,
)

_SERVICES = 'role=~"service|component|platform|certificate"'
_HOSTS = 'role="host"'
_MANY = 'kind!~"rtsp|snmp"'
"""What is not of the tens of thousands: cameras and interfaces have dashboards of their own."""

_STAGES = (
    ("resolve", Text("解析", "resolve")),
    ("connect", Text("连接", "connect")),
    ("tls", Text("TLS 握手", "TLS handshake")),
    ("processing", Text("处理", "processing")),
    ("transfer", Text("传输", "transfer")),
)
_ENDS = "sla_http_certificate_not_after_timestamp_seconds or sla_tls_certificate_not_after_timestamp_seconds"
_FULL = load(0.8, 0.95)


def _count(title: Text, description: Text, expr: str, color: str) -> Panel:
    return Panel(
        kind="stat", title=title, description=description, unit="none", queries=[Query(expr=expr)],
        steps=none_is_well(color), width=4, height=3, empty=Text("没有登记", "none registered"),
    )  # fmt: skip


_PLATFORMS_DOWN = _count(
    Text("中断平台", "Platforms down"),
    Text("按组件规则判为中断的平台。", "Platforms that are down by the rule of their components."),
    "sum(1 - max by (platform) (sla_platform_up))",
    DOWN,
)
_SERVICES_DOWN = _count(
    Text("中断业务系统", "Services down"),
    Text("业务系统、组件、证书中已确认中断的。", "Services, components and certificates confirmed down."),
    of_state("down", _SERVICES),
    DOWN,
)
_HOSTS_DOWN = _count(
    Text("中断主机", "Hosts down"),
    Text("已确认中断的主机。", "Hosts confirmed down."),
    of_state("down", _HOSTS),
    DOWN,
)
_NOT_KNOWN = _count(
    Text("未知（系统与主机）", "Unknown (services, hosts)"),
    Text("没有有效读数：未测到，不等于正常。", "Without a valid reading: not measured, which is not up."),
    of_state("unknown", 'role=~"service|component|platform|certificate|host"'),
    UNKNOWN,
)

_PLATFORMS = replace(PLATFORMS, width=16, height=8)

_BY_ROLE = Panel(
    kind="bargauge",
    title=Text("各角色现在可用", "Available now by role"),
    description=Text(
        "在用对象中正常或降级的占比；未知不算可用。",
        "Share of the targets in service that are up or degraded; unknown is not up.",
    ),
    unit="percentunit",
    queries=[Query(expr=available('role=~"$role", county=~"$county"', "role"), legend=Text("{{role}}", "{{role}}"))],
    steps=share(0.95, 0.99),
    named=ROLES,
    width=8,
    height=8,
    low=0,
    high=1,
    decimals=2,
)

_NOT_UP = Panel(
    kind="table",
    title=Text("不正常的系统与主机", "Services and hosts that are not up"),
    description=Text(
        "中断、降级、未知的对象及最近一次读数的原因，最多 50 个；摄像机与接口另有看板。",
        "What is down, degraded or unknown, and why by its last reading, at most 50; cameras and interfaces have "
        "dashboards of their own.",
    ),
    unit="none",
    queries=[
        Query(
            expr="topk(50, max by (target, kind, site, state) "
            f'(sla_target_state{{{_MANY}, state=~"down|degraded|unknown"}}))'
        ),
        Query(
            expr=f"topk(200, max by (target, kind, site, outcome, reason) (sla_probe_problem{{{_MANY}}}) "
            f'and on (target) sla_target_state{{{_MANY}, state=~"down|degraded|unknown"}})'
        ),
    ],
    columns=[
        Column(field="state", title=Text("状态", "state"), mapped=STATES, width=110),
        Column(field="target", title=Text("对象", "target")),
        Column(field="kind", title=Text("探测", "kind"), width=100),
        Column(field="site", title=Text("站点", "site")),
        Column(field="outcome", title=Text("读数", "reading"), mapped=READ, width=120),
        Column(field="reason", title=Text("原因", "reason"), mapped=REASONS),
        Column(field="Value #A", title=Text("（状态）", "(state)"), hidden=True),
        Column(field="Value #B", title=Text("（原因）", "(reason)"), hidden=True),
    ],
    empty=Text("全部正常", "all are up"),
    width=24,
    height=9,
    sort_by="state",
)

_TIMES = Panel(
    kind="timeseries",
    title=Text("网页探测各阶段（平均）", "Stages of page probes, mean"),
    description=Text(
        "最近一次请求各阶段时间的平均，叠加为总时间。",
        "Means of the stages of the last requests; their stack is the whole.",
    ),
    unit="s",
    queries=[Query(expr=f"avg(sla_http_{stage}_seconds)", legend=name) for stage, name in _STAGES],
    width=12,
    height=8,
    low=0,
    stacked=True,
    empty=Text("没有网页探测", "no page is probed"),
)

_SLOWEST = Panel(
    kind="timeseries",
    title=Text("最慢的 10 个系统", "Slowest 10 services"),
    description=Text(
        "一次探测全部阶段的时间；失败的探测也计到它放弃为止。",
        "All stages of one probe together; a probe that failed counts until it gave up.",
    ),
    unit="s",
    queries=[
        Query(
            expr='topk(10, max by (target) (sla_probe_duration_seconds{kind=~"http|dns|tls|tcp"}))',
            legend=Text("{{target}}", "{{target}}"),
        )
    ],
    width=12,
    height=8,
    low=0,
)

_CERTIFICATES = Panel(
    kind="bargauge",
    title=Text("证书剩余天数（最早 15 张）", "Days left of certificates, first 15"),
    description=Text("对方出示的证书离到期的天数。", "Days until the certificate that the peer presents ends."),
    unit="d",
    queries=[
        Query(
            expr=f"bottomk(15, (min by (target) ({_ENDS}) - time()) / 86400)",
            legend=Text("{{target}}", "{{target}}"),
        )
    ],
    steps=((None, DOWN), (7, DEGRADED), (30, UP)),
    width=12,
    height=10,
    low=0,
    high=90,
    decimals=1,
    empty=Text("没有证书", "no certificate"),
)


def _fullest(title: Text, description: Text, metric: str) -> Panel:
    return Panel(
        kind="bargauge",
        title=title,
        description=description,
        unit="percentunit",
        queries=[Query(expr=f"topk(10, max by (target) ({metric}))", legend=Text("{{target}}", "{{target}}"))],
        steps=_FULL,
        width=8,
        height=9,
        low=0,
        high=1,
        decimals=1,
        empty=Text("没有主机读数", "no host is read"),
    )


_HOSTS_OVER_TIME = Panel(
    kind="timeseries",
    title=Text("主机平均负荷", "Hosts, mean"),
    description=Text(
        "全部主机的平均：CPU、等磁盘、被虚拟化平台占走的时间与内存。被占走高，说明宿主机超卖。",
        "Means over all hosts: CPU, waiting for disks, time taken by the hypervisor, memory. "
        "Much taken: the machine is oversold.",
    ),
    unit="percentunit",
    queries=[
        Query(expr="avg(sla_host_cpu_used_ratio)", legend=Text("CPU", "CPU")),
        Query(expr="avg(sla_host_cpu_iowait_ratio)", legend=Text("等磁盘", "waiting for disks")),
        Query(expr="avg(sla_host_cpu_steal_ratio)", legend=Text("被占走", "stolen")),
        Query(expr="avg(sla_host_memory_used_ratio)", legend=Text("内存", "memory")),
    ],
    width=12,
    height=10,
    low=0,
    empty=Text("没有主机读数", "no host is read"),
)

CLOUD = Dashboard(
    uid="sla-cloud",
    title=Text("政务网 · 云平台与主机", "E-gov network · Cloud platform and hosts"),
    description=Text(
        "平台、业务系统与主机：谁不正常、为什么、谁快到上限。",
        "Platforms, services and hosts: what is not up, why, and what is near its limit.",
    ),
    variables=[COUNTY, ROLE],
    sections=[
        Section(
            title=Text("现在", "Now"),
            panels=[_PLATFORMS_DOWN, _SERVICES_DOWN, _HOSTS_DOWN, _NOT_KNOWN, FRESHNESS, SIMULATED],
        ),
        Section(
            title=Text("平台与系统", "Platforms and services"), panels=[_PLATFORMS, _BY_ROLE, _NOT_UP, _TIMES, _SLOWEST]
        ),
        Section(
            title=Text("主机与证书", "Hosts and certificates"),
            panels=[
                _fullest(
                    Text("CPU 最高 10 台", "CPU, highest 10"),
                    Text("上次探测以来的占用。", "Used since the probe before."),
                    "sla_host_cpu_used_ratio",
                ),
                _fullest(
                    Text("内存最高 10 台", "Memory, highest 10"),
                    Text(
                        "内核算出的不可用内存占比。", "Share of the memory that is not available, as the kernel says."
                    ),
                    "sla_host_memory_used_ratio",
                ),
                _fullest(
                    Text("磁盘最满 10 个", "Disks, fullest 10"),
                    Text("用户可用空间中已用的占比。", "Share in use of the space that users may have."),
                    "sla_host_disk_used_ratio",
                ),
                _HOSTS_OVER_TIME,
                _CERTIFICATES,
            ],
        ),
    ],
)
