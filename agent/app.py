"""The composition root: builds the parts, runs them in one task group, and stops them in order. No policy here."""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from agent import fitting, housekeeping, reportjobs
from agent.calendar import Calendar
from agent.clock import Clock, RunClock, read_anchor
from agent.clockwatch import Begin, ClockWatch, Heard, begin
from agent.commit import Committer
from agent.config import Config, ConfigError, as_dict, diff
from agent.counting import count_selfchecks, count_targets
from agent.entries import Entry
from agent.errors import AgentError, UsageError
from agent.exporter import Exporter
from agent.faultmetrics import FaultMetrics
from agent.figures.book import Book, Shelf
from agent.figures.topology import Topology
from agent.headmaking import HeadMaker
from agent.hints import Hints
from agent.housekeeping import Housekeeping, running_periods, tallies_of
from agent.indicators import Indicators
from agent.inline import inline_rows
from agent.known import Known
from agent.ledger import Ledger
from agent.linkmetrics import LinkMetrics
from agent.metrics import value_families
from agent.modules import Modules
from agent.notices.parts import notice_watch
from agent.process import (
    give_back_memory,
    put_the_loop_first,
    raise_descriptor_limit,
    settle_memory,
    share_the_interpreter,
    undisturbed,
)
from agent.registered import try_probing
from agent.registerfiles import apply_files, are_applied, tell, try_files
from agent.registermetrics import RegisterMetrics
from agent.reportjobs import ReportJobs
from agent.runner import Runner
from agent.selfmetrics import SelfMetrics
from agent.stores.base import Batch, RunRequest, RunStart
from agent.stores.holder import Holder
from agent.stores.opening import SIMULATED, Location, connect, migrate, parse_url
from agent.stores.packedmarks import PackedMarks
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from agent.taking import AT_ONCE, wanted
from agent.targets import Watched
from agent.traps import TrapListeners
from agent.upkeep import Upkeep
from agent.version import METHOD_VERSION, VERSION
from agent.web.server import Server
from collectors.base import Kind

LOG = logging.getLogger(__name__)


