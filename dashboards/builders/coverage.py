"""Coverage: which units of the divisions are verified, by network and level; and how the counties' sites do now."""

from dashboards.builders.common import COUNTY, FRESHNESS, NAMES, SIMULATED, SITES, cut, of_state
from dashboards.builders.model import Column, Dashboard, Panel, Query, Section, Text, Variable
from dashboards.builders.words import DEGRADED, LEVELS, NETWORKS, UNITS, UNKNOWN, none_is_well, share

_NETWORK = Variable(name="network", label=Text("网络", "Network"), query="label_values(sla_coverage_units, network)")
_OF = 'network=~"$network"'
_EMPTY = Text("没有配置规划，或没有区划登记", "no plan configured, or no divisions registered")
_FULL = share(0.95, 1)
_SITE_UP = f"max by (site) (sla_site_up) * on (site) group_left (county) {SITES}"

_SITE_COUNT = f"count by (county) ({SITES})"

_ALL = Panel(
    kind="stat",
    title=Text("已验证单元", "Units verified"),
    description=Text(
        "7 天内有应答证据的区划占全部应覆盖区划。",
        "Divisions with an answer in the last 7 days, of all that are to be covered.",
    ),
    unit="percentunit",
    queries=[
        Query(
            expr=cut(
                f'sum(max by (network, level, status) (sla_coverage_units{{{_OF}, status="verified"}}))'
                f" / sum(max by (network, level, status) (sla_coverage_units{{{_OF}}}))"
            )
        )
    ],
    steps=_FULL,
    width=4,
    height=3,
    decimals=2,
    low=0,
    high=1,
    empty=_EMPTY,
)


def _units(status: str, color: str) -> Panel:
    return Panel(
        kind="stat",
        title=UNITS[status].text,
        description=Text(
            "处于这种状态的区划数（C2：近 168 小时）。", "Divisions in this state (C2: of the last 168 hours)."
        ),
        unit="none",
        queries=[Query(expr=f'sum(max by (network, level, status) (sla_coverage_units{{{_OF}, status="{status}"}}))')],
        steps=none_is_well(color),
        width=4,
        height=3,
        empty=_EMPTY,
    )


_RATIOS = Panel(
    kind="table",
    title=Text("各级覆盖", "Coverage by level"),
    description=Text(
        "每张网每一级：应覆盖、已验证、证据过期、已声明未测到、测到未声明、未接入。",
        "Each network and level: all, verified, stale, claimed and not measured, seen and not claimed, not connected.",
    ),
    unit="none",
    queries=[
        Query(expr=cut(f"max by (network, level) (sla_coverage_ratio{{{_OF}}})")),
        Query(expr=f"sum by (network, level) (max by (network, level, status) (sla_coverage_units{{{_OF}}}))"),
        *(
            Query(expr=f'max by (network, level) (sla_coverage_units{{{_OF}, status="{status}"}})')
            for status in UNITS
        ),
    ],
    columns=[
        Column(field="network", title=Text("网络", "network"), mapped=NETWORKS),
        Column(field="level", title=Text("层级", "level"), mapped=LEVELS, width=100),
        Column(
            field="Value #A", title=Text("已验证占比", "share verified"), unit="percentunit", decimals=2, gauge=True,
            steps=_FULL,
        ),
        Column(field="Value #B", title=Text("应覆盖", "all"), unit="none", decimals=0),
        *(
            Column(field=f"Value #{ref}", title=meaning.text, unit="none", decimals=0)
            for ref, meaning in zip("CDEFG", UNITS.values(), strict=True)
        ),
    ],
    empty=_EMPTY,
    width=24,
    height=9,
    sort_by="network",
)  # fmt: skip

_OVER_TIME = Panel(
    kind="timeseries",
    title=Text("已验证占比", "Share verified"),
    description=Text("每张网每一级已验证区划的占比。", "Share of the divisions verified, by network and level."),
    unit="percentunit",
    queries=[
        Query(
            expr=cut(f"max by (network, level) (sla_coverage_ratio{{{_OF}}})"),
            legend=Text("{{network}} {{level}}", "{{network}} {{level}}"),
        )
    ],
    width=12,
    height=9,
    low=0,
    high=1,
    decimals=2,
    empty=_EMPTY,
)

