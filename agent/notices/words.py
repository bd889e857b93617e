"""A notice in words: a heading and lines, Chinese first."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.instants import format_duration
from agent.notices.notice import Notice, Sort
from sla.periods import to_datetime

SIMULATED = "【模拟数据 SIMULATED】"

_HEADS = {
    Sort.OPENED: ("【故障】{what} 中断", "[fault] {what} down"),
    Sort.REOPENED: ("【复发】{what} 再次中断", "[again] {what} down again"),
    Sort.CLOCK: ("【计时】{what} 已 {age}", "[clock] {what}: {age}"),
    Sort.LATE: ("【超时】{what} 已 {age}，3 小时内未确认恢复", "[late] {what}: {age}, not restored within 3 h"),
    Sort.REPEAT: ("【未恢复】{what} 已 {age}", "[still down] {what}: {age}"),
    Sort.RESTORED: ("【恢复】{what}，历时 {age}，{outcome}", "[restored] {what} after {age}, {outcome}"),
    Sort.PASSED: ("【短暂故障】{what} 中断 {age}，已恢复", "[short fault] {what} was down for {age}, restored"),
    Sort.WITHDRAWN: ("【撤出】{what} 在中断中被移除", "[withdrawn] {what} was removed while down"),
    Sort.JOINED: ("【并入】{what} 属于故障 {of}", "[joined] {what} belongs to fault {of}"),
    Sort.VOID: ("【撤销】{what} 不再是故障", "[void] {what} is no fault any more"),
    Sort.MANY: ("【批量】{count} 条“{of}”", "[many] {count} of sort {of}"),
    Sort.ISOLATED: ("【代理】{vantage} 曾被隔离 {age}（{of}）", "[agent] {vantage} was cut off for {age} ({of})"),
    Sort.TEST: ("【测试】来自 {vantage} 的测试消息", "[test] a test message of {vantage}"),
}  # fmt: skip
_OUTCOMES = {
    "in_time": ("按时", "in time"),
    "late": ("超时", "late"),
    "pending": ("待定", "pending"),
    "undecided": ("证据不足", "undecided"),
}
_PLAIN = {Sort.ISOLATED, Sort.TEST, Sort.MANY}


class Words(NamedTuple):
    """What people read. `urgent`: it should not wait until morning."""

    title: str
    lines: tuple[str, ...]
    urgent: bool

    @property
    def text(self) -> str:
        """All of it, without the heading."""
        return "\n".join(self.lines)


def words(notice: Notice, language: str, zone: ZoneInfo) -> Words:
    """In one language."""
    place = 0 if language == "zh" else 1
    head = _HEADS[notice.sort][place].format(
        what=notice.name or notice.root,
        age=_age(notice, language),
        outcome=_OUTCOMES.get(notice.outcome, ("", ""))[place],
        of=notice.of or "-",
        count=notice.count,
        vantage=notice.vantage,
    )
    title = (SIMULATED if notice.simulated else "") + head
    lines = _lines_zh(notice, zone) if language == "zh" else _lines_en(notice, zone)
    urgent = notice.sort in (Sort.OPENED, Sort.REOPENED, Sort.CLOCK, Sort.LATE, Sort.MANY)
    return Words(title, tuple(line for line in lines if line), urgent)


def _lines_zh(notice: Notice, zone: ZoneInfo) -> list[str]:
    if notice.sort in _PLAIN:
        return _plain_zh(notice, zone)
    return [
        f"根因：{notice.root}（{notice.role}），优先级 {notice.priority}",
        _said("区县：", notice.county_name or notice.county),
        _said("运营商：", notice.carrier),
        _said("责任单位：", notice.responsible_unit),
        f"起始：{_at(notice.start, zone)}",
        f"恢复：{_at(notice.restored, zone)}" if notice.restored is not None else "",
        f"波及：{notice.members} 个对象" if notice.members else "",
        f"时限：{_at(notice.deadline, zone)}" if notice.restored is None else "",
        f"并入：{notice.of}" if notice.sort is Sort.JOINED else "",
        "10 分钟内再次中断则继续计时" if notice.sort is Sort.RESTORED else "",
        f"故障号：{notice.fault}（代理 {notice.vantage}）",
    ]


def _lines_en(notice: Notice, zone: ZoneInfo) -> list[str]:
    if notice.sort in _PLAIN:
        return _plain_en(notice, zone)
    return [
        f"root: {notice.root} ({notice.role}), priority {notice.priority}",
        _said("county: ", notice.county_name or notice.county),
        _said("carrier: ", notice.carrier),
        _said("unit: ", notice.responsible_unit),
        f"since: {_at(notice.start, zone)}",
        f"restored: {_at(notice.restored, zone)}" if notice.restored is not None else "",
        f"took with it: {notice.members}" if notice.members else "",
        f"due: {_at(notice.deadline, zone)}" if notice.restored is None else "",
        f"joined: {notice.of}" if notice.sort is Sort.JOINED else "",
        "down again within 10 min goes on with the same clock" if notice.sort is Sort.RESTORED else "",
        f"fault: {notice.fault} (agent {notice.vantage})",
    ]


def _plain_zh(notice: Notice, zone: ZoneInfo) -> list[str]:
    if notice.sort is Sort.ISOLATED:
        return [f"{_at(notice.start, zone)} 至 {_at(notice.restored or notice.at, zone)} 无法判断目标，这段时间为未知"]
    if notice.sort is Sort.MANY:
        return [f"最重要的：{'、'.join(notice.examples)}", "其余见页面或 sla-agent faults"]
    return ["收到即表示通道可用"]


def _plain_en(notice: Notice, zone: ZoneInfo) -> list[str]:
    if notice.sort is Sort.ISOLATED:
        return [f"{_at(notice.start, zone)} to {_at(notice.restored or notice.at, zone)}: UNKNOWN, nobody was judged"]
    if notice.sort is Sort.MANY:
        return [f"gravest: {', '.join(notice.examples)}", "the others: the pages, or sla-agent faults"]
    return ["whoever reads this can be reached"]


def _said(before: str, value: str) -> str:
    return before + value if value else ""


def _age(notice: Notice, language: str) -> str:
    """Whole seconds, those that are not over left out."""
    end = notice.at if notice.restored is None else notice.restored
    seconds = max(end - notice.start, 0) // 1_000_000
    if language != "zh":
        return format_duration(seconds * 1_000_000)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return (f"{hours} 小时 " if hours else "") + (f"{minutes} 分 " if hours or minutes else "") + f"{seconds} 秒"


def _at(us: int | None, zone: ZoneInfo) -> str:
    return "" if us is None else to_datetime(us, zone).strftime("%Y-%m-%d %H:%M:%S")
