"""Challenges and answers of RTSP authentication: Basic and Digest (RFC 2617, 7616, 7617); no sockets."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

_ITEM = re.compile(
    r"[\s,]*(?:(?P<scheme>[A-Za-z][A-Za-z0-9-]{0,30})(?=\s+[A-Za-z0-9_-]+\s*=|\s*(?:,|$))\s*)?"
    r'(?:(?P<name>[A-Za-z0-9_-]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,]*)))?'
)
_ESCAPED = re.compile(r"\\(.)")
_MAX_CHALLENGES = 16
_MAX_ITEMS = 256

Digester = Callable[[bytes], str]


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_DIGESTERS: Mapping[str, Digester] = {"MD5": _md5, "SHA-256": _sha256}
_PREFERENCE = ("SHA-256", "MD5")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate that a server offers; scheme and names in lower case."""

    scheme: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """The digest algorithm without -sess, in capitals."""
        return self.params.get("algorithm", "MD5").upper().removesuffix("-SESS")

    @property
    def is_session(self) -> bool:
        """Whether the key is bound to nonce and cnonce (-sess)."""
        return self.params.get("algorithm", "").upper().endswith("-SESS")

    @property
    def qops(self) -> tuple[str, ...]:
        """The qualities of protection it offers; empty for RFC 2069's way."""
        return tuple(each.strip().lower() for each in self.params.get("qop", "").split(",") if each.strip())

    @property
    def is_stale(self) -> bool:
        """Whether only the nonce was too old: the password is not in question."""
        return self.params.get("stale", "").lower() == "true"

    @property
    def is_usable(self) -> bool:
        """Whether we can answer it."""
        if self.scheme == "basic":
            return True
        return (
            self.scheme == "digest"
            and self.algorithm in _DIGESTERS
            and "nonce" in self.params
            and (not self.qops or "auth" in self.qops)
        )


@dataclass(frozen=True, slots=True)
class Login:
    """A name and a password; the password appears in no repr."""

    username: str
    password: str = field(repr=False)


def challenges(values: Iterable[str]) -> list[Challenge]:
    """What the WWW-Authenticate headers offer, in their order; one header may hold several. Never raises."""
    found: list[Challenge] = []
    for value in values:
        found += _challenges(value)
    return found[:_MAX_CHALLENGES]


def _challenges(value: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    for _ in range(_MAX_ITEMS):
        item = _ITEM.match(value, at)
        if item is None or item.end() == at:
            break
        at = item.end()
        if item["scheme"]:
            found.append((item["scheme"].lower(), {}))
        if item["name"] and found:
            plain = item["plain"]
            found[-1][1].setdefault(item["name"].lower(), _ESCAPED.sub(r"\1", item["quoted"] or plain or "").strip('"'))
    return [Challenge(scheme, params) for scheme, params in found]


def best(offered: Iterable[Challenge]) -> Challenge | None:
    """The strongest challenge that we can answer: digest before basic, SHA-256 before MD5; None without any."""
    usable = [each for each in offered if each.is_usable]
    return min(usable, key=_rank, default=None)


def _rank(challenge: Challenge) -> int:
    return _PREFERENCE.index(challenge.algorithm) if challenge.scheme == "digest" else len(_PREFERENCE)


def authorization(challenge: Challenge, login: Login, method: str, uri: str, cnonce: str) -> str:
    """The Authorization header that answers a usable challenge; each nonce is used once (nc=00000001)."""
    if challenge.scheme == "basic":
        return "Basic " + b64encode(f"{login.username}:{login.password}".encode()).decode("ascii")
    qop = "auth" if challenge.qops else ""
    response = _response(challenge, login, method, uri, cnonce if qop or challenge.is_session else "")
    parts = [f"username={_quote(login.username)}"]
    parts += [f"{name}={_quote(challenge.params.get(name, ''))}" for name in ("realm", "nonce")]
    parts += [f"uri={_quote(uri)}", f'response="{response}"']
    if "algorithm" in challenge.params:
        parts.append(f"algorithm={challenge.algorithm}{'-sess' if challenge.is_session else ''}")
    if "opaque" in challenge.params:
        parts.append(f"opaque={_quote(challenge.params['opaque'])}")
    if qop:
        parts += [f"qop={qop}", "nc=00000001"]
    if qop or challenge.is_session:
        parts.append(f'cnonce="{cnonce}"')
    return "Digest " + ", ".join(parts)


def _response(challenge: Challenge, login: Login, method: str, uri: str, cnonce: str) -> str:
    digest = _DIGESTERS[challenge.algorithm]
    realm, nonce = challenge.params.get("realm", ""), challenge.params["nonce"]
    secret = digest(f"{login.username}:{realm}:{login.password}".encode())
    if challenge.is_session:
        secret = digest(f"{secret}:{nonce}:{cnonce}".encode())
    asked = digest(f"{method}:{uri}".encode())
    middle = f"{nonce}:00000001:{cnonce}:auth" if challenge.qops else nonce
    return digest(f"{secret}:{middle}:{asked}".encode())


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
