"""What can be wrong with a file of rows: file, row, column, got, wanted, next step; all of it at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from agent.config.problems import nearest, show
from agent.errors import AgentError

__all__ = ["ImportProblemsError", "Problems", "RowProblem", "nearest", "show"]

MAX_PROBLEMS = 10_000
"""More are counted, not kept: nobody mends them one by one."""


class Line(int):
    """The number of a workbook's row, which knows its sheet: who keeps it can name the row when all is read."""

    sheet: str

    def __new__(cls, number: int, sheet: str) -> Self:
        line = super().__new__(cls, number)
        line.sheet = sheet
        return line

    def __str__(self) -> str:
        return f"{int(self)} of sheet {show(self.sheet)}"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing to mend. Shape: line counts from 1, as the first line of the row in the file; 0 is the whole file.

    `sheet` is that of a workbook, "" in a CSV file.
    """

    file: str
    line: int
    column: str
    text: str
    sheet: str = ""

    def __str__(self) -> str:
        sheet = f"[{show(self.sheet)}]" if self.sheet else ""
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{sheet}{line}: {self.column}: {self.text}"


class ImportProblemsError(AgentError):
    """A file is refused, nothing of it is applied: all its problems, by row. `more` were counted but not kept."""

    def __init__(self, problems: Iterable[RowProblem], more: int = 0) -> None:
        self.problems = _in_order(list(problems))
        self.more = more
        lines = [*map(str, self.problems)]
        if more:
            lines.append(f"… and {more} more problems like these")
        super().__init__("\n".join(lines))

    def in_short(self, file: str) -> str:
        """One line under the list."""
        count = len(self.problems) + self.more
        return f"{file}: refused, {count} problem{'s' if count > 1 else ''}; nothing was applied"


class Problems:
    """Collects what is wrong with one file while reading goes on."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[RowProblem] = []
        self._more = 0

    def add(self, line: int, column: str, text: str, sheet: str = "") -> None:
        """Note one problem. Shape: the line of a Row names its sheet by itself."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(self._problem(line, column, text, sheet))
        else:
            self._more += 1

    def refuse(self, line: int, column: str, text: str, sheet: str = "") -> ImportProblemsError:
        """The error for what stops reading at once, with all that was found before it."""
        return ImportProblemsError([*self._found, self._problem(line, column, text, sheet)], self._more)

    def check(self) -> None:
        """Errors: ImportProblemsError if anything was found."""
        if self._found:
            raise ImportProblemsError(self._found, self._more)

    def _problem(self, line: int, column: str, text: str, sheet: str) -> RowProblem:
        if isinstance(line, Line):
            sheet = sheet or line.sheet
        return RowProblem(self.file, int(line), column, text, sheet)


def _in_order(problems: list[RowProblem]) -> tuple[RowProblem, ...]:
    """By sheet as they were read, which is the workbook's order, and by line."""
    sheets = {sheet: at for at, sheet in enumerate(dict.fromkeys(["", *(one.sheet for one in problems)]))}
    return tuple(sorted(problems, key=lambda one: (sheets[one.sheet], one.line, one.column, one.text)))
