"""The secrets of a module, revealed once when it is opened."""

from typing import Protocol

from collectors.base import CollectorUnavailableError
from collectors.options import Secret
from collectors.snmp.options import PUBLIC, SHORTEST_PASSWORD, SnmpModule
from collectors.snmp.session import Credentials


class TrapSender(Protocol):
    """A user of version 3 as the configuration names one."""

    @property
    def user(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def auth_password(self) -> Secret | None: ...
    @property
    def cipher(self) -> str: ...
    @property
    def priv_password(self) -> Secret | None: ...
    @property
    def key_expansion(self) -> str: ...


def reveal(module: SnmpModule) -> Credentials:
    """As whom the module asks. Errors: CollectorUnavailableError saying what is missing."""
    try:
        return _reveal(module)
    except ValueError as exc:
        raise CollectorUnavailableError(f"snmp: {exc}; correct the module or mend what it refers to") from exc


def reveal_community(secret: Secret) -> str:
    """A community whose traps are believed. Errors: CollectorUnavailableError saying what is missing."""
    try:
        return _text(secret, 1)
    except ValueError as exc:
        raise CollectorUnavailableError(f"traps: {exc}; mend what agent.yml refers to") from exc


def reveal_user(user: TrapSender) -> Credentials:
    """A user whose traps are believed. Errors: CollectorUnavailableError saying what is missing."""
    try:
        return Credentials(
            user=user.user,
            auth=user.hash,
            auth_password=_password(user.auth_password),
            priv=user.cipher,
            priv_password=_password(user.priv_password),
            reeder=user.key_expansion == "reeder",
        )
    except ValueError as exc:
        raise CollectorUnavailableError(f"traps: user {user.user}: {exc}; mend what agent.yml refers to") from exc


def _reveal(module: SnmpModule) -> Credentials:
    if module.version == "2c":
        return Credentials(community=PUBLIC if module.community is None else _text(module.community, 1))
    return Credentials(
        user=module.user,
        auth=module.hash,
        auth_password=_password(module.auth_password),
        priv=module.cipher,
        priv_password=_password(module.priv_password),
        reeder=module.key_expansion == "reeder",
        context=module.context,
    )


def _password(secret: Secret | None) -> bytes:
    return b"" if secret is None else _text(secret, SHORTEST_PASSWORD).encode()


def _text(secret: Secret, shortest: int) -> str:
    revealed = secret.reveal()
    where = f"the secret file {secret.file}" if secret.file else f"environment variable {secret.env}"
    if len(revealed) < shortest or not revealed.isprintable():
        raise ValueError(f"{where} has fewer than {shortest} characters, or a line break or control character")
    return revealed
