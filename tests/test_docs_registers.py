"""docs/registers.md in both languages: exactly the registers, columns, headings, types and stars that the code has."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.registers import NAMESPACE, REGISTERS, Register
from agent.registers.entries import BLANK
from agent.registers.scope_text import PAIRS, parse_scope
from agent.registers.types import FLAG, INTERVAL, RATE
from tests.agent.import_cases import ZONE
from tests.option_tables import is_chinese, read, spans, tables

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Edition(NamedTuple):
    """One language of the page, and what its tables are headed."""

    name: str
    head: list[str]
    refused: list[str]
    between: str
    zh: bool

    @property
    def text(self) -> str:
        return read(DOCS / self.name)

    @property
    def sections(self) -> dict[str, str]:
        """The sections of registers, in the order of the page."""
        parts = re.split(r"^## (.+)$", self.text, flags=re.MULTILINE)
        found = dict(zip(parts[1::2], parts[2::2], strict=True))
        return {name: text for name, text in found.items() if any(table[0] == self.head for table in tables(text))}

    def rows(self, register: str) -> list[list[str]]:
        """The rows of the one table of columns in a register's section."""
        (table,) = (table for table in tables(self.sections[register]) if table[0] == self.head)
        return table[1:]

    def pick(self, en: str, zh: str) -> str:
        return zh if self.zh else en


EN = Edition("registers.md", ["column", "headings", "type", "meaning"], ["what", "where"], ", ", zh=False)
ZH = Edition("registers.zh.md", ["列", "表头", "类型", "含义"], ["内容", "适用"], "、", zh=True)
EDITIONS = pytest.mark.parametrize("edition", [EN, ZH], ids=["en", "zh"])
EACH = pytest.mark.parametrize("register", list(REGISTERS.values()), ids=list(REGISTERS))


@EDITIONS
def test_each_register_has_its_section_and_there_are_no_others(edition: Edition) -> None:
    assert list(edition.sections) == list(REGISTERS)


@EDITIONS
@EACH
def test_every_column_is_there_with_star_headings_type_and_meaning_and_nothing_more(
    edition: Edition, register: Register
) -> None:
    wanted = [
        [
            f"`{field.name}`" + ("\\*" if field.required else ""),
            edition.between.join([field.zh, *field.aliases]),
            edition.pick(field.type.en, field.type.zh),
            edition.pick(field.explain_en, field.explain_zh),
        ]
        for field in register.fields
    ]
    assert edition.rows(register.name) == wanted


@EACH
def test_every_meaning_is_said_in_both_languages(register: Register) -> None:
    for field in register.fields:
        assert field.explain_en.endswith("."), field.name
        assert not is_chinese(field.explain_en.replace("市 县 镇 村", "")), field.name
        assert is_chinese(field.explain_zh), field.name
    assert is_chinese(register.zh)


REQUIRED = {
    "divisions": ["code", "name", "level"],
    "sites": ["site_id"],
    "links": ["link_id", "a_site", "b_site", "carrier", "contracted_mbps"],
    "targets": ["target_id", "kind", "address"],
    "identities": ["identity"],
    "platforms": ["platform_id", "name"],
    "components": ["component_id", "platform_id", "member"],
    "systems": ["system_id", "name"],
    "private_networks": ["network_id", "name", "department"],
    "video_points": ["point_id"],
    "video_demands": ["demand_id", "department", "use"],
    "maintenance": ["window_id", "scope", "start", "end", "reason"],
    "faults": ["fault_id", "root", "reported"],
    "security_incidents": ["incident_id", "severity"],
    "data_issues": ["issue_id", "issued_at"],
    "measures": ["measure_id", "indicator", "date", "numerator", "document", "signer"],
    "summaries": [
        *("summary_id", "who", "plan", "indicator", "period", "numerator", "denominator", "high"),
        *("method_version", "definition_digest"),
    ],
}
"""The stars of the contract."""


@EDITIONS
def test_the_stars_are_those_of_the_contract(edition: Edition) -> None:
    found = {name: [row[0] for row in edition.rows(name) if row[0].endswith("*")] for name in edition.sections}
    assert found == {name: [f"`{column}`\\*" for column in columns] for name, columns in REQUIRED.items()}


COLUMNS = {
    "targets": "target_id kind address role name module site_id plane parents interval_seconds timeout_seconds confirm"
    " vantage responsible_unit carrier families_required in_service_from in_service_to source_doc",
    "links": "link_id a_site b_site tier carrier contracted_mbps redundancy_group far_address source_address a_device"
    " a_if b_device b_if duct in_service_from in_service_to source_doc",
    "maintenance": "window_id scope start end approved_by approved_at notified_at reason document",
}
"""The columns that the contract lists."""


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_are_those_of_the_contract(name: str) -> None:
    assert [row[0].strip("`*\\") for row in EN.rows(name)] == COLUMNS[name].split()


@EDITIONS
def test_the_words_of_cells_are_what_the_code_takes(edition: Edition) -> None:
    shown = spans(edition.text)
    assert shown >= BLANK | set(PAIRS) | set(NAMESPACE)
    assert shown >= {"100M", "1G", "5min", "是", "√"}
    assert (RATE.read("100M", ZONE), RATE.read("1G", ZONE)) == (100, 1000)
    assert (INTERVAL.read("5min", ZONE), FLAG.read("√", ZONE)) == (300, True)
    assert parse_scope("site=S-MB01,kind=icmp")[0].pairs == (("site", "S-MB01"), ("kind", "icmp"))
    assert "site=S-MB01,kind=icmp" in shown


@EDITIONS
def test_the_order_of_imports_is_that_of_the_catalogue(edition: Edition) -> None:
    order = edition.between.join(f"`{name}`" for name in REGISTERS)
    assert order in edition.text


def test_both_languages_say_the_same() -> None:
    english, chinese = (
        [table for table in tables(edition.text) if table[0] == edition.refused] for edition in (EN, ZH)
    )
    assert [len(table) for table in english] == [len(table) for table in chinese] == [15]
    assert BLOCK.findall(EN.text) == BLOCK.findall(ZH.text)
    assert spans(BLOCK.sub("", EN.text)) == spans(BLOCK.sub("", ZH.text))


@EDITIONS
def test_every_link_leads_somewhere(edition: Edition) -> None:
    for link in re.findall(r"\]\(([^)#]+)", edition.text):
        assert (DOCS / link).exists(), link
