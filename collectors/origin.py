"""Where a probe goes out: the options `source_address` and `family`, which kinds with a socket of their own share."""

import socket
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, model_validator

_FAMILIES = {"auto": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}


def number_text(value: object) -> object:
    """4 is as good as "4"."""
    return str(value) if isinstance(value, int) else value


class Origin(BaseModel, frozen=True):
    """A source address is a numeric one of this host, of the family that is asked for."""

    source_address: str | None = None
    family: Annotated[Literal["auto", "4", "6"], BeforeValidator(number_text)] = "auto"

    @model_validator(mode="after")
    def _source_is_an_address_of_the_family(self) -> Self:
        if self.source_address is None:
            return self
        try:
            version = str(ip_address(self.source_address).version)
        except ValueError as exc:
            raise ValueError(f"source_address: got {self.source_address!r}, wanted an address of this host") from exc
        if self.family not in ("auto", version):
            raise ValueError(f"source_address: got {self.source_address}, wanted IPv{self.family} as family says")
        return self

    @property
    def wanted_family(self) -> int:
        """The address family to ask for: a source address decides where family does not."""
        if self.source_address is not None:
            return socket.AF_INET6 if ":" in self.source_address else socket.AF_INET
        return _FAMILIES[self.family]
