"""One process writes a store: an operating-system lock beside the file, which names its holder."""

import fcntl
import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.errors import StoreError, StoreHeldError
from agent.stores.opening import Location


class Holder:
    """Holds the lock from construction to `release`; the kernel frees it when the process dies, however it dies.

    Errors: StoreHeldError naming the holder if another process writes the store.
    """

    def __init__(self, location: Location, purpose: str, address: str = "") -> None:
        self._file: int | None = None
        if location.path is None:
            return
        path = lock_path(location.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as exc:
            owner = "give it, and the store, to the user that writes the store (chown)"
            raise StoreError(f"store {location}: cannot open its lock {path}: {exc.strerror}; {owner}") from exc
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = describe(holder_of(location.path))
            self._close()
            raise StoreHeldError(f"store {location} is held by {holder}; stop it, or name another store") from None
        self._purpose, self._path = purpose, path
        try:
            self.announce(address)
        except StoreError:
            self._close()
            raise

    def announce(self, address: str) -> None:
        """Say in the lock file who holds it, and where it answers. Errors: StoreError where it cannot be written."""
        if self._file is None:
            return
        body = {"pid": os.getpid(), "host": socket.gethostname(), "purpose": self._purpose, "address": address}
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(body).encode(), 0)
        except OSError as exc:
            raise StoreError(f"cannot write the lock {self._path} of the store: {exc.strerror}") from exc

    def release(self) -> None:
        """Let another process write."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def lock_path(path: Path) -> Path:
    """The lock file of a store; links to the store lead to the same one."""
    real = path.resolve()
    return real.with_name(real.name + ".lock")


def live_holder(location: Location) -> dict[str, str] | None:
    """Who writes the store now, None if nobody does."""
    if location.path is None or not lock_path(location.path).exists():
        return None
    file = os.open(lock_path(location.path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return holder_of(location.path)
    finally:
        os.close(file)
    return None


def holder_of(path: Path) -> dict[str, str]:
    """What the lock file says of its holder; empty if it says nothing readable."""
    try:
        body = json.loads(lock_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in body.items()} if isinstance(body, dict) else {}


def describe(holder: dict[str, str]) -> str:
    """The holder in words: what it is, process id, host and address."""
    if not holder:
        return "another process"
    at = f" at http://{holder['address']}" if holder.get("address") else ""
    return f"{holder.get('purpose', 'a process')} with process id {holder.get('pid')} on {holder.get('host')}{at}"
