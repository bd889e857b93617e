"""The words of the pages: every code of the method has one, and every one has its Chinese."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from agent.web import render
from agent.web.words import CAUSES, DEGRADED, OUTCOMES, REASONS, STATES
from collectors.base import Reason
from sla.model import DEGRADED_NAMES, Cause, Outcome, State

AGENT = Path(render.__file__).parents[1]
FOLDER = AGENT / "locale" / "zh_CN" / "LC_MESSAGES"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
FOLDERS = ("web", "figures", "reports", "notices")
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
PLACES = re.compile(r"%\((\w+)\)[sd]")


def used() -> set:
    """Every message of the sources, plurals as pairs."""
    return {row[2] for folder in FOLDERS for row in extract_from_dir(AGENT / folder, METHODS, keywords=KEYWORDS)}


def catalogue():
    with (FOLDER / "agent.po").open("rb") as file:
        return read_po(file, locale="zh_CN")


def test_every_message_is_translated_and_no_translation_is_left_over():
    written = {message.id for message in catalogue() if message.id}
    assert written == used()
    assert not [message.id for message in catalogue() if message.id and not all(strings(message))]


def test_a_translation_names_the_same_places_as_its_message():
    for message in catalogue():
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        known = set().union(*(PLACES.findall(text) for text in ids))
        for text in strings(message) if message.id else ():
            assert set(PLACES.findall(text)) <= known, message.id
            assert text.count("%") == ids[0].count("%") or "%(n" in "".join(ids), message.id


def test_the_compiled_catalogue_is_that_of_the_written_one():
    compiled = io.BytesIO()
    write_mo(compiled, catalogue())
    assert (FOLDER / "agent.mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (STATES, State),
        (OUTCOMES, Outcome),
        (CAUSES, Cause),
        (REASONS, Reason),
        (DEGRADED, set(DEGRADED_NAMES) - {"none"}),
    ],
)
def test_every_code_of_the_method_has_a_word(words, codes):
    assert set(words) == set(codes)


def test_english_is_the_language_of_the_sources():
    assert render.catalogue("en").gettext("no answer in time") == "no answer in time"
    assert render.catalogue("zh").gettext("no answer in time") == "超时无应答"


def strings(message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)
