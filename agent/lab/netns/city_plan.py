"""The network of a city: its sites as places, its lines as lines, and a trunk to each county's uplink.

The ends of lines in IPv4 are the register's far addresses; in IPv6 they are numbered likewise.
"""

from ipaddress import IPv4Address
from itertools import count

from agent.lab.addresses import Plan
from agent.lab.city import City, Line, Site
from agent.lab.netns.plan import CORE, Joint, LinePlan, NetPlan, PlacePlan

UPLINK = (Joint("10.58.255.1", "10.58.255.2"), Joint("fd61:900:ffff::1", "fd61:900:ffff::2"))
"""The agent's own: its gateway and itself."""

GATEWAY = UPLINK[0].near
"""What the agent's self-check leans on first."""

_TRUNKS = IPv4Address("10.58.240.0")


def trunk(uplink_site: str) -> str:
    """The id of the way from the core to a county's uplink, which is in no register."""
    return f"@{uplink_site}"


def network_plan(city: City, plan: Plan) -> NetPlan:
    """All sites, nearest the core first."""
    numbers = {line: number for number, line in enumerate(city.lines)}
    trunks = count()
    core = next(site for site in city.sites.values() if site.number == (0, 0))
    ordered = sorted((site for site in city.sites.values() if site is not core), key=_depth)
    places = []
    for site in ordered:
        lines = tuple(_line(line, plan, numbers[line.id]) for line in city.lines_of[site.id])
        places.append(_place(city, site, plan, lines or (_trunk(site, next(trunks)),)))
    return NetPlan(UPLINK, tuple(places), plan.prefixes[core.id])


def _depth(site: Site) -> int:
    """An uplink before its county, a county before its townships."""
    return 0 if site.is_uplink else 2 if site.number[1] else 1


def _place(city: City, site: Site, plan: Plan, lines: tuple[LinePlan, ...]) -> PlacePlan:
    above = {line.a_site for line in city.lines_of[site.id]}
    parent = next(iter(above), CORE)
    return PlacePlan(site.id, lines, plan.prefixes[site.id], CORE if _is_core(city, parent) else parent)


def _is_core(city: City, site: str) -> bool:
    return site == CORE or city.sites[site].number == (0, 0)


def _line(line: Line, plan: Plan, number: int) -> LinePlan:
    ends = plan.ends[line.id]
    return LinePlan(line.id, (Joint(ends.near, ends.far), _joint6("fffd", number)))


def _trunk(site: Site, number: int) -> LinePlan:
    first = _TRUNKS + 4 * number
    return LinePlan(trunk(site.id), (Joint(str(first + 1), str(first + 2)), _joint6("fffe", number)))


def _joint6(block: str, number: int) -> Joint:
    return Joint(f"fd61:900:{block}:{number:x}::1", f"fd61:900:{block}:{number:x}::2")
