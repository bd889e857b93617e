"""What the agent answers, held against the answer made by hand and the times that things really had.

A probe sees a change at its next turn: from one timeout before it (a probe that was under way) to one interval and one
timeout after it. A state that has run out of readings holds for one and a half intervals (S2).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sla.model import Window
from tests.acceptance.scenario import Spans, Times
from tests.acceptance.stage import Mark
from tests.acceptance.town import INTERVAL, TIMEOUT, VANTAGE_INTERVAL

EARLY_US = int(TIMEOUT * 1e6)
LATE_US = int((INTERVAL + TIMEOUT) * 1e6)
BLIND_US = int(1.5 * INTERVAL * 1e6)
PROVEN_US = int((2 * VANTAGE_INTERVAL + TIMEOUT) * 1e6)
"""The self-check is believed again at its second answer."""

Marks = Mapping[str, Mark]


def us(text: str) -> int:
    """An instant of an answer, exactly."""
    found = datetime.fromisoformat(text)
    return int(found.replace(microsecond=0).timestamp()) * 1_000_000 + found.microsecond


def seen_at(mark: Mark, *, blind: bool = False) -> tuple[int, int]:
    """When the agent may first have noticed it."""
    return mark.before - EARLY_US, mark.after + (max(BLIND_US, LATE_US) if blind else LATE_US)


def within(at: int, bounds: tuple[int, int], what: str) -> None:
    assert bounds[0] <= at <= bounds[1], (
        f"{what}: {at} is {at - bounds[0]} us after {bounds[0]}, {bounds[1] - at} before"
    )


def length(spans: Spans, marks: Marks, *, blind: bool = False) -> tuple[int, int]:
    """The shortest and the longest that these spans can be together."""
    least = most = 0
    for start, end in spans:
        first, last = seen_at(marks[start], blind=blind), seen_at(marks[end], blind=blind)
        if end == "end":
            last = (marks[end].before, marks[end].after)
        least += max(0, last[0] - first[1])
        most += last[1] - first[0]
    return least, most


def check_faults(answer: Sequence[Mapping[str, Any]], told: Mapping[str, Any], marks: Marks) -> None:
    """The same faults, no other; their clocks within what the probes could see."""
    assert [fault["root"] for fault in answer] == [fault["root"] for fault in told["faults"]], told["faults"]
    for wanted, got in zip(answer, told["faults"], strict=True):
        for name in ("role", "priority", "members", "outcome"):
            assert got[name] == wanted[name], f"{got['root']}: {name}: {got}"
        for name in ("overrun", "repeat", "withdrawn"):
            assert got[name] is False, f"{got['root']}: {name}"
        assert got["source"] == "probe"
        assert got["start"] == got["onset"][1], "the clock starts with the first failed reading (F2)"
        within(us(got["start"]), seen_at(marks[wanted["from"]]), f"{got['root']} start")
        within(us(got["restored"][1]), seen_at(marks[wanted["to"]]), f"{got['root']} restored")
    assert told["quality"] == [], "nothing lasted 15 minutes (F12)"
    assert told["planned"] == []
    assert told["gaps"] == [], "no gap was longer than 3 hours (F11)"


def check_vantage(answer: Sequence[Mapping[str, str]], found: Sequence[Window], marks: Marks) -> None:
    """The vantage's own faults (S6)."""
    assert len(found) == len(answer), found
    for wanted, got in zip(answer, found, strict=True):
        within(got.start, seen_at(marks[wanted["from"]]), "the vantage cut off from")
        mended = marks[wanted["to"]]
        within(got.end, (mended.before - EARLY_US, mended.after + PROVEN_US), "the vantage cut off to")


def check_times(id_: str, wanted: Times, told: Mapping[str, Any], marks: Marks) -> None:
    """Each state as long as it can have been, and the sum exactly the window (A1)."""
    parts = dict(told["us"])
    window = us(told["to"]) - us(told["from"])
    assert sum(parts.values()) == window, f"{id_}: {parts}"
    assert parts.pop("out_of_service") == 0
    parts.pop("up")
    for state, got in parts.items():
        spans = wanted.spans.get(state, [])
        within(got, length(spans, marks, blind=state == "unknown"), f"{id_} {state} of {told['us']}")
        assert spans or got == 0, f"{id_}: {state}: {told}"
    if wanted.because is not None:
        reasons = {why: time for why, time in told["degraded_us"].items() if time}
        assert set(reasons) == set(wanted.because), f"{id_}: {reasons}"
        for why, time in reasons.items():
            within(time, length(wanted.because[why], marks), f"{id_} degraded by {why}")


def check_outages(id_: str, wanted: Times, told: Mapping[str, Any], faults: Sequence[Mapping[str, Any]]) -> None:
    """The outages are the DOWN time to the microsecond, and the fault of the same root begins and ends with them."""
    outages = told["outages"]
    assert len(outages) == len(wanted.spans.get("down", [])), f"{id_}: {outages}"
    assert sum(us(each["to"]) - us(each["from"]) for each in outages) == told["us"]["down"]
    for fault in faults:
        if fault["root"] == id_:
            assert (fault["start"], fault["restored"][1]) == (outages[0]["from"], outages[-1]["to"]), f"{id_}"
