"""Numbers as people read them, by Grafana's ids of units."""

import math
from collections.abc import Callable, Mapping

_DEFAULT_DECIMALS = 2
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
_BITS = ("b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s")


def shown(value: float, unit: str, decimals: int | None = None) -> str:
    """A value with its unit; what is no number is a dash."""
    if math.isnan(value):
        return "—"
    return _SHOW[unit](value, decimals)


def _plain(value: float, decimals: int | None) -> str:
    text = f"{value:,.{_DEFAULT_DECIMALS if decimals is None else decimals}f}"
    return text if decimals is not None else text.rstrip("0").rstrip(".")


def _percent(value: float, decimals: int | None) -> str:
    return f"{_plain(value * 100, decimals)} %"


def _seconds(value: float, decimals: int | None) -> str:
    for limit, factor, name in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s")):
        if abs(value) < limit:
            return f"{_plain(value * factor, decimals)} {name}"
    return _duration(value, None)


def _duration(value: float, _: int | None) -> str:
    """h:mm:ss, from a day on with its days."""
    sign, whole = ("-" if value < 0 else ""), int(abs(value))
    days, rest = divmod(whole, 86_400)
    text = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{sign}{days} d {text}" if days else f"{sign}{text}"


def _scaled(names: tuple[str, ...], base: float) -> Callable[[float, int | None], str]:
    def show(value: float, decimals: int | None) -> str:
        step = 0
        while abs(value) >= base and step < len(names) - 1:
            value, step = value / base, step + 1
        return f"{_plain(value, decimals)} {names[step]}"

    return show


def _with(name: str) -> Callable[[float, int | None], str]:
    return lambda value, decimals: f"{_plain(value, decimals)} {name}"


_SHOW: Mapping[str, Callable[[float, int | None], str]] = {
    "none": _plain,
    "percentunit": _percent,
    "s": _seconds,
    "dtdurations": _duration,
    "d": _with("d"),
    "bytes": _scaled(_BINARY, 1024),
    "bps": _scaled(_BITS, 1000),
    "ops": _with("/s"),
    "pps": _with("p/s"),
}

UNITS = frozenset(_SHOW)
"""The units that are known here, and so the only ones that panels may use."""
