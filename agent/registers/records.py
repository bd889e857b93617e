"""The records that people enter: maintenance windows and faults of the desk."""

from agent.registers.networks import PARENTS
from agent.registers.schema import Field, Register
from agent.registers.types import ID, MOMENT, NAME, PRIORITY, SCOPE, STAMP, TEXT

MAINTENANCE = Register(
    "maintenance",
    "Maintenance windows (M1).",
    "维护窗口（M1）。",
    (
        Field(
            "window_id", NAME, "窗口编号", "Its id.", "编号。", "W-2025-07", ("维护编号", "编号"), required=True,
        ),
        Field(
            "scope", SCOPE, "范围", "What it is about: ids, or pairs such as `site=S-MB01,kind=icmp`; `;` adds more.",
            "涉及的对象：编号，或如 `site=S-MB01,kind=icmp` 的条件；以 `;` 并列。", "site=S-MB01,kind=icmp",
            ("维护范围", "影响范围", "维护对象"), required=True,
        ),
        Field(
            "start", MOMENT, "开始时间", "When it begins.", "开始的时间。", "2025-07-01T00:00:00+08:00",
            ("计划开始时间", "开始"), required=True,
        ),
        Field(
            "end", MOMENT, "结束时间", "When it ends, exclusive.", "结束的时间（不含）。",
            "2025-07-01T04:00:00+08:00", ("计划结束时间", "结束"), required=True,
        ),
        Field(
            "approved_by", TEXT, "批准人", "Who approved it; empty: it excludes nothing.",
            "批准人；空则不扣除任何时间。", "李主任", ("审批人", "批准单位", "审批单位"),
        ),
        Field(
            "approved_at", STAMP, "批准时间", "When; not before the start: it excludes nothing.",
            "批准的时间；不早于开始则不扣除任何时间。", "2025-06-26T09:00:00+08:00", ("审批时间",),
        ),
        Field(
            "notified_at", STAMP, "通知时间", "When its users were told.", "通知用户的时间。",
            "2025-06-26T10:00:00+08:00", ("告知时间",),
        ),
        Field(
            "reason", TEXT, "事由", "What is done.", "所做的工作。", "核心交换机升级",
            ("原因", "维护原因", "维护内容"), required=True,
        ),
        Field(
            "document", TEXT, "文件", "Document of the approval.", "批准的文件。", "政数〔2025〕18号",
            ("批准文件", "审批文件", "文号"),
        ),
    ),
    start="start",
    end="end",
    dated=False,
)  # fmt: skip

FAULTS = Register(
    "faults",
    "Faults of the desk: reported problems that it accepts (F1).",
    "服务台故障：受理的报障（F1）。",
    (
        Field(
            "fault_id", NAME, "故障编号", "Its id.", "编号。", "T-2025-0311", ("工单编号", "故障单号", "报障编号"),
            required=True,
        ),
        Field(
            "root", ID, "故障对象", "What failed: an id or `TARGET#COMPONENT`.",
            "发生故障的对象：编号或 `TARGET#COMPONENT`。", "L-ZY-MB-1", ("根源对象", "故障线路", "故障设备"),
            required=True, refers=PARENTS,
        ),
        Field(
            "onset", STAMP, "发生时间", "When it began, where known.", "开始的时间（已知时）。",
            "2025-03-11T08:50:00+08:00", ("故障发生时间", "中断时间"),
        ),
        Field(
            "detected", STAMP, "发现时间", "When it was noticed.", "发现的时间。", "", ("故障发现时间",),
        ),
        Field(
            "reported", STAMP, "报障时间", "When it was reported.", "报障的时间。", "2025-03-11T09:00:00+08:00",
            ("申告时间", "报修时间", "受理时间"), required=True,
        ),
        Field(
            "acknowledged", STAMP, "确认时间", "When somebody took it on.", "有人接手的时间。", "",
            ("响应时间", "接单时间"),
        ),
        Field(
            "restored", STAMP, "恢复时间", "When service was back; empty: it is not.", "恢复的时间；空为尚未恢复。",
            "2025-03-11T10:20:00+08:00", ("故障恢复时间", "修复时间"),
        ),
        Field(
            "closed", STAMP, "关闭时间", "When the desk closed it.", "服务台关闭的时间。", "",
            ("办结时间", "归档时间"),
        ),
        Field(
            "cause", TEXT, "原因", "Its cause.", "原因。", "光缆中断", ("故障原因",),
        ),
        Field(
            "responsible_unit", TEXT, "责任单位", "Unit that answers for it.", "责任单位。", "",
            ("运维单位", "责任部门"),
        ),
        Field(
            "carrier", TEXT, "运营商", "Carrier.", "运营商。", "电信", ("承建运营商", "服务商"),
        ),
        Field(
            "priority", PRIORITY, "等级", "Priority that a person gives it, beside the computed one.",
            "人工给定的等级，与计算的等级并列。", "", ("优先级", "故障等级"),
        ),
        Field(
            "window_id", NAME, "窗口编号", "Maintenance window it belongs to.", "所属维护窗口的编号。", "",
            ("维护编号",), refers=("maintenance",),
        ),
        Field(
            "note", TEXT, "备注", "A remark.", "备注。", "", ("说明",),
        ),
        Field(
            "document", TEXT, "文件", "Document.", "文件。", "", ("文号",),
        ),
    ),
    start="onset",
    end="restored",
    dated=False,
    start_else="reported",
    meets=True,
)  # fmt: skip
