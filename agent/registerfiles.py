"""The files that agent.yml names under `registers`: applied at start and at a reload as `sla-agent import` would."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.config import Config
from agent.config.schema import RegisterFile
from agent.errors import UsageError
from agent.imports import ImportOutcome, ImportProblemsError, ImportRequest, read_map
from agent.registers import known_of

LOG = logging.getLogger(__name__)

AUTHOR = "agent.yml"
MAX_BYTES = 512 * 1024 * 1024

Apply = Callable[[ImportRequest], ImportOutcome]


def apply_files(config: Config, path: Path, now: int, apply: Apply) -> Iterator[ImportOutcome]:
    """Each file in its order, each whole or not at all; `apply` is told the request. Units: now in microseconds UTC.

    Errors: UsageError with everything that is wrong with the first file that is refused; StoreError.
    """
    for file in config.registers:
        request = _request(config, path.parent, file, now)
        try:
            outcome = apply(request)
        except ImportProblemsError as exc:
            raise UsageError(f"{exc}\n{exc.in_short(request.file)}") from None
        if outcome.changed:
            LOG.info("register %s: %s", file.kind, "; ".join(outcome.words()))
        yield outcome


def _request(config: Config, folder: Path, file: RegisterFile, now: int) -> ImportRequest:
    name = str(folder / file.file)
    mapping = {} if file.map is None else read_map(str(folder / file.map), _read(folder / file.map))
    return ImportRequest(
        kind=file.kind,
        file=name,
        data=_read(Path(name)),
        now=now,
        by=AUTHOR,
        zone=config.zone_info,
        mapping=mapping,
        registered={target.id: target.kind for target in config.targets},
        known=known_of(config),
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a file's path"
        raise UsageError(f"registers: {path}: {reason}; name a file that can be read") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"registers: {path}: got more than {MAX_BYTES // 1024 // 1024} MiB, wanted a smaller file")
    return data