_SITES_SHARE = Panel(
    kind="bargauge",
    title=Text("各县区站点现在在线", "Sites up now by county"),
    description=Text(
        "有任一线路正常的站点占在用站点；未知不算正常。瞬时值，不是覆盖率。",
        "Sites with any line up, of those in service; unknown is not up. A moment's value, not coverage.",
    ),
    unit="percentunit",
    queries=[
        Query(
            expr=cut(f"(sum by (county) ({_SITE_UP}) or {_SITE_COUNT} * 0) / {_SITE_COUNT}")
            + f" * on (county) group_left (name) {NAMES}",
            legend=Text("{{name}}", "{{name}}"),
        )
    ],
    steps=_FULL,
    width=12,
    height=9,
    low=0,
    high=1,
    decimals=2,
    empty=Text("没有站点", "no site"),
)

_COUNTIES = Panel(
    kind="table",
    title=Text("各县区", "Counties"),
    description=Text(
        "各县区的站点、对象与现在不正常的对象数。", "Sites and targets of each county, and what is not up there now."
    ),
    unit="none",
    queries=[
        Query(expr=f"count by (county, name) ({SITES} * on (county) group_left (name) {NAMES})"),
        *(
            Query(
                expr=f'sum by (county, name) (sum by (county) (sla_population_targets{{county=~"$county"{state}}})'
                f" * on (county) group_left (name) {NAMES})"
            )
            for state in ("", ', state="down"', ', state="degraded"', ', state="unknown"')
        ),
    ],
    columns=[
        Column(field="name", title=Text("县区", "county")),
        Column(field="county", title=Text("代码", "code"), width=100),
        Column(field="Value #A", title=Text("站点", "sites"), unit="none", decimals=0),
        Column(field="Value #B", title=Text("对象", "targets"), unit="none", decimals=0),
        Column(field="Value #C", title=Text("中断", "down"), unit="none", decimals=0, steps=none_is_well()),
        Column(field="Value #D", title=Text("降级", "degraded"), unit="none", decimals=0, steps=none_is_well(DEGRADED)),
        Column(field="Value #E", title=Text("未知", "unknown"), unit="none", decimals=0, steps=none_is_well(UNKNOWN)),
    ],
    empty=Text("没有县区", "no county"),
    width=24,
    height=10,
    sort_by="county",
)

_UNKNOWN_TARGETS = Panel(
    kind="stat",
    title=Text("未知对象", "Targets unknown"),
    description=Text("没有有效读数的对象：它们的单元得不到验证。", "Targets without a valid reading verify no unit."),
    unit="none",
    queries=[Query(expr=of_state("unknown", 'county=~"$county"'))],
    steps=none_is_well(UNKNOWN),
    width=4,
    height=3,
)

COVERAGE = Dashboard(
    uid="sla-coverage",
    title=Text("政务网 · 覆盖", "E-gov network · Coverage"),
    description=Text(
        "市、县、镇、村各级的覆盖证据，和各县区现在的情况。审定数以报告为准。",
        "Evidence of coverage of cities, counties, townships and villages, and the counties now. The audited "
        "figures are the report's.",
    ),
    variables=[_NETWORK, COUNTY],
    sections=[
        Section(
            title=Text("现在", "Now"),
            panels=[
                _ALL,
                _units("stale", DEGRADED),
                _units("unmeasured", UNKNOWN),
                _UNKNOWN_TARGETS,
                FRESHNESS,
                SIMULATED,
            ],
        ),
        Section(title=Text("各级", "Levels"), panels=[_RATIOS]),
        Section(title=Text("县区", "Counties"), panels=[_OVER_TIME, _SITES_SHARE, _COUNTIES]),
    ],
    since="now-7d",
)
