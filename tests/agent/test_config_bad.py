"""Every way to refuse a configuration: a file each with its exact messages, and only ConfigError for any bytes."""

import os
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import ErrorDetails, core_schema
from yaml.reader import ReaderError

from agent.config import ConfigError, Rule, load
from agent.config import draft as draft_module
from agent.config.draft import read_draft
from agent.config.nodes import UnreadableError, parse
from agent.config.reader import Reader
from agent.config.rules import RULES, vantage_has_a_name
from agent.config.witness_rules import the_algorithm_is_there
from agent.config.wording import reword
from tests.agent.config_fakes import KINDS, as_flow, write

FOLDER = Path(__file__).parent / "bad_config"
FILES = sorted(FOLDER.glob("*.yml"))
ENVIRONMENT = {"PRESENT": "hunter2", "EMPTY": ""}
NOT_BY_A_FILE = {Rule.FILE, Rule.FILE_SIZE, Rule.HOST_NAME, Rule.ALGORITHM}
"""Each has a test of its own below."""


def refused(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(path, KINDS, env=ENVIRONMENT)
    return caught.value


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_exactly_these_messages(path: Path) -> None:
    messages = [str(problem).removeprefix(f"{path}:") for problem in refused(path).problems]
    assert messages == expected(path)
    assert messages


def test_every_rule_has_a_bad_file() -> None:
    seen = {problem.rule for path in FILES for problem in refused(path).problems}
    assert seen | NOT_BY_A_FILE == set(Rule)
    assert not seen & NOT_BY_A_FILE


def test_every_rule_function_finds_something_in_a_bad_file() -> None:
    found = set()
    for path in FILES:
        try:
            draft = read_draft(Reader(parse(path.read_text(encoding="utf-8"))), KINDS)
        except (UnreadableError, UnicodeDecodeError, ReaderError):
            continue
        found |= {rule for rule in RULES if list(rule(draft))}
    assert set(RULES) - found == {vantage_has_a_name, the_algorithm_is_there}  # have tests of their own below


def test_an_algorithm_that_this_python_lacks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.config.witness_rules.is_available", lambda _: False)
    wanted = "wanted sha256, or a Python whose OpenSSL has sm3"
    path = write(tmp_path, "chain: {algorithm: sm3}\n")
    (problem,) = refused(path).problems
    assert str(problem).endswith(f"chain.algorithm: got sm3, which this Python cannot compute, {wanted}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_message_repeats_a_secret_or_pydantic(path: Path) -> None:
    text = str(refused(path))
    assert "hunter2" not in text
    assert not re.search(r"Input should|not permitted|Value error|Field required|pydantic", text)


def test_problems_stand_in_the_order_of_their_lines() -> None:
    lines = [problem.line for problem in refused(FOLDER / "many_at_once.yml").problems]
    assert lines == sorted(lines)
    assert len(set(lines)) > 3


def test_a_problem_names_file_line_and_column(tmp_path: Path) -> None:
    path = write(tmp_path, "log: {format: json, level: loud}\n")
    (problem,) = refused(path).problems
    assert (problem.file, problem.line, problem.column) == (str(path), 1, 28)
    assert str(problem).startswith(f"{path}:1: log.level: got loud, wanted ")


@pytest.mark.parametrize("name", ["missing.yml", ".", "nul\0byte"])
def test_when_the_file_cannot_be_read_the_problem_names_the_file(tmp_path: Path, name: str) -> None:
    (problem,) = refused(tmp_path / name).problems
    assert problem.rule is Rule.FILE
    assert str(problem).startswith(f"{tmp_path / name}: file: got nothing (")


def test_when_the_file_is_huge_it_is_refused_unread(tmp_path: Path) -> None:
    (problem,) = refused(write(tmp_path, "# long\n" * 200_000)).problems
    assert problem.rule is Rule.FILE_SIZE


def test_when_the_host_name_cannot_be_a_name_vantage_name_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_module.socket, "gethostname", lambda: "my host")
    (problem,) = refused(write(tmp_path, "zone: UTC\n")).problems
    assert problem.rule is Rule.HOST_NAME
    assert problem.text == "got nothing, and the host name my host cannot be a name; set vantage.name"
    assert load(write(tmp_path, "vantage: {name: core-1}\n"), KINDS).vantage.name == "core-1"


def test_a_wrong_vantage_name_is_no_problem_of_the_targets_that_name_it(tmp_path: Path) -> None:
    text = "vantage: {name: core 1}\ntargets: [{target_id: a, kind: icmp, address: 10.0.0.1, vantage: core-1}]\n"
    (problem,) = refused(write(tmp_path, text)).problems
    assert problem.what == "vantage.name"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\xfd", b"x" * 70_000])
def test_a_secret_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    secret = tmp_path / "token"
    secret.write_bytes(content)
    secret.chmod(0o600)
    (problem,) = refused(write(tmp_path, f"modules: {{portal: {{kind: http, bearer: {{file: {secret}}}}}}}")).problems
    assert problem.rule is Rule.SECRET
    assert problem.what == "modules.portal.bearer.file"


def test_a_private_secret_file_is_accepted_and_one_for_everybody_is_not(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("hunter2\n", encoding="utf-8")
    path = write(tmp_path, f"modules: {{portal: {{kind: http, bearer: {{file: {secret}}}}}}}")
    secret.chmod(0o640)
    load(path, KINDS)
    secret.chmod(0o604)
    (problem,) = refused(path).problems
    assert problem.rule is Rule.SECRET_MODE


def test_a_named_pipe_as_secret_file_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    path = write(tmp_path, f"modules: {{portal: {{kind: http, bearer: {{file: {tmp_path / 'pipe'}}}}}}}")
    assert "not a regular file" in str(refused(path))


def test_without_an_environment_given_the_process_environment_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "modules: {portal: {kind: http, bearer: {env: SLA_TEST_TOKEN}}}")
    monkeypatch.setenv("SLA_TEST_TOKEN", "hunter2")
    load(path, KINDS)
    monkeypatch.delenv("SLA_TEST_TOKEN")
    assert refused(path).problems[0].rule is Rule.SECRET


def test_an_unknown_name_is_not_answered_with_an_endless_list(tmp_path: Path) -> None:
    rows = "".join(f"  - {{target_id: t{n}, kind: icmp, address: 10.0.0.1}}\n" for n in range(60))
    last = "  - {target_id: zz, kind: icmp, address: 10.0.0.1, parents: 网关}\n"
    assert "and 36 more" in str(refused(write(tmp_path, f"targets:\n{rows}{last}")))


_CONTEXT = dict.fromkeys(("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length"), 1) | {
    "pattern": "^a$",
    "expected": "'a' or 'b'",
    "error": "wanted better",
}


@pytest.mark.parametrize("kind", get_args(core_schema.ErrorType))
def test_no_error_of_pydantic_keeps_its_wording(kind: str) -> None:
    error = ErrorDetails(type=kind, loc=("a",), msg="Input should be better", input="x", ctx=_CONTEXT)
    found = reword(error, ("a",), "x", ["b"])
    assert found.text.startswith("got ")
    assert "Input should" not in found.text
    assert "{" not in found.text


_OPTIONS = [
    "zone", "vantage", "store", "web", "log", "planes", "states", "kinds", "modules", "targets", "labels", "name",
    "gateway", "module", "interval", "retry_interval", "timeout", "url", "listen_address", "level", "format", "anchors",
    "down_after", "down_loss", "blip_window", "concurrency", "kind", "limits", "rtt_seconds", "min", "max", "target_id",
    "address", "role", "plane", "parents", "interval_seconds", "timeout_seconds", "confirm", "families_required",
    "in_service_from", "in_service_to", "icmp", "tcp", "http", "bearer", "login", "json", "headers", "<<",
]  # fmt: skip
_WORDS = [
    "a", "b", "a;b", "a#b", "icmp", "tcp", "http", "10.0.0.1", "@gateway", "@gateway:53", "@", "http://a/", "10s", "5m",
    "010", "0", "-1", "3", "0.5", "true", "on", "12:30", "2026-01-01", "2026-13-01", "9999-12-31T23:59:59-23:59",
    "Asia/Shanghai", "Asia", "../etc/passwd", "sqlite:///:memory:", "sqlite:///a.db", "127.0.0.1:0", "[::1]:1",
    "[%:]:1", "4;6", "９", "９s", "网关", "\0", "\ud800", "", "~", "9" * 400, "9" * 400 + "d", "9" * 5000 + "MiB",
    "1" + "0" * 308 + "d", "(", "(" * 3000,
    "a{99999999999}", "[[", "/dev/zero",
]  # fmt: skip
_scalars = st.sampled_from(_WORDS) | st.text(max_size=8) | st.none()
_documents = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_OPTIONS) | st.text(max_size=3), inner),
    max_leaves=40,
)


