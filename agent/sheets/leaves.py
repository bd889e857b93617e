"""What a file of rows is made of, whatever its format: one leaf a sheet, records from top to bottom."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

HEADING_WITHIN = 11
"""Records that are searched for the headings: ten titles may stand above them."""

Progressed = Callable[[int, int], None]
"""Told the bytes that were read, and all of them."""

SOUND: Mapping[int, str] = MappingProxyType({})


class Record(NamedTuple):
    """One row as it stands in the file. Shape: `flaws` from a position to why its cell cannot be read."""

    line: int
    cells: list[str]
    flaws: Mapping[int, str] = SOUND


class Range(NamedTuple):
    """Merged cells, first and last. Shape: lines from 1, positions from 0; `text` as people name them, C14:E14."""

    first_line: int
    first: int
    last_line: int
    last: int
    text: str


class Leaf(Protocol):
    """One sheet of a workbook, or a CSV file under one separator."""

    @property
    def name(self) -> str:
        """What people call the sheet; "" in a CSV file."""

    @property
    def hint(self) -> str:
        """What to do about cells beyond the headings."""

    @property
    def size(self) -> int:
        """Units: bytes, as `records` tells them."""

    @property
    def merged(self) -> Sequence[Range]:
        """Merged cells, by their first line."""

    def head(self) -> list[Record]:
        """The first records, where the headings are looked for."""

    def records(self, progress: Callable[[int], None]) -> Iterator[Record]:
        """All records. Errors: ImportProblemsError where they cannot be read on."""
