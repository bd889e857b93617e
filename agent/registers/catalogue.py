"""All registers and records, in the order in which a new store takes them: what others refer to comes first."""

from collections.abc import Mapping

from agent.registers.networks import COMPONENTS, LINKS, PLATFORMS, TARGETS
from agent.registers.places import DIVISIONS, SITES
from agent.registers.records import FAULTS, MAINTENANCE
from agent.registers.schema import Register

REGISTERS: Mapping[str, Register] = {
    register.name: register
    for register in (DIVISIONS, SITES, LINKS, TARGETS, PLATFORMS, COMPONENTS, MAINTENANCE, FAULTS)
}
"""By name."""