def survives(path: Path) -> None:
    try:
        load(path, KINDS, env={})
    except ConfigError as exc:
        if not str(exc).encode("utf-8"):
            pytest.fail("a refusal that says nothing")


_fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_fuzz
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_configuration_or_a_config_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "agent.yml"
    path.write_bytes(data)
    survives(path)


@_fuzz
@given(text=st.text("abz: -\n#&*!<{}[],|>%@`'\"\\\t\r\u2028\ufeff0?~", max_size=80))
def test_any_yaml_like_text_is_a_configuration_or_a_config_error(tmp_path: Path, text: str) -> None:
    survives(write(tmp_path, text))


@_fuzz
@given(document=st.dictionaries(st.sampled_from(_OPTIONS), _documents, max_size=6))
def test_any_document_is_a_configuration_or_a_config_error(tmp_path: Path, document: dict[str, object]) -> None:
    survives(write(tmp_path, as_flow(document)))


_TARGET = st.dictionaries(st.sampled_from(_OPTIONS), _scalars, max_size=8)
_MODULE = st.fixed_dictionaries(
    {"kind": st.sampled_from(["icmp", "tcp", "http", "x"])},
    optional=dict.fromkeys(
        ("interval", "timeout", "limits", "bearer", "login", "json", "headers", "expect"), _documents
    ),
)


@_fuzz
@given(
    targets=st.lists(
        st.builds(lambda row, id_: row | {"target_id": id_, "kind": "icmp"}, _TARGET, st.sampled_from("abc")),
        max_size=5,
    ),
    modules=st.dictionaries(st.sampled_from(["a", "icmp", "网关"]), _MODULE, max_size=3),
)
def test_any_targets_and_modules_are_a_configuration_or_a_config_error(
    tmp_path: Path, targets: list[object], modules: dict[str, object]
) -> None:
    survives(write(tmp_path, as_flow({"targets": targets, "modules": modules})))


def test_a_file_cut_anywhere_is_a_configuration_or_a_config_error(tmp_path: Path) -> None:
    data = (Path(__file__).parents[2] / "config" / "agent.example.yml").read_bytes()
    for end in range(0, len(data), 13):
        path = tmp_path / "agent.yml"
        path.write_bytes(data[:end])
        survives(path)
