"""The city of a scenario: its network, what answers there, and what the agent is told of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.config.tier_schema import Tiers
from agent.lab.netns import Joint, LinePlan, NetPlan, Network, PlacePlan
from tests.acceptance.scenario import Place, Scenario, Spot
from tests.lab.netns_worlds import built, listening

INTERVAL, RETRY, TIMEOUT, VANTAGE_INTERVAL = 3.0, 1.0, 1.0, 2.0
"""Seconds. A reading speaks for 4.5 s, so that a machine that is busy for a second loses no state."""

PORT = 8443
GATEWAY = Joint("10.62.0.1", "10.62.0.2")
CORE_V4, CORE_V6 = "10.63.0.0/24", "fd63::/64"
IDLE_SITES = 10
"""Sites where nothing ever happens: one county is less than 30 % of the city (F1)."""

CONFIG = """
vantage: {{name: acceptance, gateway: {gateway}, interval: {vantage:g}s}}
store: {{url: "sqlite:///{folder}/ledger.db"}}
web: {{listen_address: "127.0.0.1:0"}}
planes:
  city: {{anchors: [10.63.0.201, 10.63.0.202], interval: {vantage:g}s}}
modules:
  icmp: {{kind: icmp, {common}, retry_interval: {retry}s, count: 5, gap: 20ms, limits: {limits}}}
  calm: {{kind: icmp, {common}, retry_interval: {interval}s, count: 1}}
  port: {{kind: tcp, {common}, retry_interval: {retry}s}}
tiers: {tiers}
path: {{enabled: false}}
registers:
  - {{kind: sites, file: sites.csv}}
  - {{kind: links, file: links.csv}}
  - {{kind: targets, file: targets.csv}}
"""


@dataclass(frozen=True)
class Town:
    """A scenario's city as addresses: place n is 10.60.n.0/24 and fd60:n::/64, line n is 10.61.n.1 to .2."""

    scenario: Scenario

    @property
    def plan(self) -> NetPlan:
        numbers = iter(range(1, 250))
        places = []
        for place in self.scenario.places:
            lines = tuple(_line(id_, next(numbers)) for id_ in (*place.lines, *place.trunk))
            parent = "core" if place.parent == "S-CORE" else place.parent
            places.append(PlacePlan(place.id, lines, self.prefixes(place), parent))
        return NetPlan((GATEWAY, Joint("fd62::1", "fd62::2")), tuple(places), (CORE_V4, CORE_V6))

    def number(self, place: Place) -> int:
        return self.scenario.places.index(place) + 1

    def prefixes(self, place: Place) -> tuple[str, str]:
        return (f"10.60.{self.number(place)}.0/24", f"fd60:{self.number(place)}::/64")

    def hosts(self) -> dict[str, tuple[str, str]]:
        """Names that have an address of each IP version."""
        return {
            spot.name: (f"10.60.{self.number(place)}.{at}", f"fd60:{self.number(place)}::{at:x}")
            for place in self.scenario.places
            for at, spot in enumerate(place.targets, 1)
            if spot.name
        }

    def write(self, folder: Path) -> Path:
        """agent.yml and its registers; nothing else is ever told to the agent."""
        common = f"interval: {INTERVAL:g}s, timeout: {TIMEOUT:g}s"
        text = CONFIG.format(
            gateway=GATEWAY.near,
            folder=folder,
            common=common,
            retry=f"{RETRY:g}",
            interval=f"{INTERVAL:g}",
            vantage=VANTAGE_INTERVAL,
            limits=json.dumps(self.scenario.limits),
            tiers=json.dumps(dict.fromkeys(Tiers.model_fields, self._of_lines())),
        )
        (folder / "agent.yml").write_text(text, encoding="utf-8")
        for name, rows in (("sites", self._sites()), ("links", self._links()), ("targets", self._targets())):
            (folder / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return folder / "agent.yml"

    def _of_lines(self) -> Mapping[str, float]:
        """What a line of any tier may lose: a cut between two of five echoes is no loss where none is asked about."""
        return {"loss_ratio": self.scenario.limits.get("loss_ratio", 1.0), "rtt_seconds": 60}

    def _sites(self) -> Iterator[str]:
        yield "site_id,name,owner_level"
        yield "S-CORE,市核心机房（模拟）,city"
        for place in self.scenario.places:
            yield f"{place.id},{place.id}（模拟）,{'county' if len(place.lines) == 2 else 'township'}"
        for number in range(IDLE_SITES):
            yield f"S-IDLE-{number},别处（模拟）,county"

    def _links(self) -> Iterator[str]:
        yield "link_id,a_site,b_site,carrier,contracted_mbps,far_address"
        ends = {line.id: line.joints[0].far for place in self.plan.places for line in place.lines}
        for place in self.scenario.places:
            for line in place.lines:
                yield f"{line},{place.parent},{place.id},电信,1000,{ends[line]}"

    def _targets(self) -> Iterator[str]:
        yield "target_id,kind,address,module,role,site_id,plane,families_required"
        yield "RT-CORE,icmp,10.63.0.1,icmp,core,S-CORE,city,"
        for place in self.scenario.places:
            for at, spot in enumerate(place.targets, 1):
                address = _address(spot, f"10.60.{self.number(place)}.{at}")
                module = spot.module or ("port" if spot.kind == "tcp" else "icmp")
                yield f"{spot.id},{spot.kind},{address},{module},{spot.role},{place.id},city,{spot.families}"


def _line(id_: str, number: int) -> LinePlan:
    return LinePlan(
        id_, (Joint(f"10.61.{number}.1", f"10.61.{number}.2"), Joint(f"fd61:{number}::1", f"fd61:{number}::2"))
    )


def _address(spot: Spot, host: str) -> str:
    return f"{spot.name or host}:{PORT}" if spot.kind == "tcp" else spot.name or host


@contextmanager
def standing(town: Town) -> Iterator[Network]:
    """The town in namespaces, with a listener for all addresses of each place."""
    with built(town.plan) as net, ExitStack() as stack:
        net.names(town.hosts())
        for place in town.scenario.places:
            stack.enter_context(listening(net.place(place.id), PORT))
        yield net
