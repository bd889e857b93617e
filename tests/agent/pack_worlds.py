"""Random small cities for evidence packs: whatever the rules have to say something about, in any mixture."""

import random
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.figures.plan import PlanTables
from agent.imports import apply_import
from agent.instants import format_instant
from agent.packs.build import write_pack
from agent.plans import plan_by_id
from agent.plans.options import reads
from agent.stores import chaining
from agent.stores.base import Batch, BinRow, Component, EdgeRow, Leaving, Record, RunRequest
from agent.stores.identifying import DayMet
from agent.stores.sighting import DaySeen
from sla.bins import BIN_US, Bin
from sla.changes import with_options
from sla.confirm import FOREVER
from sla.model import Cause, Degraded, Edge, Outcome, Seen, State
from sla.periods import to_datetime
from sla.plans import Adoption, Change, Options, Plan, Row, Variant
from tests.agent.figure_cases import Books
from tests.agent.import_cases import DAY, HISTORY, HOUR, SECOND, ZONE, at, request

MINUTE = 60 * SECOND
BEGIN, NOW = at("2025-03-01"), at("2025-04-10")
PERIOD = "2025-03"
STATES = (State.UP, State.UP, State.DEGRADED, State.DOWN, State.DOWN, State.UNKNOWN)
IDENTITIES = (f"certificate:{'1' * 64}", f"certificate:{'2' * 64}", "engine:8000000001")
ADOPTED = Adoption("局", "文", "2025-02-01")
TIERS = '{"access": {"loss_ratio": 0.01, "rtt_seconds": 0.05}}'
WORDS = {State.UP: "up", State.DEGRADED: "degraded", State.DOWN: "down", State.UNKNOWN: "unknown", State.OUT: "out"}


def stamp(us: int) -> str:
    """As a file writes it."""
    return format_instant(us, ZONE)


