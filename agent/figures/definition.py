"""What two figures of different cities must share to be added (V4): all that decides what is counted, as a digest."""

import hashlib
import json
from typing import Any

from sla.plans import Plan, Row

_DIGITS = 16


def definition(plan: Plan, row: Row) -> str:
    """The digest of a row's definition: its words and parameters, not its target, its city or its platforms' names."""
    said: dict[str, Any] = {
        "formula": row.formula,
        "definition": row.definition_zh,
        "unit": row.unit,
        "parameters": dict(row.parameters),
        "scope": {name: value for name, value in row.scope.items() if name != "platforms"},
        "clock": plan.clock,
        "variant": str(plan.variant),
        "short_notice": plan.short_notice_excludes,
        "quality": plan.counts_quality,
    }
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
