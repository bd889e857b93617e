"""Sentences that code without a catalogue writes in English, told again in the language of whoever reads."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from gettext import NullTranslations

_VALUE = re.compile(r"%\((\w+)\)s")


class Sentence:
    """One of them. `text` is its message in the catalogue; `shapes` has a pattern for each value in it, by name.

    `written` is how it is written, where that is not the text itself.
    """

    def __init__(self, text: str, shapes: Mapping[str, str], written: str = "") -> None:
        self.text = text
        self.written = written or text
        self._shapes = shapes

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = enumerate(_VALUE.split(self.written))  # words and names of values by turns
        return re.compile("".join(self._value(part) if place % 2 else re.escape(part) for place, part in parts))

    @property
    def shape(self) -> str:
        """A pattern of it as the value of another sentence."""
        return "".join(
            f"(?:{self._shapes[part]})" if place % 2 else re.escape(part)
            for place, part in enumerate(_VALUE.split(self.written))
        )

    def _value(self, name: str) -> str:
        return f"(?P<{name}>{self._shapes[name]})"

    def values(self, said: str) -> Mapping[str, str] | None:
        """What stands in it, None where `said` is another sentence."""
        found = self._pattern.fullmatch(said)
        return None if found is None else found.groupdict()


def retold(
    known: Iterable[Sentence], said: str, words: NullTranslations, told: Callable[[str, str], str]
) -> str | None:
    """`said` in other words, by the first sentence that fits; None where none does.

    `told`: a value by its name and as it is written, as it is to be told.
    """
    for sentence in known:
        values = sentence.values(said)
        if values is not None:
            return words.gettext(sentence.text) % {name: told(name, value) for name, value in values.items()}
    return None
