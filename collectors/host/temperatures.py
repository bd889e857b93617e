"""Temperature sensors, from the files of the kernel.

psutil fills a missing threshold with the other one and divides those of thermal zones more than once, so they
would be limits nobody set; read here as the chip gives them.
"""

import re
from collections import Counter
from pathlib import Path

from collectors.base import Reading, ok


def temperature_readings(sys: Path) -> list[Reading]:
    """One reading per sensor that answers: temperature/<chip>/<label>; thermal zones where no chip is known."""
    chips = sorted((sys / "class" / "hwmon").glob("hwmon*"), key=_number)
    names = Counter(_text(chip / "name") for chip in chips)
    found: dict[str, Reading] = {}
    for chip in chips:
        name = _text(chip / "name") or chip.name
        # two chips of one name are told apart by their device: the number of hwmon changes between boots
        title = f"{name}@{_device(chip)}" if names[name] > 1 else name
        for sensor in sorted(chip.glob("temp*_input"), key=_number):
            _add(found, f"temperature/{title}", sensor)
    return list(found.values()) or _zones(sys)


def _add(found: dict[str, Reading], prefix: str, sensor: Path) -> None:
    stem = str(sensor).removesuffix("_input")
    values = _values(
        temperature_celsius=sensor,
        temperature_high_celsius=Path(f"{stem}_max"),
        temperature_critical_celsius=Path(f"{stem}_crit"),
    )
    if "temperature_celsius" not in values or _text(Path(f"{stem}_fault")) == "1":
        return
    short = Path(stem).name
    component = f"{prefix}/{_text(Path(f'{stem}_label')) or short}"
    component = f"{component}#{short}" if component in found else component
    found[component] = ok(values, component)


def _zones(sys: Path) -> list[Reading]:
    zones = sorted((sys / "class" / "thermal").glob("thermal_zone*"), key=_number)
    readings = []
    for zone in zones:
        trips = {_text(path): Path(f"{str(path).removesuffix('_type')}_temp") for path in zone.glob("trip_*_type")}
        limits = {"hot": "temperature_high_celsius", "critical": "temperature_critical_celsius"}
        paths = {limits[kind]: path for kind, path in trips.items() if kind in limits}
        values = _values(temperature_celsius=zone / "temp", **paths)
        if "temperature_celsius" in values:
            readings.append(ok(values, f"temperature/{_text(zone / 'type') or 'zone'}/{zone.name}"))
    return readings


def _values(**paths: Path) -> dict[str, float]:
    texts = {name: _text(path) for name, path in paths.items()}
    return {name: int(text) / 1000 for name, text in texts.items() if re.fullmatch(r"-?\d+", text)}


def _text(path: Path) -> str:
    # a sensor that is off, or a driver that fails, makes reading fail: the value is then absent
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _device(chip: Path) -> str:
    device = chip / "device"
    return device.resolve().name if device.exists() else chip.name


def _number(path: Path) -> tuple[int, str]:
    digits = re.search(r"\d+", path.name)
    return (int(digits[0]) if digits else 0, path.name)
