"""Another agent's page as readings of its host: what it says of its own target of kind host, and nothing else.

Its families carry the names of the values; a test holds this file and the agent's own table of metrics together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from collectors.base import ERROR_REASONS, Reading, Reason, error, failed, ok
from collectors.host_page.options import HostPageModule, PageProcess
from collectors.host_page.parsing import Sample, Samples
from collectors.hostparts.values import VALUES

PREFIX = "sla_host_"
LAST = "sla_target_last_probe_timestamp_seconds"
PROBLEM = "sla_probe_problem"
BUILD = "sla_agent_build_info"

FAMILIES: Mapping[str, str] = {f"{PREFIX}{value}": value for value in VALUES}
"""Family to value."""

_KIND = "host"


class Refusal(Exception):
    """Why the page says nothing of a host."""


class Said(NamedTuple):
    """What the page says of one component."""

    values: Mapping[str, float]
    outcome: str
    reason: str


class Told(NamedTuple):
    """What the page says of one host: when it was measured, and its components by name."""

    at: float
    parts: Mapping[str, Said]


def told_by(samples: Samples, module: HostPageModule) -> Told:
    """The one host of the page. Errors: Refusal."""
    last = {sample.labels.get("target", ""): sample for sample in samples.all(LAST) if _is_own(sample)}
    host = _chosen({name.partition("#")[0] for name in last}, module.remote_target)
    if host not in last:
        raise Refusal(f"the agent there has not measured its host {host} yet")
    if last[host].labels.get("simulated") == "true" and not module.accept_simulated:
        raise Refusal("that agent keeps a simulated store; accept_simulated: true takes its figures all the same")
    at = last[host].value
    # a part that the last probe there did not see has no reading any more
    seen = [name for name, sample in last.items() if name.partition("#")[0] == host and sample.value == at]
    return Told(at, _parts(samples, seen))


def _is_own(sample: Sample) -> bool:
    return sample.labels.get("kind") == _KIND


def _chosen(hosts: set[str], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in hosts:
            raise Refusal(f"remote_target: the page has no host {wanted}, it has {_listed(hosts)}")
        return wanted
    if len(hosts) != 1:
        raise Refusal(f"the page has {_listed(hosts)}; remote_target says which")
    return next(iter(hosts))


def _listed(hosts: Iterable[str]) -> str:
    names = sorted(hosts)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more if names else "no target of kind host, or it has not been measured yet"


def _parts(samples: Samples, seen: Sequence[str]) -> dict[str, Said]:
    values: dict[str, dict[str, float]] = {name: {} for name in seen}
    for family, value in FAMILIES.items():
        for sample in filter(_is_own, samples.all(family)):
            if sample.labels.get("target") in values:
                values[sample.labels["target"]][value] = sample.value
    problems = {sample.labels.get("target", ""): sample.labels for sample in samples.all(PROBLEM) if _is_own(sample)}
    nothing: Mapping[str, str] = {}
    return {
        name.partition("#")[2]: Said(
            values[name],
            problems.get(name, nothing).get("outcome", "ok"),
            problems.get(name, nothing).get("reason", ""),
        )
        for name in seen
    }


def readings_of(told: Told, module: HostPageModule) -> list[Reading]:
    """One reading for the host, one for each of its parts that the module takes."""
    watches = {f"process/{watch.name}": watch for watch in module.processes}
    required = [f"net/{name}" for name in module.interfaces_up]
    readings = [_reading(part, said) for part, said in told.parts.items() if _takes(module, part, required)]
    present = {reading.component for reading in readings}
    readings += [_missing(part) for part in [*required, *watches] if part not in present]
    return [_judged(reading, required, watches) for reading in readings]


def _takes(module: HostPageModule, part: str, required: Sequence[str]) -> bool:
    """What the agent there left out is not on its page; here only what the module itself says counts."""
    kind, slash, name = part.partition("/")
    if kind == "disk":
        return module.disks.takes(slash + name, ())
    selections = {"net": module.interfaces, "io": module.block_devices}
    if kind in selections:
        return part in required or selections[kind].takes(name, ())
    return module.temperatures or kind != "temperature"


def _reading(part: str, said: Said) -> Reading:
    if said.outcome == "ok":
        return ok(said.values, part)
    known = said.reason in set(Reason)
    reason = Reason(said.reason) if known else Reason.UNREAD
    detail = f"the agent there says: {said.outcome}, {said.reason}"
    if said.outcome == "failed" and reason not in ERROR_REASONS:
        return failed(reason, detail, said.values, part)
    # its own limits are no evidence here, and its word for them would be read as ours
    return error(Reason.UNREAD, detail, component=part)


def _missing(part: str) -> Reading:
    detail = f"the page has no {part}; does the agent there measure it?"
    return error(Reason.UNREAD, detail, component=part)


def _judged(reading: Reading, required: Sequence[str], watches: Mapping[str, PageProcess]) -> Reading:
    values, part = reading.values, reading.component
    if part in required and values.get("link_up") == 0.0:
        return failed(Reason.MISMATCH, "its link is down, interfaces_up wants it up", values, part)
    running = values.get("processes_running")
    if part not in watches or running is None:
        return reading
    watch, got = watches[part], f"process {watches[part].name}: {running:g} running on the host"
    if running < watch.min:
        return failed(Reason.NOT_RUNNING, f"{got}, wanted at least {watch.min}", values, part)
    if watch.max is not None and running > watch.max:
        return failed(Reason.MISMATCH, f"{got}, wanted at most {watch.max}", values, part)
    return ok(values, part)
