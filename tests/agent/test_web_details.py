"""Details of readings in Chinese: every sentence is one that a collector writes, and what fits none stays English."""

import ast
import errno
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from agent.language import catalogue
from agent.sentences import Sentence
from agent.web.details import DETAILS, ERRNOS, told
from collectors.errnos import ERRNOS as KNOWN
from collectors.errnos import from_errno, from_host
from collectors.webclient.failures import DOING

ROOT = Path(__file__).parents[2]
SAMPLES = {
    "a": "10.0.0.1:443",
    "n": "2",
    "m": "3",
    "s": "5",
    "t": "0.25",
    "r": "OPTIONS",
    "detail": "measured host",
    "doing": "in the TLS handshake",
}
ZH, EN = catalogue("zh"), catalogue("en")


@cache
def written() -> list[re.Pattern[str]]:
    """Each f-string of the collectors and of the agent that has words, as what it can become."""
    paths = [*(ROOT / "collectors").rglob("*.py"), ROOT / "agent" / "runner.py"]
    return [re.compile(found) for path in paths for found in _strings(path)]


def _strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in node.values]
            if any(part and len(part) >= 8 for part in parts):
                yield "".join(".+" if part is None else re.escape(part) for part in parts)


@pytest.mark.parametrize("sentence", DETAILS, ids=[sentence.written for sentence in DETAILS])
def test_every_sentence_is_one_that_is_written_and_has_its_chinese(sentence: Sentence) -> None:
    detail = sentence.written % SAMPLES
    assert any(each.fullmatch(detail) for each in written()), "no collector writes it any more"
    found = told(detail, ZH)
    assert found.is_told
    assert re.search("[\u4e00-\u9fff]", found.text)
    for value in re.findall(r"%\((\w+)\)s", sentence.text):
        assert value in {"detail", "doing"} or SAMPLES[value] in found.text
    assert told(detail, EN).text == sentence.text % SAMPLES


@pytest.mark.parametrize("number", ERRNOS, ids=errno.errorcode.get)
def test_what_the_system_says_of_a_connection(number: int) -> None:
    assert number in KNOWN
    detail = from_errno(number, "connect to 10.0.0.1:22").detail
    found = told(detail, ZH)
    assert found.is_told
    assert found.text.startswith("连接 10.0.0.1:22：")
    assert os.strerror(number) not in found.text
    assert errno.errorcode[number] in found.text


@pytest.mark.parametrize(
    ("doing", "said"),
    [*((doing, "") for doing in DOING.values()), ("connecting", "建立连接"), ("ask 10.0.0.1:161", "询问 10.0.0.1:161")],
)
def test_what_was_being_done_is_told_with_it(doing: str, said: str) -> None:
    detail = from_errno(errno.ECONNREFUSED, doing).detail
    assert told(detail, EN).text == f"{doing}: connection refused (ECONNREFUSED)"
    found = told(detail, ZH).text
    assert doing not in found
    assert found.startswith(said)
    assert found.endswith("：连接被拒绝（ECONNREFUSED）")


def test_a_route_of_our_own_is_said_beside_it() -> None:
    detail = from_host(errno.EHOSTUNREACH, "connect to 10.0.0.1:22").detail
    assert told(detail, ZH).text == "连接 10.0.0.1:22：没有到该主机的路由（EHOSTUNREACH），出自本机的路由"


def test_one_echo_is_told_too() -> None:
    found = told("no reply from 10.0.0.1 to 1 echo request within 2s", ZH)
    assert found.text == "10.0.0.1 对 1 个回显请求在 2 秒内无应答"


@pytest.mark.parametrize(
    "detail",
    [
        "",
        "something that nobody translated",
        "connect to 10.0.0.1:22: Verbindung verweigert (ECONNREFUSED)",
        "connect to 10.0.0.1:22: Connection refused (ENOTHING)",
        "summon 10.0.0.1: Connection refused (ECONNREFUSED)",
        "measured <script>\nalert(1)",
    ],
)
def test_what_fits_no_sentence_stays_as_it_is(detail: str) -> None:
    assert told(detail, ZH) == (detail, False)
