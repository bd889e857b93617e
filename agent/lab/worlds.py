"""Which world a form is."""

from agent.errors import UsageError
from agent.lab.addresses import Plan
from agent.lab.city import City
from agent.lab.loopback import LoopbackWorld
from agent.lab.peers.certificates import Authority
from agent.lab.peers.staff import Clocks
from agent.lab.world import World


def make_world(city: City, plan: Plan, ca: Authority, clocks: Clocks) -> World:
    """The world of a plan's form, not started yet. Errors: UsageError for a form that this version lacks."""
    if plan.form == "loopback":
        return LoopbackWorld(city, plan, ca, clocks)
    raise UsageError(f"--net: got {plan.form}, which this version cannot do yet, wanted loopback")
