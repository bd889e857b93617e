"""Links and carriers: which lines are up, who lost redundancy, how full lines are, how each carrier's lines do."""

from dashboards.builders.common import (
    CARRIER,
    COUNTY,
    FRESHNESS,
    NAMES,
    SIMULATED,
    SITES,
    chosen_lines,
    cut,
    joined,
    with_county_name,
)
from dashboards.builders.model import Column, Dashboard, Panel, Query, Section, Text
from dashboards.builders.words import (
    DEGRADED,
    DIRECTIONS,
    DOWN,
    TIERS,
    UNKNOWN,
    UP,
    UP_OR_DOWN,
    load,
    none_is_well,
    share,
)

_UP = joined("max by (link) (sla_link_up)")
_WAYS = "max by (link, direction) (sla_link_utilisation_ratio)"
_FULLNESS = f"{_WAYS} * on (link) group_left (county, carrier) {chosen_lines()}"
_CONTRACTED = joined("max by (link) (sla_link_contracted_bytes_per_second)")
_LOST = f"max by (site) (sla_site_redundancy_lost) * on (site) group_left (county) {SITES}"
_BUSY = load(0.7, 0.9)
_DOWN_NOW = "(max by (link) (sla_link_up) == 0)"


def _share_up(by: str) -> str:
    """Lines up of those in service; where nothing is known, 0."""
    lines = f"count by ({by}) ({chosen_lines()})"
    return cut(f"(sum by ({by}) ({_UP}) or {lines} * 0) / {lines}")


def _count(title: Text, description: Text, expr: str, color: str) -> Panel:
    return Panel(
        kind="stat", title=title, description=description, unit="none", queries=[Query(expr=expr)],
        steps=none_is_well(color), width=4, height=3, empty=Text("没有线路", "no line"),
    )  # fmt: skip


_LINES = Panel(
    kind="stat",
    title=Text("在用线路", "Lines in service"),
    description=Text("登记在用的线路。", "Lines that the register has in service."),
    unit="none",
    queries=[Query(expr=f"count({chosen_lines()})")],
    width=4,
    height=3,
    empty=Text("没有线路", "no line"),
)

_DOWN = _count(
    Text("中断线路", "Lines down"),
    Text("按全部证据判为中断的线路。", "Lines that are down by all that is evidence of them."),
    f"sum(1 - {_UP}) or count({chosen_lines()}) * 0",
    DOWN,
)
_UNKNOWN = _count(
    Text("未知线路", "Lines unknown"),
    Text("没有有效证据的线路：未测到，不等于正常。", "Lines without valid evidence: not measured, which is not up."),
    f"count({chosen_lines()}) - (count({_UP}) or count({chosen_lines()}) * 0)",
    UNKNOWN,
)
_SINGLE = _count(
    Text("失去冗余的站点", "Sites without redundancy"),
    Text("站点仍通，但有线路中断。", "Sites that are up while one of their lines is down."),
    f"sum({_LOST})",
    DEGRADED,
)

_CARRIERS = Panel(
    kind="table",
    title=Text("运营商", "Carriers"),
    description=Text(
        "每家运营商：在用线路、其中现在正常的占比（未知不算正常）、签约带宽之和。瞬时值，不是考核率。",
        "Each carrier: lines in service, the share of them that is up now (unknown is not up), contracted "
        "bandwidth in all. A moment's value, no audited rate.",
    ),
    unit="none",
    queries=[
        Query(expr=f"count by (carrier) ({chosen_lines()})"),
        Query(expr=_share_up("carrier")),
        Query(expr=f"sum by (carrier) (1 - {_UP})"),
        Query(expr=f"sum by (carrier) ({_CONTRACTED}) * 8"),
    ],
    columns=[
        Column(field="carrier", title=Text("运营商", "carrier")),
        Column(field="Value #A", title=Text("线路", "lines"), unit="none", decimals=0, width=80),
        Column(
            field="Value #B", title=Text("现在正常", "up now"), unit="percentunit", decimals=2, steps=share(0.9, 0.99)
        ),
        Column(field="Value #C", title=Text("中断", "down"), unit="none", decimals=0, steps=none_is_well(), width=80),
        Column(field="Value #D", title=Text("签约带宽", "contracted"), unit="bps"),
    ],
    empty=Text("没有线路", "no line"),
    width=12,
    height=8,
)

_CARRIERS_OVER_TIME = Panel(
    kind="timeseries",
    title=Text("各运营商线路正常占比", "Share of lines up by carrier"),
    description=Text(
        "每一时刻正常的线路占在用线路的比例；未知不算正常。", "Lines up of those in service, when; unknown is not up."
    ),
    unit="percentunit",
    queries=[
        Query(
            expr=_share_up("carrier"),
            legend=Text("{{carrier}}", "{{carrier}}"),
        )
    ],
    width=12,
    height=8,
    low=0,
    high=1,
    decimals=2,
)

_LINES_DOWN = Panel(
    kind="table",
    title=Text("中断线路清单", "Lines that are down"),
    description=Text("现在中断的线路，最多 50 条。", "Lines that are down now, at most 50."),
    unit="none",
    queries=[Query(expr=with_county_name(f"topk(50, {joined(_DOWN_NOW, 'site, county, carrier, tier')} + 1)"))],
    columns=[
        Column(field="link", title=Text("线路", "line")),
        Column(field="site", title=Text("远端站点", "far site")),
        Column(field="name", title=Text("县区", "county")),
        Column(field="county", title=Text("代码", "code")),
        Column(field="carrier", title=Text("运营商", "carrier")),
        Column(field="tier", title=Text("层级", "tier"), mapped=TIERS),
        Column(field="Value", title=Text("（数）", "(count)"), hidden=True),
    ],
    empty=Text("没有中断的线路", "no line is down"),
    width=12,
    height=8,
)

