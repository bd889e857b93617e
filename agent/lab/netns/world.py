"""The city in network namespaces: real lines between real routers, and packets that are lost on the way.

What happens to a line or an address happens in the network; what a peer itself does (an expired certificate, a
restart) happens in the peer.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

from agent.lab.addresses import Place, Plan
from agent.lab.city import City, Form, Thing
from agent.lab.condition import WELL, Condition, conditions
from agent.lab.netns.city_plan import network_plan, trunk
from agent.lab.netns.faults import Fault, Faults
from agent.lab.netns.namespaces import Namespaces, inside
from agent.lab.netns.needs import need_netns
from agent.lab.netns.network import UPLINK, VANTAGE, Network
from agent.lab.netns.plan import CORE
from agent.lab.peers.certificates import Authority
from agent.lab.peers.listening import TcpListener
from agent.lab.peers.rtsp import Camera
from agent.lab.peers.staff import Clocks, Peer, Staff
from agent.lab.script import Action

_OPENED_AT_ONCE = 100
_ANY = "0.0.0.0"

_LINES = frozenset({"line_cut", "uplink_cut", "own_uplink_dead"})
_SILENT = frozenset({"silent", "recorder_dead", "reboot", "flapping"})


class NetnsWorld:
    """The city in namespaces of this host. Errors when made: NetnsError naming what the host lacks."""

    form: Form = "netns"
    limits = ""

    def __init__(self, city: City, plan: Plan, ca: Authority, clocks: Clocks) -> None:
        need_netns()
        self._city, self._plan = city, plan
        self._names = Namespaces()
        self._net = Network(network_plan(city, plan), self._names)
        self._faults = Faults(self._net)
        self._active: list[Action] = []
        self._done: dict[int, Fault] = {}
        self._flaps: dict[int, asyncio.Task[None]] = {}
        self._conditions: Mapping[str, Condition] = {}
        staff = Staff(city, plan, ca, clocks, self.condition_of, self._home_of)
        self._peers = list(self._staffed(staff))

    @property
    def before_commands(self) -> str:
        """What stands before a command that is to run where the agent runs."""
        return f"ip netns exec {self._names.name(VANTAGE)} "

    def condition_of(self, id_: str) -> Condition:
        """What a peer itself does; what the network does to it, it does not know."""
        return self._conditions.get(id_, WELL)

    def cannot(self, action: Action) -> str:
        """Nothing that it cannot."""
        return ""

    async def start(self) -> None:
        """The network stands and everything listens. Errors: NetnsError, UsageError; then nothing is left."""
        try:
            self._names.__enter__()
            await asyncio.to_thread(self._net.build)
            for number, peer in enumerate(self._peers):
                await peer.listener.open()
                if number % _OPENED_AT_ONCE == 0:
                    await asyncio.sleep(0)
        except BaseException:
            await self.stop()
            raise

    async def apply(self, action: Action) -> None:
        """It happens."""
        self._active.append(action)
        if action.what in _LINES:
            await self._lay_lines()
        elif action.what == "flapping":
            self._flaps[id(action)] = asyncio.get_running_loop().create_task(self._flap(action))
        elif (fault := self._break(action)) is not None:
            self._done[id(action)] = fault
        self._turn()

    async def undo(self, action: Action) -> None:
        """It is over; a router that was away has begun anew."""
        kept = self._kept(action)
        self._active.remove(kept)
        if kept.what in _LINES:
            await self._lay_lines()
        if (task := self._flaps.pop(id(kept), None)) is not None:
            await _ended(task)
        if (fault := self._done.pop(id(kept), None)) is not None:
            if kept.what == "reboot":
                self._restart(kept.where)
            self._faults.undo(fault)
        self._turn()

    async def stop(self) -> None:
        """Nothing listens, no namespace is left."""
        for task in self._flaps.values():
            await _ended(task)
        self._flaps.clear()
        for peer in self._peers:
            peer.listener.close()
        self._faults.close()
        await asyncio.sleep(0)
        await asyncio.to_thread(self._names.__exit__, None, None, None)

    def _kept(self, action: Action) -> Action:
        """The very action that was applied: equal ones may overlap."""
        return next(each for each in self._active if each == action)

    async def _lay_lines(self) -> None:
        """Cut what any action wants cut, mend the rest."""
        wanted = Counter(line for action in self._active if action.what in _LINES for line in self._lines_of(action))
        for line in set(wanted) - self._net.cut_lines():
            await asyncio.to_thread(self._net.cut, line)
        for line in self._net.cut_lines() - set(wanted):
            await asyncio.to_thread(self._net.mend, line)

    def _lines_of(self, action: Action) -> Iterator[str]:
        if action.what == "own_uplink_dead":
            yield UPLINK
        elif action.what == "line_cut":
            yield action.where
        else:
            yield trunk(self._city.uplink_of(action.where) or "")

    def _break(self, action: Action) -> Fault | None:
        """What happens in the network; None for what a peer does itself."""
        where = tuple(self._addresses(action.where))
        if action.what in _SILENT:
            return self._faults.silence(*where)
        if action.what == "loss":
            return self._faults.lose(*where, ratio=action.ratio)
        if action.what == "slow":
            return self._faults.slow(*where, seconds=action.delay)
        return None

    async def _flap(self, action: Action) -> None:
        """Half of each period away, half there."""
        where = tuple(self._addresses(action.where))
        while True:
            fault = self._faults.silence(*where)
            try:
                await asyncio.sleep(action.period / 2)
            finally:
                self._faults.undo(fault)
            await asyncio.sleep(action.period / 2)

    def _addresses(self, where: str) -> Iterator[str]:
        """A site is all its prefixes, a recorder its cameras too."""
        if where in self._city.sites:
            yield from self._plan.prefixes[where]
            return
        for thing in self._city.things.values():
            if where in (thing.id, thing.recorder):
                yield self._plan.places[thing.id].host

    def _restart(self, id_: str) -> None:
        for peer in self._peers:
            if peer.thing.id == id_ and peer.restart is not None:
                peer.restart()

    def _turn(self) -> None:
        """Peers learn what is theirs: certificates, and which of a router's lines are dead."""
        self._conditions = {
            id_: Condition(is_expired=found.is_expired, lines_down=found.lines_down)
            for id_, found in conditions(self._city, self._active).items()
        }
        for peer in self._peers:
            if peer.turn is not None:
                peer.turn()

    def _staffed(self, staff: Staff) -> Iterator[Peer]:
        """One listener for each service; all cameras and recorders of a site, thousands, have one together."""
        filmed: set[str] = set()
        for thing in self._city.things.values():
            if thing.service != "rtsp":
                yield staff.peer(thing)
            elif thing.site not in filmed:
                filmed.add(thing.site)
                place = Place(_ANY, self._plan.places[thing.id].port)
                yield Peer(thing, TcpListener(place, Camera(), lambda host: WELL, home=self._home_of(thing)))

    def _home_of(self, thing: Thing) -> Callable[[], AbstractContextManager[None]]:
        """Where its sockets are opened."""
        is_core = self._city.sites[thing.site].number == (0, 0)
        return lambda: inside(self._net.place(CORE if is_core else thing.site))


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
