"""The commonest details of readings in the words of a page: a collector writes English, for people of all languages.

A detail is never parsed for its meaning: one that no sentence here fits stays as it is, and is marked as English.
"""

import errno
import os
from collections.abc import Mapping, Sequence
from gettext import NullTranslations
from typing import NamedTuple

from agent.language import N_
from agent.sentences import Sentence, retold

_SECONDS = r"[0-9.e+-]+"
_SHAPES = {"a": r"\S+", "detail": ".+", "m": "[0-9]+", "n": "[0-9]+", "r": "OPTIONS|DESCRIBE", "s": _SECONDS, "t": ".+"}


def _sentence(text: str, written: str = "", **shapes: str) -> Sentence:
    return Sentence(text, _SHAPES | shapes, written)


_DOING: Sequence[Sentence] = (
    _sentence(N_("connect to %(a)s")),
    _sentence(N_("open a socket to %(a)s")),
    _sentence(N_("send an echo request to %(a)s")),
    _sentence(N_("ask %(a)s")),
    _sentence(N_("before the connection")),
    _sentence(N_("resolving the name")),
    _sentence(N_("connecting")),
    _sentence(N_("in the TLS handshake")),
    _sentence(N_("waiting for the response")),
    _sentence(N_("reading the body")),
)
"""What a collector did when it failed: the value `doing` of other sentences."""

_ANY_DOING = "|".join(each.shape for each in _DOING)

DETAILS: Sequence[Sentence] = (
    _sentence(N_("measured %(a)s")),
    _sentence(N_("no reply from %(a)s to %(n)s echo requests within %(s)ss")),
    _sentence(
        N_("no reply from %(a)s to %(n)s echo requests within %(s)ss"),
        written="no reply from %(a)s to %(n)s echo request within %(s)ss",
    ),
    _sentence(N_("%(n)s of %(m)s echo requests to %(a)s were answered")),
    _sentence(N_("connect to %(a)s: no connection within %(s)s s")),
    _sentence(N_("%(a)s connected, then no complete answer within %(s)s s")),
    _sentence(N_("%(a)s closed the connection before it had answered")),
    _sentence(N_("%(a)s connected, %(r)s had no whole answer within %(s)s s")),
    _sentence(N_("%(a)s closed the connection, %(r)s without an answer")),
    _sentence(N_("DESCRIBE of %(a)s was answered %(t)s")),
    _sentence(N_("look up %(a)s: no answer from our resolver within %(s)s s")),
    _sentence(N_("look up %(a)s: Name or service not known")),
    _sentence(N_("look up %(a)s: No address associated with hostname")),
    _sentence(N_("look up %(a)s: Temporary failure in name resolution")),
    _sentence(N_("our resolver took all of the %(s)s s")),
    _sentence(N_("our loop came %(t)s s after the deadline of %(s)s s"), t=_SECONDS),
    _sentence(N_("not done within %(s)s s: %(doing)s"), doing=_ANY_DOING),
    _sentence(N_("not done within %(s)s s: reading the body, %(n)s bytes so far")),
    _sentence(N_("%(doing)s: the peer closed the connection"), doing=_ANY_DOING),
    _sentence(N_("the certificate does not verify: %(t)s (code %(n)s)")),
    _sentence(N_("the body has more than %(n)s bytes (max_body)")),
    _sentence(N_("process %(a)s: %(n)s running on this host, wanted at least %(m)s"), a=".+"),
    _sentence(N_("process %(a)s: %(n)s running on this host, wanted at most %(m)s"), a=".+"),
    _sentence(N_("loop late: %(detail)s")),
    _sentence(N_("our clock is in doubt: %(detail)s")),
    _sentence(N_("%(detail)s, by a route of this host")),
)
"""Sentences as collectors write them. `detail` is one itself, `doing` one of those above."""

_FAILED = _sentence(N_("%(doing)s: %(what)s (%(code)s)"), doing=_ANY_DOING, what="[^:]+", code="E[A-Z0-9]+")

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


class Detail(NamedTuple):
    """A detail for people; `is_told`: in the language of the page."""

    text: str
    is_told: bool


def told(detail: str, words: NullTranslations) -> Detail:
    """In the words of a page where a sentence fits, else as the collector wrote it."""
    said = _errno(detail, words) or _retold(DETAILS, detail, words)
    return Detail(detail, is_told=False) if said is None else Detail(said, is_told=True)


def _retold(known: Sequence[Sentence], detail: str, words: NullTranslations) -> str | None:
    return retold(known, detail, words, lambda name, value: _value(name, value, words))


def _value(name: str, value: str, words: NullTranslations) -> str:
    if name == "doing":
        return _retold(_DOING, value, words) or value
    return told(value, words).text if name == "detail" else value


def _errno(detail: str, words: NullTranslations) -> str | None:
    """What the operating system said, which is the same sentence for every kind."""
    found = _FAILED.values(detail)
    number = 0 if found is None else int(getattr(errno, found["code"], 0))
    if found is None or number not in ERRNOS or os.strerror(number) != found["what"]:
        return None
    doing = _value("doing", found["doing"], words)
    return words.gettext(_FAILED.text) % {"doing": doing, "what": words.gettext(ERRNOS[number]), "code": found["code"]}
