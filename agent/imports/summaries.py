"""The JSON of another city's report as rows of summaries (V4): what `report --format json` there has written."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from agent.errors import UsageError

COLUMNS = (
    "summary_id", "who", "plan", "indicator", "period", "numerator", "denominator", "low", "high", "method_version", "register_version",
    "definition_digest",
)  # fmt: skip

_WANTED = "wanted the JSON of `sla-agent report --format json`, or a table with the columns of `template summaries`"


def as_table(file: str, data: bytes) -> tuple[bytes, bool]:
    """The rows of a report, and whether it tells of simulated data; any other file as it is.

    Errors: UsageError for JSON that is no report.
    """
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return data, False
    try:
        told = json.loads(data.decode("utf-8-sig"))
        rows = list(_rows(told))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise UsageError(f"{file}: got JSON that is no report ({type(exc).__name__}: {exc}), {_WANTED}") from None
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue().encode(), bool(told.get("simulated"))


def _rows(told: Mapping[str, Any]) -> Iterator[list[str]]:
    """A row for each indicator that has bounds; whose they are says `who`, else the plan."""
    plan, period = str(told["plan"]), str(told["period"])
    who = str(told.get("who") or plan)
    for row in told["indicators"]:
        low, high = row["low"], row["high"]
        if (
            low is None
            or high is None
            or len(low) != 2
            or len(high) != 2
            or "definition_digest" not in row["parameters"]
        ):
            continue
        id_ = f"{who}.{plan}.{row['id']}.{period}"
        yield [
            id_, who, plan, str(row["id"]), period, str(low[0]), str(low[1]), _pair(low), _pair(high),
            str(told["method_version"]), str(told["register_version"]), str(row["parameters"]["definition_digest"]),
        ]  # fmt: skip


def _pair(pair: list[int]) -> str:
    return f"{pair[0]}/{pair[1]}"
