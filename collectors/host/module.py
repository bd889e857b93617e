"""Options of the host kind."""

from typing import Self

from pydantic import model_validator

from collectors.base import Module
from collectors.hostparts.selection import Disks, Selection, WatchedProcess, one_component_each


class HostModule(Module, frozen=True, extra="forbid"):
    """What to read of the machine the agent runs on."""

    disks: Disks = Disks()
    interfaces: Selection = Selection()
    interfaces_up: tuple[str, ...] = ()
    block_devices: Selection = Selection()
    temperatures: bool = True
    processes: tuple[WatchedProcess, ...] = ()

    @model_validator(mode="after")
    def _one_component_each(self) -> Self:
        one_component_each(self.processes)
        return self
