"""A small disk of its own: a tmpfs in a mount namespace that nobody else sees and that goes with its last process."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.running import DEADLINE_SECONDS, until
from tests.requirements import need_program, need_root

PAGE = 4096
COPY = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))"


class Disk:
    """`inside` is its folder for commands that begin with `prefix`, `outside` the same folder for this process."""

    def __init__(self, holder: int, folder: Path) -> None:
        self.inside = folder
        self.outside = Path(f"/proc/{holder}/root{folder}")
        self.prefix = (need_program("nsenter"), f"--mount=/proc/{holder}/ns/mnt", f"--wd={Path.cwd()}", "--")
        self._filler = self.outside / "filler"

    def copied(self, name: str, to: Path) -> Path:
        """A consistent copy of a store there, made by SQLite while somebody writes it."""
        to.unlink(missing_ok=True)
        command = [*self.prefix, sys.executable, "-c", COPY, str(self.inside / name), str(to)]
        subprocess.run(command, check=True, timeout=DEADLINE_SECONDS)
        return to

    def fill(self) -> int:
        """Take all room that is left; how many bytes that was."""
        with self._filler.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * PAGE)
            except OSError as exc:
                if exc.errno != errno.ENOSPC:
                    raise
        return self._filler.stat().st_size

    def give_room(self) -> None:
        """Give all of it back."""
        self._filler.unlink(missing_ok=True)

    @property
    def room(self) -> int:
        """Bytes that are free."""
        found = os.statvfs(self.outside)
        return found.f_bavail * found.f_frsize


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Disk]:
    """A disk of that size on the folder."""
    need_root()
    unshare, mount = need_program("unshare"), need_program("mount")
    folder.mkdir()
    script = f'"{mount}" -t tmpfs -o size={size} tmpfs "{folder}" && exec sleep infinity'
    with subprocess.Popen([unshare, "--mount", "--propagation", "private", "sh", "-c", script]) as holder:
        try:
            made = Disk(holder.pid, folder)
            until(made.outside.is_mount, "the small disk", holder)
            yield made
        finally:
            holder.kill()
