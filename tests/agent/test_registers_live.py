"""Registers into the store of a running agent: the child reads and checks, the writer copies, the store stamps."""

import json
from pathlib import Path
from urllib.parse import urlencode

from agent.stores.registering import RegisterRow
from tests.agent.fault_worlds import world as fault_world
from tests.agent.import_cases import at
from tests.agent.register_cases import SITES
from tests.agent.web_worlds import World, world
from tests.agent.worlds import SECOND, START

PLAIN_SITES = SITES.replace("division_code", "来源文件")
TARGETS = "target_id,kind,address,site_id,carrier\nzy/new,icmp,10.61.0.9,S-ZY,电信\n"
HISTORY = "target_id,at,state\nzy/new,2025-12-01T00:00:00+08:00,up\n"


async def post(w: World, kind: str, text: str, status: int = 200, **query: str) -> dict:
    path = f"/api/v1/import/{kind}?{urlencode({'by': 'wang', **query})}"
    async with w.client.session.post(w.client.make_url(path), data=text.encode()) as got:
        body = await got.text()
        assert got.status == status, body
        return json.loads(body)


async def test_rows_are_stamped_by_the_store_and_the_same_file_changes_nothing(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        first = await post(w, "sites", PLAIN_SITES, file="站点.csv")
        again = await post(w, "sites", PLAIN_SITES)
        changed = await post(w, "sites", PLAIN_SITES.replace("毛坝,", "毛坝镇,"))
        rows = w.agent.reader.register_rows("sites")
        versions = w.agent.reader.register_versions()
    assert first["text"][1:] == ["added: 3 (S-CORE, S-MB, S-ZY)"]
    assert (again["changed"], again["known"]) == (False, 3)
    assert changed["text"][1:] == ["changed: 1", "  S-MB: name: 毛坝 -> 毛坝镇", "unchanged: 2"]
    now = at("2026-01-01T08:01:00")
    assert rows[1] == RegisterRow(
        "sites", "S-MB", 1, None, None, {"name": "毛坝", "source_doc": "610924101"}, now, "wang"
    )
    assert [(row.id, row.version) for row in rows] == [("S-CORE", 1), ("S-MB", 1), ("S-MB", 2), ("S-ZY", 1)]
    assert versions["sites"].digest == changed["sha256"]


async def test_a_history_of_a_register_s_target_makes_its_component_with_its_kind(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        await post(w, "sites", PLAIN_SITES)
        await post(w, "targets", TARGETS)
        await w.write()
        component = w.agent.reader.component("zy/new")
        await post(w, "history", HISTORY, as_of="2026-01-01")
        assert w.agent.reader.imported_spans(component.id)
    assert component.kind == "icmp"
    assert "zy/new" in w.agent.watched, "an imported target is probed at once"


async def test_a_bad_file_is_refused_whole_and_a_dry_run_writes_nothing(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        dry = await post(w, "sites", PLAIN_SITES, dry_run="true")
        assert w.agent.reader.register_rows("sites") == []
        await post(w, "sites", PLAIN_SITES.replace("S-ZY", "S-XX"))
        refused = await post(w, "targets", TARGETS, 422)
        assert w.agent.reader.register_rows("targets") == []
    assert dry["text"][-1] == "dry run: nothing was written"
    assert [(one["line"], one["column"]) for one in refused["problems"]] == [(2, "site_id")]


async def test_an_id_that_the_configuration_has_is_no_other_register_s(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        refused = await post(w, "platforms", "platform_id,name\nslow,平台\n", 422)
        window = "window_id,scope,start,end,reason\nw,kind=tcp;lo,2026-07-01,2026-07-02,x\n"
        taken = await post(w, "maintenance", window)
    assert refused["problems"][0]["text"].startswith("got slow, which is the id of a target")
    assert taken["added"] == 1


async def test_a_row_that_begins_later_is_put_to_use_at_its_instant(tmp_path: Path):
    """Not at the next reload, nor by the daily job: a line re-routed at noon is probed where it is from noon on."""
    head = "target_id,kind,address,module,in_service_from,in_service_to"
    async with fault_world(tmp_path) as w:
        w.agent.calendar.start()
        w.take("targets", head, "new,tcp,127.0.0.1:50,port,2026-01-01T00:00:00+08:00,2126-01-01T12:00:00+08:00",
               "new,tcp,127.0.0.1:51,port,2126-01-01T12:00:00+08:00,")  # fmt: skip
        await w.agent.registers_changed()
        assert w.agent.watched["new"].target.address == "127.0.0.1:50"
        assert w.agent.calendar.planned("registers").isoformat() == "2126-01-01T12:00:00+08:00"
        w.to((at("2126-01-01T12:00:00") - START) / SECOND)
        await w.agent.registers_changed()
        assert w.agent.watched["new"].target.address == "127.0.0.1:51"
        assert "registers" not in w.agent.calendar.names(), "no date lies ahead any more"
        w.agent.calendar.stop()
