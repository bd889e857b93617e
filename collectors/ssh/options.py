"""What a module of kind `ssh` may say."""

from typing import Annotated

from pydantic import BeforeValidator

from collectors.base import Module
from collectors.options import Duration
from collectors.origin import Origin
from collectors.wire.ssh import digest_of


def _digest(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"got {value!r}, wanted a fingerprint as text; quote it")  # noqa: TRY004 (only a ValueError is a message to the user)
    return digest_of(value.removeprefix("hostkey:"))


Fingerprint = Annotated[str, BeforeValidator(_digest)]
"""The SHA-256 of a host key, in hexadecimal."""


class SshModule(Origin, Module, frozen=True):
    """Which host keys are good, where that matters; all are where `host_keys` is empty."""

    timeout: Duration = 10.0
    host_keys: tuple[Fingerprint, ...] = ()
