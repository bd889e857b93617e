"""What a register or record is made of: its columns. docs/registers.md is held to it."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from agent.registers.types import MOMENT, TEXT, Type
from agent.sheets.columns import Column

NAMESPACE = ("targets", "links", "sites", "platforms", "components", "systems")
"""Registers whose ids are one namespace: scopes, parents and --target take any of them."""


class Field(NamedTuple):
    """One column. `refers`: the registers in which its ids must be found, `planes` for the configuration's planes."""

    name: str
    type: Type
    zh: str
    explain_en: str
    explain_zh: str
    example: str = ""
    aliases: tuple[str, ...] = ()
    required: bool = False
    refers: tuple[str, ...] = ()

    @property
    def column(self) -> Column:
        """As a file's reader and a template need it."""
        return Column(self.name, self.aliases, self.required, self.zh, self.explain_zh, self.explain_en, self.example)


@dataclass(frozen=True)
class Register:
    """One register or record: its columns, the id first.

    Shape: `start` and `end` name the columns that must be in order; `dated`: they are its validity, and an id may
    have several rows that follow each other. A record's id has one row, whatever its times. `start_else` stands in for
    an empty `start`; `meets`: the end may be the start. `needs_one`: a row must fill in one of these columns at least.
    """

    name: str
    en: str
    zh: str
    fields: tuple[Field, ...]
    start: str = "in_service_from"
    end: str = "in_service_to"
    dated: bool = True
    start_else: str = ""
    meets: bool = False
    needs_one: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Columns by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns in the order of the rows' cells."""
        return tuple(field.column for field in self.fields)

    @property
    def id(self) -> str:
        """The column of the id."""
        return self.fields[0].name

    @property
    def shares_ids(self) -> bool:
        """Whether its ids belong to the one namespace."""
        return self.name in NAMESPACE


SOURCE_DOC = Field(
    "source_doc", TEXT, "来源文件", "Document the row comes from.", "本行依据的文件。", "政数〔2025〕3号",
    ("依据文件", "文件依据", "文号"),
)  # fmt: skip

DATES = (
    Field(
        "in_service_from", MOMENT, "启用日期", "From when the row holds; empty: without bound.",
        "本行自何时起有效；空为不限。", "2025-01-01", ("投入使用日期", "启用时间", "开通日期", "开通时间"),
    ),
    Field(
        "in_service_to", MOMENT, "停用日期", "Until when, exclusive; empty: until the next row of the id, or open.",
        "有效至何时（不含）；空为至本编号的下一行，或不限。", "", ("停用时间", "退役日期", "终止日期"),
    ),
)  # fmt: skip

SERVICE = (*DATES, SOURCE_DOC)
"""The last columns of every register."""
