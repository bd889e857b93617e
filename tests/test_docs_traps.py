"""What the pages say of SNMP traps is what the code does: fates, bounds, and a configuration that loads."""

import re
from pathlib import Path

import pytest

from agent.config import load
from agent.hints import HINTING_KIND, LINE, MOST_LINES
from agent.schedule import EARLY_NS
from agent.traps import AGAIN_SECONDS
from collectors import KINDS
from collectors.snmp.hints import MOST_BYTES, Fate
from collectors.snmp.trap_messages import _HINTS
from collectors.snmp.traps import DECODE_SECONDS, MOST_WAITING, QUIET_SECONDS
from tests.option_tables import is_chinese, read, tables

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": ("collectors.md", "## SNMP traps\n", "fate"), "zh": ("collectors.zh.md", "## SNMP Trap\n", "去向")}
EDITIONS = pytest.mark.parametrize("language", PAGES)
ENV = dict.fromkeys(("SNMP_AUTH_PASSWORD", "SNMP_PRIV_PASSWORD"), "a secret")


def section(language: str) -> str:
    name, heading, _ = PAGES[language]
    return read(DOCS / name).partition(heading)[2].partition("\n## ")[0]


@EDITIONS
def test_every_fate_is_explained(language: str) -> None:
    (table,) = tables(section(language))
    assert table[0][0] == PAGES[language][2]
    assert [row[0].strip("`") for row in table[1:]] == sorted(Fate)
    assert all(is_chinese(cell) == (language == "zh") for row in table[1:] for cell in row[1:])


@EDITIONS
def test_the_bounds_are_those_of_the_code(language: str) -> None:
    said = section(language)
    per_second = round(1 / DECODE_SECONDS)
    assert EARLY_NS == QUIET_SECONDS * 1e9
    early, size, again = f"{QUIET_SECONDS:g} s", f"{MOST_BYTES // 1024} KiB", f"{AGAIN_SECONDS:g} s"
    for bound in (early, size, again, str(MOST_LINES), str(MOST_WAITING), str(per_second)):
        assert re.search(rf"(?<!\d){bound}(?!\d)", said), bound
    for name in (*_HINTS.values(), f"`{HINTING_KIND}`", f"`{LINE}`"):
        assert name in said, name


@EDITIONS
def test_the_configuration_shown_loads(language: str, tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", section(language), re.MULTILINE | re.DOTALL)
    (tmp_path / "agent.yml").write_text(text, encoding="utf-8")
    traps = load(tmp_path / "agent.yml", KINDS, env=ENV).traps
    assert traps.listen_addresses == ("0.0.0.0:162", "[::]:162")
    assert [user.user for user in traps.users] == ["sla"]
