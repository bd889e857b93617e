"""What the options of `chain` and `witnesses` must have in common."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from agent.config.draft import Draft
from agent.config.problems import Found, Path, Rule, show
from agent.config.schema import Witness
from sla.seal import is_available

_OF_KIND = {
    "file": ("path",),
    "syslog": ("address",),
    "mail": ("address", "sender", "recipients"),
    "webhook": ("url",),
}
_MAY_HAVE = {"mail": ("tls", "user", "password"), "webhook": ("token",)}
_PORT_MAX = 65535


def the_algorithm_is_there(draft: Draft) -> Iterator[Found]:
    """SM3 needs an OpenSSL that was built with it."""
    name = draft.chain.algorithm
    if not is_available(name):
        text = f"got {name}, which this Python cannot compute, wanted sha256, or a Python whose OpenSSL has {name}"
        yield Found(Rule.ALGORITHM, ("chain", "algorithm"), text)


def witnesses_are_named_once(draft: Draft) -> Iterator[Found]:
    """What waits for a witness goes by its name."""
    names = [witness.name for witness in draft.witnesses]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Found(Rule.WITNESS, ("witnesses", index, "name"), f"got {show(name)} again, wanted each name once")


def witnesses_are_whole(draft: Draft) -> Iterator[Found]:
    """Each has what its kind needs, and nothing of another kind."""
    for index, witness in enumerate(draft.witnesses):
        path: Path = ("witnesses", index)
        needed = _OF_KIND[witness.kind]
        allowed = {*needed, *_MAY_HAVE.get(witness.kind, ()), "name", "kind", "heads"}
        for name in needed:
            if not getattr(witness, name):
                yield Found(Rule.WITNESS, path, f"got kind {witness.kind} without {name}, wanted {name}; add it")
        for name in sorted(witness.model_fields_set - allowed):
            text = f"got {name} for kind {witness.kind}, wanted only {', '.join(sorted(allowed))}; remove it"
            yield Found(Rule.WITNESS, (*path, name), text)
        yield from _well_formed(witness, path)


def _well_formed(witness: Witness, path: Path) -> Iterator[Found]:
    if witness.path is not None and not witness.path.startswith("/"):
        yield Found(Rule.WITNESS, (*path, "path"), f"got {show(witness.path)}, wanted an absolute path")
    if witness.kind in ("syslog", "mail") and witness.address and not _is_address(witness.kind, witness.address):
        wanted = "HOST:PORT" if witness.kind == "mail" else "udp:HOST:PORT, tcp:HOST:PORT or unix:/PATH"
        yield Found(Rule.WITNESS, (*path, "address"), f"got {show(witness.address)}, wanted {wanted}")
    if witness.url is not None and not _is_url(witness.url):
        yield Found(Rule.WITNESS, (*path, "url"), f"got {show(witness.url)}, wanted http://… or https://…")
    if (witness.user is None) != (witness.password is None):
        yield Found(Rule.WITNESS, path, "got one of user and password, wanted both or neither")


def _is_address(kind: str, text: str) -> bool:
    if kind == "syslog":
        transport, _, text = text.partition(":")
        if transport == "unix":
            return text.startswith("/")
        if transport not in ("udp", "tcp"):
            return False
    host, _, port = text.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) <= _PORT_MAX


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


WITNESS_RULES: tuple[Callable[[Draft], Iterator[Found]], ...] = (
    the_algorithm_is_there,
    witnesses_are_named_once,
    witnesses_are_whole,
)
