"""The vantage's check of itself (S6): whether the target failed or we are cut off.

The gateway and the anchors of a plane are reduced like targets. Isolated: the gateway is DOWN, or every anchor
of the plane is; since the back-dated start of that. A plane without gateway and anchors has no self-check.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sla.confirm import Track
from sla.model import State


class Watch(NamedTuple):
    """What one plane's self-check knows now; gateway None where none is configured."""

    gateway: Track | None
    anchors: Sequence[Track]

    @property
    def is_absent(self) -> bool:
        """Nothing to check ourselves by: states stand, and the absence is printed."""
        return self.gateway is None and not self.anchors


def isolated_since(watch: Watch) -> int | None:
    """Since when the vantage is cut off from the plane, None while it is not."""
    since = []
    if watch.gateway is not None and watch.gateway.state is State.DOWN:
        since.append(watch.gateway.since)
    if watch.anchors and all(anchor.state is State.DOWN for anchor in watch.anchors):
        since.append(max(anchor.since for anchor in watch.anchors))
    return min(since, default=None)


def last_ok(watch: Watch) -> int | None:
    """Start of the last ok self-check: the gateway answered, and one anchor did, at or after this instant."""
    proofs = []
    if watch.gateway is not None:
        proofs.append(watch.gateway.last_ok)
    if watch.anchors:
        proofs.append(max((anchor.last_ok for anchor in watch.anchors if anchor.last_ok is not None), default=None))
    known = [proof for proof in proofs if proof is not None]
    return min(known) if known and len(known) == len(proofs) else None
