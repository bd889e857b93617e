"""What the options of `notices` must have in common."""

from collections.abc import Callable, Iterator

from agent.config.draft import Draft
from agent.config.problems import Found, Path, Rule, show


def sinks_have_names_of_their_own(draft: Draft) -> Iterator[Found]:
    """Metrics and `notices test` go by the name alone."""
    seen: dict[str, str] = {}
    for section in ("webhooks", "mails", "alertmanagers"):
        for name in getattr(draft.notices, section):
            if name in seen:
                text = f"got {show(name)} again, which stands in {seen[name]} too, wanted a name of its own; rename one"
                yield Found(Rule.NOTICES, ("notices", section, name), text, at_key=True)
            seen[name] = section


def webhooks_are_whole(draft: Draft) -> Iterator[Found]:
    """One URL, one form, and a key where it is signed."""
    for name, hook in draft.notices.webhooks.items():
        path: Path = ("notices", "webhooks", name)
        if (hook.url is None) == (hook.url_secret is None):
            got = "neither url nor url_secret" if hook.url is None else "url and url_secret"
            yield Found(Rule.NOTICES, path, f"got {got}, wanted one of them")
        if (hook.sign == "none") != (hook.sign_secret is None):
            how = "without" if hook.sign_secret is None else "with"
            yield Found(Rule.NOTICES, path, f"got sign {hook.sign} {how} sign_secret, wanted both or neither")
        if hook.template_file is not None and hook.template != "json":
            text = f"got template {hook.template} and template_file, wanted one of them; leave template out"
            yield Found(Rule.NOTICES, (*path, "template_file"), text)


def mails_are_whole(draft: Draft) -> Iterator[Found]:
    """A password goes with a name, and never in the clear."""
    for name, mail in draft.notices.mails.items():
        path: Path = ("notices", "mails", name)
        if (mail.user is None) != (mail.password is None):
            got = "password without user" if mail.user is None else "user without password"
            yield Found(Rule.NOTICES, path, f"got {got}, wanted both or neither")
        if mail.password is not None and mail.security == "none":
            text = "got a password with security none, wanted starttls or tls: it would be sent in the clear"
            yield Found(Rule.NOTICES, path, text)


NOTICE_RULES: tuple[Callable[[Draft], Iterator[Found]], ...] = (
    sinks_have_names_of_their_own,
    webhooks_are_whole,
    mails_are_whole,
)
