"""Who answers for a thing of the city, in any form of the lab: its listener, and what can be done to it."""

import ssl
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from agent.lab.addresses import Place, Plan
from agent.lab.city import City, Thing
from agent.lab.condition import Condition
from agent.lab.peers.certificates import Authority
from agent.lab.peers.hostpage import Host
from agent.lab.peers.listening import Home, Listener, Speaker, TcpListener, UdpListener
from agent.lab.peers.names import NameServer
from agent.lab.peers.rtsp import Camera
from agent.lab.peers.snmp import Router
from agent.lab.peers.web import Hello, Web, metrics, portal

ConditionOf = Callable[[str], Condition]
"""How a thing is now, by its id."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds of the wall and of a monotonic clock."""

    wall: Callable[[], float]
    monotonic: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Peer:
    """A thing with its listener. `restart`: a reboot's other half beside the silence; `turn`: its lines changed."""

    thing: Thing
    listener: Listener
    restart: Callable[[], None] | None = None
    turn: Callable[[], None] | None = None


class Staff:
    """Makes peers. `ca` signs for those that speak TLS, `condition_of` is asked before each answer."""

    def __init__(
        self, city: City, plan: Plan, ca: Authority, clocks: Clocks, condition_of: ConditionOf,
        home_of: Callable[[Thing], Home] = lambda thing: nullcontext,
    ) -> None:  # fmt: skip
        self._city, self._plan, self._ca, self._clocks = city, plan, ca, clocks
        self._condition_of, self._home_of = condition_of, home_of
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}

    def peer(self, thing: Thing) -> Peer:
        """The peer of a thing that is no camera; a recorder's listener serves its cameras too."""
        place = self._plan.places[thing.id]
        look, home = self._look(thing), self._home_of(thing)
        if thing.service == "snmp":
            router = Router(thing, self._clocks.monotonic, lambda: self._condition_of(thing.id))
            return Peer(thing, UdpListener(place, router, look, home), router.restart, router.turn)
        if thing.service == "dns":
            return Peer(thing, UdpListener(place, NameServer(), look, home))
        if thing.service == "host_page":
            host = Host(thing.id, self._clocks.wall)
            return Peer(
                thing, TcpListener(place, Web(metrics(host.page), self._clocks.wall), look, home=home), host.restart
            )
        return Peer(thing, self._tcp(thing, place))

    def _tcp(self, thing: Thing, place: Place) -> TcpListener:
        look, home = self._look(thing), self._home_of(thing)
        if thing.service == "rtsp":
            return TcpListener(place, Camera(), look, wide=thing.id in self._city.cameras_of, home=home)
        if thing.service == "tcp":
            return TcpListener(place, Hello(), look, home=home)
        speaker: Speaker = Web(portal(thing.name), self._clocks.wall)
        is_secure = thing.service in ("https", "tls")
        return TcpListener(place, speaker, look, tls=self._shown_by(thing) if is_secure else None, home=home)

    def _look(self, thing: Thing) -> Callable[[str], Condition]:
        cameras = self._city.cameras_of.get(thing.id)
        if cameras is None:
            return lambda host: self._condition_of(thing.id)
        ids = {self._plan.places[camera.id].host: camera.id for camera in cameras}
        return lambda host: self._condition_of(ids.get(host, thing.id))

    def _shown_by(self, thing: Thing) -> Callable[[str], ssl.SSLContext]:
        def context(host: str) -> ssl.SSLContext:
            key = (host, self._condition_of(thing.id).is_expired)
            if key not in self._contexts:
                self._contexts[key] = self._ca.context(host, is_expired=key[1])
            return self._contexts[key]

        return context
