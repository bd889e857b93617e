"""POST /api/v1/import over a real agent: all rows or none, ids that never collide, and nothing left behind."""

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlencode

import jsonschema
import pytest

from agent.errors import StoreError, UsageError
from agent.imports import live, staging
from agent.stores.importing import StagedImport
from agent.stores.opening import connect
from agent.web import api, importing
from collectors.base import ok
from tests.agent.import_cases import DAY, HISTORY, READINGS, at, request
from tests.agent.web_worlds import World, world

PATH = "/api/v1/import"
DECEMBER = f"{HISTORY}\nlo,2025-12-01T00:00:00+08:00,up\nlo,2025-12-31T00:00:00+08:00,down\n"
NEW = f"{HISTORY}\nold/1,2025-12-01T00:00:00+08:00,up\nold/2,2025-12-01T00:00:00+08:00,down\n"
MEMORY = "store: {{url: 'sqlite:///:memory:'}}\nweb: {{listen_address: '127.0.0.1:0'}}\n"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary folder of the agent, which is as empty afterwards as before."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


async def post(w: World, text: object, status: int = 200, kind: str = "history", headers=None, **query: str) -> dict:
    """One import; a history holds until the end of 2025."""
    if kind == "history":
        query = {"as_of": "2026-01-01", **query}
    address = w.client.make_url(f"{PATH}/{kind}").update_query(query)
    data = text.encode() if isinstance(text, str) else text
    async with w.client.session.post(address, data=data, headers=headers) as got:
        body = await got.text()
        assert got.status == status, f"{got.status}: {body}"
        described = api.description()["paths"][f"{PATH}/{{kind}}"]["post"]["responses"][str(status)]["content"]
        schema = {"components": api.description()["components"], **described[got.content_type]["schema"]}
        jsonschema.validate(json.loads(body), schema)
        return json.loads(body)


async def figures(w: World, target: str) -> dict:
    query = urlencode({"target": target, "from": "2025-12-01", "to": "2026-01-01"})
    return (await w.get(f"/api/v1/availability?{query}")).json


