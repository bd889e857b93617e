"""The world without any rights: listeners on 127.0.0.0/8 and ::1. A cut closes the listeners of what lies behind it."""

import asyncio
import socket
from collections.abc import Iterable, Mapping

from agent.errors import UsageError
from agent.lab.addresses import Plan
from agent.lab.city import City, Form
from agent.lab.condition import WELL, Condition, conditions
from agent.lab.peers.certificates import Authority
from agent.lab.peers.staff import Clocks, Peer, Staff
from agent.lab.script import Action

_OPENED_AT_ONCE = 100


class LoopbackWorld:
    """The city on this host's loopback."""

    form: Form = "loopback"
    before_commands = ""
    limits = (
        "loopback has no icmp targets and no interconnect addresses of lines, a cut is refused at once, "
        "and own_uplink_dead cannot happen"
    )

    def __init__(self, city: City, plan: Plan, ca: Authority, clocks: Clocks) -> None:
        self._city = city
        self._active: list[Action] = []
        self._conditions: Mapping[str, Condition] = {}
        self._clocks = clocks
        staff = Staff(city, plan, ca, clocks, self.condition_of)
        self._peers = [staff.peer(thing) for thing in city.things.values() if not thing.is_camera]
        self._flaps: asyncio.Task[None] | None = None

    def condition_of(self, id_: str) -> Condition:
        """How a thing is now."""
        condition = self._conditions.get(id_, WELL)
        if condition.flap_period and self._is_flapped_away(condition.flap_period):
            return Condition(is_reachable=False)
        return condition

    def cannot(self, action: Action) -> str:
        """An agent reaches loopback without any uplink, so there is none that could die."""
        if action.what == "own_uplink_dead":
            return (
                "loopback cannot do own_uplink_dead: this host reaches its own loopback without any uplink, so the "
                "agent would be right to call all of it DOWN; --net netns can"
            )
        return ""

    async def start(self) -> None:
        """Everything listens. Errors: UsageError naming the place that is taken; then nothing is left open."""
        try:
            for number, peer in enumerate(self._peers):
                await peer.listener.open()
                if number % _OPENED_AT_ONCE == 0:
                    await asyncio.sleep(0)
        except UsageError:
            await self.stop()
            raise

    async def apply(self, action: Action) -> None:
        """It happens. Errors: UsageError where this form cannot do it."""
        if why := self.cannot(action):
            raise UsageError(why)
        self._active.append(action)
        await self._settle()

    async def undo(self, action: Action) -> None:
        """It is over; what was switched off by it alone begins anew."""
        self._active.remove(action)
        await self._settle()
        if action.what == "reboot" and not self._conditions.get(action.where, WELL).is_rebooting:
            for peer in self._peers:
                if peer.thing.id == action.where and peer.restart is not None:
                    peer.restart()

    async def stop(self) -> None:
        """Nothing listens any more."""
        self._end_flapping()
        for peer in self._peers:
            peer.listener.close()
        await asyncio.sleep(0)  # what was aborted is closed in the loop's next round

    async def _settle(self) -> None:
        self._conditions = conditions(self._city, self._active)
        for peer in self._peers:
            if peer.turn is not None:
                peer.turn()
        await self._open_and_close()
        self._end_flapping()
        if any(condition.flap_period for condition in self._conditions.values()):
            self._flaps = asyncio.get_running_loop().create_task(self._flap())

    async def _open_and_close(self, peers: Iterable[Peer] | None = None) -> None:
        for peer in self._peers if peers is None else peers:
            condition = self.condition_of(peer.thing.id)
            if condition.is_reachable and not condition.is_rebooting:
                await peer.listener.open()
            else:
                peer.listener.close()

    async def _flap(self) -> None:
        """Open and close what flaps, at the border of each half of its period."""
        while True:
            halves = {condition.flap_period / 2 for condition in self._conditions.values() if condition.flap_period}
            now = self._clocks.monotonic()
            await asyncio.sleep(max(0.01, min(half - now % half for half in halves)))
            await self._open_and_close()

    def _is_flapped_away(self, period: float) -> bool:
        return self._clocks.monotonic() % period >= period / 2

    def _end_flapping(self) -> None:
        if self._flaps is not None:
            self._flaps.cancel()
            self._flaps = None


def has_ipv6() -> bool:
    """Whether this host has ::1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
