"""What may stand in the file of a city: its shape and its scales. docs/lab.md explains it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from agent.config.problems import Found, Rule
from agent.config.schema import Role
from agent.lab.documents import Document, read, refuse

SIMULATED = "（模拟）"

Service = Literal["tcp", "dns", "http", "https", "tls", "snmp", "rtsp", "host_page"]
Code = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
Text = Annotated[str, Field(min_length=1, max_length=60)]
Id = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9-]{0,30}$")]
Count = Annotated[int, Field(ge=0, le=100_000)]


class Scale(Document):
    """How much of the city is there. `counties` None: all; `townships` None: all of each county."""

    counties: Annotated[tuple[Code, ...], Field(min_length=1)] | None = None
    townships: Annotated[int, Field(ge=1, le=100)] | None = None
    villages: Annotated[int, Field(ge=0, le=99)] = 0
    channels: Count = 0
    channels_per_recorder: Annotated[int, Field(ge=1, le=256)] = 64
    hosts: Annotated[int, Field(ge=0, le=1000)] = 0
    systems: Annotated[int, Field(ge=0, le=1000)] = 0


class Part(Document):
    """A component of a platform, and the service that gives its evidence."""

    id: Id
    kind: Service
    name: Text
    role: Role = Role.COMPONENT
    plane: Literal["business", "video"] = "business"
    group: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")] | None = None
    ipv6: bool = False


class Platform(Document):
    """A platform of the city: up while all of its parts are, of each group one."""

    id: Id
    name: Text
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=50)]


class County(Document):
    """A county, a county-level city or a district, with the names of its townships."""

    code: Code
    name: Text
    townships: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]


class CityFile(Document):
    """A whole city."""

    name: Text
    code: Code
    in_service_from: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    carriers: Annotated[tuple[Text, ...], Field(min_length=2, max_length=2)]
    county_mbps: Annotated[int, Field(ge=1, le=1_000_000)]
    township_mbps: Annotated[int, Field(ge=1, le=1_000_000)]
    scales: dict[Literal["small", "city"], Scale]
    platforms: Annotated[tuple[Platform, ...], Field(max_length=50)]
    counties: Annotated[tuple[County, ...], Field(min_length=1, max_length=30)]


def read_city_file(path: Path) -> CityFile:
    """The file. Errors: ConfigError with all its problems; UsageError where there is none."""
    file, tree = read(path, CityFile)
    refuse(str(path), tree, list(_problems(file)))
    return file


def _problems(file: CityFile) -> list[Found]:
    found = [] if file.name.endswith(SIMULATED) else [_unmarked(file)]
    codes = [county.code for county in file.counties]
    found += [
        Found(Rule.DUPLICATE_ID, ("counties", index, "code"), f"got {code} a second time, wanted each code once")
        for index, code in enumerate(codes)
        if code in codes[:index]
    ]
    for name, scale in file.scales.items():
        found += [
            Found(Rule.VALUE, ("scales", name, "counties"), f"got {code}, wanted codes of `counties`")
            for code in scale.counties or ()
            if code not in codes
        ]
    return found


def _unmarked(file: CityFile) -> Found:
    text = f"got {file.name}, wanted a name that ends with {SIMULATED}: nobody may take it for the real city"
    return Found(Rule.VALUE, ("name",), text)
