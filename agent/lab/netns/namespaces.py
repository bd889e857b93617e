"""Network namespaces of one lab: made under a name that says whose they are, and always deleted.

A lab that was killed leaves its namespaces behind; the next one sweeps those whose process is gone.
"""

import ctypes
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.lab.netns.commands import ip, ip_batch
from agent.lab.netns.needs import NetnsError

PREFIX = "sla-lab"
NAMED = re.compile(rf"{PREFIX}-(\d+)-\d+-[a-z0-9]+")
RUN = Path("/run/netns")
ETC = Path("/etc/netns")
"""Files here stand in for those of /etc, for what `ip netns exec` starts."""

_CLONE_NEWNET = 0x40000000

SETTINGS = {
    # a router that says "unreachable" says it every time: what the agent concludes must not hang on a rate limit
    "net/ipv4/icmp_ratemask": "0",
    "net/ipv6/icmp/ratelimit": "0",
    # a packet on a detour that would end in a socket here is no stray: the kernel would drop it
    "net/ipv4/ip_early_demux": "0",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv6/conf/all/keep_addr_on_down": "1",
    "net/ipv6/conf/default/keep_addr_on_down": "1",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/accept_ra": "0",
}

ROUTING = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    "net/ipv6/ip_nonlocal_bind": "1",  # an address of a prefix that is local as a whole
}

_LIBC = ctypes.CDLL(None, use_errno=True)


class Namespaces:
    """The namespaces of one lab, by what they are: `core`, `vantage`, a county. Made within `with`, gone after it."""

    _numbers = itertools.count()

    def __init__(self) -> None:
        self.prefix = f"{PREFIX}-{os.getpid()}-{next(self._numbers)}"
        self._made: list[str] = []

    def __enter__(self) -> Self:
        sweep()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        for name in reversed(self._made):
            _delete(name)
        self._made.clear()

    def name(self, what: str) -> str:
        """The full name of one of them."""
        return f"{self.prefix}-{what}"

    def add(self, what: str, *, routes: bool = True) -> str:
        """One more with lo up, a router of both IP versions or a host. Errors: NetnsError."""
        name = self.name(what)
        ip("netns", "add", name)
        self._made.append(name)
        with inside(name):
            for path, value in (SETTINGS | (ROUTING if routes else {})).items():
                _set(path, value)
        ip_batch(name, ["link set lo up"])
        return name

    def give(self, what: str, file: str, text: str) -> None:
        """A file of its own instead of /etc's, such as `hosts`, for what is started in it."""
        folder = ETC / self.name(what)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")


def sweep() -> list[str]:
    """Delete the namespaces of labs whose process is gone; which ones."""
    found = [name for name in _present() if (made := NAMED.fullmatch(name)) and not Path(f"/proc/{made[1]}").exists()]
    for name in found:
        _delete(name)
    return found


def _delete(name: str) -> None:
    ip("netns", "del", name, ok=False)
    shutil.rmtree(ETC / name, ignore_errors=True)


def _present() -> list[str]:
    return sorted(each.name for each in RUN.iterdir()) if RUN.is_dir() else []


def _set(path: str, value: str) -> None:
    """A setting of the namespace that this thread is in; one that this kernel lacks is passed over."""
    file = Path("/proc/sys") / path
    if file.exists():
        file.write_text(value, encoding="ascii")


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Sockets opened in this block live in the namespace, and stay there. Never await within it.

    Errors: NetnsError where the namespace is gone or may not be entered.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter_by_name(name)
        try:
            yield
        finally:
            _enter(home, "its own namespace")
    finally:
        os.close(home)


def _enter_by_name(name: str) -> None:
    try:
        there = os.open(RUN / name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as exc:
        raise NetnsError(f"lab: network namespace {name}: {exc.strerror}; was it deleted?") from exc
    try:
        _enter(there, name)
    finally:
        os.close(there)


def _enter(descriptor: int, name: str) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        raise NetnsError(f"lab: cannot enter {name}: {os.strerror(ctypes.get_errno())}; it takes root")
