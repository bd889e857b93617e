"""The words and colours of states, verdicts and the like, as every dashboard shows them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dashboards.builders.model import Mapped, Meaning, Step, Text

UP, DEGRADED, DOWN, UNKNOWN, OUT, NOTE = "#3c9a85", "#d8981a", "#e5533d", "#8b9599", "#5d676b", "#5f9fe0"
"""The console's colours for states, each readable on Grafana's dark and light ground."""

PLAIN = "text"
"""Grafana's own colour for text."""

PLANS = Path(__file__).parents[2] / "config" / "plans"

STATES: Mapped = {
    "up": Meaning(Text("正常", "up"), UP),
    "degraded": Meaning(Text("降级", "degraded"), DEGRADED),
    "down": Meaning(Text("中断", "down"), DOWN),
    "unknown": Meaning(Text("未知", "unknown"), UNKNOWN),
    "out_of_service": Meaning(Text("未在用", "out of service"), OUT),
}

VERDICTS: Mapped = {
    "met": Meaning(Text("达标", "met"), UP),
    "missed": Meaning(Text("未达标", "missed"), DOWN),
    "undetermined": Meaning(Text("证据不足", "not enough evidence"), UNKNOWN),
    "not_computable": Meaning(Text("暂不可算", "not computable yet"), UNKNOWN),
    "not_applicable": Meaning(Text("不适用", "not applicable"), OUT),
    "no_target": Meaning(Text("无目标", "no target"), OUT),
}

UP_OR_DOWN: Mapped = {"1": Meaning(Text("正常", "up"), UP), "0": Meaning(Text("中断", "down"), DOWN)}

YES_NO: Mapped = {"1": Meaning(Text("是", "yes"), UP), "0": Meaning(Text("否", "no"), DEGRADED)}

ROLES: Mapped = {
    "core": Meaning(Text("核心", "core"), PLAIN),
    "exit": Meaning(Text("出口", "exit"), PLAIN),
    "county_node": Meaning(Text("县节点", "county node"), PLAIN),
    "node": Meaning(Text("节点", "node"), PLAIN),
    "line": Meaning(Text("线路", "line"), PLAIN),
    "platform": Meaning(Text("平台", "platform"), PLAIN),
    "component": Meaning(Text("组件", "component"), PLAIN),
    "service": Meaning(Text("业务系统", "service"), PLAIN),
    "host": Meaning(Text("主机", "host"), PLAIN),
    "camera": Meaning(Text("摄像机", "camera"), PLAIN),
    "certificate": Meaning(Text("证书", "certificate"), PLAIN),
}

PRIORITIES: Mapped = {
    "P1": Meaning(Text("P1", "P1"), "#a32413"),
    "P2": Meaning(Text("P2", "P2"), DOWN),
    "P3": Meaning(Text("P3", "P3"), DEGRADED),
    "P4": Meaning(Text("P4", "P4"), PLAIN),
}

LEVELS: Mapped = {
    "city": Meaning(Text("市", "city"), PLAIN),
    "county": Meaning(Text("县", "county"), PLAIN),
    "township": Meaning(Text("镇", "township"), PLAIN),
    "village": Meaning(Text("村", "village"), PLAIN),
    "zone": Meaning(Text("开发区", "zone"), PLAIN),
}

TIERS: Mapped = {
    "backbone": Meaning(Text("骨干", "backbone"), PLAIN),
    "metro": Meaning(Text("市县", "city to county"), PLAIN),
    "access": Meaning(Text("接入", "access"), PLAIN),
}

NETWORKS: Mapped = {
    "extranet": Meaning(Text("政务外网", "extranet"), PLAIN),
    "video": Meaning(Text("视频网", "video network"), PLAIN),
}

