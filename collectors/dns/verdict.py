"""What an answer says: its values, and the first thing that is wrong with it."""

from collections.abc import Iterator, Mapping

import dns.flags
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.rrset import RRset

from collectors.dns.options import DnsModule
from collectors.dns.question import Question

VALUES: Mapping[str, str] = {
    "rcode": "Response code of the answer as a number (0 is NOERROR, 3 NXDOMAIN).",
    "answer_records": "Records in the answer section.",
    "authority_records": "Records in the authority section.",
    "additional_records": "Records in the additional section, without EDNS.",
    "serial": "Serial of the SOA record that was asked for; none for other types.",
    "response_bytes": "Bytes of the answer's message.",
    "tcp": "1 if the answer came over TCP, else 0.",
    "authoritative": "1 if the server says that it answers with authority, else 0.",
    "authenticated_data": "1 if the server says that it has verified the data by DNSSEC, else 0.",
    "rrsig_expiration_timestamp_seconds": "When the first of the signatures (RRSIG) in answer and authority ends.",
    "query_seconds": "Seconds from the first question to the complete answer, a connection over TCP included.",
    "connect_seconds": "Seconds until the connection stood; none over UDP.",
    "resolve_seconds": "Seconds the resolver took for the server's name; absent for a numeric address.",
}

_LONGEST_CHAIN = 32
_SHOWN = 200
_HALF = 2**31


def values_of(question: Question, message: Message) -> dict[str, float]:
    """What the message itself says."""
    flags = message.flags
    values = {
        "rcode": float(message.rcode()),
        "answer_records": float(len(message.answer)),
        "authority_records": float(len(message.authority)),
        "additional_records": float(len(message.additional)),
        "authoritative": float(bool(flags & dns.flags.AA)),
        "authenticated_data": float(bool(flags & dns.flags.AD)),
    }
    serial = _serial(question, message)
    if serial is not None:
        values["serial"] = float(serial)
    ends = [rr[0].expiration for rr in (*message.answer, *message.authority) if rr.rdtype == dns.rdatatype.RRSIG]
    if ends:
        values["rrsig_expiration_timestamp_seconds"] = float(min(ends))
    return values


def problem_of(module: DnsModule, question: Question, message: Message) -> str:
    """The first demand of the module that the answer does not meet, "" if it meets all."""
    return next(_problems(module, question, message), "")


def _problems(module: DnsModule, question: Question, message: Message) -> Iterator[str]:
    if message.flags & dns.flags.TC:
        yield "the answer is truncated"
    rcode = dns.rcode.to_text(message.rcode())
    if rcode not in module.valid_rcodes:
        yield f"got rcode {rcode}, wanted {', '.join(module.valid_rcodes)}"
    if module.require_authenticated_data and not message.flags & dns.flags.AD:
        yield "the server does not say that it has verified the data (AD flag)"
    if rcode == "NOERROR":
        yield from _too_few(module, question, message)
    yield from _old(module, question, message)
    yield from _unexpected(module, [text_of(rr) for rr in message.answer])


def _too_few(module: DnsModule, question: Question, message: Message) -> Iterator[str]:
    found = len(_asked_for(question, message))
    if found < module.min_answers:
        what = f"{found} records {module.query_type} for {module.query_name}"
        yield f"got {what}, wanted at least {module.min_answers} (min_answers)"


def _old(module: DnsModule, question: Question, message: Message) -> Iterator[str]:
    """Serials are compared on their circle (RFC 1982)."""
    serial = _serial(question, message)
    if module.min_serial is not None and (serial is None or (serial - module.min_serial) % 2**32 >= _HALF):
        got = "no SOA record" if serial is None else f"serial {serial}"
        yield f"got {got}, wanted {module.min_serial} or later (min_serial)"


def _unexpected(module: DnsModule, texts: list[str]) -> Iterator[str]:
    for pattern in module.answers:
        if not any(pattern.search(text) for text in texts):
            yield f"answers {pattern.pattern!r}: no record matches; got {_shown(texts)}"
    for pattern in module.answers_not:
        matching = [text for text in texts if pattern.search(text)]
        if matching:
            yield f"answers_not {pattern.pattern!r}: got {_shown(matching)}"


def text_of(record: RRset) -> str:
    """A record as rules and people see it: `name TYPE data`."""
    return f"{record.name} {dns.rdatatype.to_text(record.rdtype)} {record[0].to_text()}"


def _shown(texts: list[str]) -> str:
    text = "; ".join(texts) or "no record"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _serial(question: Question, message: Message) -> int | None:
    found = [rr for rr in _asked_for(question, message) if rr.rdtype == dns.rdatatype.SOA]
    return int(found[0][0].serial) if found else None


def _asked_for(question: Question, message: Message) -> list[RRset]:
    """The answer's records of the asked type, under the asked name or an alias that leads on from it."""
    names = {question.name}
    aliases = [rr for rr in message.answer if rr.rdtype == dns.rdatatype.CNAME and rr.rdclass == dns.rdataclass.IN]
    for _ in range(_LONGEST_CHAIN if question.type not in (dns.rdatatype.CNAME, dns.rdatatype.ANY) else 0):
        more = {rr[0].target for rr in aliases if rr.name in names} - names
        if not more:
            break
        names |= more
    return [rr for rr in message.answer if rr.name in names and _is_of(rr, question)]


def _is_of(record: RRset, question: Question) -> bool:
    wanted = question.type in (dns.rdatatype.ANY, record.rdtype)
    return wanted and record.rdclass == dns.rdataclass.IN
