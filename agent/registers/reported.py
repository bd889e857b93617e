"""The records that other offices report: security incidents, data problems, and signed figures."""

from agent.registers.schema import Field, Register
from agent.registers.types import BOUND, FIGURE, FLAG, LARGE, NAME, SEVERITY, STAMP, TEXT

SECURITY_INCIDENTS = Register(
    "security_incidents",
    "Security incidents: notices, and when their rectification was verified (V6).",
    "网络安全事件：通报，及整改经核实的时间（V6）。",
    (
        Field(
            "incident_id", NAME, "事件编号", "Its id.", "编号。", "SEC-2025-014", ("安全事件编号", "通报编号", "编号"),
            required=True,
        ),
        Field(
            "severity", SEVERITY, "事件级别", "Its level; the plan file's deadlines go by it.",
            "事件级别；整改时限按级别由规划文件给定。", "III", ("级别", "事件等级"), required=True,
        ),
        Field(
            "noticed_at", STAMP, "通报时间", "When the notice came.", "收到通报的时间。", "2025-03-11T09:00:00+08:00",
            ("通报日期", "预警时间"),
        ),
        Field(
            "found_at", STAMP, "发现时间", "When it was found by oneself; the earlier of the two starts the clock.",
            "自行发现的时间；与通报时间取早者为起点。", "", ("自行发现时间",),
        ),
        Field(
            "rectified_at", STAMP, "整改时间", "When rectification was reported; not what counts.",
            "报告完成整改的时间；不据以计数。", "2025-03-12T16:00:00+08:00", ("完成整改时间",),
        ),
        Field(
            "verified_at", STAMP, "核实时间", "When the notifying side verified it: ends the clock.",
            "通报方核实整改的时间，为终点。", "2025-03-13T10:00:00+08:00", ("复核时间", "销号时间"),
        ),
        Field(
            "verified_by", TEXT, "核实单位", "Who verified it.", "核实的单位。", "市委网信办", ("复核单位",),
        ),
        Field(
            "reopened_at", STAMP, "再次发生时间", "When it showed that rectification had not worked.",
            "发现整改无效的时间。", "", ("重新打开时间",),
        ),
        Field(
            "unit", TEXT, "责任单位", "Unit that answers for it.", "责任单位。", "", ("涉事单位", "责任部门"),
        ),
        Field(
            "layer", TEXT, "层面", "Network, cloud, data, use or end point.",
            "网、云、数、用、端中的层面。", "", ("涉及层面",),
        ),
        Field(
            "document", TEXT, "文件", "Document.", "文件。", "", ("文号", "通报文件"),
        ),
    ),
    start="noticed_at",
    end="verified_at",
    dated=False,
    start_else="found_at",
    meets=True,
    needs_one=("noticed_at", "found_at"),
)  # fmt: skip

DATA_ISSUES = Register(
    "data_issues",
    "Data problems: when issued and when rectified, for the deadline of working days (V5).",
    "问题数据：下发与整改的时间，用于工作日时限（V5）。",
    (
        Field(
            "issue_id", NAME, "问题编号", "Its id.", "编号。", "Q-2025-0231", ("问题数据编号", "工单编号", "编号"),
            required=True,
        ),
        Field(
            "issued_at", STAMP, "下发时间", "When it was issued; that day is not counted.", "下发的时间；当日不计。",
            "2025-09-29T09:00:00+08:00", ("下发日期", "派发时间"), required=True,
        ),
        Field(
            "rectified_at", STAMP, "整改时间", "When it was rectified; empty: it is open.",
            "整改完成的时间；空为未整改。", "2025-10-10T16:00:00+08:00", ("整改日期", "完成时间"),
        ),
        Field(
            "verified_at", STAMP, "核实时间", "When that was verified.", "整改经核实的时间。", "", ("复核时间",),
        ),
        Field(
            "focus", FLAG, "重点考核", "Whether it is in the focus of the assessment; empty: no.",
            "是否属于重点考核；空为否。", "yes", ("是否重点考核",),
        ),
        Field(
            "unit", TEXT, "责任单位", "Unit that answers for it.", "责任单位。", "市人社局", ("责任部门",),
        ),
        Field(
            "document", TEXT, "文件", "Document.", "文件。", "", ("文号",),
        ),
    ),
    start="issued_at",
    end="rectified_at",
    dated=False,
    meets=True,
)  # fmt: skip

