"""A router over SNMP version 2c: its uptime, and its interfaces with counters that move while their line is up."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from zlib import crc32

from agent.lab.city import Interface, Thing
from agent.lab.condition import Condition
from agent.lab.peers.ber import (
    COUNTER32,
    COUNTER64,
    END_OF_VIEW,
    GAUGE32,
    GET,
    GET_BULK,
    NO_SUCH_OBJECT,
    TICKS,
    NotSnmpError,
    Oid,
    Request,
    number,
    read,
    response,
    text,
    tlv,
)

COMMUNITY = b"public"
OLD = 40 * 86_400.0
"""How long a router has run when the lab begins, at least."""

_SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
_IF_NUMBER: Oid = (1, 3, 6, 1, 2, 1, 2, 1, 0)
_IF: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
_IFX: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
_ENGINE: Oid = (1, 3, 6, 1, 6, 3, 10, 2, 1)
_UP, _DOWN, _ETHERNET = 1, 2, 6
_MOST_CELLS = 100
_TICKS_A_SECOND = 100

Cell = Callable[[], bytes]


class Port:
    """One interface: what passed over it, and since when it is as it is. Units: seconds by the router's clock."""

    def __init__(self, interface: Interface, now: float) -> None:
        self.interface = interface
        share = 5 + crc32(interface.line.encode()) % 40
        self._rate = interface.mbps * 1e6 / 8 * share / 100
        self._at, self.is_up, self.changed = now, True, now - OLD
        self._octets = self._rate * OLD

    def turn(self, now: float, *, is_up: bool) -> None:
        """Its line is up or down from now on."""
        if is_up != self.is_up:
            self._settle(now)
            self.is_up, self.changed = is_up, now

    def restart(self, now: float) -> None:
        """All counters begin anew."""
        self._octets, self._at, self.changed = 0.0, now, now

    def octets(self, now: float, share: float = 1.0) -> int:
        """What has passed; one direction carries a share of the other."""
        self._settle(now)
        return int(self._octets * share)

    def _settle(self, now: float) -> None:
        if self.is_up:
            self._octets += (now - self._at) * self._rate
        self._at = now


class Router:
    """Answers what is asked of it. `seconds` is a monotonic clock, `look` how it is now."""

    def __init__(self, thing: Thing, seconds: Callable[[], float], look: Callable[[], Condition]) -> None:
        self._seconds, self._look = seconds, look
        now = seconds()
        self._booted, self._starts = now - OLD - crc32(thing.id.encode()) % int(OLD), 1
        self._ports = [Port(interface, now) for interface in thing.interfaces]
        self._cells = dict(sorted(self._all_cells(thing)))
        self._names = list(self._cells)

    def restart(self) -> None:
        """It begins anew: uptime and counters from zero, one start more."""
        self._booted = self._seconds()
        self._starts += 1
        for port in self._ports:
            port.restart(self._booted)

    def turn(self) -> None:
        """Take over which lines are cut; asked again before each answer too."""
        now, down = self._seconds(), self._look().lines_down
        for port in self._ports:
            port.turn(now, is_up=port.interface.line not in down)

    def answer(self, data: bytes, host: str) -> bytes | None:
        try:
            request = read(data)
        except NotSnmpError:
            return None
        if request.community != COMMUNITY:
            return None
        self.turn()
        found = self._exactly(request) if request.kind == GET else self._behind(request)
        return response(request, list(found))

    def _exactly(self, request: Request) -> Iterable[tuple[Oid, bytes]]:
        missing = tlv(NO_SUCH_OBJECT)
        return [(oid, self._cells[oid]() if oid in self._cells else missing) for oid in request.names[:_MOST_CELLS]]

    def _behind(self, request: Request) -> Iterable[tuple[Oid, bytes]]:
        """Of the non-repeaters the next one each, of the others as many as are wanted."""
        single = request.first if request.kind == GET_BULK else len(request.names)
        found = [cell for oid in request.names[:single] for cell in self._next(oid, 1)]
        for oid in request.names[single:]:
            found += self._next(oid, min(request.second, _MOST_CELLS))
        return found[:_MOST_CELLS]

    def _next(self, oid: Oid, most: int) -> list[tuple[Oid, bytes]]:
        at = bisect_right(self._names, oid)
        found = [(name, self._cells[name]()) for name in self._names[at : at + most]]
        last = found[-1][0] if found else oid
        return found if len(found) == most else [*found, (last, tlv(END_OF_VIEW))]

    def _ticks(self, since: float) -> int:
        return max(0, int((since - self._booted) * _TICKS_A_SECOND)) % 2**32

    def _all_cells(self, thing: Thing) -> Iterable[tuple[Oid, Cell]]:
        yield (*_SYSTEM, 1, 0), lambda: text("lab router (simulated)")
        yield (*_SYSTEM, 3, 0), lambda: number(self._ticks(self._seconds()), TICKS)
        yield (*_SYSTEM, 5, 0), lambda: text(thing.id)
        yield _IF_NUMBER, lambda: number(len(self._ports))
        yield (*_ENGINE, 2, 0), lambda: number(self._starts)
        yield (*_ENGINE, 3, 0), lambda: number(int(self._seconds() - self._booted))
        for index, port in enumerate(self._ports, start=1):
            yield from self._row(index, port)

    def _row(self, index: int, port: Port) -> Iterable[tuple[Oid, Cell]]:
        name, mbps = port.interface.name, port.interface.mbps

        def octets(share: float) -> int:
            return port.octets(self._seconds(), share)

        columns: dict[Oid, Cell] = {
            (*_IF, 2): lambda: text(name),
            (*_IF, 3): lambda: number(_ETHERNET),
            (*_IF, 7): lambda: number(_UP),
            (*_IF, 8): lambda: number(_UP if port.is_up else _DOWN),
            (*_IF, 9): lambda: number(self._ticks(port.changed), TICKS),
            (*_IF, 10): lambda: number(octets(1.0) % 2**32, COUNTER32),
            (*_IF, 13): lambda: number(0, COUNTER32),
            (*_IF, 14): lambda: number(0, COUNTER32),
            (*_IF, 19): lambda: number(0, COUNTER32),
            (*_IF, 20): lambda: number(0, COUNTER32),
            (*_IFX, 1): lambda: text(name),
            (*_IFX, 6): lambda: number(octets(1.0), COUNTER64),
            (*_IFX, 10): lambda: number(octets(0.4), COUNTER64),
            (*_IFX, 15): lambda: number(mbps, GAUGE32),
            (*_IFX, 18): lambda: text(port.interface.line),
            (*_IFX, 19): lambda: number(0, TICKS),
        }
        for column, cell in columns.items():
            yield (*column, index), cell
