"""Shares of objects: two whole numbers, their bounds, and the ids behind each number (V1, C1-C6).

Unlike shares of time these count things: units, systems, networks, demands, problems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sla.availability import Ratio

Ids = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of things. `n` and `d` are those of the low bound, the figure that is published.

    Shape: `lists` has the ids of each status, and each of the `d` things stands in exactly one of them; `beside` has
    ids that stand apart (left out, pending, evidence next to a claim); `why` says of an id what is missing. All are
    sorted. `not_computable` says why there is no figure, empty where there is one; d = 0 is not applicable (V2).
    """

    low: Ratio
    high: Ratio
    claimed: Ratio | None = None
    lists: Mapping[str, Ids] = field(default_factory=lambda: MappingProxyType({}))
    beside: Mapping[str, Ids] = field(default_factory=lambda: MappingProxyType({}))
    why: Mapping[str, Ids] = field(default_factory=lambda: MappingProxyType({}))
    not_computable: str = ""

    @property
    def n(self) -> int:
        """Of the low bound."""
        return self.low[0]

    @property
    def d(self) -> int:
        """Of the low bound."""
        return self.low[1]


def share(
    lists: Mapping[str, Sequence[str]],
    *,
    yes: Sequence[str],
    unknown: Sequence[str] = (),
    claimed: int | None = None,
    beside: Mapping[str, Sequence[str]] | None = None,
    why: Mapping[str, Sequence[str]] | None = None,
) -> Share:
    """The share of the ids whose status is one of `yes`; those of `unknown` count in `high` only.

    Errors: ValueError where an id has two statuses: then parts would not make the whole.
    """
    whole = sum(map(len, lists.values()))
    if len({id_ for ids in lists.values() for id_ in ids}) != whole:
        raise ValueError("an id has two statuses")
    low = sum(len(lists.get(status, ())) for status in yes)
    high = low + sum(len(lists.get(status, ())) for status in unknown)
    return Share(
        low=(low, whole),
        high=(high, whole),
        claimed=None if claimed is None else (claimed, whole),
        lists=_sorted(lists),
        beside=_sorted(beside or {}),
        why=MappingProxyType({id_: tuple(words) for id_, words in sorted((why or {}).items()) if words}),
    )


def none_computable(reason: str, beside: Mapping[str, Sequence[str]] | None = None) -> Share:
    """No figure, and why; the ids that would have been counted may stand beside."""
    return Share(low=(0, 0), high=(0, 0), beside=_sorted(beside or {}), not_computable=reason)


def by_status(statuses: Mapping[str, str], known: Sequence[str]) -> dict[str, list[str]]:
    """Ids by status from the status of each id. Shape: every status that is known has its list, also an empty one."""
    found: dict[str, list[str]] = {status: [] for status in known}
    for id_, status in statuses.items():
        found[status].append(id_)
    return found


def _sorted(lists: Mapping[str, Sequence[str]]) -> Mapping[str, Ids]:
    return MappingProxyType({status: tuple(sorted(ids)) for status, ids in lists.items()})
