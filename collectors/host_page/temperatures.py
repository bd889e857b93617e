"""Temperature sensors on a page of node_exporter, named as the kind host names them."""

from collections import Counter
from collections.abc import Mapping

from collectors.base import Reading, ok
from collectors.host_page.parsing import Samples

_NOW, _HIGH, _CRITICAL = "node_hwmon_temp_celsius", "node_hwmon_temp_max_celsius", "node_hwmon_temp_crit_celsius"
_FAULT, _CHIPS, _LABELS = "node_hwmon_temp_fault", "node_hwmon_chip_names", "node_hwmon_sensor_label"
_ZONES = "node_thermal_zone_temp"

FAMILIES = (_NOW, _HIGH, _CRITICAL, _FAULT, _CHIPS, _LABELS, _ZONES)

Key = tuple[str, str]


def readings_of(samples: Samples) -> list[Reading]:
    """One reading per sensor: temperature/<chip>/<label>; thermal zones where no chip is known."""
    now, high, critical, fault = (_by_sensor(samples, name) for name in (_NOW, _HIGH, _CRITICAL, _FAULT))
    titles = _titles(samples, {chip for chip, _ in now})
    labels = {_key(sample.labels): sample.labels.get("label", "") for sample in samples.all(_LABELS)}
    found: dict[str, Reading] = {}
    for key, celsius in sorted(now.items()):
        if fault.get(key):
            continue
        chip, sensor = key
        component = f"temperature/{titles[chip]}/{labels.get(key) or sensor}"
        component = f"{component}#{sensor}" if component in found else component
        values = {"temperature_celsius": celsius}
        values |= {"temperature_high_celsius": high[key]} if key in high else {}
        values |= {"temperature_critical_celsius": critical[key]} if key in critical else {}
        found[component] = ok(values, component)
    return list(found.values()) or _zones(samples)


def _zones(samples: Samples) -> list[Reading]:
    return [
        ok(
            {"temperature_celsius": sample.value},
            f"temperature/{sample.labels.get('type') or 'zone'}/thermal_zone{sample.labels.get('zone', '')}",
        )
        for sample in samples.all(_ZONES)
    ]


def _titles(samples: Samples, chips: set[str]) -> dict[str, str]:
    """A chip's name; two of one name are told apart by what the page calls them."""
    named = {sample.labels.get("chip", ""): sample.labels.get("chip_name", "") for sample in samples.all(_CHIPS)}
    count = Counter(named.get(chip) or chip for chip in chips)
    names = {chip: named.get(chip) or chip for chip in chips}
    return {chip: f"{name}@{chip}" if count[name] > 1 else name for chip, name in names.items()}


def _by_sensor(samples: Samples, name: str) -> dict[Key, float]:
    return {_key(sample.labels): sample.value for sample in samples.all(name)}


def _key(labels: Mapping[str, str]) -> Key:
    return labels.get("chip", ""), labels.get("sensor", "")