UNITS: Mapped = {
    "verified": Meaning(Text("已验证", "verified"), UP),
    "stale": Meaning(Text("证据过期", "evidence stale"), DEGRADED),
    "unmeasured": Meaning(Text("已声明未测到", "claimed, not measured"), UNKNOWN),
    "undeclared": Meaning(Text("测到未声明", "seen, not claimed"), NOTE),
    "none": Meaning(Text("未接入", "not connected"), DOWN),
}

OUTCOMES: Mapped = {
    "in_time": Meaning(Text("3 小时内", "within 3 h"), UP),
    "late": Meaning(Text("超过 3 小时", "late"), DOWN),
    "pending": Meaning(Text("处理中", "pending"), DEGRADED),
    "undecided": Meaning(Text("证据不足", "not enough evidence"), UNKNOWN),
}

READ: Mapped = {
    "failed": Meaning(Text("失败", "failed"), DOWN),
    "error": Meaning(Text("我方未测成", "not measured by us"), UNKNOWN),
}

DIRECTIONS: Mapped = {
    "a_to_b": Meaning(Text("下行（核心→远端）", "down (core to far end)"), PLAIN),
    "b_to_a": Meaning(Text("上行（远端→核心）", "up (far end to core)"), PLAIN),
}

REASONS: Mapped = {
    reason: Meaning(Text(zh, en), PLAIN)
    for reason, zh, en in (
        ("timeout", "超时无应答", "no answer in time"),
        ("refused", "连接被拒", "refused"),
        ("unreachable", "路径报告不可达", "unreachable"),
        ("reset", "连接被重置", "reset"),
        ("closed", "未应答即关闭", "closed before it answered"),
        ("name", "域名不存在", "the name does not exist"),
        ("protocol", "协议不符", "not this protocol"),
        ("mismatch", "应答不符", "not the expected answer"),
        ("status", "状态码不接受", "HTTP status not accepted"),
        ("redirect", "重定向不接受", "redirect not accepted"),
        ("too_large", "应答过大", "answer too large"),
        ("certificate", "证书验证不通过", "certificate does not verify"),
        ("tls", "TLS 握手失败", "TLS handshake failed"),
        ("not_running", "进程未运行", "process does not run"),
        ("loss", "几乎全部丢包", "nearly all echoes lost"),
        ("permission", "本代理无权限", "this agent may not measure it"),
        ("no_route", "本机无路由", "no route of this host"),
        ("limited", "在线但不让测", "alive, does not let us measure"),
        ("resources", "本机资源不足", "this host ran out of resources"),
        ("resolver", "解析服务器未应答", "the resolver did not answer"),
        ("late", "本代理过迟", "this agent was too late"),
        ("clock", "本代理时钟存疑", "this agent's clock is in doubt"),
        ("isolated", "观测点自身断网", "the vantage is cut off"),
        ("stopped", "本代理停止中", "the agent was stopping"),
        ("unread", "被测端未能读取", "its own exporter could not read it"),
        ("internal", "本代理出错", "an error of this agent"),
    )
}


def indicators() -> Mapped:
    """The indicators of the built-in plans by id; of an id that several plans have, the first plan's words."""
    found: dict[str, Meaning] = {}
    for row in _rows():
        found.setdefault(row["id"], Meaning(Text(row["name"]["zh"], row["name"]["en"]), PLAIN))
    return found


def _rows() -> Iterator[Mapping[str, Any]]:
    for path in sorted(PLANS.glob("*.yml")):
        if path.stem != "template":
            yield from yaml.safe_load(path.read_text(encoding="utf-8"))["rows"]


def none_is_well(color: str = DOWN) -> tuple[Step, ...]:
    """0 is well, more is not."""
    return (None, UP), (1, color)


def share(low: float, high: float) -> tuple[Step, ...]:
    """A share of 1: below the first value bad, below the second doubtful."""
    return (None, DOWN), (low, DEGRADED), (high, UP)


def load(first: float, second: float) -> tuple[Step, ...]:
    """What grows worse as it grows."""
    return (None, UP), (first, DEGRADED), (second, DOWN)
