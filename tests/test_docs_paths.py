"""What the page on kinds says of traces: the options of `path` as the code has them, in both languages."""

import re

import pytest

from agent.config.show import duration
from collectors import ON_DEMAND
from collectors.path import Method, PathModule
from collectors.path.options import MAX_HOPS, MAX_QUERIES
from tests.option_tables import is_chinese, read, tables
from tests.test_docs_collectors import DOCS, EN, ZH, Edition

SECTIONS = {"en": "The path of a fault", "zh": "故障的路径"}
EDITIONS = pytest.mark.parametrize("edition", [EN, ZH], ids=["en", "zh"])


def section(edition: Edition) -> str:
    parts = re.split(r"^## (.+)$", read(DOCS / edition.name), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[SECTIONS[edition.language]]


def shown(value: object) -> str:
    return "-" if value is None else duration(value) if isinstance(value, float) else str(value)


@EDITIONS
def test_every_option_of_a_trace_is_there_with_its_default_and_nothing_more(edition: Edition) -> None:
    (table,) = [each for each in tables(section(edition)) if each[0] == edition.options]
    wanted = [(name, shown(info.default)) for name, info in PathModule.model_fields.items()]
    assert [(row[0].strip("`"), row[2].strip("`")) for row in table[1:]] == wanted
    for name, kind, _, meaning in table[1:]:
        assert is_chinese(meaning) == (edition is ZH), name
        assert kind
    assert f"{MAX_HOPS}" in table[5][3]
    assert f"{MAX_QUERIES}" in table[4][3]
    assert {method.value for method in Method} == set(re.findall(r"`(\w+)`", table[2][1]))


@EDITIONS
def test_the_page_says_what_a_trace_needs_and_what_others_see(edition: Edition) -> None:
    text = section(edition)
    (kind,) = ON_DEMAND
    for word in (f"`{kind.name}`", "`path.enabled: false`", "sla_agent_path_traces_total", "5.8", "traceroute"):
        assert word in text
