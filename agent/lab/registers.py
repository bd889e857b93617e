"""The city as the agent's own registers and agent.yml: what a city would enter, and nothing that only the lab knows."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agent.errors import UsageError
from agent.lab.addresses import Plan
from agent.lab.city import City, Thing
from agent.lab.configuration import configuration
from agent.registers.catalogue import REGISTERS

MODULES: Mapping[str, str] = {
    "tcp": "lab_port", "dns": "lab_name", "http": "lab_page", "https": "lab_secure_page", "tls": "lab_certificate",
    "snmp": "lab_router", "rtsp": "lab_video", "host_page": "lab_host",
}  # fmt: skip
"""The module of agent.yml that asks each service; a router without lines is asked by `lab_device`."""

KINDS: Mapping[str, str] = {"https": "http"}
"""The kind that measures a service, where it is not called the same."""

ORDER = ("divisions", "sites", "links", "targets", "platforms", "components")

Row = Mapping[str, object]


def files(city: City, plan: Plan) -> dict[str, str]:
    """The texts of all register files, by name."""
    rows = {
        "divisions": _divisions(city),
        "sites": _sites(city),
        "links": _links(city, plan),
        "targets": _targets(city, plan),
        "platforms": _platforms(city),
        "components": _components(city),
    }
    return {f"{register}.csv": _csv(register, rows[register], city) for register in ORDER}


def write(folder: Path, city: City, plan: Plan, *, listen_address: str, seconds: tuple[int, int] | None = None) -> Path:
    """All files and an agent.yml that names them; the path of agent.yml. Errors: UsageError for an unusable folder."""
    texts = {**files(city, plan), "agent.yml": configuration(city, plan, folder, listen_address, seconds)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _replace(folder / name, text)
    except OSError as exc:
        raise UsageError(f"{folder}: cannot write the lab's registers ({exc.strerror}); name another folder") from exc
    return folder / "agent.yml"


def _replace(path: Path, text: str) -> None:
    """As a whole or not at all; a file that says the same stays untouched."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8", newline="")
    os.replace(beside, path)


def _csv(register: str, rows: Iterable[Row], city: City) -> str:
    """Headings are the Chinese ones; only columns that some row has something in."""
    found = [{**row, "in_service_from": city.in_service_from} for row in rows]
    columns = [field for field in REGISTERS[register].fields if any(row.get(field.name) for row in found)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([field.zh for field in columns])
    writer.writerows([_cell(row.get(field.name)) for field in columns] for row in found)
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, str | int):
        return str(value)
    return ";".join(map(str, value)) if isinstance(value, Sequence) else ""


def _divisions(city: City) -> Iterator[Row]:
    for division in city.divisions:
        yield {"code": division.code, "name": division.name, "level": division.level, "parent_code": division.parent}


def _sites(city: City) -> Iterator[Row]:
    for site in city.sites.values():
        yield {
            "site_id": site.id, "name": site.name, "division_code": site.division, "owner_level": site.level,
            "planes": ("business", "video"), "accepted_on": city.in_service_from,
        }  # fmt: skip


def _links(city: City, plan: Plan) -> Iterator[Row]:
    for line in city.lines.values():
        ends = plan.ends.get(line.id)
        yield {
            "link_id": line.id, "a_site": line.a_site, "b_site": line.b_site, "tier": line.tier,
            "carrier": line.carrier, "contracted_mbps": line.mbps, "redundancy_group": line.group,
            "far_address": None if ends is None else ends.far, "a_device": line.a_device, "a_if": line.a_if,
            "b_device": line.b_device, "b_if": line.b_if,
        }  # fmt: skip


def _targets(city: City, plan: Plan) -> Iterator[Row]:
    for thing in city.targets:
        yield {
            "target_id": thing.id, "kind": KINDS.get(thing.service, thing.service), "address": plan.address(thing),
            "role": thing.role.value, "name": thing.name, "module": module_of(thing), "site_id": thing.site,
            "plane": thing.plane, "parents": thing.parents, "responsible_unit": thing.unit, "carrier": thing.carrier,
        }  # fmt: skip


def module_of(thing: Thing) -> str:
    """The module that asks a thing."""
    if thing.service == "snmp" and not thing.interfaces:
        return "lab_device"
    return "lab_camera" if thing.is_camera else MODULES[thing.service]


def _platforms(city: City) -> Iterator[Row]:
    for platform in city.platforms:
        yield {"platform_id": platform.id, "name": platform.name}


def _components(city: City) -> Iterator[Row]:
    for platform in city.platforms:
        for part in platform.components:
            yield {
                "component_id": part.id, "platform_id": platform.id, "member": part.thing, "name": part.name,
                "redundancy_group": part.group,
            }  # fmt: skip
