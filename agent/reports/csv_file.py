"""A plan's table as CSV: UTF-8 with its mark, so that spreadsheets read the Chinese; exact parts beside each figure."""

import csv
import io
from collections.abc import Iterator

from agent.figures.plan import Json, as_json
from agent.figures.plan import Table as PlanTable
from agent.instants import format_instant
from agent.reports.cells import cells, heads, part_cells
from agent.reports.head import SIMULATED

_PAIRS = ("low", "high", "best", "worst", "claimed")
_PLAIN = ("n", "d", "late", "pending", "allowed", "provisional")
_PARTS = 7
"""Where the range of parts stands among the cells: 19 / 20 would be read as a date, and the exact parts follow."""

_FORMULA = ("=", "+", "@")


def csv_text(table: PlanTable, language: str) -> str:
    """The whole table; the columns that people read first, then the exact parts as the JSON has them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    exact = [*_PLAIN, *(f"{name}_{part}" for name in _PAIRS for part in "nd")]
    writer.writerow([*_without_parts(heads(language)), "id", *exact, *asked_heads(table)])
    last = asked_cells(table)
    told = as_json(table, language)["indicators"]
    for row, exact_parts in zip(table.rows, told, strict=True):
        shown = (cells(table, row, language), *part_cells(table, row, language))
        for each, numbers in zip(shown, (exact_parts, *exact_parts.get("parts", ())), strict=True):
            texts = [*_without_parts([*each[:-1], "; ".join(each.remarks)]), row.row.id, *_exact(numbers), *last]
            writer.writerow(map(safe, texts))
    return "\ufeff" + out.getvalue()


def asked_heads(table: PlanTable) -> list[str]:
    """The last columns of every line: what was asked, and that all of it is simulated."""
    return ["plan", "period", "as_of", *([SIMULATED] if table.simulated else ())]


def asked_cells(table: PlanTable) -> list[str]:
    """What stands below them."""
    at = format_instant(table.as_of, table.plan.zone_info)
    return [table.plan.id, table.period, at, *([SIMULATED] if table.simulated else ())]


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _without_parts(texts: list[str]) -> list[str]:
    return texts[:_PARTS] + texts[_PARTS + 1 :]


def _exact(told: Json) -> Iterator[str]:
    for name in _PLAIN:
        value = told[name]
        yield "" if value is None else str(value).lower()
    for name in _PAIRS:
        yield from map(str, told[name] or ("", ""))
