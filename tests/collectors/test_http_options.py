"""The options of kind http, its addresses, its rules and its decoders: what needs no peer."""

import gzip
import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import ValidationError

from collectors.base import Module
from collectors.http import KIND, HttpCollector, HttpModule, check_address
from collectors.http.rules import BodyRules, decode, shorten
from collectors.webclient.body import BodyError, Inflated


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"valid_status": ["2x"]}, "got 2x, wanted a status such as 204 or a class such as 2xx"),
        ({"valid_status": ["99"]}, "got 99, wanted a status"),
        ({"valid_status": []}, "at least 1 item"),
        ({"method": "FETCH"}, "Input should be 'GET', 'HEAD'"),
        ({"json": [{"path": "$.[", "equals": "1"}]}, "wanted a JSONPath such as $.status: expected a shorthand"),
        ({"json": [{"path": "$.a"}]}, "wanted exactly one of equals and matches"),
        ({"body_matches": ["("]}, "wanted a regular expression"),
        ({"max_body": "1MB"}, "wanted a size with a unit"),
        ({"headers": {"Authorization": "Bearer plain"}}, "Authorization is a secret, wanted {file: PATH}"),
        ({"headers": {"Content-Length": "3"}}, "Content-Length is set by the agent itself"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "a header stands there twice"),
        ({"headers": {"X-A": "1\r\nX-B: 2"}}, "String should match pattern"),
        ({"headers": {"X A": "1"}}, "String should match pattern"),
        ({"headers": {"X-A": {"path": "x"}}}, "Extra inputs are not permitted"),
        ({"auth": {}}, "wanted exactly one of basic and bearer"),
        ({"auth": {"bearer": "plain"}}, "got a plain text secret, wanted {file: PATH}"),
        ({"auth": {"bearer": {"env": "A"}}, "headers": {"authorization": {"env": "A"}}}, "both set Authorization"),
        ({"body": "a", "body_file": "b"}, "at most one of body and body_file"),
        ({"fail_if_ssl": True, "fail_if_not_ssl": True}, "together accept nothing"),
        ({"method": "HEAD", "body_matches": ["x"]}, "method HEAD has no body"),
        ({"tls": {"verify": False, "ca_file": "x"}}, "ca_file without verify does nothing"),
        ({"redirects": {"max": 0}}, "greater than or equal to 1"),
        ({"family": "5"}, "Input should be 'auto', '4' or '6'"),
        ({"follow": True}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_option_is_refused_with_what_was_wanted(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        HttpModule.model_validate(options)
    assert words in str(caught.value)


def test_options_may_come_as_the_text_of_a_file() -> None:
    module = HttpModule.model_validate(
        {
            "timeout": "3s", "valid_status": ["2XX", 404], "redirects": {"follow": "false", "max": "3"}, "family": 6,
            "max_body": "2KiB", "json": [{"path": "$.ok", "equals": True}], "fail_if_ssl": "true",
        }
    )  # fmt: skip
    assert (module.timeout, module.valid_status, module.family) == (3.0, ("2xx", "404"), "6")
    assert (module.redirects.follow, module.redirects.max, module.max_body) == (False, 3, 2048)
    assert (module.json_rules[0].equals, module.fail_if_ssl) == ("true", True)


def test_the_defaults_are_a_get_that_wants_2xx_within_ten_seconds() -> None:
    module = HttpModule()
    assert (module.method, module.valid_status, module.timeout) == ("GET", ("2xx",), 10.0)
    assert isinstance(KIND.build(module), HttpCollector)


def test_a_module_of_another_kind_is_our_bug() -> None:
    with pytest.raises(TypeError, match="wanted HttpModule"):
        KIND.build(Module())


@pytest.mark.parametrize(
    "address",
    [
        "http://host/", "https://10.0.0.1:8443/a?b=c", "http://[2001:db8::1]:80/", "http://政务.测试/路径",
        "HTTP://HOST", "http://under_score.local/", "http://[fe80::1%25eth0]/",
    ],
)  # fmt: skip
def test_a_url_is_a_good_address(address: str) -> None:
    assert check_address(address) == ""


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("host", "the scheme is not http or https"),
        ("ftp://host/", "the scheme is not http or https"),
        ("http://", "there is no host"),
        ("http:///path", "there is no host"),
        ("http://a b/", "there is no host, or it has a character"),
        ("http://host:0/", "port 0"),
        ("http://host:65536/", "the host or the port is none"),
        ("http://[::1/", "the host or the port is none"),
        ("http://127.1/", "not a whole IPv4 address"),
        ("http://2130706433/", "not a whole IPv4 address"),
        ("http://300.1.1.1/", "not a whole IPv4 address"),
    ],
)
def test_what_is_no_url_is_refused_with_what_was_wanted(address: str, words: str) -> None:
    problem = check_address(address)
    assert words in problem
    assert "wanted a URL such as https://host:8443/path" in problem


