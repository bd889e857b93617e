"""The commonest details of readings in the words of a page: a collector writes English, for people of all languages.

A detail is never parsed for its meaning: one that no sentence here fits stays as it is, and is marked as English.
"""

import errno
import os
import re
from collections.abc import Mapping, Sequence
from gettext import NullTranslations
from typing import NamedTuple

from agent.language import N_

_SECONDS = r"[0-9.e+-]+"

DETAILS: Sequence[tuple[str, str]] = (
    (r"measured (?P<a>\S+)", N_("measured %(a)s")),
    (
        rf"no reply from (?P<a>\S+) to (?P<n>[0-9]+) echo requests? within (?P<s>{_SECONDS})s",
        N_("no reply from %(a)s to %(n)s echo requests within %(s)ss"),
    ),
    (
        r"(?P<n>[0-9]+) of (?P<m>[0-9]+) echo requests to (?P<a>\S+) were answered",
        N_("%(n)s of %(m)s echo requests to %(a)s were answered"),
    ),
    (
        rf"connect to (?P<a>\S+): no connection within (?P<s>{_SECONDS}) s",
        N_("connect to %(a)s: no connection within %(s)s s"),
    ),
    (
        rf"(?P<a>\S+) connected, then no complete answer within (?P<s>{_SECONDS}) s",
        N_("%(a)s connected, then no complete answer within %(s)s s"),
    ),
    (
        r"(?P<a>\S+) closed the connection before it had answered",
        N_("%(a)s closed the connection before it had answered"),
    ),
    (
        rf"(?P<a>\S+) connected, (?P<r>OPTIONS|DESCRIBE) had no whole answer within (?P<s>{_SECONDS}) s",
        N_("%(a)s connected, %(r)s had no whole answer within %(s)s s"),
    ),
    (
        r"(?P<a>\S+) closed the connection, (?P<r>OPTIONS|DESCRIBE) without an answer",
        N_("%(a)s closed the connection, %(r)s without an answer"),
    ),
    (r"DESCRIBE of (?P<a>\S+) was answered (?P<t>.+)", N_("DESCRIBE of %(a)s was answered %(t)s")),
    (
        rf"look up (?P<a>\S+): no answer from our resolver within (?P<s>{_SECONDS}) s",
        N_("look up %(a)s: no answer from our resolver within %(s)s s"),
    ),
    (r"look up (?P<a>\S+): Name or service not known", N_("look up %(a)s: Name or service not known")),
    (
        r"look up (?P<a>\S+): No address associated with hostname",
        N_("look up %(a)s: No address associated with hostname"),
    ),
    (
        r"look up (?P<a>\S+): Temporary failure in name resolution",
        N_("look up %(a)s: Temporary failure in name resolution"),
    ),
    (rf"our resolver took all of the (?P<s>{_SECONDS}) s", N_("our resolver took all of the %(s)s s")),
    (
        rf"our loop came (?P<t>{_SECONDS}) s after the deadline of (?P<s>{_SECONDS}) s",
        N_("our loop came %(t)s s after the deadline of %(s)s s"),
    ),
    (rf"not done within (?P<s>{_SECONDS}) s: (?P<t>.+)", N_("not done within %(s)s s: %(t)s")),
    (
        r"the certificate does not verify: (?P<t>.+) \(code (?P<n>[0-9]+)\)",
        N_("the certificate does not verify: %(t)s (code %(n)s)"),
    ),
    (r"the body has more than (?P<n>[0-9]+) bytes \(max_body\)", N_("the body has more than %(n)s bytes (max_body)")),
    (
        r"process (?P<a>.+): (?P<n>[0-9]+) running on this host, wanted at least (?P<m>[0-9]+)",
        N_("process %(a)s: %(n)s running on this host, wanted at least %(m)s"),
    ),
    (
        r"process (?P<a>.+): (?P<n>[0-9]+) running on this host, wanted at most (?P<m>[0-9]+)",
        N_("process %(a)s: %(n)s running on this host, wanted at most %(m)s"),
    ),
    (r"loop late: (?P<detail>.+)", N_("loop late: %(detail)s")),
    (r"our clock is in doubt: (?P<detail>.+)", N_("our clock is in doubt: %(detail)s")),
    (r"(?P<detail>.+), by a route of this host", N_("%(detail)s, by a route of this host")),
)
"""Sentences as collectors write them, and as they are told. `detail` is one itself."""

ERRNOS: Mapping[int, str] = {
    errno.ECONNREFUSED: N_("connection refused"),
    errno.ECONNRESET: N_("connection reset"),
    errno.EPIPE: N_("the peer had closed"),
    errno.ETIMEDOUT: N_("no answer in time"),
    errno.EHOSTUNREACH: N_("no route to the host"),
    errno.ENETUNREACH: N_("the network cannot be reached"),
    errno.EACCES: N_("not allowed"),
    errno.EPERM: N_("not permitted"),
    errno.EMFILE: N_("too many open files"),
    errno.EADDRNOTAVAIL: N_("this host has no such address"),
}
_ERRNO = re.compile(r"(?P<doing>.+): (?P<said>[^:]+) \((?P<code>E[A-Z0-9]+)\)")
_DOING: Sequence[tuple[str, str]] = (
    (r"connect to (?P<a>\S+)", N_("connect to %(a)s")),
    (r"open a socket to (?P<a>\S+)", N_("open a socket to %(a)s")),
    (r"send an echo request to (?P<a>\S+)", N_("send an echo request to %(a)s")),
)
_FAILED = N_("%(doing)s: %(what)s (%(code)s)")


class Detail(NamedTuple):
    """A detail for people; `is_told`: in the language of the page."""

    text: str
    is_told: bool


def told(detail: str, words: NullTranslations) -> Detail:
    """In the words of a page where a sentence fits, else as the collector wrote it."""
    said = _errno(detail, words) or _sentence(DETAILS, detail, words)
    return Detail(detail, is_told=False) if said is None else Detail(said, is_told=True)


def _sentence(known: Sequence[tuple[str, str]], detail: str, words: NullTranslations) -> str | None:
    for pattern, text in known:
        if found := re.fullmatch(pattern, detail):
            values = found.groupdict()
            if "detail" in values:
                values["detail"] = told(values["detail"], words).text
            return words.gettext(text) % values
    return None


def _errno(detail: str, words: NullTranslations) -> str | None:
    """What the operating system said, which is the same sentence for every kind."""
    found = _ERRNO.fullmatch(detail)
    number = 0 if found is None else int(getattr(errno, found["code"], 0))
    if found is None or number not in ERRNOS or os.strerror(number) != found["said"]:
        return None
    doing = _sentence(_DOING, found["doing"], words)
    if doing is None:
        return None
    return words.gettext(_FAILED) % {"doing": doing, "what": words.gettext(ERRNOS[number]), "code": found["code"]}
