"""The typed recipe of an icmp probe, and which addresses it can dial."""

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from collectors.base import Module
from collectors.options import Duration
from collectors.resolve import check_host

COOKIE_BYTES = 8  # at the start of each payload, so that a reply can be told from everybody else's


class IcmpModule(Module):
    """Echo requests to one address: how many, how far apart, how large, from where."""

    timeout: Duration = 2.0
    count: int = Field(default=3, ge=1, le=20)
    gap: Duration = 0.02
    payload_size: int = Field(default=56, ge=COOKIE_BYTES, le=1452)  # fits 1500 bytes in both families
    ttl: int | None = Field(default=None, ge=1, le=255)
    family: Literal["auto", "4", "6"] = "auto"
    source_address: str | None = None

    @field_validator("family", mode="before")
    @classmethod
    def _family_as_text(cls, value: object) -> str:
        return str(value)

    @field_validator("source_address")
    @classmethod
    def _source_is_numeric(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            address = ipaddress.ip_address(value)
        except ValueError as exc:
            raise ValueError(f"got {value}, wanted an IPv4 or IPv6 address of this host") from exc
        if address.is_unspecified or address.is_multicast or "%" in value:
            raise ValueError(f"got {value}, wanted one single address of this host, without a zone")
        return str(address)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.count - 1) * self.gap > self.timeout / 2:
            raise ValueError(
                f"{self.count} echoes with a gap of {self.gap:g}s take longer than half the timeout of "
                f"{self.timeout:g}s, so the last ones could not be answered in time; "
                f"wanted (count - 1) x gap <= timeout / 2"
            )
        source = self.source_address
        if source is not None and self.family not in ("auto", _family_name(source)):
            raise ValueError(f"source_address {source} is not an address of family {self.family}")
        return self

    @property
    def families(self) -> tuple[socket.AddressFamily, ...]:
        """The address families this module may use; a source address settles it."""
        wanted = self.family if self.source_address is None else _family_name(self.source_address)
        if wanted == "auto":
            return (socket.AF_INET, socket.AF_INET6)
        return (socket.AF_INET,) if wanted == "4" else (socket.AF_INET6,)


def _family_name(address: str) -> str:
    return str(ipaddress.ip_address(address).version)


def check_address(address: str) -> str:
    """What is wrong with an address for a ping, "" if nothing; offline."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return check_host(address)
    return _check_number(number)


def _check_number(number: IPv4Address | IPv6Address) -> str:
    if number.is_unspecified:
        return f"got {number}, the unspecified address (it would ping this host); wanted a host's address"
    if number.is_multicast or number == IPv4Address("255.255.255.255"):
        return f"got {number}, which many hosts answer; wanted the address of one host"
    if isinstance(number, IPv6Address) and number.ipv4_mapped is not None:
        return f"got {number}, an IPv4 address in IPv6 clothes; wanted {number.ipv4_mapped}"
    return ""