MEASURES = Register(
    "measures",
    "Measures: signed figures of indicators that no probe can see, as numerator and denominator.",
    "数据报送：探测无法得知的指标，以分子、分母报送并签字。",
    (
        Field(
            "measure_id", NAME, "报送编号", "Its id.", "编号。", "M-2025-12-03", ("编号",), required=True,
        ),
        Field(
            "indicator", NAME, "指标编号", "Id of the indicator in the plan file.", "规划文件中的指标编号。",
            "data_sharing_rate", ("指标",), required=True,
        ),
        Field(
            "date", STAMP, "数据日期", "Day that the figures speak of; in the period that they count for.",
            "数据所说的日期；计入其所在的周期。", "2025-12-31", ("日期", "统计日期"), required=True,
        ),
        Field(
            "numerator", FIGURE, "分子", "Numerator, or the count or score itself.", "分子，或数量、分值本身。", "692",
            ("数值", "数量"), required=True,
        ),
        Field(
            "denominator", FIGURE, "分母", "Denominator; empty: a count or a score.", "分母；空为数量或分值。", "704",
            ("总数",),
        ),
        Field(
            "document", TEXT, "文件", "Document that it comes from.", "依据的文件。", "政数报〔2026〕2号",
            ("文号", "依据文件"), required=True,
        ),
        Field(
            "signer", TEXT, "签字人", "Who signs for it.", "签字负责的人。", "王处长", ("负责人", "填报人"),
            required=True,
        ),
        Field(
            "note", TEXT, "备注", "A remark.", "备注。", "", ("说明",),
        ),
    ),
    start="date",
    end="date",
    dated=False,
    meets=True,
)  # fmt: skip

SUMMARIES = Register(
    "summaries",
    "Summaries: figures of other cities and counties, as their reports give them (V4).",
    "汇总：其他市、县报告给出的数值（V4）。",
    (
        Field(
            "summary_id", NAME, "汇总编号", "Its id.", "编号。", "610800.gov_cloud_availability.2025", ("编号",),
            required=True,
        ),
        Field(
            "who", NAME, "报送单位", "Whose figure it is: the code of its division, as the register has it.",
            "数值所属单位：登记册中的区划代码。", "610800", ("单位", "区划代码"), required=True,
        ),
        Field(
            "plan", NAME, "规划编号", "Plan by which it is measured.", "所依据的规划。", "yulin", ("规划",),
            required=True,
        ),
        Field(
            "indicator", NAME, "指标编号", "Id of the indicator in its plan.", "规划文件中的指标编号。",
            "gov_cloud_availability", ("指标",),
            required=True,
        ),
        Field(
            "period", NAME, "周期", "Its period.", "数值所属的周期。", "2025", ("统计周期",), required=True,
        ),
        Field(
            "numerator", LARGE, "分子", "Numerator of the low bound.", "下界的分子。", "31378305000000", ("下界分子",),
            required=True,
        ),
        Field(
            "denominator", LARGE, "分母", "Denominator of the low bound.", "下界的分母。", "31536000000000", ("下界分母",),
            required=True,
        ),
        Field(
            "low", BOUND, "下界", "The low bound as n/d; empty: the two before are it.",
            "下界，写作 分子/分母；空则以前两列为准。",
        ),
        Field(
            "high", BOUND, "上界", "The high bound as n/d.", "上界，写作 分子/分母。", "31378305000000/31536000000000",
            required=True,
        ),
        Field(
            "method_version", NAME, "口径版本", "Method by which it is made.", "数值所依据的口径版本。", "2026-11",
            required=True,
        ),
        Field(
            "register_version", NAME, "登记册版本", "Version of its registers.", "登记册版本。", "15.1",
        ),
        Field(
            "definition_digest", NAME, "定义摘要", "Digest of its definition: figures of one digest can be added.",
            "定义的摘要：摘要相同的数值方可相加。", "3f2a9c0d4b5e6f70", required=True,
        ),
        Field(
            "document", TEXT, "文件", "Document that it came with.", "随附的文件。", "", ("文号",),
        ),
    ),
    start="",
    end="",
    dated=False,
)  # fmt: skip
