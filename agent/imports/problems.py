"""What can be wrong with a file of rows, as agent.sheets says it."""

from agent.sheets.problems import MAX_PROBLEMS, ImportProblemsError, Problems, RowProblem, nearest, show

__all__ = ["MAX_PROBLEMS", "ImportProblemsError", "Problems", "RowProblem", "nearest", "show"]
