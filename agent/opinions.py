"""What several readings of one target say together: a second module's, or those of both IP versions."""

from collections.abc import Sequence
from dataclasses import replace

from collectors.base import Outcome, Reading
from sla.limits import FAMILY_FAILED, FIRST_MODULE_FAILED


def confirmed(first: Reading, second: Reading) -> Reading:
    """What two modules say together: failed only if both say so; an error of the second leaves it open (S3).

    Where the second is answered, the first one's failure stays visible as a value and makes it DEGRADED.
    """
    detail = f"{first.detail}; second module: {second.detail or second.outcome}"
    if second.outcome is Outcome.FAILED:
        return replace(first, detail=detail)
    if second.outcome is Outcome.ERROR:
        return replace(first, outcome=Outcome.ERROR, reason=second.reason, detail=detail)
    return replace(second, detail=detail, values={**first.values, **second.values, FIRST_MODULE_FAILED: 1.0})


def by_family(said: Sequence[tuple[str, Reading]]) -> list[Reading]:
    """The target first, then a component for each IP version.

    It answers while any version answers, DEGRADED where another one failed (S4); failed only if every one failed.
    """
    parts = [replace(reading, component=part) for part, reading in said]
    return [_together([reading for _, reading in said]), *parts]


def _together(readings: Sequence[Reading]) -> Reading:
    answered = [reading for reading in readings if reading.outcome is Outcome.OK]
    failed = [reading for reading in readings if reading.outcome is Outcome.FAILED]
    if answered and failed:
        detail = f"one IP version does not answer: {failed[0].detail}"
        return replace(answered[0], detail=detail, values={**answered[0].values, FAMILY_FAILED: 1.0})
    if answered:
        return answered[0]
    return next((reading for reading in readings if reading.outcome is Outcome.ERROR), readings[0])
