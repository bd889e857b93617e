"""What can be wrong with a file of rows: file, row, column, got, wanted, next step; all of it at once."""

from dataclasses import dataclass

from agent.config.problems import nearest, show
from agent.errors import AgentError

__all__ = ["ImportProblemsError", "Problems", "RowProblem", "nearest", "show"]

MAX_PROBLEMS = 10_000
"""More are counted, not kept: nobody mends them one by one."""


@dataclass(frozen=True, slots=True, order=True)
class RowProblem:
    """One thing to mend. Shape: line counts from 1, as the first line of the row in the file; 0 is the whole file."""

    file: str
    line: int
    column: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.column}: {self.text}"


class ImportProblemsError(AgentError):
    """A file is refused, nothing of it is applied: all its problems, by row. `more` were counted but not kept."""

    def __init__(self, problems: list[RowProblem], more: int = 0) -> None:
        self.problems = tuple(sorted(problems))
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

    def add(self, line: int, column: str, text: str) -> None:
        """Note one problem."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(RowProblem(self.file, line, column, text))
        else:
            self._more += 1

    def refuse(self, line: int, column: str, text: str) -> ImportProblemsError:
        """The error for what stops reading at once, with all that was found before it."""
        return ImportProblemsError([*self._found, RowProblem(self.file, line, column, text)], self._more)

    def check(self) -> None:
        """Errors: ImportProblemsError if anything was found."""
        if self._found:
            raise ImportProblemsError(self._found, self._more)
