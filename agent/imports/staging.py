"""A file read and checked in a process of its own while an agent runs, and what the two processes tell each other.

The agent times probes: reading a million rows beside them would make them look slow, and a file that needs more
memory than there is would end the agent. So a child with the lowest claim to processor and memory does it. It reads
the agent's store and leaves a small store of its own with what is to be added, which is then copied in seconds.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from agent.errors import StoreError, UsageError
from agent.imports.apply import Parsed
from agent.imports.problems import ImportProblemsError, RowProblem
from agent.imports.request import ImportOutcome, ImportRequest, Tally
from agent.registers.known import known_from_json
from agent.stores.importing import ImportStore
from agent.stores.opening import Location, connect, migrate
from agent.stores.writing import SqliteWriter

ROWS_MAX = 2_000_000
"""New rows that a running agent takes at once: while they are copied no heartbeat is written, and E5 allows 10 s."""

TARGETS_MAX = 50_000
"""New ids that a running agent takes at once: they are given out in its loop."""

COMMAND = ("-P", "-c", "from agent.imports.staging import main; main()")
"""The child, run by this process's own interpreter with its own import path, whatever folder it stands in."""

_FIRST_PROVISIONAL = -(1 << 40)
_NICE = 10
_SPLIT = "split the file by target, or stop the agent and import the whole of it then"

Json = dict[str, Any]


class Order(NamedTuple):
    """What the child is to do: read `data`, hold it against `store`, leave what is new in `staged`."""

    request: ImportRequest
    data: Path
    store: Path
    staged: Path

    def to_json(self) -> str:
        """For the child's standard input; the file's bytes stay where they are."""
        request = self.request
        body = {
            "kind": request.kind,
            "file": request.file,
            "now": request.now,
            "by": request.by,
            "zone": request.zone.key,
            "as_of": request.as_of,
            "create_targets": request.create_targets,
            "dry_run": request.dry_run,
            "mapping": dict(request.mapping),
            "registered": dict(request.registered),
            "known": None if request.known is None else request.known.to_json(),
        }
        return json.dumps({"request": body, "paths": [str(self.data), str(self.store), str(self.staged)]})


def order_from_json(text: str) -> Order:
    """The child's side: the order again, with the file's bytes."""
    said = json.loads(text)
    data, store, staged = map(Path, said["paths"])
    zone = ZoneInfo(said["request"].pop("zone"))
    known = said["request"].pop("known")
    allocate = count(_FIRST_PROVISIONAL).__next__
    request = ImportRequest(
        data=data.read_bytes(),
        zone=zone,
        allocate=allocate,
        known=None if known is None else known_from_json(known),
        **said["request"],
    )
    return Order(request, data, store, staged)


def stage(order: Order) -> ImportOutcome:
    """Read, check, and leave what is new in the staged store. Errors: UsageError, ImportProblemsError, StoreError."""
    request = order.request
    with closing(connect(Location(order.store), read_only=True)) as db:
        plan = Parsed(request).plan(ImportStore(db))
    _check_size(plan.outcome)
    if plan.outcome.changed and not request.dry_run:
        location = Location(order.staged)
        with closing(connect(location)) as db:
            migrate(db, location)
            with SqliteWriter(db).transaction() as inside:
                plan.write(ImportStore(inside))
    return plan.outcome


def provisional_ids(created: Iterable[str]) -> Mapping[str, int]:
    """The ids that new components have in the staged store. Shape: as an outcome lists them, in order."""
    return dict(zip(created, count(_FIRST_PROVISIONAL), strict=False))


def outcome_from_json(text: bytes) -> ImportOutcome:
    """What the child answered. Errors: UsageError, StoreError and ImportProblemsError, as the child raised them."""
    said: Json = json.loads(text)
    if "problems" in said:
        raise ImportProblemsError([RowProblem(*problem) for problem in said["problems"]], said["more"])
    if "refused" in said:
        raise UsageError(said["refused"])
    if "store" in said:
        raise StoreError(said["store"])
    body = said["outcome"]
    lines = {name: tuple(body[name]) for name in ("created", "notes", "changes")}
    return ImportOutcome(**{**body, **lines, "tally": Tally(**body["tally"])})


def main() -> None:
    """The child: an order on standard input, the answer on standard output."""
    _give_way()
    json.dump(_answer(sys.stdin.read()), sys.stdout)


def _answer(text: str) -> Json:
    try:
        return {"outcome": _outcome_json(stage(order_from_json(text)))}
    except ImportProblemsError as exc:
        return {
            "problems": [[one.file, one.line, one.column, one.text, one.sheet] for one in exc.problems],
            "more": exc.more,
        }
    except UsageError as exc:
        return {"refused": str(exc)}
    except StoreError as exc:
        return {"store": str(exc)}


def _outcome_json(outcome: ImportOutcome) -> Json:
    return asdict(replace(outcome, kinds=dict(outcome.kinds)))


def _check_size(outcome: ImportOutcome) -> None:
    for what, got, most in (
        ("new rows", outcome.tally.added, ROWS_MAX),
        ("new targets", len(outcome.created), TARGETS_MAX),
    ):
        if got > most:
            wanted = f"wanted at most {most} at once while an agent runs"
            raise UsageError(f"{outcome.file}: got {got} {what}, {wanted}; {_SPLIT}")


def _give_way() -> None:
    """Probes come first; and if memory runs out, the kernel is to take this process, never the agent."""
    with suppress(OSError):  # a unit's filter of system calls may forbid it (@resources)
        os.nice(_NICE)
    with suppress(OSError):  # a container may not allow it; then the limits of the system hold
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
