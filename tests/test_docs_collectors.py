"""docs/collectors.md in both languages: exactly the kinds, options, values, reasons and modules that exist.

What the pages show is tried: addresses, limits, configurations, and the kind that they give as an example.
"""

import gettext
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from agent.config import load
from agent.config.addresses import check_address
from agent.config.builtin import BUILT_IN, DEFAULT_MODULES
from agent.config.show import duration
from agent.schedule import LAUNCH_CAP, PAUSE_NS
from agent.web.words import REASONS
from collectors import KINDS
from collectors.base import FAILED_REASONS, Kind, Module, Outcome, Reading, Reason, Target
from collectors.hostparts.selection import CONTAINER_MOUNTS, PSEUDO_TYPES, VIRTUAL_DEVICES, VIRTUAL_INTERFACES
from tests.option_tables import is_chinese, options, read, spans, tables

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LOCALE = ROOT / "agent" / "locale"
ENV = dict.fromkeys(("API_TOKEN", "SNMP_AUTH_PASSWORD", "SNMP_PRIV_PASSWORD", "SNMP_COMMUNITY"), "a secret")

KIND_HEADING = re.compile(r"^## ([a-z][a-z0-9_]*)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROBED = re.compile(r"\$ sla-agent probe (\S+) (\S+)\n")
NEVER_BY_A_PROBE = {Reason.CLOCK, Reason.ISOLATED}
OF_EVERY_KIND = {Reason.INTERNAL, Reason.LATE}  # the runner's own: a kind lists them where it says more


class Edition(NamedTuple):
    """One language of the page, and the heads of its tables."""

    language: str
    name: str
    kinds: list[str]
    addresses: list[str]
    options: list[str]
    values: list[str]
    host_values: list[str]
    outcomes: list[str]
    reasons: list[str]
    modules: list[str]
    left_out: list[str]
    yes_no: tuple[str, str]

    @property
    def text(self) -> str:
        return read(DOCS / self.name)

    @property
    def sections(self) -> dict[str, str]:
        """The section of each kind."""
        parts = re.split(r"^## (.+)$", self.text, flags=re.MULTILINE)
        found = dict(zip(parts[1::2], parts[2::2], strict=True))
        return {name: found[name] for name in KIND_HEADING.findall(self.text)}

    def rows(self, head: Sequence[str], within: str | None = None) -> list[list[str]]:
        """The rows of all tables with this head, code without its marks."""
        found = tables(self.text if within is None else within)
        return [[cell.strip("`") for cell in row] for table in found if table[0] == head for row in table[1:]]

    def values_of(self, kind: str) -> list[list[str]]:
        """Rows of a kind's values: name, component, meaning, limit."""
        section = self.sections[kind]
        plain = [[name, "-", *rest] for name, *rest in self.rows(self.values, section)]
        return plain + self.rows(self.host_values, section)

    def blocks(self, language: str) -> list[str]:
        return [text for name, text in BLOCK.findall(self.text) if name == language]


EN = Edition(
    "en",
    "collectors.md",
    ["kind", "measures", "probes under way", "started a second", "timeout"],
    ["address", "taken", "remark"],
    ["option", "type", "default", "meaning"],
    ["value", "meaning", "limit"],
    ["value", "component", "meaning", "limit"],
    ["outcome", "reason", "when"],
    ["reason", "outcome", "on the page", "meaning", "what to do"],
    ["module", "kind", "options", "for"],
    ["left out", "by default"],
    ("yes", "no"),
)
ZH = Edition(
    "zh",
    "collectors.zh.md",
    ["类型", "测什么", "同时进行", "每秒启动", "超时"],
    ["地址", "接受", "说明"],
    ["选项", "类型", "缺省", "含义"],
    ["测量值", "含义", "限值"],
    ["测量值", "部件", "含义", "限值"],
    ["结果", "原因", "何时"],
    ["原因", "结果", "网页文字", "含义", "怎么办"],
    ["模块", "类型", "选项", "用于"],
    ["略去", "缺省"],
    ("是", "否"),
)
EDITIONS = pytest.mark.parametrize("edition", [EN, ZH], ids=["en", "zh"])
EACH_KIND = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])


@EDITIONS
def test_each_kind_has_its_section_and_its_row_and_there_are_no_others(edition: Edition) -> None:
    names = [kind.name for kind in KINDS]
    assert KIND_HEADING.findall(edition.text) == names
    assert [row[0] for row in edition.rows(edition.kinds)] == names


@EDITIONS
def test_the_limits_and_the_timeout_of_each_kind_are_its_own(edition: Edition) -> None:
    wanted = [
        [kind.name, str(kind.concurrency), str(kind.per_second), duration(built_in(kind).timeout)] for kind in KINDS
    ]
    assert [[row[0], *row[2:]] for row in edition.rows(edition.kinds)] == wanted
    assert f"{LAUNCH_CAP * 1_000_000_000 // PAUSE_NS:,}".replace(",", " ") in edition.text


def built_in(kind: Kind) -> Module:
    """The default module of a kind."""
    return kind.module_type.model_validate(BUILT_IN[DEFAULT_MODULES[kind.name]][1])


