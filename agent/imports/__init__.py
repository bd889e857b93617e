"""Files of rows into the store: histories and readings of other tools, foreign evidence that is labelled so (A8)."""

from agent.imports.apply import KINDS, apply_import, check_request, preview_import
from agent.imports.problems import ImportProblemsError, RowProblem
from agent.imports.request import ImportOutcome, ImportRequest, Tally
from agent.sheets import read_map

__all__ = [
    "KINDS",
    "ImportOutcome",
    "ImportProblemsError",
    "ImportRequest",
    "RowProblem",
    "Tally",
    "apply_import",
    "check_request",
    "preview_import",
    "read_map",
]
