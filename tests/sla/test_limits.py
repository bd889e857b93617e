"""S4: what makes an ok reading DEGRADED, and when loss is as good as failed."""

import math

import pytest

from sla.limits import Limit, judge, reason_of
from sla.model import Degraded, Outcome

LIMITS = {
    "loss_ratio": Limit(maximum=0.05),
    "rtt_seconds": Limit(maximum=0.1),
    "certificate_days": Limit(minimum=14.0),
}


def test_a_value_on_its_limit_is_within_it() -> None:
    within = {"loss_ratio": 0.05, "rtt_seconds": 0.1, "certificate_days": 14.0}
    assert judge(Outcome.OK, within, LIMITS, 0.75) == (Outcome.OK, Degraded.NONE, False)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("loss_ratio", math.nextafter(0.05, 1), Degraded.LOSS),
        ("rtt_seconds", math.nextafter(0.1, 1), Degraded.RTT),
        ("certificate_days", math.nextafter(14.0, 0), Degraded.CERTIFICATE),
    ],
)
def test_a_value_over_its_limit_degrades_and_says_why(name: str, value: float, reason: Degraded) -> None:
    assert judge(Outcome.OK, {name: value}, LIMITS, 0.75) == (Outcome.OK, reason, False)


def test_several_broken_limits_give_several_reasons() -> None:
    found = judge(Outcome.OK, {"loss_ratio": 0.5, "rtt_seconds": 1.0}, LIMITS, 0.75)
    assert found.over == Degraded.LOSS | Degraded.RTT


@pytest.mark.parametrize(
    ("lost", "echoes", "outcome"),
    [
        (3, 4, Outcome.FAILED),
        (4, 4, Outcome.FAILED),
        (2, 4, Outcome.OK),
        (6, 8, Outcome.FAILED),
        (5, 8, Outcome.OK),
        (3, 3, Outcome.OK),
        (2, 3, Outcome.OK),
        (1, 1, Outcome.OK),
        (15, 20, Outcome.FAILED),
        (14, 20, Outcome.OK),
    ],
)
def test_loss_of_three_quarters_of_four_or_more_echoes_is_failed(lost: int, echoes: int, outcome: Outcome) -> None:
    values = {"loss_ratio": lost / echoes, "echoes_sent": float(echoes)}
    found = judge(Outcome.OK, values, {}, 0.75)
    assert (found.outcome, found.by_loss) == (outcome, outcome is Outcome.FAILED)


def test_much_loss_of_few_echoes_still_breaks_the_limit() -> None:
    found = judge(Outcome.OK, {"loss_ratio": 2 / 3, "echoes_sent": 3.0}, LIMITS, 0.75)
    assert found == (Outcome.OK, Degraded.LOSS, False)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
def test_limits_say_nothing_about_a_reading_that_is_not_ok(outcome: Outcome) -> None:
    """Above all: an error with a loss value never becomes failed (S1)."""
    assert judge(outcome, {"loss_ratio": 1.0, "echoes_sent": 9.0, "rtt_seconds": 9.0}, LIMITS, 0.75) == (
        outcome,
        Degraded.NONE,
        False,
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("loss_ratio", Degraded.LOSS),
        ("rtt_seconds", Degraded.RTT),
        ("rtt_max_seconds", Degraded.RTT),
        ("jitter_seconds", Degraded.JITTER),
        ("connect_seconds", Degraded.SLOW),
        ("certificate_days", Degraded.CERTIFICATE),
        ("clock_skew_seconds", Degraded.CLOCK_SKEW),
        ("memory_used_ratio", Degraded.USAGE),
        ("something_else", Degraded.OTHER),
    ],
)
def test_each_value_has_its_reason(name: str, reason: Degraded) -> None:
    assert reason_of(name) is reason


def test_finding_a_value_that_is_not_a_number_is_not_within_its_limit() -> None:
    """NaN compares false with everything; nothing measured must not count as good quality."""
    assert judge(Outcome.OK, {"rtt_seconds": math.nan}, LIMITS, 0.75).over != Degraded.NONE
