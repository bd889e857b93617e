"""What a module of kind `dns` may say: the question, how it is sent, and which answer is accepted."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Literal, Self

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype
from pydantic import BeforeValidator, Field, model_validator

from collectors.base import Module
from collectors.options import Pattern
from collectors.origin import Origin
from collectors.resolve import check_host_port

PORT = 53


def parse_name(value: object) -> str:
    """A name to ask for, as text that ends with a dot. Errors: ValueError naming what was wanted."""
    text = str(value)
    if _is_ip(text):
        reverse = ip_address(text).reverse_pointer
        raise ValueError(f"got the address {text}, wanted a name; a PTR record stands at {reverse}")
    if text in ("", "@"):  # the library's words for the root
        raise ValueError(f"got {text!r}, wanted a domain name such as www.example.cn or . for the root")
    try:
        return str(dns.name.from_text(text).to_text())
    except (dns.exception.DNSException, UnicodeError) as exc:
        raise ValueError(f"got {text!r}, wanted a domain name such as www.example.cn or . for the root: {exc}") from exc


def parse_type(value: object) -> str:
    """A record type such as A or TYPE65. Errors: ValueError naming what was wanted."""
    try:
        number = dns.rdatatype.from_text(str(value).upper())
    except (dns.exception.DNSException, ValueError) as exc:
        raise ValueError(f"got {value}, wanted a record type such as A, AAAA, NS, SOA or TYPE65") from exc
    refused = number == dns.rdatatype.NONE or dns.rdatatype.is_metatype(number)
    if refused and number != dns.rdatatype.ANY:
        raise ValueError(f"got {value}, which is no type of records, wanted one such as A, NS, SOA or ANY")
    return str(dns.rdatatype.to_text(number))


def parse_rcode(value: object) -> str:
    """A response code such as NXDOMAIN. Errors: ValueError naming what was wanted."""
    try:
        return str(dns.rcode.to_text(dns.rcode.from_text(str(value).upper())))
    except (dns.exception.DNSException, ValueError) as exc:
        raise ValueError(f"got {value}, wanted a response code such as NOERROR, NXDOMAIN or REFUSED") from exc


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


QueryName = Annotated[str, BeforeValidator(parse_name)]
RecordType = Annotated[str, BeforeValidator(parse_type)]
ResponseCode = Annotated[str, BeforeValidator(parse_rcode)]


class DnsModule(Origin, Module, frozen=True):
    """One question, and what its answer must be.

    `answers` and `answers_not` look at each record of the answer section as `name TYPE data`, its TTL left out.
    """

    query_name: QueryName
    query_type: RecordType = "A"
    transport: Literal["udp", "tcp"] = "udp"
    tcp_fallback: bool = True
    recursion_desired: bool = True
    dnssec_ok: bool = False
    valid_rcodes: Annotated[tuple[ResponseCode, ...], Field(min_length=1)] = ("NOERROR",)
    min_answers: int = Field(default=1, ge=0, le=1000)
    answers: tuple[Pattern, ...] = ()
    answers_not: tuple[Pattern, ...] = ()
    min_serial: int | None = Field(default=None, ge=0, le=2**32 - 1)
    require_authenticated_data: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problem = next(_contradictions(self), None)
        if problem is not None:
            raise ValueError(problem)
        return self


def _contradictions(module: DnsModule) -> Iterator[str]:
    if module.min_serial is not None and module.query_type != "SOA":
        yield f"min_serial: got query_type {module.query_type}, wanted SOA, the record that has a serial"
    if "NOERROR" not in module.valid_rcodes and (module.answers or module.min_serial is not None):
        yield "answers and min_serial want records, valid_rcodes without NOERROR accepts none; keep one"


def with_port(address: str) -> str:
    """The address of a server with its port; without one it is 53, behind an IPv6 address of a token too."""
    if _is_bare_v6(address):
        return f"[{address}]:{PORT}"
    return f"{address}:{PORT}" if ":" not in address or address.endswith("]") else address


def _is_bare_v6(address: str) -> bool:
    return ":" in address and _is_ip(address)


def check_address(address: str) -> str:
    """What is wrong with a server's address, "" if nothing; asks no resolver.

    A bare IPv6 address is refused: whether its last group is a port cannot be told.
    """
    if not address:
        return "got nothing, wanted the address of a name server"
    if _is_bare_v6(address):
        return f"got {address!r}, wanted an IPv6 address in brackets, or a token with its port such as @gateway6:{PORT}"
    return check_host_port(with_port(address))
