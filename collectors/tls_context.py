"""How TLS is spoken: the options that kinds share, and the context that they make."""

import ssl
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, model_validator

from collectors.base import CollectorUnavailableError


class TlsOptions(BaseModel, frozen=True, extra="forbid"):
    """`ca_file` replaces this host's authorities; min_version 1.0 also allows old ciphers."""

    verify: bool = True
    ca_file: str | None = None
    server_name: str | None = None
    min_version: Literal["1.0", "1.2", "1.3"] = "1.2"

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        if self.ca_file is not None and not self.verify:
            raise ValueError("ca_file without verify does nothing; remove ca_file or verify: false")
        return self


def client_context(tls: TlsOptions, ca_option: str) -> ssl.SSLContext:
    """The context of one module. Errors: CollectorUnavailableError where ca_file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except OSError as exc:
        raise CollectorUnavailableError(f"{ca_option} {tls.ca_file} cannot be used: {exc}") from exc
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.min_version == "1.0":  # "as old as this OpenSSL can", which needs the old ciphers too
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("DEFAULT@SECLEVEL=0")
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_3 if tls.min_version == "1.3" else ssl.TLSVersion.TLSv1_2
    return context


def trusts_nobody(tls: TlsOptions, context: ssl.SSLContext) -> bool:
    """Whether this host has no authorities at all, so that a certificate's failure is ours."""
    if not tls.verify or tls.ca_file is not None or context.cert_store_stats()["x509"] > 0:
        return False
    directory = ssl.get_default_verify_paths().capath  # looked into only at a handshake
    try:
        return not directory or next(Path(directory).iterdir(), None) is None
    except OSError:
        return True
