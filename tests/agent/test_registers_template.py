"""sla-agent template: a file that can be filled in and imported, for every kind, in both forms."""

import csv
import io
from pathlib import Path

import pytest

from agent.cli.template import columns_of
from agent.imports import KINDS
from agent.registers import REGISTERS
from agent.sheets.problems import Problems
from agent.sheets.table import open_table
from tests.agent.cli_agent import sla_agent

EVERY = [*REGISTERS, "history", "readings"]


def test_there_is_a_template_for_everything_that_can_be_imported():
    assert sorted(EVERY) == sorted(KINDS)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", EVERY)
def test_a_template_is_an_empty_file_of_its_kind(tmp_path: Path, kind: str, suffix: str):
    path = tmp_path / f"{kind}.{suffix}"
    said = sla_agent("template", kind, "-o", path)
    assert (said.code, said.out, said.err) == (0, "", "")
    problems = Problems(path.name)
    assert list(open_table(path.read_bytes(), columns_of(kind), {}, problems).rows()) == []
    problems.check()


@pytest.mark.parametrize("kind", EVERY)
def test_a_row_of_its_examples_under_a_template_is_read(kind: str):
    text = sla_agent("template", kind).out
    columns = columns_of(kind)
    row = io.StringIO()
    csv.writer(row).writerow([column.example for column in columns])
    problems = Problems("filled.csv")
    (read,) = open_table((text + row.getvalue()).encode(), columns, {}, problems).rows()
    problems.check()
    assert read.cells == tuple(column.example for column in columns)
    assert all(column.heading_zh and column.explain_zh and column.explain_en for column in columns)


def test_a_file_that_is_there_is_left_alone(tmp_path: Path):
    path = tmp_path / "sites.csv"
    path.write_text("mine", encoding="utf-8")
    said = sla_agent("template", "sites", "-o", path)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"sla-agent: {path}: there is a file already, wanted a new name; nothing was written\n"
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tragets",), "sla-agent: template tragets: no such kind; did you mean targets?\n"),
        (("sites", "-o", "sites.pdf"), "sla-agent: sites.pdf: got .pdf, wanted a name that ends in .csv or .xlsx\n"),
        (
            ("sites", "-o", "/nowhere/sites.csv"),
            "sla-agent: /nowhere/sites.csv: No such file or directory; name a file that can be written\n",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_said(words: tuple[str, ...], said: str):
    got = sla_agent("template", *words)
    assert (got.code, got.out, got.err) == (2, "", said)
