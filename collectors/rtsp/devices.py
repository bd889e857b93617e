"""What all probes of this process know of the devices they share: sessions, refusals, proven credentials.

A camera has few sessions and locks out who guesses passwords. So at most one or two of our probes talk to a device
(host and port) at a time, a wrong password is tried once and then rests, and a device that is busy is left alone for
longer and longer. Time is an argument, monotonic; every table is bounded and forgets what was used least recently.
"""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from collectors.base import Reading
from collectors.resolve import Address

FIRST_REST = 30 * 60.0
LONG_REST = 24 * 3600.0
"""Seconds that a wrong password rests on a device: after the first refusal, after every further one."""

WRONG_ON = 4
"""A credential refused on so many devices rests on every device that never took it."""

BUSY_FIRST, BUSY_MOST = 60.0, 3600.0
"""Back-off after 403, 453 and 503: this long, doubled by each further one up to the most."""

DOUBTED_FIRST = 15 * 60.0
"""The same after 401 to a credential that the device had taken: slow enough that no lockout counts it as guessing."""

GRAIN = 0.02
"""Seconds that a waiter outlasts its deadline, so that one who is silent to a probe just before it is heard of."""

MAX_REMEMBERED = 131_072
MAX_WAITING = 256
"""How many probes may wait for one device."""

_K = TypeVar("_K")
_V = TypeVar("_V")

Credential = bytes
"""A digest that stands for a user and a password; another password is another credential."""


@dataclass(slots=True)
class _Rest:
    """Left alone until then; `times` in a row."""

    until: float
    times: int


class Patience(NamedTuple):
    """From where a probe asks, and for how long it would wait: whose silence says something about whose."""

    source: str | None
    seconds: float

    def covers(self, other: "Patience") -> bool:
        """Whether a device that was silent to this probe would have been silent to the other one."""
        return self.source == other.source and self.seconds >= other.seconds


@dataclass(slots=True, eq=False)
class _Waiter:
    """A probe in the queue of a device: told True for its turn, or what another probe has just found there."""

    patience: Patience
    turn: "asyncio.Future[bool | Reading]"


@dataclass(slots=True)
class _Sessions:
    busy: int = 0
    waiting: deque[_Waiter] | None = None  # made by the first who waits: hardly anybody does


class Sessions:
    """Who talks to which device now, and who waits, first come first served."""

    def __init__(self) -> None:
        self._devices: dict[Address, _Sessions] = {}

    @property
    def devices(self) -> int:
        """How many devices somebody talks to."""
        return len(self._devices)

    def try_enter(self, device: Address, limit: int) -> bool:
        """Take a session if one is free and nobody waits for it."""
        found = self._devices.get(device)
        if found is None:
            self._devices[device] = _Sessions(1)
            return True
        if found.waiting or found.busy >= limit:
            return False
        found.busy += 1
        return True

    async def enter(self, device: Address, limit: int, patience: Patience, seconds: float) -> bool | Reading:
        """True with a session, False where none came free within `seconds`, else what was found there meanwhile."""
        if self.try_enter(device, limit):
            return True
        found = self._devices[device]
        waiting = found.waiting = deque() if found.waiting is None else found.waiting
        if len(waiting) >= MAX_WAITING or seconds <= 0:
            return False
        waiter = _Waiter(patience, asyncio.get_running_loop().create_future())
        waiting.append(waiter)
        try:
            async with asyncio.timeout(seconds + GRAIN):
                return await waiter.turn
        except TimeoutError:
            if waiter.turn.done() and not waiter.turn.cancelled():  # told in the very turn of the loop
                return waiter.turn.result()
            self._give_up(device, waiter)
            return False
        except asyncio.CancelledError:
            self._give_up(device, waiter)
            raise

    def try_leave(self, device: Address) -> bool:
        """Give a session back where nobody waits for it; False for what `leave` has to do."""
        found = self._devices[device]
        if found.waiting:
            return False
        found.busy -= 1
        if not found.busy:
            del self._devices[device]
        return True

    def leave(self, device: Address, patience: Patience, silent: Reading | None = None) -> None:
        """Give a session back. `silent`: the device did not answer, so nobody who waits need ask it again."""
        found = self._devices[device]
        found.busy -= 1
        if found.waiting:
            if silent is not None:
                told = [each for each in found.waiting if patience.covers(each.patience)]
                found.waiting = deque(each for each in found.waiting if not patience.covers(each.patience))
                for each in told:
                    _tell(each, silent)
            while found.waiting:
                if _tell(found.waiting.popleft(), True):
                    found.busy += 1
                    break
        if not found.busy and not found.waiting:
            del self._devices[device]

    def _give_up(self, device: Address, waiter: _Waiter) -> None:
        """A waiter goes; a turn that it was given meanwhile goes on to the next."""
        found = self._devices.get(device)
        if found is not None and found.waiting and waiter in found.waiting:
            found.waiting.remove(waiter)
        elif waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.result() is True:
            self.leave(device, waiter.patience)


def _tell(waiter: _Waiter, what: bool | Reading) -> bool:
    """Whether the waiter was still there to be told."""
    if waiter.turn.done():
        return False
    waiter.turn.set_result(what)
    return True


