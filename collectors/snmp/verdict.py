"""What is read of one interface, as one reading. Pure.

up is ok. Administratively up and not up is evidence. Shut by administration, dormant or under test is evidence only
where somebody asked for this interface: a line that is shut serves nobody, but a spare port that is shut is no fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.base import Reading, Reason, error, failed, ok
from collectors.snmp import mib
from collectors.snmp.counters import TICKS, Clock, Sample
from collectors.snmp.session import Value
from collectors.snmp.table import Port, number

_MEGA = 1_000_000
_BROKEN = frozenset({mib.DOWN, mib.NOT_PRESENT, mib.LOWER_LAYER_DOWN})

VALUES: Mapping[str, str] = {
    "rtt_seconds": "Seconds from the first request that was answered to its answer.",
    "uptime_seconds": "How long the device's agent has run, by its own clock (sysUpTime), which wraps after 497 days.",
    "engine_boots": "How often the device's SNMP engine has started; absent where it does not say.",
    "requests": "Requests of one probe that were answered.",
    "repeated_requests": "Requests of one probe that were sent again, as no answer or none that counts had come.",
    "interfaces": "Rows in the device's table of interfaces.",
    "oper_status": "ifOperStatus: 1 up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 not present, 7 lower layer down.",
    "admin_status": "ifAdminStatus: 1 up, 2 down (shut by administration), 3 testing.",
    "speed_bytes_per_second": "Speed of the interface in bytes (ifHighSpeed); absent where the device gives none.",
    "unchanged_seconds": "How long ago its state last changed, by the device's own clock; absent where it cannot tell.",
    "in_octets_total": "Octets received, by the 64-bit counter; absent where the device has only 32 bits.",
    "out_octets_total": "Octets sent, by the 64-bit counter; absent where the device has only 32 bits.",
    "in_bytes_per_second": "Bytes received a second, mean since the previous probe; absent where it would be a guess.",
    "out_bytes_per_second": "Bytes sent a second, mean since the previous probe; absent where it would be a guess.",
    "in_utilisation_ratio": "Traffic received as a share of the interface's speed, mean since the previous probe.",
    "out_utilisation_ratio": "Traffic sent as a share of the interface's speed, mean since the previous probe.",
    "in_errors_per_second": "Packets received with errors a second, mean since the previous probe.",
    "out_errors_per_second": "Packets not sent because of errors a second, mean since the previous probe.",
    "in_discards_per_second": "Good packets received and dropped a second, mean since the previous probe.",
    "out_discards_per_second": "Good packets to be sent and dropped a second, mean since the previous probe.",
    "rate_seconds": "The time that the rates of this reading cover, by the device's clock where that can be trusted.",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What was read of one interface: cells by column, and when."""

    port: Port
    cells: Mapping[str, Value]
    clock: Clock

    def number(self, column: str) -> int | None:
        """A cell that is a number."""
        return number(self.cells.get(column))

    @property
    def speed(self) -> int | None:
        """Bits per second; None where the device gives none."""
        mega = self.number(mib.IF_HIGH_SPEED)
        return mega * _MEGA if mega else None

    def sample(self) -> Sample:
        """Its counters."""
        octets = {"in": self.number(mib.IF_HC_IN_OCTETS), "out": self.number(mib.IF_HC_OUT_OCTETS)}
        others = {name: self.number(column) for name, column in mib.COUNTERS.items()}
        return Sample(
            self.clock,
            self.port.index,
            self.speed,
            self.number(mib.IF_DISCONTINUITY),
            {way: count for way, count in octets.items() if count is not None},
            {name: count for name, count in others.items() if count is not None},
        )

    def was_used(self) -> bool:
        """Whether anything ever came in since the device started; where it has no counter, perhaps."""
        counts = [self.number(column) for column in (mib.IF_HC_IN_OCTETS, mib.IF_IN_OCTETS)]
        return any(counts) or counts == [None, None]


def reading(look: Look, rates: Mapping[str, float], *, known: bool) -> Reading | None:
    """One interface; None where it says nothing that anybody asked for. `known`: it was looked at before."""
    port, oper = look.port, look.number(mib.IF_OPER_STATUS)
    values, component = values_of(look, rates), port.component
    admin = look.number(mib.IF_ADMIN_STATUS)
    if oper is None or admin is None:
        return error(Reason.PERMISSION, f"{_title(port)}: the device lists it but gives no status", values, component)
    if oper == mib.UNKNOWN or (not port.named and _is_spare(look, known=known)):
        return None
    if oper == mib.UP:
        return ok(values, component, _title(port) if port.alias else "")
    if admin == mib.UP and oper not in _BROKEN and not port.named:
        return None
    return failed(Reason.MISMATCH, f"{_title(port)}: {_state(admin, oper)}", values, component)


def _is_spare(look: Look, *, known: bool) -> bool:
    if look.number(mib.IF_TYPE) == mib.SOFTWARE_LOOPBACK or look.number(mib.IF_ADMIN_STATUS) != mib.UP:
        return True
    return look.number(mib.IF_OPER_STATUS) != mib.UP and not known and not look.was_used()


def absent(word: str) -> Reading:
    """One that must be up and is not in the table."""
    detail = f"interface {word}: the device has none of this name, alias, description or index, interfaces_up wants it"
    return failed(Reason.MISMATCH, detail, component=f"if/{word}")


def values_of(look: Look, rates: Mapping[str, float]) -> dict[str, float]:
    """What is known of it, in the order of VALUES."""
    found: dict[str, float | int | None] = {
        "oper_status": look.number(mib.IF_OPER_STATUS),
        "admin_status": look.number(mib.IF_ADMIN_STATUS),
        "speed_bytes_per_second": None if look.speed is None else look.speed // 8,
        "unchanged_seconds": _unchanged(look),
        "in_octets_total": look.number(mib.IF_HC_IN_OCTETS),
        "out_octets_total": look.number(mib.IF_HC_OUT_OCTETS),
    }
    known = {name: float(value) for name, value in found.items() if value is not None} | dict(rates)
    return {name: known[name] for name in VALUES if name in known}


def _unchanged(look: Look) -> float | None:
    """0 stands for "before the agent started", and a later instant than now for a wrap between."""
    changed, now = look.number(mib.IF_LAST_CHANGE), look.clock.uptime_ticks
    if not changed or now is None or changed > now:
        return None
    return (now - changed) / TICKS


def _state(admin: int, oper: int) -> str:
    shown = mib.STATUS_NAMES.get(oper, f"in state {oper}")
    if admin == mib.UP:
        return f"{shown}, though administratively up"
    return f"{shown}, shut by administration (ifAdminStatus {mib.STATUS_NAMES.get(admin, admin)})"


def _title(port: Port) -> str:
    return f"interface {port.name} (index {port.index}{', ' + port.alias if port.alias else ''})"
