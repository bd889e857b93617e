"""Report files on the disk: new ones never over old ones, kept ones exchanged as a whole."""

import os
import tempfile
from pathlib import Path

from agent.errors import AgentError, UsageError

_MODE = 0o644


def refuse_old(path: Path) -> None:
    """Say it before the work, not after. Errors: UsageError for a file that is there."""
    if path.exists():
        raise UsageError(f"{path}: there is a file already, wanted a new name; nothing was written")


def write_new(path: Path, data: bytes) -> None:
    """A file of this name, which there was not. Errors: UsageError."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError(f"{path}: there is a file already, wanted a new name; nothing was written") from None
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}; name a file that can be written") from None


def write_whole(path: Path, data: bytes) -> None:
    """The file holds all of it or what it held before, whatever happens between. Errors: AgentError."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(_MODE)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise AgentError(f"{path}: {exc.strerror}; make the folder writable for the agent") from exc
