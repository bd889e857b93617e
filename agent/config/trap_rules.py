"""What the options of `traps` must have in common."""

from collections.abc import Callable, Iterator

from agent.config.draft import Draft
from agent.config.problems import Found, Path, Rule, show
from agent.config.schema import TrapUser
from collectors.options import Secret


def somebody_is_believed(draft: Draft) -> Iterator[Found]:
    """To listen and to believe nobody is a mistake."""
    written = draft.tree.at(("traps", "communities")) or draft.tree.at(("traps", "users"))
    if draft.traps.listen_addresses and not written:
        text = "got neither communities nor users, wanted whom to believe; add one of them"
        yield Found(Rule.TRAPS, ("traps", "listen_addresses"), text)


def each_is_named_once(draft: Draft) -> Iterator[Found]:
    """An address can be opened once, and a user has one password."""
    addresses = [*draft.traps.listen_addresses]
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            text = f"got {show(address)} again, wanted each address once; remove one"
            yield Found(Rule.TRAPS, ("traps", "listen_addresses", index), text)
    names = [user.user for user in draft.traps.users]
    for index, name in enumerate(names):
        if name in names[:index]:
            text = f"got {show(name)} again, wanted each user once; remove one"
            yield Found(Rule.TRAPS, ("traps", "users", index, "user"), text)


def users_are_whole(draft: Draft) -> Iterator[Found]:
    """A password for each algorithm, and a signature where there is encryption."""
    for index, user in enumerate(draft.traps.users):
        path: Path = ("traps", "users", index)
        yield from _pair(path, "hash", user.hash, "auth_password", user.auth_password)
        yield from _pair(path, "cipher", user.cipher, "priv_password", user.priv_password)
        yield from _cipher_needs_hash(path, user)


def _pair(path: Path, option: str, chosen: str, password_option: str, password: Secret | None) -> Iterator[Found]:
    if (chosen == "none") == (password is None):
        return
    got = f"got {option} {chosen} {'without' if password is None else 'with'} {password_option}"
    yield Found(Rule.TRAPS, path, f"{got}, wanted both or neither")


def _cipher_needs_hash(path: Path, user: TrapUser) -> Iterator[Found]:
    if user.cipher != "none" and user.hash == "none":
        text = f"got cipher {user.cipher} without hash, wanted hash too: version 3 encrypts only what it signs"
        yield Found(Rule.TRAPS, path, text)


TRAP_RULES: tuple[Callable[[Draft], Iterator[Found]], ...] = (
    somebody_is_believed,
    each_is_named_once,
    users_are_whole,
)
