"""A file of known columns, CSV or XLSX, into rows of cells; what cannot be understood is refused by its row."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from agent.sheets.columns import Column
from agent.sheets.csv_file import SEPARATORS, CsvLeaf, encoding_of
from agent.sheets.finding import Part, best_part, check, list_of, with_headings
from agent.sheets.leaves import Leaf, Progressed, Record
from agent.sheets.mapping import IGNORE_ROWS, Rules, rules_of
from agent.sheets.merges import Merges, across
from agent.sheets.notes import Notes
from agent.sheets.problems import Line, Problems, show
from agent.sheets.xlsx_file import is_workbook, xlsx_leaves


class Row(NamedTuple):
    """One row. Shape: line is the first line of the row, from 1; cells in the order of the columns, stripped.

    `sheet` is that of a workbook, "" in a CSV file; a workbook's line names it in messages by itself.
    """

    line: int
    cells: tuple[str, ...]
    sheet: str = ""


class Table:
    """The sheets of one file that have the headings.

    Errors: ImportProblemsError where the file cannot be read on; what is wrong with a row goes to `problems`.
    """

    def __init__(
        self, parts: Sequence[Part], passed_over: Sequence[str], columns: Sequence[Column], rules: Rules,
        problems: Problems,
    ) -> None:  # fmt: skip
        self.sheets = tuple(part.leaf.name for part in parts)
        self.passed_over = tuple(passed_over)
        self._parts, self._columns, self._rules, self._problems = parts, columns, rules, problems
        self._ignored: Counter[str] = Counter()

    def rows(self, progress: Progressed | None = None) -> Iterator[Row]:
        """Every row below the headings that is not blank, sheet by sheet."""
        total = sum(part.leaf.size for part in self._parts)
        before = 0
        for part in self._parts:
            body = _Body(part, self._columns, self._rules, self._problems, self._ignored)

            def told(done: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + done, total)

            for record in part.leaf.records(told):
                if record.line > part.line and (row := body.row(record)):
                    yield row
            before += part.leaf.size
        if progress is not None:
            progress(total, total)

    def words(self) -> list[str]:
        """What was passed over, for people, a line each. Shape: asked when all rows are read."""
        lines = []
        if self.passed_over:
            lines.append(f"sheets passed over: {', '.join(map(show, self.passed_over))}")
        if self._ignored:
            said = ", ".join(f"{show(word)} ({count})" for word, count in self._ignored.items())
            lines.append(f"rows passed over as --map says: {said}")
        return lines


class _Body:
    """Reads the records under the headings of one sheet."""

    def __init__(
        self, part: Part, columns: Sequence[Column], rules: Rules, problems: Problems, ignored: Counter[str]
    ) -> None:
        names = part.names
        self._part, self._rules, self._problems, self._ignored = part, rules, problems, ignored
        self._positions, self._blank, self._ordinals = names.positions, names.blank, names.ordinals
        self._columns = {at: column for column, at in zip(columns, names.positions, strict=True) if at is not None}
        required = [at for at, column in self._columns.items() if column.required]
        self._notes = Notes(required, rules.ignore_rows)
        self._above = {at: "" for at, column in self._columns.items() if column.name in rules.fill}
        below = [merged for merged in part.leaf.merged if merged.first_line > part.line]
        self._merges = Merges(below) if below else None
        self._across = across(below, self._columns)

    def row(self, record: Record) -> Row | None:
        """A row of data; None for what is blank, passed over, or told as a problem."""
        cells, width = record.cells, self._part.width
        over = self._merges.over(record) if self._merges else {}
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        if self._is_blank(record, cells) or self._is_note(record, cells):
            return None
        if over or self._above:
            self._fill(cells, over)
        if len(cells) > width and self._extra(record, cells[width:]):
            return None
        if (record.flaws or self._across) and self._flawed(record, cells):
            return None
        for at in self._blank:
            if cells[at].strip():
                self._add(record, "row", f"got {show(cells[at])} under an empty heading, {_ADD_HEADING}")
        values = tuple([cells[at].strip() if at is not None else "" for at in self._positions])
        sheet = self._part.leaf.name
        return Row(Line(record.line, sheet) if sheet else record.line, values, sheet)

    def _is_blank(self, record: Record, cells: Sequence[str]) -> bool:
        if record.flaws and any(at in record.flaws for at in self._columns):
            return False
        if not self._ordinals:
            return not any(map(str.strip, cells))
        return not any(
            text and not (at in self._ordinals and text.isdigit()) for at, text in enumerate(map(str.strip, cells))
        )

    def _is_note(self, record: Record, cells: Sequence[str]) -> bool:
        word = self._notes.word(cells)
        if word in self._rules.ignore_rows:
            self._ignored[word] += 1
        elif word is not None:
            text = f"got a row of totals or notes ({word}), wanted rows of data only; {_REMOVE.format(word)}"
            self._add(record, "row", text)
        return word is not None

    def _fill(self, cells: list[str], over: Mapping[int, str]) -> None:
        for at, value in over.items():
            if at < len(cells):
                cells[at] = value
        for at, above in self._above.items():
            cells[at] = self._above[at] = cells[at].strip() or above

    def _extra(self, record: Record, extra: Sequence[str]) -> bool:
        if not any(map(str.strip, extra)):
            return False
        got, width = self._part.width + len(extra), self._part.width
        self._add(record, "row", f"got {got} cells, wanted {width} as in the headings; {self._part.leaf.hint}")
        return True

    def _flawed(self, record: Record, cells: Sequence[str]) -> bool:
        flaws = [(column.name, record.flaws[at]) for at, column in self._columns.items() if at in record.flaws]
        for merged in self._across.get(record.line, ()):
            if merged.first >= len(cells) or not cells[merged.first]:
                continue
            words = f"got the merged cells {merged.text}, wanted a value in each column; unmerge them and fill each in"
            flaws.append(("row", words))
        for column, text in flaws:
            self._add(record, column, text)
        return bool(flaws)

    def _add(self, record: Record, column: str, text: str) -> None:
        self._problems.add(record.line, column, text, self._part.leaf.name)


_ADD_HEADING = "wanted a heading; add it or empty the cell"
_REMOVE = f"remove it, or pass over such rows with --map FILE: {IGNORE_ROWS}: [{{}}]"


def open_table(data: bytes, columns: Sequence[Column], mapping: Mapping[str, str], problems: Problems) -> Table:
    """A file's tables: found, not yet read. Shape: a mapping that check_map has passed. Errors: ImportProblemsError."""
    rules = rules_of(mapping)
    leaves: list[Leaf]
    if is_workbook(data, problems):
        leaves = [*xlsx_leaves(data, problems)]
        passed_over = [leaf.name for leaf in leaves if leaf.name in rules.ignore_sheets]
        parts = [best_part([leaf], columns, rules) for leaf in leaves if leaf.name not in passed_over]
        read = with_headings([part for part in parts if part])
    else:
        encoding = encoding_of(data, problems)
        leaves = [CsvLeaf(data, encoding, separator, problems) for separator in SEPARATORS]
        part = best_part(leaves, columns, rules)
        read = [part] if part else []
    if not read:
        raise problems.refuse(0, "headings", f"got an empty file, wanted {list_of(columns)}; name the right one")
    check(read, columns, problems)
    names = {part.leaf.name for part in read}
    return Table(read, [leaf.name for leaf in leaves if leaf.name not in names], columns, rules, problems)
