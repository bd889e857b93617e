"""Tables that people keep, CSV and XLSX: read with messages for people, and written as templates to fill in."""

from agent.sheets.columns import IGNORE, Column
from agent.sheets.mapping import check_map, read_map
from agent.sheets.problems import ImportProblemsError, Problems, RowProblem
from agent.sheets.table import Row, Table, open_table

__all__ = [
    "IGNORE",
    "Column",
    "ImportProblemsError",
    "Problems",
    "Row",
    "RowProblem",
    "Table",
    "check_map",
    "open_table",
    "read_map",
]
