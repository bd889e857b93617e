"""All registers and records, in the order in which a new store takes them: what others refer to comes first."""

from collections.abc import Mapping

from agent.registers.identities import IDENTITIES
from agent.registers.networks import COMPONENTS, LINKS, PLATFORMS, TARGETS
from agent.registers.places import DIVISIONS, SITES
from agent.registers.records import FAULTS, MAINTENANCE
from agent.registers.reported import DATA_ISSUES, MEASURES, SECURITY_INCIDENTS, SUMMARIES
from agent.registers.schema import Register
from agent.registers.services import PRIVATE_NETWORKS, SYSTEMS
from agent.registers.video import VIDEO_DEMANDS, VIDEO_POINTS

REGISTERS: Mapping[str, Register] = {
    register.name: register
    for register in (
        *(DIVISIONS, SITES, LINKS, TARGETS, IDENTITIES, PLATFORMS, COMPONENTS),
        *(SYSTEMS, PRIVATE_NETWORKS, VIDEO_POINTS, VIDEO_DEMANDS),
        *(MAINTENANCE, FAULTS, SECURITY_INCIDENTS, DATA_ISSUES, MEASURES, SUMMARIES),
    )
}
"""By name."""
