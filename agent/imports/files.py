"""Files as an import takes them: whole, within a bound, or in words why not."""

from pathlib import Path

from agent.errors import UsageError

MAX_BYTES = 512 * 1024 * 1024
_MIB = 1024 * 1024


def read_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """All of a file. Errors: UsageError naming it."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a file's path"
        raise UsageError(f"{path}: {reason}; name a file that can be read") from None
    if len(data) > limit:
        raise UsageError(f"{path}: got more than {limit // _MIB} MiB, wanted a smaller file; split it")
    return data
