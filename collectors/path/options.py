"""The typed recipe of a trace, and which addresses it can go to."""

import ipaddress
import socket
from typing import Literal

from pydantic import Field, field_validator

from collectors.base import Module
from collectors.options import Duration
from collectors.path.model import Method
from collectors.resolve import check_host, check_host_port, split_address

MAX_HOPS = 64
MAX_QUERIES = 5

_FAMILIES = {"auto": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}


class PathModule(Module):
    """What is sent, how far, and when it is given up. `timeout` is for the whole trace."""

    timeout: Duration = 15.0
    method: Method = Method.ICMP
    port: int | None = Field(default=None, ge=1, le=65535)
    queries: int = Field(default=2, ge=1, le=MAX_QUERIES)
    max_hops: int = Field(default=30, ge=1, le=MAX_HOPS)
    silent_hops: int = Field(default=5, ge=1, le=MAX_HOPS)
    per_second: int = Field(default=50, ge=1, le=500)
    family: Literal["auto", "4", "6"] = "auto"

    @field_validator("family", mode="before")
    @classmethod
    def _family_as_text(cls, value: object) -> str:
        return str(value)

    @property
    def address_family(self) -> int:
        """The family as the resolver takes it."""
        return _FAMILIES[self.family]


def host_and_port(address: str) -> tuple[str, int | None]:
    """What stands in HOST, HOST:PORT, [V6]:PORT or V6. Errors: ValueError."""
    if address.count(":") == 1 or address.startswith("["):
        return split_address(address)
    return address, None


def check_address(address: str) -> str:
    """What is wrong with an address for a trace, "" if nothing; offline."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return check_host_port(address) if ":" in address else check_host(address)
    if number.is_unspecified or number.is_multicast or str(number) == "255.255.255.255":
        return f"got {number}, which is not the address of one host; wanted that"
    return ""
