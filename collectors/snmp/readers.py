"""What is asked of a device, in which order, and what that makes: its system, or its interfaces."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from collectors.base import Reading, Reason, error
from collectors.ending import EndError
from collectors.snmp import mib
from collectors.snmp.counters import TICKS, Clock
from collectors.snmp.options import SnmpModule
from collectors.snmp.session import Value
from collectors.snmp.table import Port, chosen, missing, number, ports, text
from collectors.snmp.talk import Column, Talk
from collectors.snmp.verdict import VALUES, Look, absent

_TOGETHER = 4  # interfaces in one request: the answer fits into one Ethernet frame, signed and encrypted too
_ENGINE_BYTES = range(5, 33)
_CLOCK = (mib.SYS_UPTIME, mib.ENGINE_BOOTS, mib.ENGINE_TIME)


class Found(NamedTuple):
    """The device's own values and words, its interfaces, and readings of those that it should have and has not.

    Shape: `identity` is `engine:` and the id of its engine in hexadecimal, "" where it shows none (C2).
    """

    values: dict[str, float]
    detail: str
    identity: str
    looks: Sequence[Look] = ()
    missing: Sequence[Reading] = ()


async def read_system(talk: Talk) -> Found:
    """What the device says of itself. Errors: as Talk; EndError where it shows nothing of that."""
    cells, clock = await _system(talk, mib.SYS_NAME, mib.SYS_DESCR)
    words = [text(cells.get(mib.SYS_NAME)), text(cells.get(mib.SYS_DESCR))]
    return Found(_values(talk, clock), ": ".join(filter(None, words)), _identity(cells))


async def read_interfaces(talk: Talk, module: SnmpModule) -> Found:
    """Its table of interfaces: the names of all, the rest of those that are looked at. Errors: as Talk."""
    cells, clock = await _system(talk, mib.SYS_NAME, mib.IF_NUMBER)
    admin = await talk.column(mib.IF_ADMIN_STATUS)
    names, aliases = await talk.column(mib.IF_NAME), await talk.column(mib.IF_ALIAS)
    wanted = module.interfaces_up or module.include or module.exclude or not admin.cells.keys() <= names.cells.keys()
    descrs = await talk.column(mib.IF_DESCR) if wanted else Column({}, complete=True)
    table = ports(admin.cells, names.cells, descrs.cells, aliases.cells)
    if not table:
        what = "shows no interfaces; let us read 1.3.6.1.2.1.2 and 1.3.6.1.2.1.31 in its view"
        raise EndError(error(Reason.PERMISSION, f"{text(cells.get(mib.SYS_NAME))} answers but {what}".lstrip()))
    looks = [look for some in _batches(chosen(module, table)) for look in await _look(talk, some)]
    rows = number(cells.get(mib.IF_NUMBER))
    whole = all(column.complete for column in (admin, names, aliases, descrs)) or len(table) == rows
    gone = [absent(word) for word in missing(module, table)] if whole else []
    values = _values(talk, clock) | {"interfaces": float(len(table))}
    return Found(_in_order(values), text(cells.get(mib.SYS_NAME)), _identity(cells), looks, gone)


async def _system(talk: Talk, *more: str) -> tuple[dict[str, Value], Clock]:
    cells = await talk.get([*_CLOCK, mib.ENGINE_ID, *more])
    clock = _clock(cells)
    if clock.uptime_ticks is None and not any(oid in cells for oid in more):
        what = "it answers but shows nothing of itself; let us read 1.3.6.1.2.1.1 in its view"
        raise EndError(error(Reason.PERMISSION, what))
    return cells, clock


def _identity(cells: dict[str, Value]) -> str:
    """The id by which the device's engine is told from every other (RFC 3411, 5: SnmpEngineID)."""
    id_ = cells.get(mib.ENGINE_ID)
    return f"engine:{id_.hex()}" if isinstance(id_, bytes) and len(id_) in _ENGINE_BYTES else ""


def _clock(cells: dict[str, Value]) -> Clock:
    ticks, boots, seconds = (number(cells.get(oid)) for oid in _CLOCK)
    return Clock(asyncio.get_running_loop().time(), ticks, boots, seconds)


def _values(talk: Talk, clock: Clock) -> dict[str, float]:
    found: dict[str, float | None] = {
        "rtt_seconds": talk.first_seconds,
        "uptime_seconds": None if clock.uptime_ticks is None else clock.uptime_ticks / TICKS,
        "engine_boots": clock.boots,
        "requests": talk.answered,
        "repeated_requests": talk.repeated,
    }
    return {name: float(value) for name, value in found.items() if value is not None}


def _in_order(values: dict[str, float]) -> dict[str, float]:
    return {name: values[name] for name in VALUES if name in values}


def _batches(looked_at: Sequence[Port]) -> Iterator[Sequence[Port]]:
    return (looked_at[at : at + _TOGETHER] for at in range(0, len(looked_at), _TOGETHER))


async def _look(talk: Talk, some: Sequence[Port]) -> list[Look]:
    """Counters and the clock that they belong to come in one answer."""
    names = [f"{column}.{port.index}" for port in some for column in mib.OF_EACH]
    cells = await talk.get([*_CLOCK, *names])
    clock = _clock(cells)
    return [
        Look(
            port,
            {column: cells[name] for column in mib.OF_EACH if (name := f"{column}.{port.index}") in cells},
            clock,
        )
        for port in some
    ]
