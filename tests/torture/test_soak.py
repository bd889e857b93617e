"""For a long time at scale: memory, descriptors and threads stay flat, and no target suffers from us."""

import pytest

from bench.city import Plan
from bench.soak import expected, judged, line, soak, verdicts
from tests.depth import DEEP, measure
from tests.torture.account import account

pytestmark = pytest.mark.torture

SECONDS = measure("SOAK_SECONDS", 12, 1800)
TARGETS = measure("SOAK_TARGETS", 200, 43_000)
EVERY = 60 if SECONDS >= 600 else SECONDS / 12
PLAN = Plan(TARGETS) if DEEP else Plan(TARGETS, interval=3, timeout=1, prometheus=False, retry=1)


def test_memory_descriptors_and_threads_stay_flat() -> None:
    with account(f"soak, {TARGETS} cameras every {PLAN.interval} s for {SECONDS} s") as report:
        soaked = soak(PLAN, SECONDS, EVERY, lambda one: report.did(line(one)))
        samples, found = soaked.samples, verdicts(soaked.samples)
        report.did(judged(found))
        report.did(f"its log has {soaked.log_lines} lines, {soaked.tracebacks} tracebacks; at the end {soaked.states}")
        assert len(samples) >= 8
        assert soaked.tracebacks == 0
        assert soaked.states == expected(PLAN)
        judging = [one for one in found if DEEP or one.what != "resident_mb"]  # seconds are all warming up
        assert [one for one in judging if not one.flat] == [], judged(found)
        most = max(one.unknown for one in samples[len(samples) // 4 :])
        answers = (
            f"{soaked.questions - soaked.unanswered} of {soaked.questions} questions were answered, the others 503"
        )
        report.lost(f"nothing: at the end every target is in the state of its peer; {answers}")
        report.unknown(f"at most {most} of {TARGETS} targets at one time, while the peers were silent")
