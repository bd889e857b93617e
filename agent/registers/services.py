"""The registers of what the network carries and replaces: business systems, and departments' private networks."""

from agent.registers.schema import SERVICE, Field, Register
from agent.registers.types import ID, NAME, NAMES, RATE, STAMP, SYSTEM_CLASS, TEXT

SYSTEMS = Register(
    "systems",
    "Systems: business systems the network carries, and common support services (C4, C6).",
    "业务系统：网络承载的业务系统，以及公共支撑服务（组件）（C4、C6）。",
    (
        Field(
            "system_id", NAME, "系统编号", "Its id.", "编号。", "sys-yth", ("业务系统编号", "组件编号", "编号"),
            required=True,
        ),
        Field(
            "name", TEXT, "系统名称", "Its name.", "名称。", "一体化政务服务平台",
            ("业务系统名称", "业务系统", "组件名称", "名称"), required=True,
        ),
        Field(
            "class", SYSTEM_CLASS, "系统类别", "Common support service (`common`) or not; empty: `business`.",
            "是否公共支撑服务（组件）（`common`）；空为 `business`。", "business", ("类别",),
        ),
        Field(
            "department", TEXT, "主管部门", "Department that owns it.", "主管部门。", "市行政审批局",
            ("部门", "责任部门", "建设单位"),
        ),
        Field(
            "demand_mbps", RATE, "带宽需求", "Bandwidth that it declares: 20, 20M; empty: no demand on file (C4).",
            "申报的带宽需求：20、20M；空为未申报（C4）。", "20M", ("需求带宽", "申报带宽"),
        ),
        Field(
            "demand_doc", TEXT, "需求文件", "Document of the demand.", "申报需求的文件。", "政数函〔2025〕7号",
            ("需求申报文件",),
        ),
        Field(
            "required_links", NAMES, "所需线路", "Links that it needs, all of them; `;` between.",
            "须全部可用的线路，以 `;` 分隔。", "", ("所需线路编号", "承载线路"), refers=("links",),
        ),
        Field(
            "exempt_doc", TEXT, "豁免文件", "Document by which it stays apart; it then leaves the denominator (C6).",
            "准予不联通的文件；有则不计入分母（C6）。", "", ("涉密或豁免文件",),
        ),
        Field(
            "connected_on", STAMP, "联通日期", "When its exchange with others was accepted (C6).",
            "与其他系统联通验收的日期（C6）。", "2025-04-01", ("联通时间", "接入日期"),
        ),
        Field(
            "connection_doc", TEXT, "联通验收文件", "Document of that acceptance.", "联通验收的文件。",
            "政数〔2025〕9号", ("接入验收文件",),
        ),
        Field(
            "exchange_target", ID, "交换接口对象", "Target whose answers stand beside the claim.",
            "其应答作为佐证的监测对象。", "", ("接口监测对象",), refers=("targets",),
        ),
        Field(
            "planned_doc", TEXT, "计划文件", "List by which a common service is to be built (C6).",
            "列入建设计划的文件（公共支撑服务，C6）。", "", ("建设计划文件",),
        ),
        Field(
            "accepted_on", STAMP, "验收日期", "When it was accepted as built (C6).", "建成验收的日期（C6）。", "",
            ("验收时间", "建成日期"),
        ),
        Field(
            "acceptance_doc", TEXT, "验收文件", "Document of that acceptance.", "建成验收的文件。", "",
            ("建成验收文件",),
        ),
        Field(
            "online_on", STAMP, "上线日期", "When it went online (C6).", "上线的日期（C6）。", "", ("上线时间",),
        ),
        Field(
            "used_on", STAMP, "最近使用日期", "Last recorded use by a system other than its owner's (C6).",
            "所属方以外的系统最近一次有记录的使用（C6）。", "", ("最近调用日期",),
        ),
        Field(
            "usage_doc", TEXT, "使用记录", "Record of that use.", "该次使用的记录。", "", ("调用记录",),
        ),
        *SERVICE,
    ),
)  # fmt: skip

PRIVATE_NETWORKS = Register(
    "private_networks",
    "Private networks of departments, to be integrated (C6).",
    "部门专网：应整合融入政务外网的专网（C6）。",
    (
        Field(
            "network_id", NAME, "专网编号", "Its id.", "编号。", "N-weisheng", ("部门专网编号", "编号"), required=True,
        ),
        Field(
            "name", TEXT, "专网名称", "Its name.", "名称。", "卫生健康专网", ("专网", "部门专网", "名称"),
            required=True,
        ),
        Field(
            "department", TEXT, "主管部门", "Department that owns it.", "主管部门。", "市卫健委",
            ("部门", "所属部门", "责任部门"), required=True,
        ),
        Field(
            "division_code", NAME, "区划代码", "Division it belongs to.", "所属区划的代码。", "",
            ("行政区划代码", "所属区划"), refers=("divisions",),
        ),
        Field(
            "exempt_doc", TEXT, "豁免文件", "Document by which it stays apart; it then leaves the denominator.",
            "准予不整合的文件；有则不计入分母。", "", ("涉密或豁免文件",),
        ),
        Field(
            "migrated_on", STAMP, "迁移日期", "When its business was moved: the claim.", "业务迁移的日期，即自报。",
            "2025-03-01", ("整合日期", "割接日期"),
        ),
        Field(
            "accepted_on", STAMP, "验收日期", "When that was accepted.", "整合验收的日期。", "2025-04-01",
            ("验收时间",),
        ),
        Field(
            "acceptance_doc", TEXT, "验收文件", "Document of that acceptance.", "整合验收的文件。",
            "政数〔2025〕11号", ("整合验收文件",),
        ),
        Field(
            "old_line_closed_on", STAMP, "原线路停用日期", "When its old line was given up.", "原专线停用的日期。",
            "2025-04-15", ("原电路停用日期",),
        ),
        Field(
            "old_line_doc", TEXT, "原线路保留文件", "Document by which the old line is kept instead.",
            "准予保留原专线的文件。", "", ("原电路保留文件",),
        ),
        Field(
            "evidence", ID, "证据对象", "Target, link or site whose answers stand beside the claim.",
            "其应答作为佐证的监测对象、线路或站点。", "", ("佐证对象",), refers=("targets", "links", "sites"),
        ),
        *SERVICE,
    ),
)  # fmt: skip
