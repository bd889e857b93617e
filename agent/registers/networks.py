"""The registers of what is measured: targets and links; and of what they make up: platforms and components."""

from agent.registers.schema import SERVICE, Field, Register
from agent.registers.types import (
    ADDRESS,
    FAMILIES,
    FLAG,
    ID,
    IDS,
    INTERVAL,
    IP,
    NAME,
    NEED,
    PLATFORM_CLASS,
    RATE,
    ROLE,
    STAMP,
    TEXT,
    TIER,
    TIMEOUT,
)  # fmt: skip

PARENTS = ("targets", "links", "sites", "platforms", "components")

TARGETS = Register(
    "targets",
    "Targets: what is probed.",
    "监测对象：被探测的对象。",
    (
        Field(
            "target_id", NAME, "监测对象编号", "Its id.", "编号。", "zy-mb-01",
            ("目标编号", "监测对象", "目标", "对象编号", "设备编号"), required=True,
        ),
        Field(
            "kind", NAME, "探测类型", "What measures it; docs/collectors.md lists the kinds.",
            "由何种探测测量；见 docs/collectors.zh.md。", "icmp", ("监测类型", "类型"), required=True,
        ),
        Field(
            "address", ADDRESS, "地址", "Address as the kind dials it.", "探测类型所连的地址。", "10.61.9.22",
            ("IP地址", "IP", "管理地址", "目标地址"), required=True,
        ),
        Field(
            "role", ROLE, "角色",
            "What it is (F4); empty: host for `host`, `host_page`, camera for `rtsp`, certificate for `tls`, or node.",
            "对象的角色（F4）；空时 `host`、`host_page` 为主机，`rtsp` 为摄像机，`tls` 为证书，其余为节点。", "node",
            ("对象角色",),
        ),
        Field(
            "name", TEXT, "名称", "Name for people.", "供人阅读的名称。", "毛坝镇接入路由器",
            ("监测对象名称", "对象名称", "设备名称"),
        ),
        Field(
            "module", NAME, "探测模块", "Module that probes it; empty: the built-in one of its kind.",
            "使用的探测模块；空为该类型的内置模块。", "", ("模块",),
        ),
        Field(
            "site_id", NAME, "站点编号", "Site it stands at.", "所在站点的编号。", "S-MB01",
            ("站点", "所在站点", "接入单位编号"), refers=("sites",),
        ),
        Field(
            "plane", NAME, "网络平面", "Network plane it is reached over.", "经由的网络平面。", "", ("平面",),
        ),
        Field(
            "parents", IDS, "上级对象", "Ids it is reached through; `;` between redundant ways.",
            "到达它所经的对象编号；冗余路径以 `;` 分隔。", "", ("上联", "上联对象", "上级设备", "上联设备"),
            refers=PARENTS,
        ),
        Field(
            "interval_seconds", INTERVAL, "探测间隔秒", "Seconds between probes; empty: the module's.",
            "探测间隔的秒数；空为模块的间隔。", "60", ("间隔秒", "间隔（秒）", "探测间隔", "监测间隔秒"),
        ),
        Field(
            "timeout_seconds", TIMEOUT, "超时秒", "Seconds for one probe; empty: the module's.",
            "一次探测的秒数；空为模块的超时。", "", ("超时（秒）", "超时"),
        ),
        Field(
            "confirm", NAME, "复核模块", "Second module: DOWN then needs both to fail (S3).",
            "第二个模块：两者都失败才判为中断（S3）。", "", ("确认模块",),
        ),
        Field(
            "vantage", NAME, "监测点", "Vantage that probes it; empty and only choice: this agent's.",
            "由哪个监测点探测；空为本监测点，别无选择。", "", ("探测点",),
        ),
        Field(
            "responsible_unit", TEXT, "责任单位", "Unit that answers for it.", "责任单位。", "紫阳县信息中心",
            ("运维单位", "责任部门"),
        ),
        Field(
            "carrier", TEXT, "运营商", "Carrier of its line.", "线路的运营商。", "电信", ("承建运营商", "服务商"),
        ),
        Field(
            "families_required", FAMILIES, "要求的IP版本", "IP versions it must answer on.", "须应答的 IP 版本。",
            "", ("IP版本", "IP协议版本"),
        ),
        *SERVICE,
    ),
)  # fmt: skip

