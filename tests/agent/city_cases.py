"""A small city in a store: lines, sites, nodes and cameras; and many targets that blip."""

from agent.stores.base import Batch, Component, EdgeRow, RunRequest
from sla.model import Cause, Degraded, Edge, State
from tests.agent.figure_cases import DESK, LINKS, Books
from tests.agent.import_cases import HOUR, at

START = at("2025-01-01")
MINUTE = HOUR // 60
NOON = "2025-01-01T12:00:00"


def blips(made: Books, targets: int, times: int, state: State = State.DEGRADED) -> None:
    """A run in which every target is DEGRADED, or DOWN, for a minute, so many times; the first of them is DOWN once."""
    run = made.writer.start_run(RunRequest("core", "boot", START, (0, START), "test", 1))
    new = [Component(number, f"t{number:03}", "", "icmp") for number in range(1, targets + 1)]
    rows = [
        EdgeRow(number, run.boot_no, turn + 1, _blip(number, turn, state))
        for number in range(1, targets + 1)
        for turn in range(2 * times + 1)
    ]
    made.writer.write(run, Batch(START + (2 * times + 1) * MINUTE, new, rows))


def _blip(number: int, turn: int, blip: State) -> Edge:
    bad = State.DOWN if number == turn == 1 else blip
    state = bad if turn % 2 == 1 else State.UP
    flags = Degraded.LOSS if state is State.DEGRADED else Degraded.NONE
    return Edge(START + turn * MINUTE, state, flags, Cause.PROBE)


def city(made: Books) -> None:
    """Lines with interfaces, sites, nodes and cameras, one unseen, one DOWN for good; the desk said of three."""
    made.sites("core", "a", "b")
    made.enter(
        "links",
        f"{LINKS},a_device,a_if,b_device,b_if",
        "line-a,core,a,甲,100,10.1.0.1,r1,1,r2,1",
        "line-b,core,b,乙,100,10.1.0.2,,,,",
    )
    made.enter(
        "targets",
        "target_id,kind,address,role,site_id,parents",
        "r1,snmp,10.0.0.1,core,core,",
        "r2,snmp,10.0.0.2,node,a,line-a",
        "cam1,icmp,10.0.0.3,camera,a,r2",
        "cam2,icmp,10.0.0.4,camera,b,",
        "cam3,icmp,10.0.0.5,camera,b,",
        "cam4,icmp,10.0.0.6,camera,b,",
        "cam5,icmp,10.0.0.7,camera,b,",
    )
    said = [f"F-{number},{root},{NOON}+08:00,,," for number, root in enumerate(("cam3", "cam4", "r2"))]
    made.enter("faults", DESK, *said, recorded="2025-01-02")
    failing = ("cam1", "r2", "line-a", "r1#if/1")
    edges = [(id_, "2025-01-01T00:00:00", State.UP) for id_ in ("cam3", "r1", "cam5", *failing, "cam2")]
    edges += [(id_, NOON, State.DOWN) for id_ in (*failing, "cam5")]
    edges += [(id_, "2025-01-01T14:00:00", State.UP) for id_ in failing]
    made.ran("2025-01-01", "2025-01-02", edges)