def required(kind: Kind) -> Mapping[str, Any]:
    """The options that a kind wants to be told, as its default module has them."""
    chosen = BUILT_IN[DEFAULT_MODULES[kind.name]][1]
    return {name: chosen[name] for name, info in kind.module_type.model_fields.items() if info.is_required()}


@EDITIONS
@EACH_KIND
def test_every_option_of_a_kind_is_there_with_type_and_default_and_nothing_more(edition: Edition, kind: Kind) -> None:
    found = [tuple(row[:3]) for row in edition.rows(edition.options, edition.sections[kind.name])]
    wanted = [option[:3] for option in options(kind.module_type, edition.language)]
    assert found == [tuple(cell.strip("`") for cell in row) for row in wanted]


@EDITIONS
@EACH_KIND
def test_every_option_says_what_it_means(edition: Edition, kind: Kind) -> None:
    for option, *_, meaning in edition.rows(edition.options, edition.sections[kind.name]):
        assert meaning, option
        assert is_chinese(meaning) == (edition is ZH), option


@EDITIONS
@EACH_KIND
def test_every_value_of_a_kind_is_there_and_nothing_more(edition: Edition, kind: Kind) -> None:
    assert [row[0] for row in edition.values_of(kind.name)] == list(kind.values)


@EACH_KIND
def test_the_meanings_of_values_are_the_kind_s_own_words_and_their_translation(kind: Kind) -> None:
    assert {name: meaning for name, _, meaning, _ in EN.values_of(kind.name)} == dict(kind.values)
    assert not [row for row in ZH.values_of(kind.name) if not is_chinese(row[2])]
    english, chinese = ([(*row[:2], row[3]) for row in edition.values_of(kind.name)] for edition in (EN, ZH))
    assert english == chinese


@EACH_KIND
def test_the_limits_shown_load(kind: Kind, tmp_path: Path) -> None:
    limits = {name: limit for name, *_, limit in EN.values_of(kind.name) if limit != "-"}
    assert limits
    text = "\n".join(f"      {name}: {limit}" for name, limit in limits.items())
    file = tmp_path / "agent.yml"
    needed = "".join(f"    {name}: {value}\n" for name, value in required(kind).items())
    file.write_text(f"modules:\n  shown:\n    kind: {kind.name}\n{needed}    limits:\n{text}\n", encoding="utf-8")
    assert set(load(file, KINDS, env={}).modules["shown"].limits) == set(limits)


@EDITIONS
@EACH_KIND
def test_the_addresses_shown_are_taken_or_refused_as_the_page_says(edition: Edition, kind: Kind) -> None:
    rows = edition.rows(edition.addresses, edition.sections[kind.name])
    assert {taken for _, taken, _ in rows} == set(edition.yes_no)
    for address, taken, _ in rows:
        problems = list(check_address(kind, address, ("address",)))
        assert (not problems) == (taken == edition.yes_no[0]), (address, problems)


@EDITIONS
@EACH_KIND
def test_the_reasons_of_a_kind_stand_once_with_their_outcome(edition: Edition, kind: Kind) -> None:
    rows = edition.rows(edition.outcomes, edition.sections[kind.name])
    reasons = [Reason(reason) for _, reason, _ in rows]
    assert len(set(reasons)) == len(reasons)
    assert [outcome for outcome, *_ in rows] == [str(outcome_of(reason)) for reason in reasons]


def outcome_of(reason: Reason) -> Outcome:
    return Outcome.FAILED if reason in FAILED_REASONS else Outcome.ERROR


@EACH_KIND
def test_both_languages_list_the_reasons_of_a_kind_that_its_code_names(kind: Kind) -> None:
    english, chinese = (
        [row[1] for row in edition.rows(edition.outcomes, edition.sections[kind.name])] for edition in (EN, ZH)
    )
    assert english == chinese
    named = {Reason[name] for name in re.findall(r"\bReason\.([A-Z_]+)", source_of(kind))}
    assert named - OF_EVERY_KIND <= {Reason(reason) for reason in english}


def source_of(kind: Kind) -> str:
    """The kind's own code, without what it shares with others."""
    home = ROOT / "collectors" / kind.name
    files = sorted(home.glob("*.py")) if home.is_dir() else [home.with_suffix(".py")]
    return "\n".join(read(file) for file in files)


@EDITIONS
def test_the_table_of_reasons_is_the_vocabulary_in_the_words_of_the_page(edition: Edition) -> None:
    rows = edition.rows(edition.reasons)
    assert [tuple(row[:3]) for row in rows] == [
        (str(reason), str(outcome_of(reason)), page_words(reason, edition.language)) for reason in Reason
    ]
    assert not [row for row in rows if not all(row)]


def page_words(reason: Reason, language: str) -> str:
    if language == "en":
        return REASONS[reason]
    return gettext.translation("agent", LOCALE, languages=["zh_CN"]).gettext(REASONS[reason])


def test_every_reason_but_the_agent_s_own_is_given_by_some_kind() -> None:
    given = {Reason(reason) for section in EN.sections.values() for _, reason, _ in EN.rows(EN.outcomes, section)}
    assert given == set(Reason) - NEVER_BY_A_PROBE


