"""Rows of a ledger that are no data: totals and notes."""

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[+-]?[0-9][0-9,，]*([.][0-9]+)?%?")
_WORDS = (
    "合计", "总计", "共计", "小计", "备注", "注", "说明", "填表人", "填报人", "制表人", "制表", "审核人", "审核",
    "填报单位", "填表日期", "total", "subtotal", "note", "notes", "remark", "remarks",
)  # fmt: skip


class Notes:
    """Knows such rows: they begin with a word, and no required cell but it holds anything, except numbers as totals do.

    Shape: `required` are positions, `ignored` words that the map names.
    """

    def __init__(self, required: Sequence[int], ignored: Sequence[str]) -> None:
        self._required = required
        self._words = {word.casefold(): word for word in (*_WORDS, *ignored)}
        either = "|".join(map(re.escape, self._words))
        self._begin = re.compile(rf"({either})(?![^\W\d_])", re.IGNORECASE)  # 备注：… does, 备注站 does not

    def word(self, cells: Sequence[str]) -> str | None:
        """The word that makes a row one of totals or notes; None for a row of data."""
        at, first = next(((at, cell) for at, cell in enumerate(cells) if cell and not cell.isspace()), (0, ""))
        said = self._begin.match(first.lstrip())
        if said is None:
            return None
        rest = (cells[position].strip() for position in self._required if position != at)
        return None if any(cell and not _NUMBER.fullmatch(cell) for cell in rest) else self._words[said[1].casefold()]
