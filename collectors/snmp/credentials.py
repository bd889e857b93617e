"""The secrets of a module, revealed once when it is opened."""

from collectors.base import CollectorUnavailableError
from collectors.options import Secret
from collectors.snmp.options import PUBLIC, SHORTEST_PASSWORD, SnmpModule
from collectors.snmp.session import Credentials


def reveal(module: SnmpModule) -> Credentials:
    """As whom the module asks. Errors: CollectorUnavailableError saying what is missing."""
    try:
        return _reveal(module)
    except ValueError as exc:
        raise CollectorUnavailableError(f"snmp: {exc}; correct the module or mend what it refers to") from exc


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
