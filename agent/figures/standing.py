"""Whether a period is sealed, and who outside has a digest of what it rests on (E3)."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.stores.base import Reader, SealStanding
from sla.model import Window
from sla.periods import Piece, pieces, to_datetime
from sla.seal import Seal


class Standing(NamedTuple):
    """How a period stands. Shape: `digest` of its last seal, else of the newest head that a witness has, else ""."""

    is_sealed: bool = False
    digest: str = ""
    witnesses: tuple[str, ...] = ()


def standing(reader: Reader, window: Window, zone: ZoneInfo) -> Standing:
    """Sealed only where every month of the period is, by months of the plan's own zone.

    The seal that was made last covers the others: each names the one before it.
    """
    found = _seals(reader, window, zone)
    if found:
        last = max(found, key=lambda each: each.kept.seal.number)
        return Standing(True, last.digest, tuple(each.witness for each in last.witnesses))
    witnessed = reader.witnessed_head()
    if witnessed is None:
        return Standing()
    kept, witnesses = witnessed
    return Standing(False, f"{kept.head.algorithm}:{kept.digest}", tuple(each.witness for each in witnesses))


def last_seal(reader: Reader, period: str, zone: ZoneInfo) -> Seal | None:
    """The last seal of a month of this zone; None where there is none, and for what is no month."""
    if not period[-2:].isdecimal() or len(period) != len("2025-06"):
        return None
    found = [each.kept.seal for each in reader.seals(period) if each.kept.seal.zone == zone.key]
    return found[-1] if found else None


def _seals(reader: Reader, window: Window, zone: ZoneInfo) -> list[SealStanding]:
    """The last seal of each month; none where one is missing."""
    months = [f"{to_datetime(piece.start, zone):%Y-%m}" for piece in pieces(window, Piece.MONTH, zone)]
    last = {each.kept.seal.period: each for each in reader.seals() if each.kept.seal.zone == zone.key}
    found = [last[month] for month in months if month in last]
    return found if len(found) == len(months) else []
