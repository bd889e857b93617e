"""A notice in words: a heading and lines, Chinese first."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.instants import format_duration
from agent.language import EN, N_, catalogue
from agent.notices.notice import Notice, Sort
from sla.periods import to_datetime

SIMULATED = "【模拟数据 SIMULATED】"

_HEADS: Mapping[Sort, str] = {
    Sort.OPENED: N_("[fault] %(what)s down"),
    Sort.REOPENED: N_("[again] %(what)s down again"),
    Sort.CLOCK: N_("[clock] %(what)s: %(age)s"),
    Sort.LATE: N_("[late] %(what)s: %(age)s, not restored within 3 h"),
    Sort.REPEAT: N_("[still down] %(what)s: %(age)s"),
    Sort.RESTORED: N_("[restored] %(what)s after %(age)s, %(outcome)s"),
    Sort.PASSED: N_("[short fault] %(what)s was down for %(age)s, restored"),
    Sort.WITHDRAWN: N_("[withdrawn] %(what)s was removed while down"),
    Sort.JOINED: N_("[joined] %(what)s belongs to fault %(of)s"),
    Sort.VOID: N_("[void] %(what)s is no fault any more"),
    Sort.MANY: N_("[many] %(count)s of sort %(of)s"),
    Sort.ISOLATED: N_("[agent] %(vantage)s was cut off for %(age)s (%(of)s)"),
    Sort.TEST: N_("[test] a test message of %(vantage)s"),
}
_OUTCOMES: Mapping[str, str] = {
    "in_time": N_("in time"),
    "late": N_("late"),
    "pending": N_("not decided yet"),
    "undecided": N_("undecided, evidence is lacking"),
}
ROOT = N_("root: %(root)s (%(role)s), priority %(priority)s")
COUNTY = N_("county: %(value)s")
CARRIER = N_("carrier: %(value)s")
UNIT = N_("unit: %(value)s")
SINCE = N_("since: %(value)s")
RESTORED = N_("restored: %(value)s")
TOOK = N_("took with it: %(value)s")
DUE = N_("due: %(value)s")
JOINED = N_("joined: %(value)s")
GOES_ON = N_("down again within 10 min goes on with the same clock")
FAULT = N_("fault: %(fault)s (agent %(vantage)s)")
BLIND = N_("%(start)s to %(end)s: UNKNOWN, nobody was judged")
GRAVEST = N_("gravest: %(ids)s")
OTHERS = N_("the others: the pages, or sla-agent faults")
BETWEEN = N_(", ")
REACHED = N_("whoever reads this can be reached")
HOURS, MINUTES, SECONDS = N_("%(n)s h"), N_("%(n)s min"), N_("%(n)s s")
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
    tell = catalogue(language).gettext
    head = tell(_HEADS[notice.sort]) % {
        "what": notice.name or notice.root,
        "age": _age(notice, language),
        "outcome": tell(_OUTCOMES[notice.outcome]) if notice.outcome in _OUTCOMES else "",
        "of": notice.of or "-",
        "count": notice.count,
        "vantage": notice.vantage,
    }
    title = (SIMULATED if notice.simulated else "") + head
    lines = _plain(notice, tell, zone) if notice.sort in _PLAIN else _lines(notice, tell, zone)
    urgent = notice.sort in (Sort.OPENED, Sort.REOPENED, Sort.CLOCK, Sort.LATE, Sort.MANY)
    return Words(title, tuple(lines), urgent)


def _lines(notice: Notice, tell: Callable[[str], str], zone: ZoneInfo) -> Iterator[str]:
    yield tell(ROOT) % {"root": notice.root, "role": notice.role, "priority": notice.priority}
    for text, value in (
        (COUNTY, notice.county_name or notice.county),
        (CARRIER, notice.carrier),
        (UNIT, notice.responsible_unit),
        (SINCE, _at(notice.start, zone)),
        (RESTORED, _at(notice.restored, zone)),
        (TOOK, notice.members),
        (DUE, _at(notice.deadline, zone) if notice.restored is None else ""),
        (JOINED, notice.of if notice.sort is Sort.JOINED else ""),
    ):
        if value:
            yield tell(text) % {"value": value}
    if notice.sort is Sort.RESTORED:
        yield tell(GOES_ON)
    yield tell(FAULT) % {"fault": notice.fault, "vantage": notice.vantage}


def _plain(notice: Notice, tell: Callable[[str], str], zone: ZoneInfo) -> Iterator[str]:
    """What is about no fault, or about many."""
    if notice.sort is Sort.ISOLATED:
        yield tell(BLIND) % {"start": _at(notice.start, zone), "end": _at(notice.restored or notice.at, zone)}
    elif notice.sort is Sort.MANY:
        yield tell(GRAVEST) % {"ids": tell(BETWEEN).join(notice.examples)}
        yield tell(OTHERS)
    else:
        yield tell(REACHED)


def _age(notice: Notice, language: str) -> str:
    """Whole seconds, those that are not over left out."""
    end = notice.at if notice.restored is None else notice.restored
    seconds = max(end - notice.start, 0) // 1_000_000
    if language == EN:
        return format_duration(seconds * 1_000_000)
    tell = catalogue(language).gettext
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    shown = [(HOURS, hours)] * bool(hours) + [(MINUTES, minutes)] * bool(hours or minutes) + [(SECONDS, seconds)]
    return " ".join(tell(text) % {"n": number} for text, number in shown)


def _at(us: int | None, zone: ZoneInfo) -> str:
    return "" if us is None else to_datetime(us, zone).strftime("%Y-%m-%d %H:%M:%S")
