"""`python -m bench`: every benchmark, each beside its peer and its bars. Numbers are ratios; times are context."""

import argparse
import statistics

from bench import aligned, collapse, cut, edges, exposition, guests, ledger, plans, scale, seal, snmp, traffic
from bench.city import Plan
from bench.pipeline import Load, compare, middle
from bench.yardstick import yardstick

BARS = """
The bars (must / aim) are those of docs/performance.md; a ratio is ours / the peer's in the same run.
"""


def main() -> None:
    """Run what is asked for; everything by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "only",
        nargs="*",
        help="tcp rtsp http icmp aligned exposition edges ledger collapse traffic plans guests snmp seal scale cut",
    )
    parser.add_argument("--legs", type=int, default=3, help="alternated pairs of each pipeline")
    parser.add_argument("--window", type=float, default=60, help="seconds measured in each leg")
    parser.add_argument("--warm", type=float, default=30, help="seconds before that")
    parser.add_argument("--targets", type=int, help="default 10 000; scale, cut and plans 43 000")
    parser.add_argument("--interval", type=int, help="seconds, of scale (default 60) and cut (300)")
    parser.add_argument("--part", choices=("minute", "aligned", "quarter"), help="of scale: this part alone")
    args = parser.parse_args()
    chosen = args.only or [
        "aligned", "exposition", "edges", "ledger", "collapse", "traffic", "plans", "guests", "snmp", "seal", "tcp",
        "rtsp", "icmp", "http", "scale", "cut",
    ]  # fmt: skip
    print(BARS)
    for name in chosen:
        before = yardstick()
        {
            "aligned": _aligned,
            "exposition": _exposition,
            "edges": _edges,
            "ledger": _ledger,
            "collapse": _collapse,
            "traffic": _traffic,
            "plans": lambda: _plans(args),
            "guests": lambda: _guests(args),
            "snmp": _snmp,
            "seal": lambda: _seal(args),
            "scale": lambda: _scale(args),
            "cut": lambda: _cut(args),
        }.get(name, lambda name=name: _pipeline(name, args))()
        print(f"yardstick: {before * 1000:.0f} ms before, {yardstick() * 1000:.0f} ms behind it\n", flush=True)


def _seal(args: argparse.Namespace) -> None:
    targets = args.targets or seal.TARGETS
    print(f"## seal of a month: {targets} targets, live writes beside it; must 10 s")
    print(
        "| month | edges | head CPU s per 10 000 rows | seal s | with a plan's figures s | slowest write s | verify s |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, each in (("a twelfth of 40 edges a year", 40 / 12), ("hard: 10 edges each", 10)):
        got = seal.sealed(each, targets)
        print(
            f"| {name} | {got.edges} | {got.head_cpu:.2f} | {got.alone:.2f} | {got.figures:.2f} | "
            f"{got.slowest_write:.2f} | {got.walk:.1f} |",
            flush=True,
        )


def _pipeline(kind: str, args: argparse.Namespace) -> None:
    targets = (args.targets or 10_000) if kind != "http" else min(args.targets or 3_000, 3_000)
    load = Load(kind, targets, 15, args.warm, args.window)
    peers, ours = compare(load, args.legs)
    peer, own = middle(peers), middle(ours)
    pairs = [mine.both / theirs.both for mine, theirs in zip(ours, peers, strict=True)]
    print(f"## {kind}: {targets} targets / {load.interval} s, {args.legs} alternated pairs, {args.window:g} s windows")
    print(
        "| CPU s per 10 000 probes | prober | Prometheus | both | MB prober + Prometheus | mean ms | p99 ms | not up |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, leg in (("blackbox_exporter", peer), ("this agent", own)):
        print(
            f"| {name} | {leg.prober:.2f} | {leg.prometheus:.2f} | {leg.both:.2f} | {leg.prober_mb:.0f} + "
            f"{leg.prometheus_mb:.0f} | {leg.mean_ms:.3f} | {leg.p99_ms:.3f} | {leg.lost} |"
        )
    memory = (own.prober_mb + own.prometheus_mb) / (peer.prober_mb + peer.prometheus_mb)
    print(
        f"ratios: both 1/{1 / statistics.median(pairs):.1f} (pairs 1/{1 / max(pairs):.1f}-1/{1 / min(pairs):.1f}), "
        f"prober alone 1/{peer.prober / own.prober:.1f}, memory 1/{1 / memory:.1f}, "
        f"mean time {own.mean_ms / peer.mean_ms:.2f}, p99 time {own.p99_ms / peer.p99_ms:.2f}\n",
        flush=True,
    )


def _guests(args: argparse.Namespace) -> None:
    targets = args.targets or 10_000
    quiet, asked = guests.compare(targets, args.window, args.warm, args.legs)
    print(f"## /probe at {guests.RATE}/s beside {targets} targets / 15 s, {args.legs} alternated turns")
    for name, turns in (("alone", quiet), ("with /probe", asked)):
        late = statistics.median(turn.lateness_p99 for turn in turns)
        answered, busy = sum(turn.answered for turn in turns), sum(turn.busy for turn in turns)
        slowest = statistics.median(turn.answer_p99 for turn in turns)
        print(
            f"{name}: scheduled lateness p99 {late * 1000:.2f} ms of {sum(turn.launched for turn in turns)} launches; "
            f"/probe answered {answered}, busy {busy}, p99 {slowest * 1000:.0f} ms; "
            f"CPU {sum(turn.cpu for turn in turns):.1f} s"
        )
    pairs = [with_.lateness_p99 / without.lateness_p99 for without, with_ in zip(quiet, asked, strict=True)]
    print(f"ratio: {statistics.median(pairs):.2f} (pairs {min(pairs):.2f}-{max(pairs):.2f})\n", flush=True)


def _aligned() -> None:
    theirs, ours = aligned.compare()
    print(f"## {aligned.TARGETS} starts at one instant (bar: 100 % run, none twice; sweep <= 15 s; lag p99 <= 10 ms)")
    for name, sweep in (("APScheduler, a job a target", theirs), ("this agent", ours)):
        print(
            f"{name}: ran {sweep.ran} ({sweep.ran / aligned.TARGETS:.0%}), most for one target {sweep.most}, "
            f"sweep {sweep.sweep:.2f} s, loop lag p99 {sweep.lag_p99 * 1000:.1f} ms, max {sweep.lag_max * 1000:.0f} ms"
        )
    print(flush=True)


def _exposition() -> None:
    costs = exposition.compare()
    library, six = list(costs.values())[:2]
    print("## one page of /metrics (bar: <= 1/8 of generate_latest; loop lag no worse than its own)")
    for name, cost in costs.items():
        print(f"{name}: {cost.samples} lines, CPU {cost.cpu:.3f} s, loop lag max {cost.lag_max * 1000:.0f} ms")
    print(f"ratio of the same families: 1/{library.cpu / six.cpu:.0f}\n", flush=True)


def _edges() -> None:
    storms = [edges.storm() for _ in range(3)]
    durable, lag = (statistics.median(column) for column in list(zip(*storms, strict=True))[:2])
    print("## 43 000 edges at once, median of 3 (bar: durable <= 2 s, loop lag max <= 50 ms)")
    print(f"this agent: durable after {durable:.2f} s, loop lag max {lag * 1000:.0f} ms\n", flush=True)


def _snmp() -> None:
    print("## SNMP requests to one snmpd, 5 objects each, alternated (bar: over gufo <= 1/20 of pysnmp)")
    for cost in snmp.compare():
        print(
            f"version {cost.version}: CPU s per 10 000 requests: pysnmp by itself {cost.peer:.2f}, "
            f"this agent over pysnmp {cost.pysnmp:.2f}, over gufo {cost.gufo:.2f}; ratio 1/{cost.peer / cost.gufo:.0f}"
        )
    print(flush=True)


def _ledger() -> None:
    year, cut = ledger.year(), ledger.cut()
    print(f"## {ledger.TARGETS} targets x {ledger.EDGES} edges in a year (bar: 5 s, one 5 ms, file 200 MB)")
    print(
        f"this agent: availability of {year.targets} targets cold {year.all_cold:.2f} s, of one "
        f"{year.one * 1000:.2f} ms; file {year.size / 1e6:.0f} MB with the readings of every edge"
    )
    print(f"## one uplink above {ledger.TARGETS} targets is cut (bar: one fault within 2 s, never blocked > 50 ms)")
    print(
        f"this agent: all children seen DOWN {cut.opened:.2f} s, then one fault with {cut.members} members "
        f"{cut.collapsed:.2f} s; longest piece of work {cut.longest * 1000:.0f} ms\n",
        flush=True,
    )


def _collapse() -> None:
    found = collapse.collapse()
    print(f"## the same cut in a running agent, {collapse.TARGETS} registered targets (bars: 2 s, 50 ms)")
    for name, look in zip(found._fields, found, strict=True):
        print(
            f"{name.replace('_', ' ')}: {look.seconds:.2f} s (CPU {look.cpu:.2f}), loop lag max "
            f"{look.lag_max * 1000:.0f} ms; open faults {look.faults}, members {look.members}"
        )
    print(flush=True)


def _traffic() -> None:
    found = traffic.measure()
    print(f"## a day of {traffic.INTERFACES} interfaces in bins of five minutes")
    print(
        f"this agent: {found.packed:.1f} bytes a bin, as rows {found.as_rows:.1f}; CPU to write five minutes "
        f"{found.writing:.2f} s; a day of one interface read {found.reading * 1000:.1f} ms, its 95th percentile "
        f"{found.percentile * 1000:.1f} ms\n",
        flush=True,
    )


def _plans(args: argparse.Namespace) -> None:
    found = plans.measure(args.targets or plans.TARGETS)
    size = f"{found.targets} targets x {plans.EDGES} edges"
    print(f"## the table of {plans.PLAN}, {size} (bars: cold 10 s, after one edge 50 ms)")
    print(f"{plans.text(found)}\n", flush=True)


def _scale(args: argparse.Namespace) -> None:
    plan = Plan(targets=args.targets or 43_000, interval=args.interval or 60)
    print(f"## {plan.targets} cameras every {plan.interval} s, 4 % refused, 2 % silent, scraped every 15 s")
    told = scale.Scale(plan, lambda one: print(f"  {one.name}: {one.rate:.0f}/s, share {one.share:.3f}", flush=True))
    getattr(told, args.part or "measure")()
    print(f"{scale.table(told.found)}\n", flush=True)


def _cut(args: argparse.Namespace) -> None:
    plan = Plan(targets=args.targets or 43_000, interval=args.interval or 300)
    print(f"## the core's uplink cut above {plan.targets} nodes every {plan.interval} s (vector 23)")
    print(f"{cut.text(cut.cut(plan))}\n", flush=True)


if __name__ == "__main__":
    main()
