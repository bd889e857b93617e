"""The rows of the interface table: what each is called, and which of them are looked at. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collectors.snmp.mib import UP
from collectors.snmp.options import SnmpModule
from collectors.snmp.session import Value

_LONGEST = 255
_CODES = ("utf-8", "gb18030")  # devices here keep their descriptions in either


@dataclass(frozen=True, slots=True)
class Port:
    """One row. `named`: somebody asked for it, so it is judged whatever it is set to."""

    index: str
    name: str
    alias: str = ""
    descr: str = ""
    admin: int | None = None
    named: bool = False

    @property
    def component(self) -> str:
        """What its readings are of: the same over restarts of the device, where its index may be another."""
        return f"if/{self.name}"

    @property
    def calls(self) -> tuple[str, ...]:
        """Every word that it can be asked for by."""
        return tuple(filter(None, (self.name, self.alias, self.descr, self.index)))


def text(value: Value | None) -> str:
    """Octets of a device as people read them, on one line."""
    if not isinstance(value, bytes):
        return "" if value is None else str(value)
    decoded = next((found for code in _CODES if (found := _decoded(value, code)) is not None), None)
    shown = value.decode("ascii", "backslashreplace") if decoded is None else decoded
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else " " for char in shown)
    return " ".join(shown.split())[:_LONGEST]


def _decoded(value: bytes, code: str) -> str | None:
    try:
        return value.rstrip(b"\0").decode(code)
    except UnicodeDecodeError:
        return None


def number(value: Value | None) -> int | None:
    """A number, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def ports(
    admin: Mapping[str, Value], names: Mapping[str, Value], descrs: Mapping[str, Value], aliases: Mapping[str, Value]
) -> list[Port]:
    """The table. A name is ifName, else ifDescr, else the index; of two alike each bears its index too."""
    called = {index: text(names.get(index)) or text(descrs.get(index)) or index for index in admin}
    twice = {name for name, times in Counter(called.values()).items() if times > 1}
    return [
        Port(
            index,
            f"{name}@{index}" if name in twice else name,
            text(aliases.get(index)),
            text(descrs.get(index)),
            number(admin[index]),
        )
        for index, name in called.items()
    ]


def chosen(module: SnmpModule, table: Iterable[Port]) -> list[Port]:
    """Those that are looked at: asked for by name or pattern, else all that administration has put up."""
    return [
        Port(port.index, port.name, port.alias, port.descr, port.admin, named=_is_named(module, port))
        for port in table
        if _is_chosen(module, port)
    ]


def _is_chosen(module: SnmpModule, port: Port) -> bool:
    if any(call in module.interfaces_up for call in port.calls):
        return True
    if any(pattern.search(call) for pattern in module.exclude for call in port.calls):
        return False
    if module.include:
        return _is_named(module, port)
    return port.admin == UP


def _is_named(module: SnmpModule, port: Port) -> bool:
    if any(call in module.interfaces_up for call in port.calls):
        return True
    return any(pattern.search(call) for pattern in module.include for call in port.calls)


def missing(module: SnmpModule, table: Sequence[Port]) -> list[str]:
    """Words of `interfaces_up` that no row answers to."""
    known = {call for port in table for call in port.calls}
    return [word for word in module.interfaces_up if word not in known]
