"""The files that agent.yml names under `registers`: applied at start and at a reload as `sla-agent import` would."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.config import Config
from agent.config.schema import RegisterFile
from agent.errors import UsageError
from agent.figures.book import Book
from agent.imports import ImportOutcome, ImportProblemsError, ImportRequest, apply_import, read_map
from agent.imports.files import read_file
from agent.registered import try_probing
from agent.registers import known_of
from agent.stores.opening import Location
from agent.stores.reading import SqliteReader
from agent.stores.registering import RegisterVersion
from agent.stores.trial import open_trial
from agent.stores.writing import SqliteWriter

LOG = logging.getLogger(__name__)

AUTHOR = "agent.yml"


def apply_files(config: Config, path: Path, now: int, writer: SqliteWriter) -> list[ImportOutcome]:
    """Each file in its order; one that is in the store already, as it is, is passed over. Units: now in microseconds.

    Errors: UsageError with everything that is wrong with any of the files; StoreError. Those before are then applied.
    """
    outcomes, refused = [], []
    for file in config.registers:
        request = _request(config, path.parent, file, now)
        if _is_in(writer.reader.register_versions(), request):
            continue
        try:
            outcomes.append(apply_import(writer, request))
        except ImportProblemsError as exc:
            refused.append(f"{exc}\n{exc.in_short(request.file)}")
    if refused:
        raise UsageError("\n".join(refused))
    return outcomes


def are_applied(config: Config, path: Path, now: int, reader: SqliteReader) -> bool:
    """Whether the store has all of them as they are: then a reload need not try out what it will not do.

    A trial has all rows of the registers once more, and of a city's they leave the memory in pieces.
    """
    versions = reader.register_versions()
    return all(_is_in(versions, _request(config, path.parent, file, now)) for file in config.registers)


def _is_in(versions: Mapping[str, RegisterVersion], request: ImportRequest) -> bool:
    version = versions.get(request.kind)
    return version is not None and version.digest == hashlib.sha256(request.data).hexdigest()


def try_files(config: Config, path: Path, now: int, location: Location) -> int:
    """Whether all files can be applied and probed, tried out on a copy of the store's registers; how many rows are new.

    Errors: as apply_files, and where the configuration cannot probe a row.
    """
    if not config.registers:
        return 0
    with open_trial(location) as writer:
        outcomes = apply_files(config, path, now, writer)
        try_probing(config, Book.read(writer.reader), now)
    return sum(outcome.rows for outcome in outcomes)


def tell(outcomes: Iterable[ImportOutcome]) -> None:
    """Log what has changed."""
    for outcome in outcomes:
        if outcome.changed:
            LOG.info("register %s: %s", outcome.kind, "; ".join(outcome.words()))


def _request(config: Config, folder: Path, file: RegisterFile, now: int) -> ImportRequest:
    name = str(folder / file.file)
    mapping = {} if file.map is None else read_map(str(folder / file.map), read_file(folder / file.map))
    return ImportRequest(
        kind=file.kind,
        file=name,
        data=read_file(Path(name)),
        now=now,
        by=AUTHOR,
        zone=config.zone_info,
        mapping=mapping,
        registered={target.id: target.kind for target in config.targets},
        known=known_of(config),
    )
