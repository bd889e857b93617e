"""What can become of a datagram that came to the trap port."""

from dataclasses import dataclass
from enum import StrEnum

MOST_BYTES = 2048
"""Of one trap; linkDown needs some hundred, and what is longer costs the loop more than 30 ms."""


class Fate(StrEnum):
    """What became of a datagram that came to the trap port; docs/collectors.md says what each means."""

    ACCEPTED = "accepted"  # a hint
    COALESCED = "coalesced"  # soon after a hint of the same device: not decoded
    DENIED = "denied"  # not the community, user, password or security level that is configured
    OTHER = "other"  # a sound message, but no hint
    OVERFLOW = "overflow"  # the kernel dropped it: more came than we read
    RATE = "rate"  # more than are decoded
    UNDECODABLE = "undecodable"  # no trap, or too long for one
    UNKNOWN_SOURCE = "unknown_source"  # not the address of a target of kind snmp: not decoded


@dataclass(frozen=True, slots=True)
class Heard:
    """What a datagram says. Shape: `name` is that of a trap that is a hint, "" unless accepted."""

    fate: Fate
    name: str = ""
