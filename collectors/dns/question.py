"""One question as bytes, and which bytes are its answer. Knows no socket."""

import struct
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.rdatatype import RdataType

from collectors.dns.options import DnsModule

HEADER_BYTES = 12
_EDNS_BYTES = 1232  # what a path of IPv6's smallest MTU carries in one piece
_QR = 0x8000
_OPCODE = 0x7800
_ANSWERED = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


class StrayError(Exception):
    """Bytes that do not answer this question: anybody could have sent them."""


class GarbageError(Exception):
    """The answer to this question, but not in the form of DNS."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: `wire` is the message, with an id of its own."""

    name: dns.name.Name
    type: RdataType
    id: int
    wire: bytes

    def check_header(self, data: bytes) -> None:
        """Errors: StrayError unless these bytes begin like the answer; needs no more than the header."""
        if len(data) < HEADER_BYTES:
            raise StrayError(f"{len(data)} bytes, fewer than the header of DNS")
        number, flags = struct.unpack_from("!HH", data)
        if number != self.id:
            raise StrayError("the id of another question")
        if not flags & _QR or flags & _OPCODE:
            raise StrayError("no answer to a query")

    def read(self, data: bytes) -> Message:
        """The answer, each record in a set of its own. Errors: StrayError, GarbageError.

        A truncated answer may end anywhere, so what follows its question is not held against it.
        """
        self.check_header(data)
        message = dns.message.from_wire(data, one_rr_per_rrset=True, continue_on_error=True)
        if not self._is_repeated(message):
            raise StrayError("the answer to another question")
        if message.errors and not message.flags & dns.flags.TC:
            raise GarbageError(f"at byte {message.errors[0].offset}: {message.errors[0].exception}")
        return message

    def _is_repeated(self, message: Message) -> bool:
        """Whether the question is ours; a server that refuses to read it need not repeat it."""
        if not message.question and not message.errors:
            return message.rcode() not in _ANSWERED
        asked = [(each.name, each.rdclass, each.rdtype) for each in message.question]
        return asked == [(self.name, dns.rdataclass.IN, self.type)]


def ask(module: DnsModule) -> Question:
    """The module's question with a new random id."""
    name = dns.name.from_text(module.query_name)
    kind = dns.rdatatype.from_text(module.query_type)
    payload = _EDNS_BYTES if module.dnssec_ok else None
    query = dns.message.make_query(name, kind, want_dnssec=module.dnssec_ok, payload=payload, flags=_flags(module))
    return Question(name, kind, query.id, query.to_wire())


def _flags(module: DnsModule) -> dns.flags.Flag:
    """AD in a question asks for AD in the answer (RFC 6840, 5.7)."""
    flags = dns.flags.RD if module.recursion_desired else dns.flags.Flag(0)
    return flags | dns.flags.AD if module.require_authenticated_data or module.dnssec_ok else flags
