"""The registers of video: points, and what departments ask of the video network (C5)."""

from agent.registers.schema import SERVICE, Field, Register
from agent.registers.types import COUNT, FLAG, GB_ID, ID, NAME, POINT_CLASS, RATE, STAMP, TEXT

VIDEO_POINTS = Register(
    "video_points",
    "Video points: cameras that the online rate counts (C5).",
    "视频点位：在线率所计的摄像机（C5）。",
    (
        Field(
            "point_id", NAME, "点位编号", "Its id.", "编号。", "P-MB01-001", ("视频点位编号", "编号"), required=True,
        ),
        Field(
            "name", TEXT, "点位名称", "Its name.", "名称。", "毛坝镇政府门口", ("视频点位", "名称"),
        ),
        Field(
            "gb_id", GB_ID, "国标编码", "Its GB/T 28181 id.", "GB/T 28181 编码。", "61092210101310000001",
            ("设备国标编码", "国标ID"),
        ),
        Field(
            "division_code", NAME, "区划代码", "Division it is in.", "所在区划的代码。", "610922101000",
            ("行政区划代码", "所属区划"), refers=("divisions",),
        ),
        Field(
            "department", TEXT, "所属部门", "Department that owns it.", "所属部门。", "市公安局",
            ("部门", "建设单位", "责任部门"),
        ),
        Field(
            "class", POINT_CLASS, "点位类别", "Class 1, 2 or 3.", "一、二、三类点。", "1", ("类别", "点位类型"),
        ),
        Field(
            "key_area", FLAG, "重点区域", "Whether it watches a key public area; empty: no.",
            "是否重点公共区域；空为否。", "", ("是否重点区域",),
        ),
        Field(
            "platform", TEXT, "所属平台", "Video platform that it is registered with.", "所接入的视频平台。", "",
            ("接入平台", "视频平台"),
        ),
        Field(
            "target", ID, "监测对象", "Target or `TARGET#COMPONENT` that RTSP probes; empty: nothing is known of it.",
            "RTSP 探测的监测对象或 `TARGET#COMPONENT`；空则一无所知。", "", ("监测对象编号",), refers=("targets",),
        ),
        *SERVICE,
    ),
)  # fmt: skip

VIDEO_DEMANDS = Register(
    "video_demands",
    "Video demands: what departments ask of the video network, and what was assigned (C5).",
    "视频业务需求：各部门的需求与所分配的资源（C5）。",
    (
        Field(
            "demand_id", NAME, "需求编号", "Its id.", "编号。", "D-2025-07", ("视频需求编号", "编号"), required=True,
        ),
        Field(
            "department", TEXT, "需求部门", "Department that asks.", "提出需求的部门。", "市应急局",
            ("部门", "申请部门"), required=True,
        ),
        Field(
            "use", TEXT, "用途", "What for.", "用途。", "防汛会商", ("业务需求", "需求内容"), required=True,
        ),
        Field(
            "channels", COUNT, "需求路数", "Channels asked for.", "需求的视频路数。", "16", ("路数",),
        ),
        Field(
            "concurrency", COUNT, "需求并发", "How many of them at once.", "需求的并发路数。", "4", ("并发路数",),
        ),
        Field(
            "bitrate_mbps", RATE, "需求带宽", "Rate asked for.", "需求的带宽。", "64M", ("需求码率",),
        ),
        Field(
            "retention_days", COUNT, "需求存储天数", "Days of recordings asked for.", "需求的录像保存天数。", "30",
            ("存储天数",),
        ),
        Field(
            "assigned_channels", COUNT, "分配路数", "Channels assigned.", "分配的视频路数。", "16", ("保障路数",),
        ),
        Field(
            "assigned_concurrency", COUNT, "分配并发", "Channels at once that were assigned.", "分配的并发路数。", "4",
            ("保障并发",),
        ),
        Field(
            "assigned_mbps", RATE, "分配带宽", "Rate assigned.", "分配的带宽。", "100M", ("保障带宽",),
        ),
        Field(
            "assigned_days", COUNT, "分配存储天数", "Days of recordings assigned.", "分配的录像保存天数。", "30",
            ("保障存储天数",),
        ),
        Field(
            "accepted_on", STAMP, "确认日期", "When the department accepted it as met.", "需求部门确认满足的日期。",
            "2025-06-01", ("验收日期", "确认时间"),
        ),
        Field(
            "acceptance_doc", TEXT, "确认文件", "Document of that.", "确认的文件。", "应急函〔2025〕3号", ("验收文件",),
        ),
        *SERVICE,
    ),
)  # fmt: skip
