"""A window that is moved needs an approval of its own (M1)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from agent.instants import format_instant
from agent.registers.rules import Found
from agent.registers.view import View

_MOVED = ("scope", "start", "end")


def moved_windows_have_their_own_approval(view: View, zone: ZoneInfo) -> Iterator[Found]:
    """The approval of the window as it was does not cover what it was moved to."""
    if view.register.name != "maintenance":
        return
    approved: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in view.versions("maintenance"):
        body = json.loads(row.body)
        if "approved_at" in body:
            approved.setdefault((row.id, body["approved_at"]), []).append(body)
    for entry in view.entries:
        if (at := entry.values.get("approved_at")) is None:
            continue
        before = approved.get((entry.id, at), [])
        if before and not any(all(body[name] == entry.values.get(name) for name in _MOVED) for body in before):
            text = (
                f"got {format_instant(at, zone)}, the approval of this window before its start, end or scope was "
                "moved, wanted one of its own; write when the move was approved, or leave approved_at empty"
            )
            yield Found(entry, "approved_at", text)
