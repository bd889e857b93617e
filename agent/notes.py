"""What people may say of a fault, from the command line or over HTTP: checked in one place (F1, E1)."""

from collections.abc import Mapping

from agent.config.problems import nearest, show
from agent.errors import UsageError
from agent.stores.noting import Note

KINDS: Mapping[str, str] = {
    "ack": "acknowledged: somebody is on it",
    "note": "a remark",
    "priority": "another priority than the computed one, which stays beside it",
    "cause": "the cause, which also tells a repeat from a new fault",
    "responsible_unit": "the unit that answers for it",
}
"""Kinds of notes, each with what it says."""

PRIORITIES = ("P1", "P2", "P3", "P4")
LENGTH = 2000


def note(fault: str, kind: str, value: str, why: str, *, by: str, at: int) -> Note:
    """A note that may be written; the store gives it its number. Errors: UsageError."""
    if kind not in KINDS:
        raise UsageError(f"note kind {show(kind)}: no such kind; {nearest(kind, KINDS)}")
    value, why = value.strip(), why.strip()
    if kind != "ack" and not value:
        raise UsageError(f"note of kind {kind}: got no text, wanted what to note")
    if kind == "priority" and value not in PRIORITIES:
        raise UsageError(f"priority: got {show(value)}, wanted one of {', '.join(PRIORITIES)}")
    if kind == "priority" and not why:
        raise UsageError("priority: got no reason, wanted why it differs from the computed one (--why)")
    for text in (value, why):
        if len(text) > LENGTH or not all(char.isprintable() or char == "\n" for char in text):
            raise UsageError(f"note: got {show(text[:80])}, wanted at most {LENGTH} printable characters")
    return Note(fault, 0, kind, value, why, at, by)