@pytest.mark.parametrize("address", ["http://ops:opensesame@host/", "http://ops:opensesame@host:99999/"])
def test_a_password_in_an_address_is_refused_and_not_repeated(address: str) -> None:
    problem = check_address(address)
    assert problem
    assert "opensesame" not in problem


NO_HEADERS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())


@pytest.mark.parametrize(
    ("path", "equals", "body", "problem"),
    [
        ("$.a", "1", '{"a": 1}', ""),
        ("$.a", "1", '{"a": 1.0}', ""),
        ("$.a", "1", '{"a": "1"}', ""),
        ("$.a", "1", '{"a": true}', "got 'true', wanted '1'"),
        ("$.a", "true", '{"a": 1}', "got '1', wanted 'true'"),
        ("$.a", "null", '{"a": null}', ""),
        ("$.a", "正常", '{"a": "正常"}', ""),
        ("$.a", "UP", '{"a": ["UP"]}', "got '[\"UP\"]', wanted 'UP'"),
        ("$.a[*]", "UP", '{"a": ["UP", "DOWN"]}', "got 'DOWN', wanted 'UP'"),
        ("$.a[*]", "UP", '{"a": ["UP", ""]}', "got '', wanted 'UP'"),
        ("$.a[*]", "UP", '{"a": []}', "nothing there"),
        ("$.b", "1", '{"a": 1}', "nothing there"),
        ("$.a", "1", "<html>", "the body is not JSON"),
        ("$.a", "1", "", "the body is not JSON"),
        ("$.a", "1", "9" * 5000, "the body is not JSON"),
        ("$.a", "1", "[" * 100_000, "the body is not JSON"),
        ("$..a", "1", "[" * 900 + "]" * 900, "the path cannot be followed"),
    ],
)
def test_a_json_rule_holds_or_says_why_not(path: str, equals: str, body: str, problem: str) -> None:
    module = HttpModule.model_validate({"json": [{"path": path, "equals": equals}]})
    [verdict] = BodyRules(module).judge(NO_HEADERS, body.encode(), None)
    assert verdict.problem.startswith(problem)
    assert bool(verdict.problem) == bool(problem)


def test_a_header_rule_is_satisfied_by_any_one_of_several_values() -> None:
    rules = BodyRules(HttpModule.model_validate({"header_matches": [{"name": "Via", "pattern": "^b$"}]}))
    [holds] = rules.judge(CIMultiDictProxy(CIMultiDict([("via", "a"), ("VIA", "b")])), b"", None)
    [broken] = rules.judge(NO_HEADERS, b"", None)
    assert (holds.problem, broken.problem) == ("", "got no such header")


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("系统正常".encode(), None),
        ("系统正常".encode("gb18030"), None),
        ("系统正常".encode("gbk"), "GB2312"),
        ("系统正常".encode("utf-16"), "utf-16"),
        ("系统正常".encode(), "zlib_codec"),
        ("系统正常".encode(), "idna"),
    ],
)
def test_a_body_is_read_in_the_charset_it_says_or_looks_like(data: bytes, charset: str | None) -> None:
    assert decode(data, charset) == "系统正常"


def test_what_a_peer_sent_is_shown_short_and_escaped() -> None:
    assert shorten("\x1b[31mred\n") == "'\\x1b[31mred\\n'"
    assert len(shorten("a" * 10_000)) < 100


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(borders)]


COMPRESSED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw": lambda data: (stream := zlib.compressobj(wbits=-15)).compress(data) + stream.flush(),
    "members": lambda data: gzip.compress(data[:3]) + gzip.compress(data[3:]),
    "padded": lambda data: gzip.compress(data) + bytes(9),
}


@given(st.sampled_from(sorted(COMPRESSED)), st.binary(max_size=300), st.lists(st.integers(0, 500), max_size=8))
def test_a_compressed_body_is_the_same_however_it_is_cut(kind: str, data: bytes, cuts: list[int]) -> None:
    decoder = Inflated("deflate" if kind in {"deflate", "raw"} else "gzip")
    plain = b"".join(decoder.feed(piece, 10_000) for piece in pieces(COMPRESSED[kind](data), cuts))
    decoder.finish()
    assert plain == data


@given(st.binary(min_size=1, max_size=300), st.integers(0, 50))
def test_a_decoder_never_gives_much_more_than_there_is_room_for(data: bytes, room: int) -> None:
    assert len(Inflated("gzip").feed(gzip.compress(data * 100), room)) <= room + 1


@given(st.sampled_from(["gzip", "deflate"]), st.binary(max_size=100), st.lists(st.integers(0, 100), max_size=4))
def test_garbage_is_a_body_error_or_nothing_else(encoding: str, data: bytes, cuts: list[int]) -> None:
    decoder = Inflated(encoding)
    try:
        for piece in pieces(data, cuts):
            decoder.feed(piece, 1000)
        decoder.finish()
    except BodyError as exc:
        assert encoding in str(exc)  # noqa: PT017 (garbage may also happen to be right)