def dump(w: World) -> list[str]:
    """All rows that only imports write, and the components."""
    connection = connect(w.agent.location, read_only=True)
    try:
        tables = ("components", "imports", "imported_spans", "imported_readings")
        return [str(row) for table in tables for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
    finally:
        connection.close()


async def test_an_import_is_in_every_figure_at_once_and_says_what_it_did(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        before = await figures(w, "lo")
        got = await post(w, DECEMBER, file="历史/lo.csv", by="wang")
        after = await figures(w, "lo")
        of_files = "SELECT kind, file, digest, rows, recorded_at, recorded_by FROM imports WHERE kind <> 'inline'"
        with_rows = w.agent.reader._all(of_files)
    assert before["us"]["unknown"] == 31 * DAY
    assert (after["us"]["up"], after["us"]["down"], after["us"]["unknown"]) == (30 * DAY, DAY, 0)
    assert after["source_us"] == {"probe": 0, "imported": 31 * DAY}
    assert (got["rows"], got["targets"], got["created"], got["added"], got["added_us"]) == (2, 1, [], 2, 31 * DAY)
    assert (got["late"], got["first_heartbeat"]) == (0, "2026-01-01T08:00:00+08:00")
    assert with_rows == [("history", "历史/lo.csv", got["sha256"], 2, at("2026-01-01T08:04:00"), "wang")]


async def test_the_text_is_what_the_command_prints(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        got = await post(w, NEW, create_targets="true", file="old.csv")
        again = await post(w, NEW, create_targets="true", file="old.csv")
    digest = got["sha256"]
    assert got["text"] == [
        f"old.csv: 2 rows of 2 targets, sha256 {digest}",
        "targets created: 2 (old/1, old/2)",
        "spans added: 2, together 1488 h 00 min 00 s",
    ]
    assert again["text"][1:] == ["nothing new: all of it is known already; the store is unchanged"]
    assert again["changed"] is False


async def test_time_after_the_first_heartbeat_is_kept_and_changes_no_figure(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        query = "/api/v1/availability?target=lo&from=2026-01-01T08:00:00%2B08:00"
        before = (await w.get(query)).json
        got = await post(w, f"{HISTORY}\nlo,2026-01-01T07:59:00+08:00,down\n", as_of="2026-01-01T08:03:00+08:00")
        assert (await w.get(query)).json == before
        early = (await w.get(query.replace("T08:00:00", "T07:59:00"))).json
    assert (got["added_us"], got["late"], got["late_us"]) == (240 * 10**6, 1, 180 * 10**6)
    assert early["us"]["down"] == 60 * 10**6


async def test_readings_are_taken_too(tmp_path: Path):
    rows = [f"lo,2025-12-01T00:0{minute}:00+08:00,ok,60," for minute in range(4)]
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        got = await post(w, "\n".join([READINGS, *rows]), kind="readings")
        assert (await figures(w, "lo"))["us"]["up"] == 270 * 10**6  # three minutes and one and a half intervals
    assert (got["added"], got["known"], got["added_us"]) == (4, 0, None)


async def test_every_row_that_is_wrong_is_told_and_nothing_is_left(tmp_path: Path):
    text = f"{NEW}old/3,2025-12-01,up\nold/4,2025-12-01T00:00:00+08:00,broken\n"
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        before = dump(w)
        got = await post(w, text, 422, create_targets="true", file="bad.csv")
        assert dump(w) == before
        assert w.agent.ledger.component_of("old/1") is None
    assert [(one["line"], one["column"]) for one in got["problems"]] == [(4, "at"), (5, "state")]
    assert got["detail"] == "bad.csv: refused, 2 problems; nothing was applied"


async def test_a_contradiction_to_an_earlier_import_is_refused_whole(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        await post(w, DECEMBER)
        before = dump(w)
        got = await post(w, DECEMBER.replace(",down", ",up") + NEW.partition("\n")[2], 422, create_targets="true")
        assert dump(w) == before
    assert [one["line"] for one in got["problems"]] == [3]


async def test_a_dry_run_says_what_would_change_and_writes_nothing(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        before = dump(w)
        got = await post(w, NEW, create_targets="true", dry_run="true")
        assert dump(w) == before
    assert (got["dry_run"], got["created"]) == (True, ["old/1", "old/2"])
    assert got["text"][-1] == "dry run: nothing was written"


async def test_a_map_names_other_headings(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        text = DECEMBER.replace("target_id,at", "Line,at")
        assert (await post(w, text, 422))["problems"]
        await post(w, text, map=json.dumps({"line": "target_id"}))
        assert (await figures(w, "lo"))["us"]["up"] == 30 * DAY


@pytest.mark.parametrize(
    ("kind", "query", "wanted"),
    [
        ("history", {"as_of": "2027-01-01"}, "lies in the future"),
        ("history", {"create_targets": "yes"}, "wanted one of true, false"),
        ("history", {"until": "2026"}, "parameter until: unknown"),
        ("history", {"by": "a\nb"}, "printable characters"),
        ("history", {"map": "[1]"}, "wanted JSON"),
        ("history", {"map": '{"line": "target"}'}, "wanted a column of this file"),
        ("readings", {"as_of": "2026-01-01"}, "wanted none"),
        ("incidents", {}, "no such kind"),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_the_file_is_read(tmp_path: Path, kind, query, wanted):
    async with world(tmp_path) as w:
        got = await post(w, "no csv at all", 400, kind=kind, **query)
    assert wanted in got["detail"]


async def test_a_history_without_its_end_is_refused(tmp_path: Path):
    async with world(tmp_path) as w:
        got = await w.send("POST", f"{PATH}/history", 400)
    assert "got no --as-of" in got.json["detail"]


async def test_a_write_that_another_site_began_is_refused(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        await post(w, DECEMBER, 403, headers={"Origin": "http://evil.example", "Content-Type": "text/plain"})
        assert (await figures(w, "lo"))["us"]["up"] == 0


async def test_a_file_that_is_too_long_is_refused_with_its_length_said_or_not(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(importing, "MAX_BYTES", 1024 * 1024)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65536

    async with world(tmp_path) as w:
        said = await post(w, io.BytesIO(b"x" * (1024 * 1024 + 1)), 413)
        unsaid = await post(w, pieces(), 413)
    assert "at most 1 MiB" in said["detail"]
    assert "at most 1 MiB" in unsaid["detail"]


async def test_a_body_that_breaks_off_is_no_file(tmp_path: Path, temporary: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        before = dump(w)
        url = w.client.make_url("/")
        _, writer = await asyncio.open_connection(url.host, url.port)
        head = f"POST {PATH}/history?as_of=2026-01-01 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n"
        writer.write(head.encode() + DECEMBER.encode())
        await writer.drain()
        await _until(lambda: any(temporary.glob("*/body")))
        writer.close()
        await writer.wait_closed()
        await _until(lambda: not any(temporary.iterdir()))
        assert dump(w) == before


async def test_more_files_at_once_than_there_is_room_for_are_refused(tmp_path: Path, monkeypatch, temporary: Path):
    monkeypatch.setattr(importing, "AT_ONCE", 1)
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield DECEMBER.encode()
        await go_on.wait()

    async with world(tmp_path) as w, asyncio.TaskGroup() as group:
        await w.live(minutes=1)
        first = group.create_task(post(w, slowly()))
        await _until(lambda: any(temporary.glob("*/body")))
        busy = await post(w, DECEMBER, 503)
        go_on.set()
        assert (await first)["added"] == 2
    assert "1 imports are under way" in busy["detail"]


async def test_two_imports_at_once_are_taken_one_after_the_other(tmp_path: Path):
    async with world(tmp_path) as w, asyncio.TaskGroup() as group:
        await w.live(minutes=1)
        tasks = [group.create_task(post(w, NEW, create_targets="true", file=f"{n}.csv")) for n in range(3)]
        answers = [await task for task in tasks]
        rows = dump(w)
    assert sorted(answer["changed"] for answer in answers) == [False, False, True]
    assert sum("'old/1'" in row for row in rows) == 1


async def test_a_target_that_is_watched_later_goes_on_with_the_component_of_its_history(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        await post(w, NEW, create_targets="true")
        imported = w.agent.reader.component("old/1")
        extra = '  - {target_id: "old/1", kind: tcp, address: "127.0.0.1:11", module: port}\n'
        w.agent.path.write_text(w.agent.path.read_text(encoding="utf-8") + extra, encoding="utf-8")
        await w.send("POST", "/-/reload", 200)
        for _ in range(3):
            await w.probe("old/1", ok())
            w.clock.seconds += 60
        await w.write()
        assert w.agent.ledger.of_target("old/1")[""].component.id == imported.id
        query = "target=old/1&from=2025-12-01&to=2026-01-01T08:04:00%2B08:00"
        both = (await w.get(f"/api/v1/availability?{query}")).json
    assert both["source_us"] == {"probe": 180 * 10**6, "imported": 31 * DAY}


async def test_ids_that_the_ledger_gives_out_afterwards_are_new_ones(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        await post(w, NEW, create_targets="true")
        await w.probe("me", ok(component="disk//new"))
        await w.write()
        ids = [component.id for component in w.agent.reader.components()]
        newest = w.agent.reader.component("me#disk//new")
    assert len(set(ids)) == len(ids)
    assert newest.id == max(ids)


async def test_a_component_that_is_not_durable_yet_keeps_its_id_and_the_import_waits_for_it(tmp_path, monkeypatch):
    text = f"{HISTORY}\nme#disk//new,2025-12-01T00:00:00+08:00,up\nold/1,2025-12-01T00:00:00+08:00,up\n"
    durable = []
    async with world(tmp_path) as w, asyncio.TaskGroup() as group:
        run = w.agent.committer.run_in_writer

        async def spied(work) -> None:
            durable.append(w.agent.reader.component("me#disk//new"))
            await run(work)

        monkeypatch.setattr(w.agent.committer, "run_in_writer", spied)
        await w.live(minutes=1)
        await w.probe("me", ok(component="disk//new"))
        given = w.agent.ledger.component_of("me#disk//new")
        task = group.create_task(post(w, text, create_targets="true"))
        await _until(lambda: w.agent.reloading.locked() or task.done())
        w.clock.seconds += 1
        await w.write()
        got = await task
        assert (await figures(w, "me#disk//new"))["us"]["up"] == 31 * DAY
    assert durable
    assert set(durable) == {given}  # durable already before the first thing that the import, or its reload, writes
    assert got["created"] == ["old/1"]


async def test_a_reading_of_what_is_just_being_imported_is_dropped_not_written_twice(tmp_path: Path, monkeypatch):
    text = f"{HISTORY}\nme#disk//new,2025-12-01T00:00:00+08:00,up\n"
    during, go_on = asyncio.Event(), asyncio.Event()
    async with world(tmp_path) as w, asyncio.TaskGroup() as group:
        await w.live(minutes=1)
        run = w.agent.committer.run_in_writer

        async def slowly(work) -> None:
            during.set()
            await go_on.wait()
            await run(work)

        monkeypatch.setattr(w.agent.committer, "run_in_writer", slowly)
        task = group.create_task(post(w, text, create_targets="true"))
        await during.wait()
        await w.probe("me", ok(), ok(component="disk//new"))
        assert "disk//new" not in w.agent.ledger.of_target("me")
        go_on.set()
        await task
        imported = w.agent.reader.component("me#disk//new")
        await w.probe("me", ok(component="disk//new"))
        await w.write()
        assert w.agent.ledger.of_target("me")["disk//new"].component == imported


async def test_a_store_that_refuses_leaves_nothing_and_the_same_import_works_later(tmp_path: Path, monkeypatch):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        before = dump(w)
        with monkeypatch.context() as patch:

            def full(self: StagedImport, *_: object) -> None:
                raise StoreError("cannot write the store: database or disk is full")

            patch.setattr(StagedImport, "take_over", full)
            got = await post(w, NEW, 503, create_targets="true")
        assert dump(w) == before
        assert w.agent.ledger.component_of("old/1") is None
        await post(w, NEW, create_targets="true")
    assert "disk is full" in got["detail"]


async def test_a_merge_that_breaks_in_the_middle_is_rolled_back_and_the_next_one_works(tmp_path: Path, monkeypatch):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        before = dump(w)
        with monkeypatch.context() as patch:
            patch.setattr("agent.stores.importing._MERGE_READINGS", "INSERT INTO nowhere SELECT ?")
            await post(w, NEW, 503, create_targets="true")
        assert dump(w) == before
        await post(w, NEW, create_targets="true")
        await w.write()


async def test_a_reading_process_that_ends_badly_is_said_and_applies_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(live, "COMMAND", ("-c", "raise SystemExit(3)"))
    async with world(tmp_path) as w:
        got = await post(w, NEW, 503, create_targets="true")
    assert "ended with 3, nothing was applied" in got["detail"]


async def test_an_agent_that_stops_gives_up_what_is_being_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(live, "COMMAND", ("-c", "import time; time.sleep(600)"))
    async with world(tmp_path) as w, asyncio.TaskGroup() as group:
        imports = w.client.app[importing.IMPORTS]
        task = group.create_task(post(w, NEW, 503, create_targets="true"))
        await _until(lambda: imports.live._child is not None)
        await imports.stop(w.client.app)
        got = await task
    assert "the agent is stopping; nothing was applied" in got["detail"]


async def test_an_agent_whose_store_is_in_memory_says_why_it_takes_no_files(tmp_path: Path):
    async with world(tmp_path, MEMORY) as w:
        got = await post(w, DECEMBER, 400)
    assert "imports need a store in a file" in got["detail"]


@pytest.mark.parametrize("limit", ["ROWS_MAX", "TARGETS_MAX"])
async def test_more_than_a_running_agent_takes_at_once_is_refused_before_it_is_asked(tmp_path, monkeypatch, limit):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        monkeypatch.setattr(staging, limit, 1)
        order = staging.Order(request("history", NEW), tmp_path / "body", w.agent.location.path, tmp_path / "staged")
        with pytest.raises(UsageError, match=r"got 2 new .* at most 1 at once while an agent runs"):
            staging.stage(order)
    assert not (tmp_path / "staged").exists()


async def _until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)
