"""The registers of places: divisions, which coverage counts, and sites."""

from agent.registers.schema import SERVICE, Field, Register
from agent.registers.types import FAMILIES, FLAG, LEVEL, NAME, NAMES, STAMP, TEXT

DIVISIONS = Register(
    "divisions",
    "Divisions (市/县/镇/村): the denominator of coverage (C1).",
    "行政区划（市、县、镇、村）：覆盖率的分母（C1）。",
    (
        Field(
            "code", NAME, "区划代码", "Its code, as text.", "区划代码，按文本填写。", "610922101000",
            ("行政区划代码", "代码"), required=True,
        ),
        Field(
            "name", TEXT, "区划名称", "Its name.", "名称。", "毛坝镇", ("名称", "行政区划名称"), required=True,
        ),
        Field(
            "level", LEVEL, "层级", "City, county, township, village or zone; 市 县 镇 村 are taken.",
            "市、县、镇、村或开发区。", "township", ("级别", "行政级别"), required=True,
        ),
        Field(
            "parent_code", NAME, "上级代码", "Code of the division it belongs to.", "所属上级区划的代码。",
            "610922000000", ("上级区划代码", "上级区划"), refers=("divisions",),
        ),
        Field(
            "counts_in_coverage", FLAG, "计入覆盖率", "Whether coverage counts it; empty: yes, but for a zone no.",
            "是否计入覆盖率；空为是，开发区为否。", "yes", ("是否计入覆盖", "是否计入"),
        ),
        Field(
            "decision_doc", TEXT, "决定文件", "Document that decides whether it counts.", "决定是否计入的文件。", "",
            ("认定文件",),
        ),
        Field(
            "code_set_version", TEXT, "代码版本", "Edition of the code set.", "区划代码的版本。", "2024",
            ("区划代码版本",),
        ),
        *SERVICE,
    ),
)  # fmt: skip

SITES = Register(
    "sites",
    "Sites: units that are connected (接入单位).",
    "站点：接入单位。",
    (
        Field(
            "site_id", NAME, "站点编号", "Its id.", "编号。", "S-MB01", ("接入单位编号", "站点", "单位编号"),
            required=True,
        ),
        Field(
            "name", TEXT, "站点名称", "Its name.", "名称。", "毛坝镇人民政府", ("接入单位", "单位名称", "名称"),
        ),
        Field(
            "division_code", NAME, "区划代码", "Division it is in.", "所在区划的代码。", "610922101000",
            ("行政区划代码", "所属区划"), refers=("divisions",),
        ),
        Field(
            "owner_level", LEVEL, "单位层级", "Level of the unit.", "单位的层级。", "township", ("单位级别", "层级"),
        ),
        Field(
            "planes", NAMES, "网络平面", "Network planes it is connected to.", "接入的网络平面。", "public",
            ("接入平面", "平面"), refers=("planes",),
        ),
        Field(
            "families_required", FAMILIES, "要求的IP版本", "IP versions it must answer on.", "须可达的 IP 版本。",
            "4;6", ("IP版本", "IP协议版本"),
        ),
        Field(
            "accepted_on", STAMP, "验收日期", "When it was accepted (C1).", "验收通过的日期（C1）。", "2025-03-01",
            ("验收时间",),
        ),
        Field(
            "to_integrate", FLAG, "两网整合对象", "Whether it is to be cut over into the one network (C6); empty: no.",
            "是否列入两网整合清单（C6）；空为否。", "", ("是否两网整合",),
        ),
        Field(
            "integrated_on", STAMP, "整合日期", "When it was cut over (C6).",
            "并入一张网的日期（C6）。", "", ("割接日期", "整合时间"),
        ),
        Field(
            "integration_doc", TEXT, "整合验收文件", "Document of that acceptance.", "整合验收的文件。", "",
            ("割接验收文件",),
        ),
        *SERVICE,
    ),
)  # fmt: skip
