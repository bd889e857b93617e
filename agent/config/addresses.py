"""Whether an address has the form its kind dials: offline, with documentation addresses for tokens."""

from collections.abc import Iterator

from agent.config.problems import Found, Path, Rule, nearest, show
from agent.config.tokens import TOKENS, is_token, stand_in
from collectors.base import Kind


def check_address(kind: Kind, address: str, path: Path) -> Iterator[Found]:
    """The problem of one address with one kind, if it has one."""
    if address.startswith("@") and not is_token(address):
        text = f"got {show(address)}, wanted {', '.join(TOKENS)}, or one with :PORT; {nearest(address, TOKENS)}"
        yield Found(Rule.TOKEN, path, text)
        return
    wrong = kind.check_address(stand_in(address))
    if wrong:
        text = wrong.replace(stand_in(address), address)
        rule = Rule.TOKEN if is_token(address) else Rule.ADDRESS
        yield Found(rule, path, text if text.startswith("got ") else f"got {show(address)}, {text}")
