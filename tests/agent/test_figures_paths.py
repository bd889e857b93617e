"""A kept trace in words, in both languages: never more than was seen."""

import pytest

from agent.figures.paths import WORDS_ZH, path_as_json, path_words, sentence_zh
from agent.stores.pathing import KeptPath
from collectors.path import Answer, End, Hop, Method, Said, Traced, sentence
from collectors.wire import icmp
from tests.option_tables import is_chinese


def answer(address: str, said: Said = Said.TRANSIT, words: str = "hop limit exceeded") -> Answer:
    return Answer(address, 0.0012, said, words, 11, 0)


def trace(end: End, *hops: Hop) -> Traced:
    return Traced(Method.TCP, "10.9.9.9", 443, "10.0.0.1", hops, end, 3.5)


FIRST = Hop(1, 2, (answer("10.0.0.2"), answer("10.0.0.2")))
SILENT = Hop(2, 2, ()), Hop(3, 2, ())
UNREACHABLE = Hop(2, 1, (answer("10.0.0.2", Said.UNREACHABLE, "filtered"),))
OWN = Hop(1, 1, (answer("10.0.0.1", Said.UNREACHABLE, "host unreachable"),))
ARRIVED = Hop(2, 1, (answer("10.9.9.9", Said.ARRIVED, "refused"),))


@pytest.mark.parametrize(
    ("traced", "english", "chinese"),
    [
        (trace(End.STOPPED), "no hop answered; asked as far as hop 0", "没有任何一跳应答；已探测到第 0 跳"),
        (trace(End.SILENT, *SILENT), "no hop answered; asked as far as hop 3", "没有任何一跳应答；已探测到第 3 跳"),
        (
            trace(End.SILENT, FIRST, *SILENT),
            "last hop that answered: hop 1 10.0.0.2 (1.2 ms); hops 2 to 3 silent",
            "最后应答的一跳：第 1 跳 10.0.0.2（1.2 ms）；第 2 至 3 跳无应答",
        ),
        (
            trace(End.DEADLINE, FIRST, SILENT[0]),
            "last hop that answered: hop 1 10.0.0.2 (1.2 ms); hop 2 silent",
            "最后应答的一跳：第 1 跳 10.0.0.2（1.2 ms）；第 2 跳无应答",
        ),
        (
            trace(End.MAX_HOPS, FIRST),
            "last hop that answered: hop 1 10.0.0.2 (1.2 ms); asked no further (max hops)",
            "最后应答的一跳：第 1 跳 10.0.0.2（1.2 ms）；已到最大跳数",
        ),
        (
            trace(End.UNREACHABLE, FIRST, UNREACHABLE),
            "breaks at hop 2: 10.0.0.2 says filtered (1.2 ms)",
            "在第 2 跳中断：10.0.0.2 报告被过滤（1.2 ms）",
        ),
        (
            trace(End.UNREACHABLE, OWN),
            "breaks at hop 1: this host itself, 10.0.0.1, says host unreachable (1.2 ms)",
            "在第 1 跳中断：本机 10.0.0.1 报告主机不可达（1.2 ms）",
        ),
        (
            trace(End.ARRIVED, FIRST, ARRIVED),
            "hop 2 answers in the name of 10.9.9.9 (1.2 ms): refused",
            "第 2 跳有以 10.9.9.9 名义的应答（1.2 ms）：拒绝连接",
        ),
    ],
)
def test_the_sentence_says_what_was_seen(traced: Traced, english: str, chinese: str):
    assert sentence(traced) == english
    assert sentence_zh(traced) == chinese


def test_every_word_of_an_answer_is_translated():
    pairs = [(kind, code) for kind in range(256) for code in range(16)]
    words = {icmp.meaning_v4(*pair) for pair in pairs} | {icmp.meaning_v6(*pair) for pair in pairs}
    known = {word for word in words if word is not None and " type " not in word}
    assert known <= WORDS_ZH.keys() | {"hop limit exceeded"}
    assert all(map(is_chinese, WORDS_ZH.values()))


def test_people_see_a_line_a_hop_and_machines_every_answer():
    path = KeptPath("F-1", 1, 0, "t", trace(End.SILENT, FIRST, *SILENT), 0)
    assert list(path_words(path, str)) == [
        "path to 10.9.9.9 port 443 by tcp at 0, for t (fault F-1):",
        "  last hop that answered: hop 1 10.0.0.2 (1.2 ms); hops 2 to 3 silent",
        "   1  10.0.0.2  1.200 ms, 1.200 ms",
        "   2  2 of 2 not answered",
        "   3  2 of 2 not answered",
    ]
    told = path_as_json(path, str)
    assert told["last_hop"] == 1
    assert [(hop["hop"], hop["sent"], len(hop["answers"])) for hop in told["hops"]] == [(1, 2, 2), (2, 2, 0), (3, 2, 0)]
    assert told["hops"][0]["answers"][0]["icmp"] == [11, 0]