class Manners:
    """Where DESCRIBE may be asked now, by what the devices answered before."""

    def __init__(self, remembered: int = MAX_REMEMBERED) -> None:
        self._remembered = remembered
        self._proven: OrderedDict[tuple[Address, Credential], None] = OrderedDict()
        self._wrong: OrderedDict[tuple[Address, Credential], _Rest] = OrderedDict()
        self._busy: OrderedDict[tuple[Address, str], _Rest] = OrderedDict()
        self._refused_on: dict[Credential, dict[Address, float]] = {}
        self._trials: dict[Credential, int] = {}
        self._taken: OrderedDict[Credential, None] = OrderedDict()

    def is_proven(self, device: Address, credential: Credential) -> bool:
        """Whether the device has taken the credential before."""
        return (device, credential) in self._proven

    def why_not_ask(self, device: Address, path: str, credential: Credential | None, now: float) -> str:
        """Why the device shall not be asked to DESCRIBE this path now; "" if it may."""
        for key in ((device, ""), (device, path)):
            rest = self._busy.get(key)
            if rest is not None and rest.until > now:
                return f"left alone for {span(rest.until - now)} more, as it refused {rest.times} times in a row"
        return "" if credential is None else self._why_not_log_in(device, credential, now)

    def _why_not_log_in(self, device: Address, credential: Credential, now: float) -> str:
        rest = self._wrong.get((device, credential))
        if rest is not None and rest.until > now:
            return f"credential breaker open for {span(rest.until - now)} more: it refused this user and password"
        if self.is_proven(device, credential):
            return ""
        standing = self._standing(credential, now)
        if standing >= WRONG_ON:
            return f"credential breaker open: {standing} devices refuse this user and password, so no other is tried"
        return ""

    def begin_trial(self, credential: Credential, now: float) -> str:
        """A login is about to be sent: why not, "" if it may be; then `end_trial` must follow.

        Of a credential that no device has taken yet only so few are under way that one mistyped password cannot
        reach more devices than the breaker allows.
        """
        if credential not in self._taken:
            standing = self._standing(credential, now)
            if standing + self._trials.get(credential, 0) >= WRONG_ON:
                return "this user and password are being tried on other devices first"
        self._trials[credential] = self._trials.get(credential, 0) + 1
        return ""

    def end_trial(self, credential: Credential) -> None:
        """The login was answered, or the probe has ended."""
        self._trials[credential] -= 1
        if not self._trials[credential]:
            del self._trials[credential]

    def answered(self, device: Address, path: str, credential: Credential | None) -> None:
        """It answered DESCRIBE, with the credential if one is given: no refusal stands any longer."""
        self._busy.pop((device, ""), None)
        self._busy.pop((device, path), None)
        if credential is not None:
            self._wrong.pop((device, credential), None)
            self._forget_refusal(credential, device)
            _keep(self._proven, (device, credential), None, self._remembered)
            _keep(self._taken, credential, None, self._remembered)

    def busy(self, device: Address, path: str, now: float) -> float:
        """It is alive but refuses (403 for one path, 453 and 503 with path ""); for how many seconds it rests now."""
        return self._rest(device, path, BUSY_FIRST, now)

    def refused(self, device: Address, credential: Credential, now: float) -> float:
        """It answered 401 to the credential; for how many seconds that rests now."""
        if self.is_proven(device, credential):  # a full list of users looks like this too
            return self._rest(device, "", DOUBTED_FIRST, now)
        before = self._wrong.get((device, credential))
        seconds = FIRST_REST if before is None else LONG_REST
        times = 1 if before is None else before.times + 1
        self._refused_on.setdefault(credential, {})[device] = now + seconds
        for gone in _keep(self._wrong, (device, credential), _Rest(now + seconds, times), self._remembered):
            self._forget_refusal(gone[1], gone[0])
        return seconds

    def _standing(self, credential: Credential, now: float) -> int:
        """On how many devices a refusal stands; those that have rested are let go."""
        refused = self._refused_on.get(credential, {})
        for device in [device for device, until in refused.items() if until <= now]:
            self._forget_refusal(credential, device)
        return len(refused)

    def _rest(self, device: Address, path: str, first: float, now: float) -> float:
        before = self._busy.get((device, path))
        times = 1 if before is None else before.times + 1
        seconds = min(first * 2.0 ** min(times - 1, 16), BUSY_MOST)
        _keep(self._busy, (device, path), _Rest(now + seconds, times), self._remembered)
        return seconds

    def _forget_refusal(self, credential: Credential, device: Address) -> None:
        refused = self._refused_on.get(credential)
        if refused is not None and refused.pop(device, None) is not None and not refused:
            del self._refused_on[credential]


def _keep(table: "OrderedDict[_K, _V]", key: _K, value: _V, most: int) -> list[_K]:
    """Put in as the latest, and let the oldest go beyond the bound: these."""
    table[key] = value
    table.move_to_end(key)
    return [table.popitem(last=False)[0] for _ in range(len(table) - most)]


def span(seconds: float) -> str:
    """A rest in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
