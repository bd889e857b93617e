"""What several readings say together: a second module (S3), the IP versions that are required (S4)."""

import pytest

from agent.opinions import by_family, confirmed
from collectors.base import Outcome, Reading, Reason, error, failed, ok
from sla.limits import FAMILY_FAILED, FIRST_MODULE_FAILED, judge
from sla.model import Degraded
from sla.model import Outcome as Counted

SILENT = failed(Reason.TIMEOUT, "no reply on IPv6", {"loss_ratio": 1.0})
BLIND = error(Reason.NO_ROUTE, "no route to IPv6")
GOOD = ok({"rtt_seconds": 0.01})


def test_down_needs_both_modules_to_fail() -> None:
    assert confirmed(SILENT, failed(Reason.REFUSED, "port")).outcome is Outcome.FAILED
    assert confirmed(SILENT, error(Reason.RESOURCES, "no socket")).outcome is Outcome.ERROR
    both = confirmed(SILENT, ok({"connect_seconds": 0.1}))
    assert both.outcome is Outcome.OK
    assert both.values[FIRST_MODULE_FAILED] == 1.0


@pytest.mark.parametrize(
    ("four", "six", "outcome", "flagged"),
    [
        (GOOD, GOOD, Outcome.OK, False),
        (GOOD, SILENT, Outcome.OK, True),
        (SILENT, GOOD, Outcome.OK, True),
        (GOOD, BLIND, Outcome.OK, False),
        (SILENT, SILENT, Outcome.FAILED, False),
        (SILENT, BLIND, Outcome.ERROR, False),
        (BLIND, BLIND, Outcome.ERROR, False),
    ],
)
def test_a_target_answers_while_one_version_answers_and_fails_only_if_all_fail(
    four: Reading, six: Reading, outcome: Outcome, flagged: bool
) -> None:
    whole, v4, v6 = by_family([("v4", four), ("v6", six)])
    assert (whole.component, v4.component, v6.component) == ("", "v4", "v6")
    assert (whole.outcome, v4.outcome, v6.outcome) == (outcome, four.outcome, six.outcome)
    assert (FAMILY_FAILED in whole.values) is flagged


def test_a_silent_version_makes_an_answering_target_degraded() -> None:
    whole, *_ = by_family([("v4", GOOD), ("v6", SILENT)])
    assert judge(Counted.OK, whole.values, {}, 0.75).over is Degraded.FAMILY
    assert "IPv6" in whole.detail