class Agent:
    """One running agent. `serve` runs it until a signal; `reload` takes a new configuration while it runs."""

    def __init__(
        self, path: Path, config: Config, load: Callable[[], Config], kinds: Sequence[Kind], clock: Clock
    ) -> None:
        self.path = path
        self.config = config
        self._load = load
        self.kinds = kinds
        self.machine_clock = clock
        self.metrics = SelfMetrics()
        self.location: Location = parse_url(config.store.url, simulated=config.store.simulated)
        self.watched: Mapping[str, Watched] = {}
        self.is_ready = self.is_simulated = False
        self._stop = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self.reloading = asyncio.Lock()
        self.shelf = Shelf()
        self._topology: Topology | None = None
        self._book: Book | None = None

    async def serve(self) -> None:
        """Run until SIGTERM or SIGINT. Errors: AgentError when it cannot start."""
        with Holder(self.location, "sla-agent run", self.config.web.listen_address) as self.holder:
            async with AsyncExitStack() as stack:
                with undisturbed():
                    self._build()
                    stack.callback(self.reader.close)
                    stack.callback(self.writer.close)
                    await self._start()
                    settle_memory()
                stack.push_async_callback(self.modules.close)
                try:
                    await self._run()
                finally:
                    await self._finish()

    def stop(self) -> None:
        """Ask it to end cleanly."""
        self._stop.set()

    async def reload(self) -> None:
        """Take the file as it is now; only the difference is re-scheduled.

        Errors: ConfigError or AgentError; then nothing has changed and a metric says so.
        """
        async with self.reloading, self.supervised.reloading():
            try:
                config = self._load()
                self._refuse_restart_only(config)
                await asyncio.to_thread(self._apply_registers, config)
                await self._take(config)
            except (ConfigError, AgentError):
                self.metrics.reload_ok.set(0)
                raise
            self._record("reload", as_dict(config))
            self._loaded()

    def _apply_registers(self, config: Config) -> None:
        """Files of registers and records: all of them, or what is wrong with any and the store stays as it was."""
        now = self.clock.now_us()
        if are_applied(config, self.path, now, self.reader):
            try_probing(config, self.shelf.book(self.reader), now)
            return
        try_files(config, self.path, now, self.location)
        tell(apply_files(config, self.path, now, self.writer))

    async def registers_changed(self) -> None:
        """An import has changed the registers, the windows or the past: take what they say now."""
        async with self.reloading:
            await self._take(self.config)
            self.faults.refresh()

    def _build(self) -> None:
        connection = connect(self.location)
        migrate(connection, self.location)
        self.writer = SqliteWriter(connection)
        self.reader = SqliteReader(connect(self.location, read_only=True) if self.location.path else connection)
        dated = self._begin_dating()
        self.clock = RunClock(self.machine_clock, dated.anchor)
        left_open = self.reader.clock_steps(only_open=True)
        zone = self.config.zone_info
        start = self._start_run()
        now = self.clock.now_us()
        periods = running_periods(now, zone)
        known = Known(
            start, now, self.reader.components(), PackedMarks(self.reader.all_marks()), list(periods.values())
        )
        self.is_simulated = self.reader.meta(SIMULATED) == "true"
        simulated = {SIMULATED: "true"} if self.is_simulated else {}
        self.committer = Committer(self.writer, start, self.clock.now_us, self._durable, self.metrics)
        self.exporter = Exporter(value_families(self.kinds), self._settle, self.clock.now_us, simulated)
        tallies = tallies_of(self.committer, zone)
        self.ledger = Ledger(known, self.committer, self.exporter, tallies, self.metrics.dropped)
        self.runner = Runner(self.clock, self.ledger, self.committer, self.metrics)
        self.link_metrics = LinkMetrics(self.ledger.of_target, self.clock.now_us, simulated)
        self.hints = Hints(self.runner.schedule, self.metrics)
        self.traps = TrapListeners(self.hints, self.metrics)
        self.fault_metrics = FaultMetrics(self.metrics.registry, self.clock.now_us, lambda: self._topology, simulated)
        self.faults = self.fault_metrics.watch = fitting.fault_watch(self, zone)
        self.indicators = Indicators(self.metrics.registry, self.reader, self.shelf, self.clock.now_us, simulated)
        self.supervised = fitting.supervised(self)
        self.paths = fitting.path_watch(self)
        self.chained = fitting.chained(self)
        kinds = {kind.name: kind for kind in self.kinds}
        self.notices = notice_watch(self)
        self.modules = Modules(kinds, self.runner.modules)
        self.prober = fitting.prober(self, kinds)
        self.runner.clock_in_doubt = self.ledger.meters.in_doubt = lambda: self.watch.unresolved
        self.reports = ReportJobs(
            self.reader, self.shelf, self.clock.now_us, self.metrics, lambda: self.watch.unresolved
        )
        self.calendar = Calendar(zone, self.machine_clock.wall_us)
        heard = Heard(self.calendar.clock_stepped, self._on_jump)
        self.watch = ClockWatch(self.clock, self.committer, self.metrics, dated, left_open, heard)
        self.housekeeping = Housekeeping(self.clock, self.ledger, self.exporter, self.watch, zone)
        self.upkeep = Upkeep(self.calendar, self.housekeeping, self.committer, self.writer.tidy, self._look_at_register)

    def _begin_dating(self) -> Begin:
        """How this run is dated. A wall clock that lies before the last durable record is not believed (T4)."""
        dated = begin(read_anchor(self.machine_clock), self.machine_clock.boot_id(), self.reader.last_dating())
        if dated.behind_until is not None:
            LOG.error(
                "the wall clock is behind the last durable record; this run is dated on from that record, %.3f s "
                "ahead; set the clock; nothing irreversible runs before it has passed that record",
                -dated.offset_us / 1e6,
            )
        return dated

    def _on_jump(self, at: int, resumed: int) -> None:
        """The run goes over to a later dating: the time between was measured by nobody (T4)."""
        self.ledger.break_off(at, resumed)
        self.housekeeping.begin_periods()

    def _start_run(self) -> RunStart:
        self.heads = HeadMaker(self.location, self.writer, self.config.zone_info)
        self.heads.begin_late(self.clock.now_us())
        request = RunRequest(
            vantage=self.config.vantage.name,
            boot_id=self.machine_clock.boot_id(),
            now=self.clock.now_us(),
            anchor=self.clock.anchor,
            version=VERSION,
            pid=os.getpid(),
        )
        return self.writer.start_run(request)

    async def _start(self) -> None:
        self.housekeeping.begin_periods()
        self.watch.look()
        self.metrics.store_durable.set(self.clock.now_us() / 1e6)
        self.metrics.guests.set_function(lambda: self.prober.active)
        self.metrics.store_waiting.set_function(lambda: self.committer.waiting)
        self.metrics.store_bytes.set_function(lambda: housekeeping.store_bytes(self.location.path))
        self.register_metrics = RegisterMetrics(self.faults.said, {SIMULATED: "true"} if self.is_simulated else {})
        self._apply_registers(self.config)
        await self._take(self.config)
        self._record("start", as_dict(self.config))
        self._loaded()
        self.calendar.daily("reports", self.reports.look, at=reportjobs.DAILY_AT)
        self.server = Server(self)

    async def _run(self) -> None:
        raise_descriptor_limit()
        share_the_interpreter()
        async with asyncio.TaskGroup() as group:
            self._group = group
            guests = group.create_task(self.prober.serve())
            tasks = [
                group.create_task(self.committer.serve()),
                group.create_task(self.runner.serve()),
                group.create_task(self.housekeeping.serve()),
                group.create_task(self.faults.serve()),
                group.create_task(self.indicators.serve()),
                group.create_task(self.reports.serve()),
                group.create_task(self.traps.serve()),
                group.create_task(self.paths.serve()),
                group.create_task(self.notices.serve()),
                group.create_task(self.supervised.serve()),
                group.create_task(self.chained.serve()),
                group.create_task(put_the_loop_first()),
                group.create_task(give_back_memory()),
            ]
            await self.server.start()
            self.holder.announce(self.server.address)
            self.calendar.start()
            self._listen(asyncio.get_running_loop())
            self.is_ready = True
            LOG.info("ready: %d targets, http://%s/", fitting.targets(self), self.server.address)
            self.supervised.ready()
            await self._stop.wait()
            self.supervised.stopping()
            self.is_ready = False
            self.calendar.stop()
            guests.cancel()
            await asyncio.wait([guests])  # who waits for a probe is told, before the server ends what is under way
            await self.server.stop()
            for task in tasks:
                task.cancel()

    async def _finish(self) -> None:
        """The last edges and what each component was known by: nothing that was measured is lost by a clean stop."""
        self._record("stop", {})
        await self.committer.close(self.ledger.finish())

    async def _take(self, config: Config) -> None:
        """Make a configuration the one in force: modules first, then the difference of what is watched."""
        await self.indicators.take(config.plans, self.path.parent)
        self.reports.take(config.reports, config.plans, self.path.parent)
        self.chained.take(config)
        now = self.clock.now_us()
        # in the writer's thread, and in another: neither a locked store nor 43 000 rows may stop the loop
        await self.committer.run_in_writer(partial(self.writer.set_inline, inline_rows(config), config.digest, now))
        with undisturbed():
            found = await asyncio.to_thread(wanted, config, self.shelf, self.reader, self.watched, now)
        retired = await self.modules.take(found.config, found.modules)
        for kind, limits in config.kinds.items():
            self.runner.limit(kind, limits.concurrency, limits.per_second)
        now = self.clock.now_us()
        for target_id in found.gone:
            self.runner.schedule.remove(target_id)
            self.ledger.forget(target_id, now)
        self._watch(found.changed)  # at once: the modules of their old options may be closed already
        self.config, self.watched = config, found.kept
        for start in range(0, len(found.new), AT_ONCE):
            self._watch(found.new[start : start + AT_ONCE])
            await asyncio.sleep(0)
        self.watched = found.watched
        self.hints.take(found.hinted)
        self.traps.take(config.traps)
        self.notices.take(config.notices, self.path.parent)
        self.exporter.wanted = config.web.families
        is_same = found.book is self._book and not (found.gone or found.changed or found.new)
        self._topology, self._book = found.topology, found.book
        self.link_metrics.lines = found.lines
        self.register_metrics.rows = found.registered
        if not is_same:  # all faults would be found anew from the store
            self.faults.refresh()
        self.upkeep.at_border(found.book.next_border(now), self.registers_changed)
        count_targets(self.metrics, self.kinds, self.watched.values(), self.runner.lanes)
        count_selfchecks(self.metrics, self.ledger.vantage.planes())
        if self._group is not None and retired:
            self._group.create_task(self._close_later(retired))

    def _watch(self, watched: Sequence[Watched]) -> None:
        for each in watched:
            self.ledger.watch(each)
            self.runner.schedule.add(each)

    async def _close_later(self, retired: list[AsyncExitStack]) -> None:
        """Close replaced collectors when no probe of theirs can be under way any more."""
        await asyncio.sleep(max((module.timeout_seconds for module in self.config.modules.values()), default=0) + 1)
        for stack in retired:
            await stack.aclose()

    def _refuse_restart_only(self, config: Config) -> None:
        names = diff(self.config, config).restart_needed
        if names:
            raise UsageError(f"{self.path}: {', '.join(names)} changed, which a reload cannot; restart the agent")

    def _settle(self, entry: Entry) -> None:
        self.ledger.settle(entry)

    async def _durable(self, batch: Batch) -> None:
        self.metrics.store_durable.set(batch.heartbeat / 1e6)
        await self.ledger.durable(batch)
        self.paths.durable(batch)
        self.faults.durable(batch)
        self.indicators.durable(batch)

    def _loaded(self) -> None:
        self.metrics.reload_ok.set(1)
        self.metrics.reload_at.set(self.clock.now_us() / 1e6)
        self._look_at_register()

    def _look_at_register(self) -> None:
        """How old the file is that the targets were read from; without a file there is no sample."""
        if self.path.exists():
            self.metrics.register_age.set(max(self.machine_clock.wall_us() / 1e6 - self.path.stat().st_mtime, 0))

    def _record(self, kind: str, body: dict[str, object]) -> None:
        """Start, stop, reload with the parameters in force (E7)."""
        full = {"version": VERSION, "method_version": METHOD_VERSION, "digest": self.config.digest, **body}
        self.committer.record(self.clock.now_us(), kind, json.dumps(full, ensure_ascii=False, default=str))

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)

    def _on_hangup(self) -> None:
        if self._group is not None:
            self._group.create_task(self._reload_logged())

    async def _reload_logged(self) -> None:
        try:
            await self.reload()
        except (ConfigError, AgentError) as exc:
            LOG.error("reload refused, the old configuration stays in force:\n%s", exc)  # noqa: TRY400 (says it all)
