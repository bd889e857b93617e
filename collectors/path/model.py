"""What a trace saw: hop by hop who answered, and how it ended. Silence is kept as silence."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Method(StrEnum):
    """What is sent: echo requests, UDP datagrams, or SYNs to a port."""

    ICMP = "icmp"
    UDP = "udp"
    TCP = "tcp"


class Said(StrEnum):
    """What an answer means."""

    TRANSIT = "transit"  # a router on the way: it went no further than told
    ARRIVED = "arrived"  # an answer in the name of the address that was asked
    UNREACHABLE = "unreachable"  # somebody on the way: it goes no further


class End(StrEnum):
    """Why no more was sent."""

    ARRIVED = "arrived"
    UNREACHABLE = "unreachable"
    SILENT = "silent"  # so many hops in a row did not answer
    MAX_HOPS = "max_hops"
    DEADLINE = "deadline"
    STOPPED = "stopped"


class Answer(NamedTuple):
    """One answer. Shape: `kind` and `code` of the ICMP message, None where it was none; `words` say it."""

    address: str
    seconds: float
    said: Said
    words: str
    kind: int | None = None
    code: int | None = None


class Hop(NamedTuple):
    """What was sent so far, and what came back."""

    number: int
    sent: int
    answers: tuple[Answer, ...]


class Traced(NamedTuple):
    """One trace. Shape: `port` is None where each probe had its own or none; `hops` in order, to the last one asked.

    `source` is the address of this host that it left from, "" where that could not be told.
    """

    method: Method
    address: str
    port: int | None
    source: str
    hops: tuple[Hop, ...]
    end: End
    seconds: float


def last_answered(hops: Sequence[Hop]) -> Hop | None:
    """The farthest hop of which anything was heard."""
    return next((hop for hop in reversed(hops) if hop.answers), None)


def hop_words(hop: Hop) -> str:
    """One hop as people read it: who answered, how soon, and what it said where that is no mere passing on."""
    by_address: dict[tuple[str, str], list[float]] = {}
    for answer in hop.answers:
        said = "" if answer.said is Said.TRANSIT else answer.words
        by_address.setdefault((answer.address, said), []).append(answer.seconds)
    parts = [_one(address, said, times) for (address, said), times in by_address.items()]
    silent = hop.sent - len(hop.answers)
    return "; ".join([*parts, *([f"{silent} of {hop.sent} not answered"] if silent else [])])


def _one(address: str, said: str, times: Sequence[float]) -> str:
    took = ", ".join(f"{seconds * 1000:.3f} ms" for seconds in times)
    return f"{address}  {took}" + (f"  {said}" if said else "")


def sentence(traced: Traced) -> str:
    """How far anything was heard from, and never more: a router that is silent may still pass everything on."""
    last = last_answered(traced.hops)
    if last is None:
        return f"no hop answered; asked as far as hop {_to(traced)}"
    answer = last.answers[-1]
    took = f"{answer.seconds * 1000:.1f} ms"
    by = f"this host itself, {answer.address}," if answer.address == traced.source else answer.address
    if traced.end is End.ARRIVED:
        return f"hop {last.number} answers in the name of {answer.address} ({took}): {answer.words}"
    if traced.end is End.UNREACHABLE:
        return f"breaks at hop {last.number}: {by} says {answer.words} ({took})"
    return f"last hop that answered: hop {last.number} {answer.address} ({took}); {_silence(last.number, traced)}"


def _to(traced: Traced) -> int:
    return traced.hops[-1].number if traced.hops else 0


def _silence(last: int, traced: Traced) -> str:
    first, to = last + 1, _to(traced)
    if first > to:
        return f"asked no further ({traced.end.replace('_', ' ')})"
    return f"hop {first} silent" if first == to else f"hops {first} to {to} silent"
