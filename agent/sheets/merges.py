"""Merged cells of a sheet's body: a value that stands over several rows holds for each of them."""

from collections.abc import Collection, Sequence

from agent.sheets.leaves import Range, Record


class Merges:
    """Follows the records of one sheet downwards. Shape: ranges by their first line; each line is asked for once."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self._coming = list(reversed(ranges))
        self._open: dict[int, tuple[Range, str]] = {}

    def over(self, record: Record) -> dict[int, str]:
        """Position to value, for all that is merged over this record from a record above."""
        while self._coming and self._coming[-1].first_line <= record.line:
            self._begin(self._coming.pop(), record)
        over = {}
        for at, (merged, value) in list(self._open.items()):
            if merged.last_line < record.line:
                del self._open[at]
            elif merged.first_line < record.line:
                over[at] = value
        return over

    def _begin(self, merged: Range, record: Record) -> None:
        cells = record.cells
        there = merged.first_line == record.line and merged.first < len(cells)
        if merged.first == merged.last:
            self._open[merged.first] = (merged, cells[merged.first] if there else "")


def across(ranges: Sequence[Range], positions: Collection[int]) -> dict[int, list[Range]]:
    """Ranges over several columns of which at least one is read, by their first line."""
    found: dict[int, list[Range]] = {}
    for merged in ranges:
        if merged.first < merged.last and any(merged.first <= at <= merged.last for at in positions):
            found.setdefault(merged.first_line, []).append(merged)
    return found
