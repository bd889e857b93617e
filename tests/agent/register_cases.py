"""Helps tests take files of registers the whole way: text, an import, a store, its rows."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest

from agent.imports import ImportOutcome, ImportProblemsError, ImportRequest, apply_import, preview_import
from agent.registers import Known, built_in
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.registering import RegisterRow, current, rows
from agent.stores.writing import SqliteWriter
from tests.agent.import_cases import ZONE, at

NOW = at("2026-06-01")

DIVISIONS = "code,name,level,parent_code\n6109,安康市,市,\n610924,紫阳县,县,6109\n610924101,毛坝镇,镇,610924\n"
SITES = "site_id,name,division_code\nS-CORE,核心,6109\nS-ZY,紫阳,610924\nS-MB,毛坝,610924101\n"
LINKS = "link_id,a_site,b_site,carrier,contracted_mbps\nL-1,S-CORE,S-ZY,电信,1G\nL-2,S-ZY,S-MB,移动,100M\n"
TARGETS = (
    "target_id,kind,address,site_id,parents,carrier\n"
    "core,icmp,10.0.0.1,S-CORE,,电信\nzy,icmp,10.0.0.2,S-ZY,core,电信\nmb,tcp,10.0.0.3:22,S-MB,zy,移动\n"
)
PLATFORMS = "platform_id,name\ncloud,政务云\n"
COMPONENTS = "component_id,platform_id,member\ncloud-web,cloud,mb\n"


class Registers:
    """A store of its own."""

    def __init__(self, writer: SqliteWriter) -> None:
        self.writer = writer
        self.db = writer._db
        self.reader = SqliteReader(self.db)

    def take(self, kind: str, text: str | bytes, **options: Any) -> ImportOutcome:
        """Import a file."""
        return apply_import(self.writer, request(kind, text, **options))

    def preview(self, kind: str, text: str | bytes, **options: Any) -> ImportOutcome:
        """What an import would change."""
        return preview_import(self.db, request(kind, text, dry_run=True, **options))

    def refused(self, kind: str, text: str | bytes, **options: Any) -> list[str]:
        """The problems of a file that is refused, of which nothing is applied."""
        before = list(self.db.iterdump())
        with pytest.raises(ImportProblemsError) as caught:
            self.take(kind, text, **options)
        assert list(self.db.iterdump()) == before
        return str(caught.value).splitlines()

    def rows(self, register: str) -> list[RegisterRow]:
        """All versions."""
        return rows(self.db, register)

    def bodies(self, register: str) -> Mapping[str, Any]:
        """What holds now, by id; of several dated rows the last."""
        return {row.id: row.body for row in current(self.db, register)}

    def city(self) -> "Registers":
        """With one city's registers in it."""
        for kind, text in (
            ("divisions", DIVISIONS), ("sites", SITES), ("links", LINKS), ("targets", TARGETS),
            ("platforms", PLATFORMS), ("components", COMPONENTS),
        ):  # fmt: skip
            self.take(kind, text)
        return self


def request(kind: str, text: str | bytes, **options: Any) -> ImportRequest:
    """An import of `KIND.csv`."""
    given: dict[str, Any] = {"file": f"{kind}.csv", "now": NOW, "by": "tester", "zone": ZONE, **options}
    return ImportRequest(kind=kind, data=text if isinstance(text, bytes) else text.encode(), **given)


def knows(**columns: Any) -> Known:
    """A configuration."""
    return Known(**{"modules": built_in().modules, "vantage": "core-room", **columns})


@contextmanager
def registers() -> Iterator[Registers]:
    """An empty store in memory."""
    with closing(connect(Location(None))) as connection:
        migrate(connection, Location(None))
        yield Registers(SqliteWriter(connection))
