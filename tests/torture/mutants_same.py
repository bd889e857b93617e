"""Mutants that no test can notice, each with the reason why it means the same."""

_NEAR = "The filter only spares work: a window elsewhere has no part of the pieces, which all lie inside."

SAME: dict[str, str] = {
    "availability._excluded: e.start < window.end and e.end > window.start -> "
    "e.start < window.end or e.end > window.start": _NEAR,
    "availability._excluded: e.end > window.start -> e.end >= window.start": _NEAR,
    "availability._excluded: e.start < window.end -> e.start <= window.end": _NEAR,
    "availability.availability: any((out > whole for out, whole in zip(left_out, parts, strict=True))) -> "
    "all((out > whole for out, whole in zip(left_out, parts, strict=True)))": (
        "A guard that no input reaches: what is left out is cut out of the same pieces as the whole."
    ),
    "availability.availability: True -> False": "Both are Parts, and Parts are five.",
    "maintenance._parts: outage.start <= recorded_at < outage.end -> outage.start <= recorded_at <= outage.end": (
        "An outage that ends as the version is recorded lies before all of its time that is measured."
    ),
    "availability.Availability.remaining: True -> False": "Both are Parts, and Parts are five.",
    "faults.may_be_late: as_of - fault.onset[1] > LIMIT_US -> as_of - fault.onset[1] >= LIMIT_US": (
        "It only spares work: at the limit itself the outcome is made anew, and is the same."
    ),
    "maintenance._in_one_piece: after.length > 0 -> after.length >= 0": (
        "An empty rest that begins where the first ends also ends there: both together are the first."
    ),
    "maintenance._Bench.recorded_time: row.start < beat < row.recorded_at -> row.start <= beat < row.recorded_at": (
        "Asked only where nothing speaks against the row: one that begins with the heartbeat was recorded by then."
    ),
}
