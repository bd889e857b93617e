"""Half an hour or longer at scale: do memory, descriptors and threads stay flat, while peers fail and people ask.

Every minute the configuration is loaded again and the API is asked; every third minute all peers are silent for as long
as makes blips and a few outages.
"""

import contextlib
import os
import statistics
import time
import urllib.error
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

from bench.city import City, Plan, city, is_bad

SILENT_EVERY, SILENT_SECONDS = 3, 5
FLAPPING_SECONDS = 60
BUSY = 503
QUESTIONS = ("targets?limit=1000", "availability?target=t00050", "faults", "targets/t00050/timeline")
FLAT_SHARE, FLAT_MB, FLAT_COUNT = 0.05, 4.0, 8
"""What the end may lie above the middle: so much of it, and so many MB or pieces on top."""


class Sample(NamedTuple):
    """One look from outside. Units: seconds since the start, MB."""

    at: float
    resident_mb: float
    descriptors: int
    threads: int
    store_mb: float
    up: int
    unknown: int


class Verdict(NamedTuple):
    """How a value went: median of the second quarter and of the last, growth by the hour, and whether it is flat."""

    what: str
    before: float
    after: float
    an_hour: float
    flat: bool


class Soaked(NamedTuple):
    """All looks, the states when the peers had answered for long enough, and how the log was meanwhile."""

    samples: list[Sample]
    states: dict[str, int]
    log_lines: int
    tracebacks: int
    questions: int
    unanswered: int


def soak(plan: Plan, seconds: float, every: float, say: Callable[[Sample], None]) -> Soaked:
    """Run a city for so long and look at it every so often."""
    samples: list[Sample] = []
    with city(plan) as running:
        began = time.monotonic()
        number = unanswered = 0
        while time.monotonic() - began < seconds:
            number += 1
            unanswered += _live(running, number, every)
            samples.append(_look(running, time.monotonic() - began))
            say(samples[-1])
        states = _settled(running, plan)
        log = running.log.read_text(encoding="utf-8", errors="replace")
    return Soaked(samples, states, len(log.splitlines()), log.count("Traceback"), number * len(QUESTIONS), unanswered)


def expected(plan: Plan) -> dict[str, int]:
    """How many are in which state while the peers do what they should."""
    bad = sum(is_bad(number) for number in range(plan.targets))
    return {"up": plan.targets - bad, "degraded": 0, "down": bad, "unknown": 0}


def _settled(running: City, plan: Plan) -> dict[str, int]:
    """The states once they are as they should be, or when that has taken far too long."""
    until = time.monotonic() + 3 * plan.detect + FLAPPING_SECONDS
    while True:
        seen = running.states()
        told = {state: seen[state] for state in expected(plan)}
        told["up"], told["degraded"] = (
            told["up"] + told["degraded"],
            0,
        )  # blips make DEGRADED for a while, and that is up
        if told == expected(plan) or time.monotonic() > until:
            return told
        time.sleep(1)


def _live(running: City, number: int, every: float) -> int:
    """What happens in a city within a minute; how many questions were not answered."""
    until = time.monotonic() + every
    silent = number % SILENT_EVERY == 0
    if silent:
        running.tell("silent")
        time.sleep(min(SILENT_SECONDS, every / 3))
        running.tell("answers")
    with contextlib.suppress(urllib.error.URLError):  # a reload that is refused must do no harm either
        urlopen(Request(f"{running.base}/-/reload", b"", method="POST"), timeout=120).close()
    unanswered = sum(not _answered(running, path) for path in QUESTIONS)
    time.sleep(max(until - time.monotonic(), 0))
    return unanswered


def _answered(running: City, path: str) -> bool:
    """Whether a question got its answer; a busy agent may ask to be asked again (503), and nothing else."""
    try:
        running.ask(path)
    except urllib.error.HTTPError as exc:
        exc.close()
        if exc.code != BUSY:
            raise
        return False
    return True


def _look(running: City, at: float) -> Sample:
    pid, own, states = running.agent.pid, running.own(), running.states()
    return Sample(
        at,
        running.resident_mb(),
        len(os.listdir(f"/proc/{pid}/fd")),
        len(os.listdir(Path(f"/proc/{pid}/task"))),
        own["sla_agent_store_bytes"] / 1e6,
        states["up"],
        states["unknown"],
    )


def verdicts(samples: Sequence[Sample]) -> list[Verdict]:
    """Memory, descriptors and threads: the last quarter against the second, when all is warm."""
    quarter = len(samples) // 4
    second, last = samples[quarter : 2 * quarter], samples[-quarter:]
    apart = statistics.median(each.at for each in last) - statistics.median(each.at for each in second)
    found = []
    for what, slack in (("resident_mb", FLAT_MB), ("descriptors", FLAT_COUNT), ("threads", FLAT_COUNT)):
        before, after = (statistics.median(getattr(each, what) for each in part) for part in (second, last))
        flat = after - before <= before * FLAT_SHARE + slack
        found.append(Verdict(what, before, after, (after - before) / apart * 3600, flat))
    return found


def line(one: Sample) -> str:
    """A sample as it is printed."""
    return (
        f"{one.at:.0f} s: resident {one.resident_mb:.0f} MB, descriptors {one.descriptors}, threads {one.threads}, "
        f"ledger {one.store_mb:.1f} MB; {one.up} UP, {one.unknown} UNKNOWN"
    )


def judged(found: Sequence[Verdict]) -> str:
    """The verdicts in words."""
    return "; ".join(
        f"{one.what} {one.before:.0f} -> {one.after:.0f} ({one.an_hour:+.0f}/h): {'flat' if one.flat else 'GROWS'}"
        for one in found
    )
