"""What a number owes most to: the longest outages, gaps and exclusions, or the faults and objects that cost it."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.formulas.availability import platforms_of
from agent.figures.formulas.clearing import CLEARING, rated
from agent.figures.words import why_text
from agent.instants import format_duration
from agent.language import ZH
from sla.confirm import FOREVER
from sla.faults import Fault
from sla.indicators import Judged
from sla.model import State, Window
from sla.timeline import clip

LARGEST = 10
_GOOD = frozenset({"verified", "supported", "done", "used", "in_time"})

OUTAGE = ("%(id)s 中断 %(time)s，%(start)s 至 %(end)s", "outage of %(id)s: %(time)s, from %(start)s to %(end)s")
GAP = (
    "%(id)s 状态未知 %(time)s，%(start)s 至 %(end)s（%(cause)s）",
    "not known, %(id)s: %(time)s, from %(start)s to %(end)s (%(cause)s)",
)
EXCLUSION = (
    "%(id)s 已批准的维护 %(time)s，%(start)s 至 %(end)s；只从“扣除已批准维护”的数值中扣除",
    "approved maintenance of %(id)s: %(time)s, from %(start)s to %(end)s; leaves the second variant only",
)
FAULT = (
    "故障 %(fault)s（%(id)s，%(outcome)s）：%(time)s，%(start)s 至 %(end)s",
    "fault %(fault)s of %(id)s, %(outcome)s: %(time)s, from %(start)s to %(end)s",
)
BLIND = (
    "探测点 %(id)s 无观测 %(time)s，%(start)s 至 %(end)s",
    "vantage %(id)s saw nothing: %(time)s, from %(start)s to %(end)s",
)
OBJECT = ("%(status)s：%(id)s", "%(status)s: %(id)s")
OBJECT_WHY = ("%(status)s：%(id)s（%(why)s）", "%(status)s: %(id)s (%(why)s)")

WORDS: Mapping[str, str] = {
    "late": "超过 3 小时",
    "undecided": "无法判定",
    "pending": "未恢复，暂不计",
    "in_time": "按时",
    "open": "尚未恢复",
    "stale": "7 日内无应答",
    "unmeasured": "7 日内未测",
    "undeclared": "未申报",
    "none": "无",
    "partial": "部分完成",
    "not_done": "未完成",
    "unused": "未使用",
    "used_later": "截止后使用",
    "unsupported": "不满足",
    "no_demand": "未登记需求",
    "undetermined": "证据不足",
    "untested": "未登记指标",
    "shared": "地址、证书或引擎标识由多个单位共用",
    "repeating": "证书经决定由多个单位共用",
    "exempt": "豁免",
    "seen": "探测有应答",
    "unseen": "探测无应答",
    "untold": "无探测",
    "never": "从未有数据",
    "no_reading": "无读数",
    "unconfirmed": "未确认",
    "agent_down": "代理未运行",
    "isolated": "探测点断网",
    "withdrawn": "对象被移除",
    "imported": "导入",
}
"""Codes in Chinese; in English they stand as they are, with spaces."""

OF_OBJECTS: Mapping[str, str] = {"late": "逾期", "pending": "未到期，暂不计"}
"""What has a deadline of its own is not late by the 3 hours of a fault."""


class Contribution(NamedTuple):
    """One of them. Units: microseconds; `weight` puts them in order. Shape: `values` fill the places of `text`."""

    weight: int
    text: tuple[str, str]
    values: dict[str, str]

    def words(self, language: str) -> str:
        """As a sentence."""
        text = self.text[0] if language == ZH else self.text[1]
        return text % {name: _word(name, value, language) for name, value in self.values.items()}


def _word(name: str, value: str, language: str) -> str:
    if name == "why":
        return why_text(value, language)
    if value not in WORDS:
        return value
    if language != ZH:
        return value.replace("_", " ")
    return OF_OBJECTS.get(value, WORDS[value]) if name == "status" else WORDS[value]


def largest(asked: Asked, judged: Judged, count: int = LARGEST) -> list[Contribution]:
    """The first ones, the heaviest first."""
    if judged.row.formula == "availability_composite":
        found = _of_time(asked, judged)
    elif judged.row.formula == CLEARING.name:
        found = _of_faults(asked, judged)
    else:
        return list(islice(_of_things(judged), count))
    return sorted(found, key=lambda each: (-each.weight, sorted(each.values.items())))[:count]


def _of_time(asked: Asked, judged: Judged) -> Iterator[Contribution]:
    """Outages, gaps and exclusions of the platforms that count."""
    for id_ in judged.row.scope.get("platforms") or platforms_of(asked):
        if not asked.known.has(id_):
            yield _piece(asked, GAP, id_, asked.window, cause="never")
            continue
        for span in clip(asked.known.served(id_), asked.window):
            window = Window(span.start, span.end)
            if span.state is State.DOWN:
                yield _piece(asked, OUTAGE, id_, window)
            elif span.state is State.UNKNOWN:
                yield _piece(asked, GAP, id_, window, cause=str(span.cause))
        for window in asked.known.excluded(id_):
            inside = Window(max(window.start, asked.window.start), min(window.end, asked.window.end))
            if inside.length > 0:
                yield _piece(asked, EXCLUSION, id_, inside)


def _of_faults(asked: Asked, judged: Judged) -> Iterator[Contribution]:
    found = rated(asked, judged.row, judged.target)
    for fault in found.faults:
        end = _end(fault, asked.as_of)
        extra = {"fault": fault.id, "outcome": str(fault.outcome)}
        made = _piece(asked, FAULT, fault.root, Window(fault.start, max(end, fault.start)), **extra)
        still = fault.restored is None and not fault.withdrawn and fault.ended == FOREVER
        yield made._replace(values=made.values | ({"end": "open"} if still else {}))
    for gap in found.gaps:
        yield _piece(asked, BLIND, gap.vantage, gap.window)


def _end(fault: Fault, as_of: int) -> int:
    return min(fault.ended, as_of) if fault.restored is None else fault.restored[1]


def _of_things(judged: Judged) -> Iterator[Contribution]:
    """What is missing of the whole, one by one."""
    for status, ids in judged.figure.lists.items():
        for id_ in ids if status not in _GOOD else ():
            why = "; ".join(judged.figure.why.get(id_, ()))
            values = {"status": status, "id": id_} | ({"why": why} if why else {})
            yield Contribution(0, OBJECT_WHY if why else OBJECT, values)


def _piece(asked: Asked, text: tuple[str, str], id_: str, window: Window, **extra: str) -> Contribution:
    time: Callable[[int], str] = asked.time
    values = {"id": id_, "time": format_duration(window.length), "start": time(window.start), "end": time(window.end)}
    return Contribution(window.length, text, values | extra)
