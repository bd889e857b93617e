"""One table: what an error number of the operating system says about the target, or about us (S1).

An answer from the path (refused, unreachable, reset) is evidence against the target. A local number (no
descriptor, no address, no route of our own) says only that we could not measure.
"""

import errno
import os

from collectors.base import Outcome, Reading, Reason, error, failed

ERRNOS: dict[int, tuple[Outcome, Reason]] = {
    errno.ECONNREFUSED: (Outcome.FAILED, Reason.REFUSED),
    errno.ECONNRESET: (Outcome.FAILED, Reason.RESET),
    errno.EPIPE: (Outcome.FAILED, Reason.RESET),
    errno.ECONNABORTED: (Outcome.FAILED, Reason.RESET),
    errno.ETIMEDOUT: (Outcome.FAILED, Reason.TIMEOUT),
    errno.EHOSTUNREACH: (Outcome.FAILED, Reason.UNREACHABLE),
    errno.EHOSTDOWN: (Outcome.FAILED, Reason.UNREACHABLE),
    errno.ENETUNREACH: (Outcome.ERROR, Reason.NO_ROUTE),
    errno.ENETDOWN: (Outcome.ERROR, Reason.NO_ROUTE),
    errno.EADDRNOTAVAIL: (Outcome.ERROR, Reason.NO_ROUTE),
    errno.EAFNOSUPPORT: (Outcome.ERROR, Reason.NO_ROUTE),
    errno.ENODEV: (Outcome.ERROR, Reason.NO_ROUTE),
    errno.EINVAL: (Outcome.ERROR, Reason.NO_ROUTE),
    errno.EACCES: (Outcome.ERROR, Reason.PERMISSION),
    errno.EPERM: (Outcome.ERROR, Reason.PERMISSION),
    errno.EMFILE: (Outcome.ERROR, Reason.RESOURCES),
    errno.ENFILE: (Outcome.ERROR, Reason.RESOURCES),
    errno.ENOBUFS: (Outcome.ERROR, Reason.RESOURCES),
    errno.ENOMEM: (Outcome.ERROR, Reason.RESOURCES),
    errno.ENOSPC: (Outcome.ERROR, Reason.RESOURCES),  # the kernel's limit of epoll watches
    errno.EAGAIN: (Outcome.ERROR, Reason.RESOURCES),
    errno.EADDRINUSE: (Outcome.ERROR, Reason.RESOURCES),
}

_PATH_SAYS_NO = frozenset({errno.ENETUNREACH, errno.ENONET, errno.EACCES, errno.ENOPROTOOPT})
"""What ICMP from a router becomes beside EHOSTUNREACH; EACCES is IPv6's administratively prohibited."""


def from_errno(number: int | None, while_doing: str) -> Reading:
    """The reading an error number makes; a number outside the table is our own gap, so an error."""
    outcome, reason = ERRNOS.get(number or 0, (Outcome.ERROR, Reason.INTERNAL))
    name = errno.errorcode.get(number or 0, str(number))
    detail = f"{while_doing}: {os.strerror(number or 0)} ({name})"
    return failed(reason, detail) if outcome is Outcome.FAILED else error(reason, detail)


def from_path(number: int, while_doing: str) -> Reading:
    """The reading of an error number that arrived after the SYN had left: a router's answer is evidence."""
    reading = from_errno(number, while_doing)
    return failed(Reason.UNREACHABLE, reading.detail) if number in _PATH_SAYS_NO else reading


def from_host(number: int | None, while_doing: str) -> Reading:
    """The reading of an error number that a call returned at once: an unreachable route of ours is our own."""
    reading = from_errno(number, while_doing)
    if reading.reason is Reason.UNREACHABLE:
        return error(Reason.NO_ROUTE, f"{reading.detail}, by a route of this host")
    return reading
