"""What a module of kind `tls` may say, and the TLS context that it makes."""

import socket
import ssl
from typing import Literal, Self

from pydantic import model_validator

from collectors.base import CollectorUnavailableError, Module
from collectors.options import Duration, Secret
from collectors.resolve import check_host
from collectors.tls_context import TlsOptions, client_context

FAMILIES = {"auto": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class TlsModule(TlsOptions, Module, frozen=True):
    """How TLS is begun and what is demanded of it; `starttls` names the protocol whose plain words come first."""

    timeout: Duration = 10.0
    max_version: Literal["1.2", "1.3"] | None = None
    client_certificate: str | None = None
    client_key: Secret | None = None
    starttls: Literal["smtp", "imap", "pop3", "ftp", "postgres"] | None = None
    family: Literal["auto", "4", "6"] = "auto"

    @model_validator(mode="after")
    def _versions_meet(self) -> Self:
        if self.max_version is not None and self.max_version < self.min_version:
            raise ValueError(f"max_version: got {self.max_version}, wanted at least min_version ({self.min_version})")
        return self

    @model_validator(mode="after")
    def _key_goes_with_certificate(self) -> Self:
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("client_certificate and client_key belong together; set both (both may name one file)")
        if self.client_key is not None and self.client_key.file is None:
            raise ValueError("client_key: got {env: NAME}, wanted {file: PATH}: TLS reads a key only from a file")
        return self

    @model_validator(mode="after")
    def _server_name_is_a_name(self) -> Self:
        problem = "" if self.server_name is None or ":" in self.server_name else check_host(self.server_name)
        if problem:
            raise ValueError(f"server_name: {problem}")
        return self


def context_of(module: TlsModule) -> ssl.SSLContext:
    """The context of one module. Errors: CollectorUnavailableError where one of its files cannot be used."""
    context = client_context(module, "tls: ca_file")
    if module.max_version is not None:
        context.maximum_version = _VERSIONS[module.max_version]
    if module.client_certificate is not None and module.client_key is not None:
        _load_client_certificate(context, module.client_certificate, module.client_key.file or "")
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # without, OpenSSL would ask the terminal
    except (OSError, ValueError) as exc:
        wanted = "wanted PEM files that belong together, the key without a passphrase"
        raise CollectorUnavailableError(
            f"tls: client_certificate {certificate} with client_key {key} cannot be used: {exc}; {wanted}"
        ) from exc
