"""What a module of kind `snmp` may say: as whom it asks, what it reads, and which interfaces count."""

import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from collectors.base import Module
from collectors.options import Duration, Pattern, Secret
from collectors.origin import Origin, number_text
from collectors.resolve import check_host_port, split_address

PORT = 161
PUBLIC = "public"
SHORTEST_PASSWORD = 8  # RFC 3414, 11.2


class SnmpModule(Origin, Module, frozen=True):
    """How devices are asked. `interfaces_up`, and what `include` finds, is judged whatever its port is set to."""

    timeout: Duration = 10.0
    read: Literal["system", "interfaces"] = "interfaces"
    version: Annotated[Literal["2c", "3"], BeforeValidator(number_text)] = "2c"
    community: Secret | None = None
    user: Annotated[str, Field(max_length=32)] = ""
    hash: Literal["none", "sha", "sha224", "sha256", "sha384", "sha512"] = "none"
    auth_password: Secret | None = None
    cipher: Literal["none", "aes128", "aes192", "aes256"] = "none"
    priv_password: Secret | None = None
    key_expansion: Literal["blumenthal", "reeder"] = "blumenthal"
    context: Annotated[str, Field(max_length=255)] = ""
    interfaces_up: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    include: Annotated[tuple[Pattern, ...], Field(max_length=100)] = ()
    exclude: Annotated[tuple[Pattern, ...], Field(max_length=100)] = ()
    retries: int = Field(default=2, ge=0, le=5)
    try_timeout: Duration | None = None
    max_repetitions: int = Field(default=10, ge=1, le=50)
    max_rows: int = Field(default=4096, ge=1, le=100_000)
    backend: Literal["auto", "gufo", "pysnmp"] = "auto"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problem = next(_contradictions(self), None)
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def chosen_backend(self) -> Literal["gufo", "pysnmp"]:
        """Gufo where it is installed and can do what is asked."""
        if self.backend != "auto":
            return self.backend
        return "gufo" if not _beyond_gufo(self) and _has_gufo() else "pysnmp"


def _has_gufo() -> bool:
    try:
        return importlib.util.find_spec("gufo.snmp") is not None
    except ModuleNotFoundError:  # not even what it lies in
        return False


def _beyond_gufo(module: SnmpModule) -> str:
    """The option that gufo has no way to follow, "" if there is none."""
    return "context" if module.context else "source_address" if module.source_address is not None else ""


def _contradictions(module: SnmpModule) -> Iterator[str]:
    yield from _wrong_version_2c(module) if module.version == "2c" else _wrong_version_3(module)
    if module.try_timeout is not None and not 0 < module.try_timeout <= module.timeout:
        yield f"try_timeout: got {module.try_timeout:g}s, wanted more than 0 and at most the timeout"
    if module.backend == "gufo" and (option := _beyond_gufo(module)):
        yield f"{option}: got backend gufo, which has no way to use it; wanted backend pysnmp or auto"
    if module.read == "system" and (module.interfaces_up or module.include or module.exclude):
        yield "interfaces_up, include and exclude: got read system, wanted read interfaces"


def _wrong_version_2c(module: SnmpModule) -> Iterator[str]:
    named: dict[str, str | Secret | None] = {"user": module.user, "context": module.context}
    named |= {"auth_password": module.auth_password, "priv_password": module.priv_password}
    chosen = {"hash": module.hash, "cipher": module.cipher}
    for option in [name for name, value in named.items() if value] + [n for n, v in chosen.items() if v != "none"]:
        yield f"{option}: got version 2c, which has none; wanted version 3"


def _wrong_version_3(module: SnmpModule) -> Iterator[str]:
    if module.community is not None:
        yield "community: got version 3, which has none; wanted user, hash and cipher"
    if not module.user:
        yield "user: got nothing, wanted the name of the user that version 3 asks as"
    for chosen, option, password in (
        (f"hash {module.hash}", "auth_password", module.auth_password),
        (f"cipher {module.cipher}", "priv_password", module.priv_password),
    ):
        if chosen.endswith(" none") != (password is None):
            got = f"got {chosen} {'without it' if password is None else 'with a password'}"
            yield f"{option}: {got}, wanted both or neither"
    if module.cipher != "none" and module.hash == "none":
        yield f"cipher: got {module.cipher} without hash, wanted hash too: version 3 encrypts only what it signs"


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def with_port(address: str) -> str:
    """The address of a device with its port; without one it is 161, behind an IPv6 address of a token too."""
    if _is_bare_v6(address):
        return f"[{address}]:{PORT}"
    return f"{address}:{PORT}" if ":" not in address or address.endswith("]") else address


@lru_cache(maxsize=65_536)
def dialled(address: str) -> tuple[str, int]:
    """Host and port to ask. Errors: ValueError saying got and wanted."""
    return split_address(with_port(address))


def _is_bare_v6(address: str) -> bool:
    return ":" in address and _is_ip(address)


def check_address(address: str) -> str:
    """What is wrong with a device's address, "" if nothing; asks no resolver."""
    if not address:
        return "got nothing, wanted the address of a device"
    if _is_bare_v6(address):
        return f"got {address!r}, wanted an IPv6 address in brackets, or a token with its port such as @gateway6:{PORT}"
    return check_host_port(with_port(address))