@EDITIONS
def test_the_built_in_modules_are_there_with_their_options_and_nothing_more(edition: Edition) -> None:
    shown = [tuple(row[:3]) for row in edition.rows(edition.modules)]
    assert shown == [(name, kind, options_shown(chosen)) for name, (kind, chosen) in BUILT_IN.items()]


def options_shown(chosen: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in chosen.items()).replace("'", "") or "-"


@EDITIONS
def test_what_the_host_leaves_out_by_default_is_listed(edition: Edition) -> None:
    listed = [spans(f"`{names}`") for _, names in edition.rows(edition.left_out)]
    assert listed == [set(globs) for globs in (CONTAINER_MOUNTS, PSEUDO_TYPES, VIRTUAL_INTERFACES, VIRTUAL_DEVICES)]


async def test_a_real_reading_of_this_host_has_its_values_under_the_components_of_the_page() -> None:
    kind = next(kind for kind in KINDS if kind.name == "host")
    pages = {name: component.partition("/")[0] for name, component, *_ in EN.values_of("host")}
    module = kind.module_type.model_validate({"processes": [{"name": "any", "command": ".", "min": 0}]})
    async with kind.build(module) as collector:
        await collector.collect(Target(id="a", address="localhost", timeout_seconds=10))
        readings = await collector.collect(Target(id="a", address="localhost", timeout_seconds=10))
    found = {(value, part.component.partition("/")[0] or "-") for part in readings for value in part.values}
    assert found
    assert found <= set(pages.items())


@EDITIONS
def test_every_configuration_shown_loads_and_uses_every_kind(edition: Edition, tmp_path: Path) -> None:
    used = set()
    for number, text in enumerate(edition.blocks("yaml")):
        file = tmp_path / f"{number}.yml"
        file.write_text(text, encoding="utf-8")
        config = load(file, KINDS, env=ENV)
        used |= {target.kind for target in config.targets}
    assert used == {kind.name for kind in KINDS}


@EDITIONS
@EACH_KIND
def test_one_probe_of_each_kind_is_shown_with_values_that_it_has(edition: Edition, kind: Kind) -> None:
    (shown,) = [text for name, text in BLOCK.findall(edition.sections[kind.name]) if not name and PROBED.match(text)]
    module, address = PROBED.findall(shown)[0]
    assert BUILT_IN[module][0] == kind.name
    assert module == DEFAULT_MODULES[kind.name]
    assert not list(check_address(kind, address, ("address",)))
    values = re.findall(r"^    ([a-z0-9_]+) +[0-9.]+$", shown, re.MULTILINE)
    assert values
    assert set(values) <= set(kind.values)
    assert shown.endswith("verdict: ok\n")


def test_both_languages_show_the_same_code() -> None:
    assert EN.sections.keys() == ZH.sections.keys()
    for name in EN.sections:
        assert spans_of_prose(EN.sections[name]) == spans_of_prose(ZH.sections[name]), name
    assert spans_of_prose(EN.text) == spans_of_prose(ZH.text)
    english, chinese = ([without_comments(text) for _, text in BLOCK.findall(edition.text)] for edition in (EN, ZH))
    assert english == chinese


def spans_of_prose(text: str) -> set[str]:
    return spans(BLOCK.sub("", text))


def without_comments(text: str) -> str:
    return re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)


@EDITIONS
def test_every_link_leads_somewhere(edition: Edition) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", edition.text):
        file, _, heading = link.partition("#")
        target = DOCS / (file or edition.name)
        assert target.exists(), link
        assert not heading or heading in headings(target), link


def headings(file: Path) -> set[str]:
    texts = re.findall(r"^#+ (.+)$", read(file), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).lower().replace(" ", "-") for text in texts}


@pytest.mark.parametrize(("page", "to"), [("configuration.md", EN.name), ("configuration.zh.md", ZH.name)])
def test_the_page_on_configuration_links_to_this_one(page: str, to: str) -> None:
    assert f"]({to})" in read(DOCS / page)


@EDITIONS
async def test_the_kind_given_as_an_example_works(edition: Edition, tmp_path: Path) -> None:
    kind = kind_shown(edition)
    path = tmp_path / "peer"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        (reading,) = await probe(kind, path)
    assert reading.outcome is Outcome.OK
    assert set(reading.values) == set(kind.values)


async def test_the_kind_given_as_an_example_says_refused_where_nobody_listens(tmp_path: Path) -> None:
    path = tmp_path / "peer"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        (reading,) = await probe(kind_shown(EN), path)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.REFUSED)


def kind_shown(edition: Edition) -> Kind:
    (code,) = edition.blocks("python")
    module = ModuleType("shown")
    exec(compile(code, edition.name, "exec"), module.__dict__)
    kind: Kind = module.KIND
    return replace(kind)


async def probe(kind: Kind, path: Path) -> Sequence[Reading]:
    assert kind.check_address(str(path)) == ""
    assert kind.check_address("peer") != ""
    async with kind.build(kind.module_type()) as collector:
        return await collector.collect(Target(id="a", address=str(path), timeout_seconds=10))
