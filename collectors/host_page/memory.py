"""What is kept of one target between its probes: counters for rates, stamps, and which parts there were."""

from collections import OrderedDict

from collectors.host_page.freshness import Stamps
from collectors.hostparts.rates import History

_MOST_TARGETS = 50_000
_SAME_BOOT_SECONDS = 60.0  # the boot time that a kernel tells moves a little as its clock is corrected


class Memory:
    """One target's past."""

    def __init__(self) -> None:
        self.stamps = Stamps()
        self.cpu, self.io, self.net = History(), History(), History()
        self.parts: dict[str, frozenset[str]] = {}
        self._boot: float | None = None

    def booted(self, boot: float | None) -> None:
        """Forget the counters of another boot: they may have passed their old height already."""
        if boot is None:
            return
        if self._boot is not None and abs(boot - self._boot) > _SAME_BOOT_SECONDS:
            self.cpu, self.io, self.net = History(), History(), History()
        self._boot = boot


class Memories:
    """By target; those longest not asked for are forgotten first."""

    def __init__(self) -> None:
        self._by_target: OrderedDict[str, Memory] = OrderedDict()

    def of(self, target_id: str) -> Memory:
        """The past of this target, empty at first."""
        found = self._by_target.setdefault(target_id, Memory())
        self._by_target.move_to_end(target_id)
        if len(self._by_target) > _MOST_TARGETS:
            self._by_target.popitem(last=False)
        return found
