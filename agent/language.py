"""The two languages of the agent: English in the sources, Chinese in the catalogue."""

import gettext
from functools import cache
from importlib import resources

ZH = "zh"
EN = "en"
LANGUAGES = (ZH, EN)


def N_(text: str) -> str:
    """Mark a text for the catalogue without translating it."""
    return text


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The messages of a language."""
    if language == EN:
        return gettext.NullTranslations()
    file = resources.files("agent") / "locale" / "zh_CN" / "LC_MESSAGES" / "agent.mo"
    with file.open("rb") as opened:
        return gettext.GNUTranslations(opened)
