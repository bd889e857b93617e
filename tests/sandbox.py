"""Runs a command under the system calls that a unit allows; needs the system's Python with libseccomp.

Usage: python3 sandbox.py UNIT COMMAND...  with no_new_privs set. What it reads of the unit: SystemCallFilter,
RestrictAddressFamilies and MemoryDenyWriteExecute, as systemd.exec(5) says what they do.
"""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import seccomp

PROT_WRITE, PROT_EXEC = 2, 4
BOTH = PROT_WRITE | PROT_EXEC


def values(unit: Path, option: str) -> list[str]:
    """The words of each line that sets the option."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{option}=")]


def expanded(word: str) -> set[str]:
    """A system call, or all that a group holds, groups of groups included."""
    if not word.startswith("@"):
        return {word}
    shown = subprocess.run(["systemd-analyze", "syscall-filter", word], check=True, capture_output=True, text=True)
    names = [
        line.strip() for line in shown.stdout.splitlines()[1:] if line.strip() and not line.strip().startswith("#")
    ]
    return {call for name in names for call in expanded(name)}


def allowed(unit: Path) -> set[str]:
    """The allow list: lines add to it, lines that begin with ~ take from it."""
    calls: set[str] = set()
    for line in values(unit, "SystemCallFilter"):
        named = set().union(*(expanded(word) for word in line.removeprefix("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def restrict(unit: Path) -> None:
    """Load the filter for this process and all that it starts."""
    filter_ = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    families = [getattr(socket, name) for name in values(unit, "RestrictAddressFamilies")[0].split()]
    for call in sorted(allowed(unit)):
        try:
            number = seccomp.resolve_syscall(seccomp.Arch(), call)
        except ValueError:
            continue
        if number < 0:
            continue  # of another architecture
        for conditions in rules(call, families):
            filter_.add_rule(seccomp.ALLOW, call, *conditions)
    filter_.load()


def rules(call: str, families: list[int]) -> list[list[object]]:
    """The argument conditions under which a call is allowed; any of them is enough."""
    if call == "socket":
        return [[seccomp.Arg(0, seccomp.EQ, int(family))] for family in families]
    if call in ("mmap", "mmap2"):
        return [[seccomp.Arg(2, seccomp.MASKED_EQ, BOTH, value)] for value in (0, PROT_WRITE, PROT_EXEC)]
    if call in ("mprotect", "pkey_mprotect"):
        return [[seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, 0)]]
    return [[]]


if __name__ == "__main__":
    # the interpreter starts before the filter stands, as /usr/lib/systemd does; the command starts under it
    restrict(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
