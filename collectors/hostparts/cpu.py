"""CPU time, whoever read it. Pure."""

from collectors.hostparts.rates import Counters


def cpu_ratios(per_second: Counters) -> dict[str, float]:
    """Shares of the CPU time; nothing where none has passed."""
    total = sum(per_second.values())
    if total <= 0:
        return {}
    idle, iowait = per_second["idle"], per_second.get("iowait", 0.0)
    ratios = {"cpu_used_ratio": (total - idle - iowait) / total}
    for field in ("iowait", "steal"):
        if field in per_second:
            ratios[f"cpu_{field}_ratio"] = per_second[field] / total
    return ratios
