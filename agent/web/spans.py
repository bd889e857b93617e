"""A component's timeline as pages and the API tell it: no instant without a state."""

from collections.abc import Sequence

from sla.model import Cause, State, Window
from sla.timeline import Span, clip, out_of_service, overlay


def whole(timeline: Sequence[Span], service: Sequence[Window], window: Window) -> list[Span]:
    """The window's spans: UNKNOWN where the timeline says nothing (A1), OUT outside in-service dates (A2)."""
    if window.start >= window.end:
        return []
    blank = [Span(window.start, window.end, State.UNKNOWN, cause=Cause.NEVER)]
    return overlay(overlay(blank, clip(timeline, window)), out_of_service(service, window))
