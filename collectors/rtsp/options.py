"""What a module of kind `rtsp` may say: how deep it asks, as whom, and how gently."""

from hashlib import blake2b
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from collectors.base import CollectorUnavailableError, Module
from collectors.options import Secret, Size
from collectors.origin import Origin
from collectors.rtsp.address import check_path
from collectors.rtsp.devices import Credential
from collectors.wire.rtsp_auth import Login

_MAX_PASSWORD = 256


def parse_path(value: object) -> str:
    """A path, a query included. Errors: ValueError saying what is wrong with it."""
    text = str(value)
    wrong = check_path(text)
    if wrong:
        raise ValueError(wrong)
    return text


class RtspModule(Origin, Module, frozen=True):
    """How deep a video node is asked.

    `connect` needs only the port, `options` any RTSP answer to OPTIONS, `describe` asks for the session description
    of the path too, with the credential where one is given. `max_bytes` bounds the body of an answer.
    """

    depth: Literal["connect", "options", "describe"] = "options"
    path: Annotated[str, BeforeValidator(parse_path)] = "/"
    username: Annotated[str, StringConstraints(pattern=r"^[^:\x00-\x1f\x7f]{1,128}$")] | None = None
    password: Secret | None = None
    max_sessions: Annotated[int, Field(ge=1, le=2)] = 1
    max_bytes: Size = 64 * 1024

    @model_validator(mode="after")
    def _credential_is_whole_and_used(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together; set both")
        if self.username is not None and self.depth != "describe":
            raise ValueError(
                f"depth: got {self.depth}, which never logs in; wanted describe with username and password"
            )
        return self


class Account(NamedTuple):
    """A login and what stands for it where refusals are remembered."""

    login: Login
    credential: Credential


def account_of(module: RtspModule, salt: bytes) -> Account | None:
    """The module's credential, revealed; the salt is one of this process, so that what stands for it tells nobody.

    Errors: CollectorUnavailableError saying what is missing.
    """
    if module.username is None or module.password is None:
        return None
    try:
        password = module.password.reveal()
    except ValueError as exc:
        raise CollectorUnavailableError(f"rtsp: {exc}; correct the module or mend what it refers to") from exc
    if not password or len(password) > _MAX_PASSWORD or not password.isprintable():
        raise CollectorUnavailableError(
            f"rtsp: the password is empty, longer than {_MAX_PASSWORD} characters or has a control character; mend it"
        )
    text = f"{module.username}\0{password}".encode("utf-8", "surrogatepass")
    return Account(Login(module.username, password), blake2b(text, key=salt, digest_size=16).digest())
