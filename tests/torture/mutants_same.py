"""Mutants that no test can notice, each with the reason why it means the same."""

_NEAR = "The filter only spares work: a window elsewhere has no part of the pieces, which all lie inside."

SAME: dict[str, str] = {
    "availability._excluded: e.start < window.end and e.end > window.start -> "
    "e.start < window.end or e.end > window.start": _NEAR,
}
