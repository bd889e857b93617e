"""Figures of registers (C6): what is dated and accepted counts, what is done in part does not.

A row is done when every step that its figure asks for is dated before the cut-off, with a document where one is asked
for. What probes say of it stands beside the claim and changes no number.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sla.model import Window
from sla.shares import Share, none_computable, share

DONE, PARTIAL, NOT_DONE = "done", "partial", "not_done"
STATUSES = (DONE, PARTIAL, NOT_DONE)
USED, UNUSED, USED_LATER = "used", "unused", "used_later"


class Item(NamedTuple):
    """A row as it holds in the last instant before the cut-off. Units: microseconds UTC.

    Shape: `dates` has each step that the figure asks for by name, None where it has no date, first the one that is the
    claim; `documents` each document by name, empty where there is none. `exempt` is the document by which it leaves
    the denominator, empty for none: a word without a document exempts nothing. `seen` is what probes say: True for it
    answers, False for it does not, None for nothing.
    """

    id: str
    dates: Mapping[str, int | None]
    documents: Mapping[str, str]
    exempt: str = ""
    seen: bool | None = None


class Use(NamedTuple):
    """A service that is online. Units: microseconds UTC.

    Shape: `online` and `used` with the `document` of the use: the last recorded use by somebody other than its owner.
    """

    id: str
    online: int | None
    used: int | None
    document: str = ""
    exempt: str = ""


def accepted(items: Iterable[Item], cut: int) -> Share:
    """The share of rows that are done before `cut`: integration, completion, silo (C6).

    Shape: lists done, partial (some step, not all) and not_done; beside them exempt, seen, unseen (claimed to be done
    and probes say it does not answer) and untold (claimed, and no probe looks). `claimed` counts rows whose first step
    is dated, whatever else they lack.
    Errors: ValueError for an id that comes twice.
    """
    found = list(items)
    mine = [item for item in found if not item.exempt]
    lists: dict[str, list[str]] = {status: [] for status in STATUSES}
    for item in mine:
        lists[_status(item, cut)].append(item.id)
    claims = [item for item in mine if any(_is_past(at, cut) for at in [*item.dates.values()][:1])]
    beside = {
        "exempt": [item.id for item in found if item.exempt],
        "seen": [item.id for item in claims if item.seen is True],
        "unseen": [item.id for item in claims if item.seen is False],
        "untold": [item.id for item in claims if item.seen is None],
    }
    why = {item.id: _missing(item, cut) for item in mine if item.id in lists[PARTIAL]}
    return share(lists, yes=[DONE], claimed=len(claims), beside=beside, why=why)


def used(services: Iterable[Use], period: Window, cut: int, *, online_for: int = 0) -> Share:
    """The share of services online that were used in the period (C6). Units: `online_for` in microseconds.

    A service counts when it has been online for so long at the cut-off. A use that is dated after the cut-off says that
    it is used, not that it was: that one counts in `high` alone. One recorded without a document counts nowhere.
    """
    online = [each for each in services if each.online is not None and each.online + online_for < cut]
    lists: dict[str, list[str]] = {status: [] for status in (USED, UNUSED, USED_LATER)}
    for each in online:
        if not each.exempt:
            lists[_use(each, period, cut)].append(each.id)
    return share(
        lists, yes=[USED], unknown=[USED_LATER], beside={"exempt": [each.id for each in online if each.exempt]}
    )


class Measure(NamedTuple):
    """A figure that no probe can see, as somebody signed it. Units: `at` in microseconds UTC.

    Shape: `denominator` None for a count or a score, which is `numerator` of 1.
    """

    id: str
    at: int
    numerator: tuple[int, int]
    denominator: tuple[int, int] | None
    document: str
    signer: str


def measured(measures: Iterable[Measure], period: Window, as_of: int) -> Share:
    """The last signed figure of one indicator that is dated in the period, up to `as_of`.

    Decimals are exact: a numerator and a denominator are pairs themselves, and the ratio is brought to whole numbers.
    Not computable without one, or where two of the same instant say different things.
    """
    mine = sorted((each for each in measures if period.start <= each.at < min(period.end, as_of)), key=_place)
    if not mine:
        return none_computable("no signed figure of this period is on file: add one to the register `measures`")
    last = [each for each in mine if each.at == mine[-1].at]
    if len({_ratio(each) for each in last}) > 1:
        names = ", ".join(each.id for each in last)
        return none_computable(f"the figures {names} of the same date differ", {"measures": [e.id for e in last]})
    ratio = _ratio(last[-1])
    words = [f"{each.document}, {each.signer}" for each in last]
    return Share(
        low=ratio, high=ratio, beside={"measures": tuple(each.id for each in last)}, why={last[-1].id: tuple(words)}
    )


def _place(each: Measure) -> tuple[int, str]:
    return each.at, each.id


def _ratio(each: Measure) -> tuple[int, int]:
    """Whole numbers whose quotient is exactly that of the decimals; whole ones stay as they were signed."""
    (n, n_scale), (d, d_scale) = each.numerator, each.denominator or (1, 1)
    scale = max(n_scale, d_scale)
    return n * (scale // n_scale), d * (scale // d_scale)


def _use(each: Use, period: Window, cut: int) -> str:
    if each.used is None or not each.document or each.used < period.start:
        return UNUSED
    return USED if each.used < min(period.end, cut) else USED_LATER


def _status(item: Item, cut: int) -> str:
    if not _missing(item, cut):
        return DONE
    started = any(_is_past(at, cut) for at in item.dates.values())
    return PARTIAL if started else NOT_DONE


def _missing(item: Item, cut: int) -> list[str]:
    """Steps without a date before the cut-off, and documents that are not there. A row without steps lacks them all."""
    dates = [name for name, at in item.dates.items() if not _is_past(at, cut)]
    documents = [name for name, document in item.documents.items() if not document]
    return [*dates, *documents] if item.dates else ["any dated step"]


def _is_past(at: int | None, cut: int) -> bool:
    return at is not None and at < cut
