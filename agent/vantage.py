"""The running self-check of this vantage, plane by plane (S6): who proves what, and what follows from it."""

from collections.abc import Iterable

from agent.entries import Entry
from agent.targets import Duty, Watched
from collectors.base import Reason
from sla.model import Outcome
from sla.selfcheck import Watch, isolated_since, last_ok

GATEWAY_ONLY = ""
"""The plane of targets that name none: checked by the gateway alone."""


class SelfCheck:
    """One plane's self-check: its gateway and anchors, and the components that wait for it.

    `check` is the start of the last ok self-check; `since` the isolation's onset, None while there is none.
    """

    def __init__(self, plane: str) -> None:
        self.plane = plane
        self.gateway: Entry | None = None
        self.anchors: dict[str, Entry] = {}
        self.held: set[Entry] = set()
        self.check: int | None = None
        self.since: int | None = None

    @property
    def is_absent(self) -> bool:
        """Neither a gateway nor anchors: states stand, and the absence is printed."""
        return self.gateway is None and not self.anchors

    def refresh(self) -> tuple[int | None, bool]:
        """Look again after a probe of ours: (isolation's onset if it is new, whether it has just ended).

        Only an answer ends it: a gateway of which nothing valid is known any more has not come back.
        """
        gateway = self.gateway.track if self.gateway else None
        watch = Watch(gateway, [entry.track for entry in self.anchors.values()])
        before, self.since = self.since, isolated_since(watch)
        self.check = last_ok(watch)
        if self.since is None and before is not None and not watch.is_absent and (self.check or 0) <= before:
            self.since = before
        new = self.since if self.since is not None and before is None else None
        return new, before is not None and self.since is None

    @property
    def last_at(self) -> int:
        """The last probe of any of its members."""
        members = [self.gateway, *self.anchors.values()] if self.gateway else list(self.anchors.values())
        return max((entry.track.last_at for entry in members), default=0)

    def outcome(self, outcome: Outcome, at: int) -> Outcome:
        """What a reading of this plane counts as: failed while we are cut off says only that we are."""
        if outcome is Outcome.FAILED and self.since is not None and at >= self.since:
            return Outcome.ERROR
        return outcome


def of_ourselves(watched: Watched, outcome: Outcome, reason: Reason | None) -> Outcome:
    """What a reading of the self-check counts as: no route to our own gateway is what it is there to find (S6).

    For a target the same is an error: it says nothing about that target (S1).
    """
    is_ours = watched.duty is not Duty.TARGET and outcome is Outcome.ERROR and reason is Reason.NO_ROUTE
    return Outcome.FAILED if is_ours else outcome


class Vantage:
    """All planes' self-checks."""

    def __init__(self) -> None:
        self._planes: dict[str, SelfCheck] = {GATEWAY_ONLY: SelfCheck(GATEWAY_ONLY)}

    def plane(self, name: str) -> SelfCheck:
        """The self-check of a plane, made when first asked for."""
        if name not in self._planes:
            self._planes[name] = SelfCheck(name)
            self._planes[name].gateway = self._planes[GATEWAY_ONLY].gateway
        return self._planes[name]

    def planes(self) -> Iterable[SelfCheck]:
        """Every plane's self-check."""
        return self._planes.values()

    def enlist(self, entry: Entry) -> None:
        """A gateway serves every plane, an anchor its own."""
        if entry.watched.duty is Duty.GATEWAY:
            for check in self._planes.values():
                check.gateway = entry
        elif entry.watched.duty is Duty.ANCHOR:
            self.plane(entry.watched.plane or GATEWAY_ONLY).anchors[entry.watched.id] = entry

    def discharge(self, entry: Entry) -> None:
        """It left the configuration: it proves nothing any more."""
        for check in self._planes.values():
            check.held.discard(entry)
            check.anchors.pop(entry.watched.id, None)
            if check.gateway is entry:
                check.gateway = None
