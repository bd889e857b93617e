"""Sentences told again: words are only words, values have their shape, and the first that fits is told."""

from gettext import NullTranslations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.figures.words import WHY, why_text
from agent.sentences import Sentence, retold

EN = NullTranslations()
SHAPES = {"a": r"\S+", "n": "[0-9]+", "rest": ".*"}
KNOWN = (
    Sentence("%(a)s has more than %(n)s bytes (max.body)", SHAPES),
    Sentence("%(a)s was asked %(n)s times", SHAPES, written="%(a)s was asked %(n)s time"),
    Sentence("%(a)s: %(rest)s", SHAPES),
)


class Shouting(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"<{message}>"


def as_it_is(name: str, value: str) -> str:
    return value


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("x has more than 12 bytes (max.body)", "<x has more than 12 bytes (max.body)>"),
        ("x has more than 12 bytes (max-body)", None),
        ("x has more than 12 bytes max.body", None),
        ("x has more than many bytes (max.body)", None),
        ("two words has more than 12 bytes (max.body)", None),
        ("so x has more than 12 bytes (max.body)", None),
        ("x has more than 12 bytes (max.body) or so", None),
        ("x was asked 1 time", "<x was asked 1 times>"),
        ("x was asked 2 times", None),
        ("x: 100% of (it)", "<x: 100% of (it)>"),
        ("x: ", "<x: >"),
        ("", None),
    ],
)
def test_what_fits_is_told_and_nothing_else(said: str, wanted: str | None) -> None:
    assert retold(KNOWN, said, Shouting(), as_it_is) == wanted


def test_the_first_that_fits_is_told() -> None:
    both = (Sentence("%(a)s: good", SHAPES), *KNOWN)
    assert retold(both, "x: good", Shouting(), as_it_is) == "<x: good>"
    assert retold(both, "x: good", EN, lambda name, value: f"[{name} {value}]") == "[a x]: good"
    assert retold(tuple(reversed(both)), "x: good", EN, lambda name, value: f"[{name} {value}]") == "[a x]: [rest good]"


@given(st.from_regex(SHAPES["a"], fullmatch=True), st.from_regex(SHAPES["n"], fullmatch=True))
def test_values_come_back_as_they_went_in(a: str, n: str) -> None:
    values = {"a": a, "n": n}
    assert KNOWN[0].values(KNOWN[0].text % values) == values


@pytest.mark.parametrize("sentence", WHY, ids=[sentence.text for sentence in WHY])
def test_what_is_missing_has_its_chinese(sentence: Sentence) -> None:
    said = sentence.written % {"a": "bitrate_mbps", "b": "24", "c": "32"}
    assert why_text(said, "en") == said
    told = why_text(said, "zh")
    assert told != said
    assert "bitrate_mbps" not in told
