"""One probe's talk with one device: what is asked again, what is asked in smaller pieces, and where it ends.

Everything that both back ends leave open is settled here, so that they differ in cost alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

from collectors.base import Reason, Target, failed
from collectors.ending import EndError
from collectors.snmp.session import (
    DeniedError,
    GarbageError,
    Rows,
    Session,
    TooLargeError,
    Value,
)

T = TypeVar("T")


class SilenceError(Exception):
    """No answer to the last of the tries; `garbage` is what came instead, "" if nothing.

    `out_of_time`: the time for the probe ran out before all tries were made.
    """

    def __init__(self, garbage: str, *, out_of_time: bool) -> None:
        super().__init__(garbage)
        self.garbage = garbage
        self.out_of_time = out_of_time


class Plan(NamedTuple):
    """How patient a probe is."""

    tries: int
    try_seconds: float
    repetitions: int
    most_rows: int


class Column(NamedTuple):
    """The cells of a column by instance; not `complete` if it may have been cut off by an error."""

    cells: dict[str, Value]
    complete: bool


class Talk:
    """Asks over one session until `until` (loop time). `answered` and `repeated` count requests."""

    def __init__(self, target: Target, session: Session, plan: Plan, until: float) -> None:
        self._target = target
        self._session = session
        self._plan = plan
        self._until = until
        self.answered = 0
        self.repeated = 0
        self.first_seconds = 0.0

    async def get(self, oids: Sequence[str]) -> dict[str, Value]:
        """What the device has of these. An empty answer hides an error: then it is asked for each half.

        Errors: SilenceError, DeniedError, EndError.
        """
        try:
            found = dict(await self._ask(f"{len(oids)} objects from {oids[0]} on", lambda: self._session.get(oids)))
        except TooLargeError as exc:
            if len(oids) == 1:
                raise EndError(failed(Reason.TOO_LARGE, f"asked for {oids[0]}: {exc}")) from exc
        else:
            if found or len(oids) == 1:
                return {oid: value for oid, value in found.items() if oid in oids}
        middle = len(oids) // 2
        return await self.get(oids[:middle]) | await self.get(oids[middle:])

    async def column(self, oid: str) -> Column:
        """All cells of a column. Errors: as `get`; EndError too where the device goes round or on and on."""
        count = self._plan.repetitions
        while True:
            try:
                return await self._walk(oid, count)
            except TooLargeError as exc:
                if count == 1:
                    raise EndError(failed(Reason.TOO_LARGE, f"asked for one row of {oid}: {exc}")) from exc
                count = max(1, count // 2)

    async def _walk(self, oid: str, count: int) -> Column:
        cells: dict[str, Value] = {}
        cursor = self._session.column(oid, count)
        last: tuple[int, ...] = ()
        while True:
            rows = await self._ask(f"{count} rows of {_dotted(oid, last)}", cursor.next)
            if len(rows.cells) > count:
                raise TooLargeError(f"{len(rows.cells)} rows where {count} were asked for")
            last = self._take(oid, cells, rows, last)
            if rows.ended is not False:
                return Column(cells, rows.ended is True)

    def _take(self, oid: str, cells: dict[str, Value], rows: Rows, last: tuple[int, ...]) -> tuple[int, ...]:
        for name, value in rows.cells:
            at = _instance(oid, name)
            if not last < at:
                what = f"the walk through {oid} does not go forward: {name} came after {_dotted(oid, last)}"
                raise EndError(failed(Reason.PROTOCOL, what))
            cells[name[len(oid) + 1 :]] = value
            last = at
        if len(cells) > self._plan.most_rows:
            what = f"more than {self._plan.most_rows} rows in {oid}; max_rows allows more"
            raise EndError(failed(Reason.TOO_LARGE, what))
        return last

    async def _ask(self, what: str, send: Callable[[], Awaitable[T]]) -> T:
        """Send until an answer comes; a refusal may only mean that what we knew of the device is stale."""
        garbage, denied, made = "", False, 0
        for attempt in range(self._plan.tries + 1):  # one more where a refusal took one
            if attempt - denied >= self._plan.tries or asyncio.get_running_loop().time() >= self._until:
                break
            self._target.step("ask", what)
            made += 1
            try:
                return await self._try(send)
            except TimeoutError:
                heard = self._session.overheard()
                garbage = heard or garbage
                self._target.step("silence", f"no answer within {self._plan.try_seconds:.3g} s {heard}".rstrip())
            except GarbageError as exc:
                garbage = str(exc)
                self._target.step("passed over", garbage)
            except DeniedError as exc:
                self._target.step("denied", str(exc))
                if denied:
                    raise
                denied = True
            self.repeated += 1
            self._session.forget()
        raise SilenceError(garbage, out_of_time=made - denied < self._plan.tries)

    async def _try(self, send: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout_at(min(self._until, began + self._plan.try_seconds)):
            await self._session.open()
            asked = loop.time()
            answer = await send()
        if not self.answered:
            self.first_seconds = loop.time() - asked
        self.answered += 1
        return answer


def _instance(oid: str, name: str) -> tuple[int, ...]:
    """The numbers behind the column's; none for the column itself, which stands before every cell."""
    return tuple(int(part) for part in name[len(oid) + 1 :].split(".") if part)


def _dotted(oid: str, instance: tuple[int, ...]) -> str:
    return ".".join([oid, *map(str, instance)])