class City:
    """Fills a store by dice: importers and the writer take it, as they would from people and agents."""

    def __init__(self, made: Books, dice: random.Random) -> None:
        self.made, self.dice = made, dice
        self.sites = [f"S{number}" for number in range(1, dice.randint(3, 5))]
        self.links = [f"L{number}" for number in range(1, dice.randint(2, 5))]
        self.targets = [f"t{number}" for number in range(1, dice.randint(3, 8))]

    def fill(self) -> "City":
        """Everything."""
        self._registers()
        if self.dice.random() < 0.7:
            self._told()
        if self.dice.random() < 0.8:
            self._ran()
        self._windows()
        self._records()
        if self.dice.random() < 0.6:
            self._later()
        if self.dice.random() < 0.5:
            self._heads()
        return self

    def _enter(self, kind: str, heading: str, *rows: str, recorded: int | None = None) -> None:
        if rows:
            moment = "2024-12-01" if recorded is None else stamp(recorded)[:19]
            self.made.enter(kind, heading, *rows, recorded=moment)

    def _registers(self) -> None:
        dice = self.dice
        levels = ("city", "county", "township", "zone")
        self._enter(
            "divisions",
            "code,name,level,parent_code",
            "6109,安康,city,",
            *(f"61090{n},县{n},{dice.choice(levels[1:3])},6109" for n in range(1, 6)),
        )
        self._enter(
            "sites",
            "site_id,name,division_code,accepted_on,to_integrate,integrated_on,integration_doc",
            *(
                f"{site},{site},61090{n},{dice.choice(('2024-06-01', '2024-06-01', ''))},"
                f"{dice.choice(('y', 'n'))},{dice.choice(('', '2024-02-01'))},{dice.choice(('', '文1'))}"
                for n, site in enumerate(self.sites, 1)
            ),
        )
        self._enter(
            "links",
            "link_id,a_site,b_site,carrier,contracted_mbps,a_device,a_if,redundancy_group",
            *(
                f"{link},{self.sites[0]},{dice.choice(self.sites[1:])},电信,{dice.choice((10, 100))},"
                f"{dice.choice(('sw1,1', ',', ','))},{dice.choice(('', 'g'))}"
                for link in self.links
            ),
        )
        rows = []
        for n, target in enumerate(self.targets, 1):
            role = dice.choice(("core", "core", "node", "node", "county_node", "component", ""))
            above = [*self.targets[: n - 1], *self.links]
            parents = ";".join(dice.sample(above, min(len(above), dice.choice((0, 0, 1, 1, 2)))))
            site = dice.choice(("", *self.sites))
            families = dice.choice(("", "", "4;6")) if role == "core" else ""
            address = f"host{n}.example" if families else f"10.0.0.{dice.choice((n, n, 1))}"
            rows.append(f"{target},icmp,{address},{role},{site},{parents},{dice.choice((60, 300))},{families}")
        self._enter("targets", "target_id,kind,address,role,site_id,parents,interval_seconds,families_required", *rows)
        self._platforms()
        self._identities()

    def _platforms(self) -> None:
        dice = self.dice
        self._enter(
            "platforms",
            "platform_id,name,class,need",
            f"P1,云,{dice.choice(('city_cloud', 'other'))},{dice.choice(('', 'any', '2'))}",
            f"P2,云二,{dice.choice(('other', 'cloud'))},",
        )
        members = [dice.choice([*self.targets, *self.links, self.sites[-1]]) for _ in range(dice.randint(2, 5))]
        self._enter(
            "components",
            "component_id,platform_id,member,redundancy_group,group_need,required",
            *(
                f"c{n},{dice.choice(('P1', 'P1', 'P2'))},{member},"
                f"{dice.choice((',', 'g,', 'g,'))},{dice.choice(('', 'n', 'y'))}"
                for n, member in enumerate(members, 1)
            ),
        )

    def _moments(self, count: int, a: int, b: int) -> list[int]:
        unit = self.dice.choice((SECOND, MINUTE, HOUR))
        return sorted(
            {a + self.dice.randrange((b - a) // unit) * unit + self.dice.choice((0, 0, 1)) for _ in range(count)}
        )

    def _told(self) -> None:
        """History of files, up to the first run or all through."""
        rows = []
        for name in (*self.targets, *self.links):
            for when in self._moments(self.dice.randint(0, 6), BEGIN - DAY, BEGIN + 20 * DAY):
                state = self.dice.choice((*STATES, State.OUT))
                rows.append(f"{name},{stamp(when)},{WORDS[state]}")
        if rows:
            text = "\n".join([HISTORY, *rows])
            apply_import(
                self.made.writer,
                request("history", text, as_of=BEGIN + 21 * DAY, now=BEGIN + 21 * DAY, create_targets=False),
            )

    def _ran(self) -> None:
        """Runs of an agent with a kill or a clean stop between them, isolations, parts of targets."""
        start = BEGIN + self.dice.randrange(-5, 12) * DAY
        names = [*self.targets, *self.links, f"{self.targets[0]}#if/1", "sw1#if/1"]
        known = {component.name: component.id for component in self.made.reader.components()}
        for number in range(self.dice.randint(1, 3)):
            end = start + self.dice.randint(1, 15) * DAY + self.dice.randrange(DAY)
            self._run(number, (start, min(end, NOW - HOUR)), names, known)
            start = end + self.dice.choice((MINUTE, 4 * HOUR, 2 * DAY))
            if start > NOW - 2 * HOUR:
                return

    def _run(self, number: int, span: tuple[int, int], names: list[str], known: dict[str, int]) -> None:
        dice, writer = self.dice, self.made.writer
        run = writer.start_run(RunRequest("v", "boot", span[0], (0, span[0]), "test", 1))
        new, edges = [], []
        for name in names:
            if name not in known:
                known[name] = len(known) + 1
                new.append(Component(known[name], *name.partition("#")[::2], "icmp"))
            for when in self._moments(dice.randint(0, 5), *span):
                edges.append((known[name], when))
        limits = dice.choice(("", f', "tiers": {TIERS}', f', "tiers": {TIERS}'.replace("0.05", "0.1")))
        told = [
            Record(seq, when, kind, f'{{"plane": "p"{limits if kind in ("start", "reload") else ""}}}')
            for seq, (when, kind) in enumerate(
                [
                    (span[0], "start"),
                    *((when, "reload") for when in self._moments(dice.randint(0, 1), *span)),
                    *zip(self._moments(3, *span), ("isolated", "isolation_ended", "isolated"), strict=False),
                ],
                10_000,
            )
        ]
        rows = [
            EdgeRow(component, run.boot_no, seq, self._edge(when)) for seq, (component, when) in enumerate(edges, 1)
        ]
        day = to_datetime(span[1], ZONE).date().toordinal()
        seen = [
            DaySeen(day, known[name], span[1] - HOUR, span[1] - MINUTE) for name in self.targets if dice.random() < 0.4
        ]
        hour = (BEGIN + 3 * DAY) // BIN_US * BIN_US
        bins = [
            BinRow(known["sw1#if/1"], Bin(hour + n * BIN_US, BIN_US, dice.randrange(10**10), 10**6)) for n in range(40)
        ]
        met = list(self._met(known, span)) if dice.random() < 0.6 else []
        batch = Batch(
            span[1], new, rows, records=told, sightings=seen, bins=bins if number == 0 else (), identities=met
        )  # fmt: skip
        if dice.random() < 0.5:
            writer.write(run, batch)
        else:
            writer.stop_run(run, batch, Leaving({}))

    def _met(self, known: dict[str, int], span: tuple[int, int]) -> Iterator[DayMet]:
        """As whom targets answered, on the days before the period's end too: some as the same."""
        week = BEGIN + 24 * DAY
        for name in self.targets:
            for when in self._moments(self.dice.randint(0, 3), *self.dice.choice((span, (week, week + 8 * DAY)))):
                day = to_datetime(when, ZONE).date().toordinal()
                yield DayMet(day, known[name], self.dice.choice(IDENTITIES), when, when)

    def _identities(self) -> None:
        """Whose some of them are, or that one may repeat, in time or late."""
        dice = self.dice
        rows = [
            f"{IDENTITIES[0]},,y,文",
            f"{IDENTITIES[1]},{dice.choice(self.sites)},,",
            f"address:10.0.0.1,{self.sites[0]},,",
        ]
        picked = dice.sample(rows, dice.randint(0, 3))
        when = None if dice.random() < 0.6 else BEGIN + dice.choice((20, 33)) * DAY
        self._enter("identities", "identity,site_id,repeats,decision_doc", *picked, recorded=when)

    def _edge(self, when: int) -> Edge:
        state = self.dice.choice(STATES)
        why = self.dice.choice((Degraded.LOSS, Degraded.BLIP, Degraded.FAMILY, Degraded.FLAPPING | Degraded.RTT))
        cause = Cause.PROBE
        if state is State.UNKNOWN:
            cause = self.dice.choice((Cause.NO_READING, Cause.WITHDRAWN, Cause.UNCONFIRMED))
        outcome = Outcome.FAILED if state is State.DOWN else Outcome.OK
        seen = tuple(Seen(when + n * MINUTE, outcome, self.dice.choice(("", "timeout"))) for n in range(3))
        bare = cause is not Cause.PROBE or self.dice.random() < 0.3
        return Edge(
            when,
            state,
            why if state is State.DEGRADED else Degraded.NONE,
            cause,
            None if bare else MINUTE,
            () if bare else seen,
        )

    def _windows(self) -> None:
        dice = self.dice
        for number in range(dice.randint(0, 4)):
            for _ in range(dice.choice((1, 1, 2))):
                start = dice.choice(self._moments(1, BEGIN - DAY, BEGIN + 30 * DAY))
                end = start + dice.choice((HOUR, 6 * HOUR, 3 * DAY))
                approved = start - dice.choice((1, DAY, 5 * DAY, -HOUR))
                notice = start - dice.choice((DAY, 4 * DAY))
                notified = dice.choice(("", stamp(notice)))
                both = f"{self.targets[0]};{self.links[0]}"
                scope = dice.choice((*self.targets, *self.links, "P1", "c1", self.sites[-1], "kind=icmp", both))
                who = dice.choice(("张主任", "张主任", "张主任", ""))
                recorded = max(approved, BEGIN - 5 * DAY) + dice.choice((0, HOUR, 2 * DAY))
                row = f'W{number},"{scope}",{stamp(start)},{stamp(end)},{who},{stamp(approved)},{notified},割接,文'
                self._enter(
                    "maintenance",
                    "window_id,scope,start,end,approved_by,approved_at,notified_at,reason,document",
                    row,
                    recorded=min(max(recorded, approved + SECOND, notice + SECOND), NOW - DAY),
                )

    def _records(self) -> None:
        dice = self.dice
        rows = []
        for number in range(dice.randint(0, 4)):
            reported = self._moments(1, BEGIN, BEGIN + 30 * DAY)[0]
            onset = dice.choice(("", stamp(reported - HOUR)))
            back = dice.choice(("", stamp(reported + dice.choice((HOUR, 3 * HOUR, 9 * HOUR)))))
            root = dice.choice([*self.targets, *self.links, self.sites[-1], "P1"])
            rows.append(f"D{number},{root},{stamp(reported)},{onset},{back},")
        self._enter("faults", "fault_id,root,reported,onset,restored,cause", *rows, recorded=NOW - DAY)
        self._issues()
        self._systems()

    def _issues(self) -> None:
        dice = self.dice
        stamps = [
            (self._moments(1, BEGIN - 3 * DAY, BEGIN + 35 * DAY)[0], dice.choice((None, HOUR, 2 * DAY, 6 * DAY)))
            for _ in range(5)
        ]
        kept = [(when, None if later is None or when + later > NOW - DAY else when + later) for when, later in stamps]
        self._enter(
            "data_issues",
            "issue_id,issued_at,rectified_at",
            *(f"I{n},{stamp(when)},{'' if done is None else stamp(done)}" for n, (when, done) in enumerate(kept)),
            recorded=NOW - DAY,
        )
        self._enter(
            "measures",
            "measure_id,indicator,numerator,denominator,date,document,signer",
            *(
                f"M{n},{indicator},{dice.randint(1, 99)}.{dice.randint(0, 9)},100,2025-03-0{dice.randint(1, 9)},文,王"
                for n, indicator in enumerate(dice.choices(("service_one_stop_rate", "online_handling_rate"), k=3))
            ),
            recorded=NOW - DAY,
        )

    def _systems(self) -> None:
        dice = self.dice
        heading = (
            "system_id,name,class,demand_mbps,required_links,planned_doc,accepted_on,acceptance_doc,online_on,used_on,"
            "usage_doc,connected_on,connection_doc"
        )
        self._enter(
            "systems",
            heading,
            *(
                f"B{n},系统{n},{dice.choice(('business', 'common'))},{dice.choice(('', '5', '20'))},"
                f"{';'.join(dice.sample(self.links, dice.randint(0, len(self.links))))},{dice.choice(('', '文'))},"
                f"{dice.choice(('', '2025-01-05', '2025-03-20'))},{dice.choice(('', '文'))},"
                f"{dice.choice(('', '2025-01-01'))},{dice.choice(('', '2025-03-15', '2025-04-05'))},"
                f"{dice.choice(('', '文'))},{dice.choice(('', '2025-01-01'))},文"
                for n in range(5)
            ),
            recorded=at("2025-04-06"),
        )
        self._enter("systems", "system_id,name,class", *(f"A{n},旧{n},common" for n in range(2)))

    def _later(self) -> None:
        """Entries that come late, or end a service (A2, M5)."""
        dice = self.dice
        target, link = dice.choice(self.targets), dice.choice(self.links)
        when = self._moments(1, BEGIN + DAY, BEGIN + 25 * DAY)[0]
        row = self.made.reader.register_rows("targets")
        body = next(each.body for each in row if each.id == target)
        recorded = when + dice.choice((-HOUR, HOUR, 5 * DAY))
        paper = dice.choice(("", "撤销3号"))
        self._enter(
            "targets",
            "target_id,kind,address,in_service_to,source_doc",
            f"{target},icmp,{body['address']},{stamp(when)},{paper}",
            recorded=recorded,
        )
        if dice.random() < 0.5:
            self._enter(
                "targets",
                "target_id,kind,address,in_service_from",
                f"{target},icmp,{body['address']},{stamp(when + dice.choice((2, 40)) * DAY)}",
                recorded=recorded + 3 * DAY,
            )
        if dice.random() < 0.5:
            self._enter(
                "links",
                "link_id,a_site,b_site,carrier,contracted_mbps",
                f"{link},{self.sites[0]},{dice.choice(self.sites[1:])},移动,50",
                recorded=recorded,
            )

    def _heads(self) -> None:
        for when in (NOW - 3 * HOUR, NOW - HOUR):
            head(self.made, when, {"identities": to_datetime(when, ZONE).date().toordinal() - 1})


def head(made: Books, when: int, closed: Mapping[str, int] | None = None) -> str:
    """A head of the chain over all that is there, what grows up to the days that are closed; its digest."""
    db = made.writer._db
    db.execute("BEGIN")
    cut = chaining.begin(db, "hour", when, closed or {}, {})
    db.execute("COMMIT")
    done = chaining.make(db, cut, "sha256", lambda: None)
    db.execute("BEGIN")
    kept = chaining.finish(db, cut, "sha256", done)
    db.execute("COMMIT")
    return kept.digest


def varied(plan: str, dice: random.Random, *, dated: bool = False) -> Plan:
    """A built-in plan with any of its options, which may change at the borders of March."""
    said = [
        Options(
            dice.choice(list(Variant)), dice.choice(("onset", "detected")), dice.random() < 0.5, dice.random() < 0.5
        )
        for _ in range(3)
    ]
    days = (-FOREVER, at(dice.choice(("2025-02-27", "2025-03-01"))), at(dice.choice(("2025-04-01", "2025-04-03"))))
    history = [Change(day, options, ADOPTED) for day, options in zip(days, said, strict=True)]
    made = replace(plan_by_id(plan), **said[0]._asdict())
    return with_options(replace(made, history=tuple(history)), reads) if dated else made


def pack(made: Books, plan: Plan, row: Row, path: Path, *, period: str = PERIOD, **options: Any) -> Path:
    """The pack of one row, written to a file."""
    return next(packs(made, replace(plan, rows=(row,)), path, period=period, **options))[1]


def packs(made: Books, plan: Plan, path: Path, *, period: str = PERIOD, **options: Any) -> Iterator[tuple[Row, Path]]:
    """The packs of all rows, one after the other in the same file; what is known is read once."""
    tables = PlanTables(made.reader)
    wanted = tables.asked(plan, period, **{"now": NOW, **options})
    for row in plan.rows:
        with path.open("wb") as file:
            write_pack(tables, wanted, row, file)
        yield row, path


def rewritten(path: Path, name: str, data: bytes, to: Path) -> Path:
    """The same pack with one file exchanged."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info, data if info.filename == name else old.read(info.filename))
    return to