LINKS = Register(
    "links",
    "Links: lines between sites, `a_site` the end nearer the core.",
    "线路：站点之间的线路，`a_site` 为靠近核心的一端。",
    (
        Field(
            "link_id", NAME, "线路编号", "Its id; the line's name where the ledger has no other.",
            "编号；台账没有编号时用线路名称。", "L-ZY-MB-1", ("线路名称", "电路编号", "线路", "电路代号"),
            required=True,
        ),
        Field(
            "a_site", NAME, "A端站点", "Site nearer the core.", "靠近核心一端的站点。", "S-ZY",
            ("A端", "本端", "甲端", "上联站点"), required=True, refers=("sites",),
        ),
        Field(
            "b_site", NAME, "B端站点", "Site that lives by it.", "依靠本线路的站点。", "S-MB01",
            ("B端", "对端", "Z端", "乙端", "下联站点"), required=True, refers=("sites",),
        ),
        Field(
            "tier", TIER, "层次", "Tier, for its limits (C4).", "层次，决定其限值（C4）。", "access",
            ("线路层级", "网络层次"),
        ),
        Field(
            "carrier", TEXT, "运营商", "Carrier.", "运营商。", "电信", ("承建运营商", "服务商"), required=True,
        ),
        Field(
            "contracted_mbps", RATE, "签约带宽", "Contracted rate: 100, 100M, 1G.", "签约速率：100、100M、1G。",
            "100M", ("带宽", "带宽M", "合同带宽", "签约带宽M", "带宽（M）", "带宽(Mbps)"), required=True,
        ),
        Field(
            "redundancy_group", NAME, "冗余组", "Lines of one group stand in for each other.", "同组线路互为备份。",
            "", ("主备组",),
        ),
        Field(
            "far_address", IP, "对端地址", "Interconnect address routed over this line alone (A6).",
            "只经本线路可达的互联地址（A6）。", "10.61.255.2", ("对端互联地址", "互联地址", "IP地址"),
        ),
        Field(
            "source_address", IP, "源地址", "Address to probe it from.", "探测所用的源地址。", "",
            ("本端地址", "本端互联地址"),
        ),
        Field(
            "a_device", NAME, "A端设备", "Target whose interface is this end.", "A 端接口所在的监测对象。", "",
            ("本端设备",),
        ),
        Field(
            "a_if", TEXT, "A端接口", "Interface at that end.", "A 端接口。", "", ("本端接口", "本端端口"),
        ),
        Field(
            "b_device", NAME, "B端设备", "Target whose interface is this end.", "B 端接口所在的监测对象。", "",
            ("对端设备",),
        ),
        Field(
            "b_if", TEXT, "B端接口", "Interface at that end.", "B 端接口。", "", ("对端接口", "对端端口"),
        ),
        Field(
            "duct", TEXT, "管道路由", "Duct or route of the cable.", "光缆的管道或路由。", "", ("光缆路由", "管道"),
        ),
        *SERVICE,
    ),
)  # fmt: skip

PLATFORMS = Register(
    "platforms",
    "Platforms: what is up while enough of its components are (A5).",
    "平台：部件足够时即可用（A5）。",
    (
        Field(
            "platform_id", NAME, "平台编号", "Its id.", "编号。", "cloud-1", ("平台",), required=True,
        ),
        Field(
            "name", TEXT, "平台名称", "Its name.", "名称。", "市政务云平台", ("名称",), required=True,
        ),
        Field(
            "responsible_unit", TEXT, "责任单位", "Unit that answers for it.", "责任单位。", "",
            ("运维单位", "责任部门"),
        ),
        Field(
            "need", NEED, "需要", "How many of its components and groups it needs; empty: all.",
            "需要多少个部件和冗余组；空为全部。", "all", ("所需数量",),
        ),
        Field(
            "class", PLATFORM_CLASS, "平台类别", "`cloud` is to be integrated into the city's (C6); empty: `other`.",
            "`cloud` 计入云平台整合率（C6）；空为 `other`。", "city_cloud", ("类别",),
        ),
        Field(
            "integrated_on", STAMP, "整合日期", "When the city's cloud management took it in (C6).",
            "纳入全市“一朵云”管理的日期（C6）。", "", ("纳管日期", "整合时间"),
        ),
        Field(
            "integration_doc", TEXT, "整合验收文件", "Document of that acceptance.", "整合验收的文件。", "",
            ("纳管文件",),
        ),
        Field(
            "exempt_doc", TEXT, "豁免文件", "Document by which it stays apart; it then leaves the denominator (C6).",
            "准予不整合的文件；有则不计入分母（C6）。", "", ("涉密或豁免文件",),
        ),
        *SERVICE,
    ),
)  # fmt: skip

COMPONENTS = Register(
    "components",
    "Components of platforms, each with what gives its evidence.",
    "平台的部件，及各自的证据来源。",
    (
        Field(
            "component_id", NAME, "部件编号", "Its id.", "编号。", "cloud-1-web", ("部件",), required=True,
        ),
        Field(
            "platform_id", NAME, "平台编号", "Platform it is part of.", "所属平台的编号。", "cloud-1",
            ("平台", "所属平台"), required=True, refers=("platforms",),
        ),
        Field(
            "member", ID, "证据对象", "Target, link, site or `TARGET#COMPONENT` that gives its evidence.",
            "给出其证据的监测对象、线路、站点或 `TARGET#COMPONENT`。", "web-1", ("成员", "监测对象编号", "监测对象"),
            required=True, refers=("targets", "links", "sites"),
        ),
        Field(
            "name", TEXT, "部件名称", "Its name.", "名称。", "门户入口", ("名称",),
        ),
        Field(
            "required", FLAG, "必需", "Whether the platform needs it; empty: yes.", "平台是否需要它；空为是。", "yes",
            ("是否必需",),
        ),
        Field(
            "redundancy_group", NAME, "冗余组", "Components of one group stand in for each other.",
            "同组部件互为备份。", "", ("主备组",),
        ),
        Field(
            "group_need", NEED, "组内需要", "How many of its group are needed; empty: any.",
            "组内需要多少个；空为任一。", "", ("组内所需数量",),
        ),
        *SERVICE,
    ),
)  # fmt: skip