_SITES_SINGLE = Panel(
    kind="table",
    title=Text("失去冗余的站点清单", "Sites that lost redundancy"),
    description=Text("站点仍通，但有线路中断，最多 50 个。", "Sites that are up with a line down, at most 50."),
    unit="none",
    queries=[Query(expr=with_county_name(f"topk(50, {_LOST} == 1)"))],
    columns=[
        Column(field="site", title=Text("站点", "site")),
        Column(field="name", title=Text("县区", "county")),
        Column(field="county", title=Text("代码", "code")),
        Column(field="Value", title=Text("（数）", "(count)"), hidden=True),
    ],
    empty=Text("没有失去冗余的站点", "no site lost redundancy"),
    width=12,
    height=8,
)

_UPLINKS = Panel(
    kind="state-timeline",
    title=Text("市县线路", "Lines from the city to its counties"),
    description=Text(
        "层级为 metro 的线路何时正常、何时中断；空白处未知。",
        "When lines of tier metro were up and when down; a gap is unknown.",
    ),
    unit="none",
    queries=[
        Query(
            expr="max by (link) (sla_link_up) and on (link) " + chosen_lines(more=', tier="metro"'),
            legend=Text("{{link}}", "{{link}}"),
        )
    ],
    mapped=UP_OR_DOWN,
    steps=((None, DOWN), (1, UP)),
    width=24,
    height=9,
    empty=Text("没有市县线路的证据", "no evidence of such a line"),
)

_BUSIEST = Panel(
    kind="table",
    title=Text("最忙的线路", "Busiest lines"),
    description=Text(
        "最近一次探测间隔内的平均速率占签约带宽，按方向，最多 20 条。",
        "Mean rate between the last two probes as a share of the contracted rate, by direction, at most 20.",
    ),
    unit="none",
    queries=[Query(expr=f"sort_desc({with_county_name(f'topk(20, {_FULLNESS})')})")],
    columns=[
        Column(
            field="Value", title=Text("利用率", "utilisation"), unit="percentunit", decimals=2, gauge=True, steps=_BUSY
        ),
        Column(field="link", title=Text("线路", "line")),
        Column(field="direction", title=Text("方向", "direction"), mapped=DIRECTIONS),
        Column(field="name", title=Text("县区", "county")),
        Column(field="county", title=Text("代码", "code")),
        Column(field="carrier", title=Text("运营商", "carrier")),
    ],
    empty=Text("没有带接口的线路", "no line with an interface"),
    width=12,
    height=10,
)

_BUSY_OVER_TIME = Panel(
    kind="timeseries",
    title=Text("利用率（按方向，最忙 10 条）", "Utilisation by direction, busiest 10"),
    description=Text(
        "占签约带宽的比例；断线处为没有有效读数。虚线为 70% 与 90%。",
        "Share of the contracted rate; a gap is no valid reading. Lines at 70 % and 90 %.",
    ),
    unit="percentunit",
    queries=[Query(expr=f"topk(10, {_FULLNESS})", legend=Text("{{link}} {{direction}}", "{{link}} {{direction}}"))],
    steps=_BUSY,
    width=12,
    height=10,
    low=0,
)

_COUNTIES = Panel(
    kind="bargauge",
    title=Text("各县区线路正常占比", "Share of lines up by county"),
    description=Text("现在正常的线路占在用线路；未知不算正常。", "Lines up of those in service; unknown is not up."),
    unit="percentunit",
    queries=[
        Query(
            expr=f"{_share_up('county')} * on (county) group_left (name) {NAMES}",
            legend=Text("{{name}}", "{{name}}"),
        )
    ],
    steps=share(0.9, 0.99),
    width=12,
    height=8,
    low=0,
    high=1,
    decimals=2,
    empty=Text("没有县区", "no county"),
)

_LOSSES = [
    f"sum by (target) (sla_snmp_{what}_per_second)"
    for what in ("in_errors", "out_errors", "in_discards", "out_discards")
]

_ERRORS = Panel(
    kind="timeseries",
    title=Text("接口错误与丢弃（最多 10 个）", "Interface errors and discards, at most 10"),
    description=Text(
        "出入方向错误包与丢弃包每秒之和。持续不为零，多半是光路或拥塞。",
        "Errors and discards a second, both directions. What stays above zero is mostly fibre or congestion.",
    ),
    unit="pps",
    queries=[
        Query(
            expr=f"topk(10, {' + '.join(_LOSSES)})",
            legend=Text("{{target}}", "{{target}}"),
        )
    ],
    width=12,
    height=8,
    low=0,
    empty=Text("没有接口", "no interface"),
)

LINKS = Dashboard(
    uid="sla-links",
    title=Text("政务网 · 线路与运营商", "E-gov network · Links and carriers"),
    description=Text(
        "线路的状态、冗余、双向利用率，各运营商与县区的情况。",
        "Lines: state, redundancy, utilisation both ways; by carrier and by county.",
    ),
    variables=[COUNTY, CARRIER],
    sections=[
        Section(title=Text("现在", "Now"), panels=[_LINES, _DOWN, _UNKNOWN, _SINGLE, FRESHNESS, SIMULATED]),
        Section(
            title=Text("运营商与县区", "Carriers and counties"),
            panels=[_CARRIERS, _CARRIERS_OVER_TIME, _COUNTIES, _ERRORS],
        ),
        Section(title=Text("状态与冗余", "State and redundancy"), panels=[_LINES_DOWN, _SITES_SINGLE, _UPLINKS]),
        Section(title=Text("利用率", "Utilisation"), panels=[_BUSIEST, _BUSY_OVER_TIME]),
    ],
)
