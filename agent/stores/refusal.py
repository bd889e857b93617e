"""Why a store refuses, and what a person can do about it."""

import sqlite3

_REMEDIES = {
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_IOERR: "look at its disk and at the kernel's log",
    sqlite3.SQLITE_BUSY: "another program holds the file: end it",
    sqlite3.SQLITE_READONLY: "give the file and its folder to the user of the agent, on a disk that may be written",
    sqlite3.SQLITE_CANTOPEN: "look at its folder, its owner and the open files of this process (ulimit -n)",
}
_PRIMARY = 0xFF
"""The primary result code under an extended one (https://www.sqlite.org/rescode.html)."""


def why(exc: sqlite3.Error) -> str:
    """SQLite's words, with a next step where there is one."""
    remedy = _REMEDIES.get(getattr(exc, "sqlite_errorcode", 0) & _PRIMARY)
    return f"{exc}; {remedy}" if remedy else str(exc)
