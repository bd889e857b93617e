"""Whether this host, this configuration and this store let an agent measure, and what to do where they do not."""

from collections.abc import Iterator
from pathlib import Path

from agent.config import Config, ConfigError, load
from agent.doctor.files import examine_files
from agent.doctor.findings import Finding, Level
from agent.doctor.host import examine_host
from agent.doctor.network import examine_network
from agent.doctor.reach import examine_reach
from agent.doctor.service import examine_service
from agent.doctor.setup import examine_setup
from agent.doctor.store import examine_store
from collectors import KINDS

__all__ = ["Finding", "Level", "examine"]

_CONFIGURATION = "configuration"


def examine(path: Path, root: Path = Path("/")) -> Iterator[Finding]:
    """Everything there is to say, as it is found; `root` is where the machine's own files are looked for."""
    config = None
    for finding in _configuration(path):
        if isinstance(finding, Finding):
            yield finding
        else:
            config = finding
    yield from examine_host(config, root)
    yield from examine_service(config, root)
    yield from examine_network(config, root)
    if config is not None:
        yield from examine_setup(config)
        yield from examine_reach(config, root)
        yield from examine_files(config, path)
        yield from examine_store(config)


def _configuration(path: Path) -> Iterator[Finding | Config]:
    try:
        config = load(path, KINDS)
    except ConfigError as exc:
        for problem in exc.problems:
            yield Finding(
                _CONFIGURATION, Level.PROBLEM, str(problem), "mend the file; store and targets are not looked at"
            )
        return
    text = f"{path}: {len(config.targets)} targets, {len(config.modules)} modules; every secret they name can be read"
    yield Finding(_CONFIGURATION, Level.OK, text)
    yield config
