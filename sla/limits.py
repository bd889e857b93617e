"""Limits on what a reading measured: dated parameters that turn values into quality (S4).

A collector only measures. Here a value over a limit makes an ok reading DEGRADED, and loss as good as total
makes it failed. Measured values are floats and are only compared here; no SLA figure is made of them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sla.model import Degraded, Outcome


class Limit(NamedTuple):
    """A value is within it if minimum <= value <= maximum; None is no bound."""

    minimum: float | None = None
    maximum: float | None = None

    def breaks(self, value: float) -> bool:
        """Whether the value is outside; what is not a number is within nothing."""
        if value != value:
            return True
        if self.maximum is not None and value > self.maximum:
            return True
        return self.minimum is not None and value < self.minimum


class Judgement(NamedTuple):
    """The outcome that counts, which limits were broken and whether loss alone made it failed."""

    outcome: Outcome
    over: Degraded = Degraded.NONE
    by_loss: bool = False


DOWN_LOSS_MIN_ECHOES = 4
"""Fewer echoes say too little about loss for it to be an outage (S4)."""

FIRST_MODULE_FAILED = "first_module_failed"
"""Set to 1 where the module failed and the one that confirms it answered: no outage, and not sound either (S3)."""

FAMILY_FAILED = "family_failed"
"""Set to 1 where one required IP version answered and another failed (S4)."""

_BY_NAME = (
    ("loss_ratio", Degraded.LOSS),
    ("jitter_seconds", Degraded.JITTER),
    ("rtt", Degraded.RTT),
    ("certificate", Degraded.CERTIFICATE),
    ("clock_skew", Degraded.CLOCK_SKEW),
    ("used_ratio", Degraded.USAGE),
    ("load1", Degraded.USAGE),
    ("load5", Degraded.USAGE),
    ("temperature", Degraded.USAGE),
    ("busy_ratio", Degraded.USAGE),
    ("_seconds", Degraded.SLOW),
)


def reason_of(value_name: str) -> Degraded:
    """The reason that is printed when the limit on a value is broken; OTHER for what has no name of its own."""
    return next((flag for part, flag in _BY_NAME if part in value_name), Degraded.OTHER)


def judge(outcome: Outcome, values: Mapping[str, float], limits: Mapping[str, Limit], down_loss: float) -> Judgement:
    """What a reading counts as: failed by loss of `down_loss` or more, else ok with the limits it breaks."""
    if outcome is not Outcome.OK:
        return Judgement(outcome)
    if values.get("loss_ratio", 0.0) >= down_loss and values.get("echoes_sent", 0.0) >= DOWN_LOSS_MIN_ECHOES:
        return Judgement(Outcome.FAILED, by_loss=True)
    over = Degraded.CONFIRM if values.get(FIRST_MODULE_FAILED) else Degraded.NONE
    if values.get(FAMILY_FAILED):
        over |= Degraded.FAMILY
    for name, limit in limits.items():
        if name in values and limit.breaks(values[name]):
            over |= reason_of(name)
    return Judgement(Outcome.OK, over)
