"""Small kinds to load configurations with: the option types that real ones use, without their sockets."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from collectors.base import Collector, Kind, Module
from collectors.options import Duration, Pattern, Secret, Size


def check_host(address: str) -> str:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return f"got {address}, wanted an IP address"
    return ""


def check_host_port(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return f"got {address}, wanted HOST:PORT"
    return check_host(host.strip("[]"))


def check_url(address: str) -> str:
    return "" if address.startswith("http://") else "wanted a URL"


def check_self(address: str) -> str:
    return "" if address == "localhost" else f"got {address}, wanted localhost"


class IcmpModule(Module):
    timeout: Duration = 2.0
    count: Annotated[int, Field(ge=1, le=20)] = 3
    ttl: Annotated[int, Field(ge=1)] | None = None
    family: Literal[4, 6] | None = None
    gap: Duration | None = None

    @model_validator(mode="after")
    def _in_time(self) -> "IcmpModule":
        if self.gap is not None and self.gap * self.count > self.timeout:
            raise ValueError("the echoes take longer than the timeout; wanted count x gap <= timeout")
        return self


class Step(BaseModel, frozen=True, extra="forbid"):
    expect: Pattern


class TcpModule(Module):
    expect: Pattern | None = None
    dialogue: tuple[Step, ...] = ()


class Login(BaseModel, frozen=True, extra="forbid"):
    user: Annotated[str, Field(min_length=1)]
    password: Secret


class JsonRule(BaseModel, frozen=True, extra="forbid"):
    path: str
    equals: str | None = None
    matches: Pattern | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "JsonRule":
        if (self.equals is None) == (self.matches is None):
            raise ValueError("wanted exactly one of equals and matches")
        return self


class HttpModule(Module):
    method: Literal["GET", "POST"] = "GET"
    follow: bool = True
    valid_status: tuple[int, ...] = (200,)
    json_rules: Annotated[tuple[JsonRule, ...], Field(alias="json")] = ()
    headers: dict[str, Annotated[str, Field(pattern=r"^[ -~]*$")] | Secret] = Field(default_factory=dict)
    login: Login | None = None
    bearer: Secret | None = None
    max_body: Size = 1024
    threshold: float = 0.5


class OddModule(Module):
    pass


def never_built(module: Module) -> Collector:
    raise AssertionError(f"load opened a collector for {module}")


def kind(name: str, module_type: type[Module], check: object, **values: str) -> Kind:
    assert callable(check)
    return Kind(name=name, module_type=module_type, build=never_built, check_address=check, values=values)


KINDS = (
    kind("icmp", IcmpModule, check_host, rtt_seconds="Round-trip time.", loss_ratio="Share of lost echoes."),
    kind("tcp", TcpModule, check_host_port, connect_seconds="Time to connect."),
    kind("http", HttpModule, check_url, total_seconds="Time of all."),
    kind("host", OddModule, check_self, used_ratio="Share in use."),
    kind("odd", OddModule, check_host),
)


def write(folder: Path, text: str) -> Path:
    path = folder / "agent.yml"
    path.write_text(text, encoding="utf-8")
    return path


def as_flow(value: object) -> str:
    """YAML in flow style by hand: a dumper would refuse or tame what makes text dangerous."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_flow(key)}: {as_flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_flow, value)) + "]"
    if value is None:
        return "~"
    return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in str(value)) + '"'
