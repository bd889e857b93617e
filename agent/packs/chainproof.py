"""What leads from the rows of a pack to the chain's heads, seals and witnesses (E3, E4)."""

from typing import Any

from agent.figures.asked import Asked
from agent.packs.scope import Scope
from agent.packs.writing import PackFile
from agent.stores.packing import LedgerRows


def chain_of(asked: Asked, scope: Scope, rows: LedgerRows, file: PackFile) -> dict[str, Any]:
    """Proofs of the rows. Shape: `why_not` where the store has no chain."""
    return {"why_not": "the store has no chain 账本无哈希链", "witnesses": []}
