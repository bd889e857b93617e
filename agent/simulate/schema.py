"""What may stand in the file of a scenario. docs/simulate.md explains every key and is held to it."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from agent.lab.city_file import CityFile, Code
from agent.lab.documents import Document
from agent.lab.script import What as LabWhat
from collectors.options import Duration

What = LabWhat | Literal["lines_cut", "agent_down"]
LAB_WHATS: tuple[str, ...] = get_args(LabWhat)
OWN_WHATS = ("lines_cut", "agent_down")

MOST_TARGETS = 300
MOST_SECONDS = 2 * 366 * 86_400.0


class City(Document):
    """Which city: the lab's file of one, or one that stands here; how much of it, where not as its scale says."""

    file: Path | None = Field(None, description="A city's file, beside the scenario; without it the lab's own city.")
    agent: Path | None = Field(
        None, description="An agent.yml beside the scenario in place of both: its registers are the city."
    )
    inline: CityFile | None = Field(None, description="A city's whole file in place of `file`.")
    scale: Literal["small", "city"] = Field("small", description="Which scale of the file.")
    in_service_from: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = Field(
        None, description="Since when all of it is in service, a date before the scenario begins."
    )
    counties: Annotated[tuple[Code, ...], Field(min_length=1)] | None = Field(
        None, description="Codes of the counties, in place of the scale's."
    )
    townships: Annotated[int, Field(ge=1, le=100)] | None = Field(None, description="Townships of each county.")
    villages: Annotated[int, Field(ge=0, le=99)] | None = Field(None, description="Villages of each township.")
    channels: Annotated[int, Field(ge=0, le=300)] | None = Field(None, description="Cameras in all.")
    hosts: Annotated[int, Field(ge=0, le=300)] | None = Field(None, description="Hosts of the cloud.")
    systems: Annotated[int, Field(ge=0, le=300)] | None = Field(None, description="Systems of the cloud.")


class Event(Document):
    """One thing that happens to the city, or to the agent."""

    at: str = Field(description="When: a date, or a time with its offset.")
    lasts: Annotated[Duration | None, Field(alias="for", description="How long; without it until the end.")] = None
    what: What = Field(description="What happens; see below.")
    where: str = Field("", description="To what: an id of the city.")
    ratio: Annotated[float, Field(gt=0, le=1)] = Field(0.3, description="Of `loss`: the share that gets no answer.")
    delay: Duration = Field(1.0, description="Of `slow`: how much later every answer comes.")
    period: Duration = Field(600.0, description="Of `flapping`: a whole round, gone for its first half.")
    clean: bool = Field(False, description="Of `agent_down`: a clean stop, not a kill.")


class Entered(Document):
    """Rows that somebody enters at one time: of a register or a record, as in a file of `sla-agent import`."""

    kind: str = Field(description="The register or record: maintenance, targets, data_issues, measures …")
    recorded_at: str | None = Field(
        None, description="When they are entered; without it before the agent's first start."
    )
    rows: Annotated[tuple[dict[str, str], ...], Field(max_length=1000)] = Field(
        (), description="The rows, column by column."
    )
    file: Path | None = Field(None, description="A file of rows beside the scenario, in place of `rows`.")


class Scenario(Document):
    """A whole scenario."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(description="What it is called.")
    start: str = Field(alias="from", description="When the agent first starts: a date, or a time with its offset.")
    to: str = Field(description="When it ends, exclusive.")
    interval: Duration = Field(60.0, description="Regular interval of every target but cameras.")
    camera_interval: Duration = Field(60.0, description="Regular interval of cameras.")
    city: City = Field(City(), description="Which city; without it the lab's small one.")
    events: Annotated[tuple[Event, ...], Field(max_length=2000)] = Field((), description="What happens.")
    entered: Annotated[tuple[Entered, ...], Field(max_length=500)] = Field((), description="What people enter when.")
