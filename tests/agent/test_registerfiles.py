"""Files that agent.yml names under `registers`: applied as an import would, and checked before anything starts."""

import logging
from pathlib import Path

import pytest

from agent import registerfiles
from agent.config import Config, load
from agent.errors import UsageError
from agent.registerfiles import AUTHOR, apply_files, tell
from collectors import KINDS
from tests.agent.cli_agent import Said, sla_agent
from tests.agent.figure_cases import Books, books
from tests.agent.import_cases import at
from tests.agent.web_worlds import world

NOW = at("2026-01-01")
SITES = "site_id,name\nS1,核心\nS2,紫阳\n"
LINKS = "link_id,a_site,b_site,carrier,contracted_mbps,far_address\nA,S1,S2,电信,1G,192.0.2.1\n"
TARGETS = "target_id,kind,address,site_id\nnode,icmp,10.0.0.1,S2\n"
HEAD = 'vantage: {{name: core}}\nstore: {{url: "sqlite:///{folder}/ledger.db"}}\n'
THREE = "registers:\n  - {kind: sites, file: sites.csv}\n  - {kind: links, file: links.csv}\n  - {kind: targets, file: targets.csv}\n"  # noqa: E501 (one line in a file)


@pytest.fixture
def made():
    with books() as empty:
        yield empty


def written(folder: Path, registers: str = THREE, **files: str) -> Path:
    """agent.yml with its register files beside it."""
    for name, text in {"sites": SITES, "links": LINKS, "targets": TARGETS, **files}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    path = folder / "agent.yml"
    path.write_text(HEAD.format(folder=folder) + registers, encoding="utf-8")
    return path


def applied(made: Books, path: Path, now: int = NOW) -> list[str]:
    """What each file changed."""
    outcomes = apply_files(read(path), path, now, made.writer)
    tell(outcomes)
    return [f"{one.kind} {one.changed}" for one in outcomes]


def read(path: Path) -> Config:
    return load(path, KINDS)


def check(path: Path) -> Said:
    return sla_agent("check", "--config.file", path)


def test_files_are_applied_in_their_order_and_again_change_nothing(made, tmp_path):
    path = written(tmp_path)
    assert applied(made, path) == ["sites True", "links True", "targets True"]
    assert applied(made, path, NOW + 1) == [], "what is in the store already is passed over"
    (row,) = made.reader.register_rows("links")
    assert (row.id, row.recorded_by, row.recorded_at) == ("A", AUTHOR, NOW)
    assert row.body["far_address"] == "192.0.2.1"


def test_a_changed_file_is_a_further_version(made, tmp_path):
    applied(made, written(tmp_path))
    applied(made, written(tmp_path, targets=TARGETS.replace("10.0.0.1", "10.0.0.7")), NOW + 1)
    versions = [(row.version, row.body["address"]) for row in made.reader.register_rows("targets")]
    assert versions == [(1, "10.0.0.1"), (2, "10.0.0.7")]


def test_a_row_that_a_newer_file_lacks_is_reported_and_kept(made, tmp_path, caplog):
    applied(made, written(tmp_path))
    with caplog.at_level(logging.INFO):
        applied(made, written(tmp_path, sites="site_id,name\nS1,核心机房\nS2,紫阳\n"), NOW + 1)
        applied(made, written(tmp_path, sites="site_id,name\nS1,核心机房二\n"), NOW + 2)
    assert "not in this file and kept as they are: 1 (S2)" in caplog.messages[-1]
    assert {row.id for row in made.reader.register_rows("sites")} == {"S1", "S2"}


def test_a_map_adds_headings(made, tmp_path):
    registers = "registers: [{kind: sites, file: sites.csv, map: map.yml}]\n"
    path = written(tmp_path, registers, sites="局址代号\nS1\n")
    (tmp_path / "map.yml").write_text("局址代号: site_id\n", encoding="utf-8")
    assert applied(made, path) == ["sites True"]


def test_rows_may_name_what_the_configuration_has(made, tmp_path):
    registers = "registers: [{kind: maintenance, file: windows.csv}]\n"
    own = "targets: [{target_id: core, kind: icmp, address: 10.0.0.9}]\n"
    rows = "window_id,scope,start,end,reason\nW-1,core;kind=icmp,2026-02-01,2026-02-02,割接\n"
    assert applied(made, written(tmp_path, registers + own, windows=rows)) == ["maintenance True"]


def test_a_file_that_is_refused_is_told_row_by_row_and_leaves_nothing(made, tmp_path):
    path = written(tmp_path, links=LINKS + "B,S1,S9,移动,viel,\n")
    with pytest.raises(UsageError) as caught:
        applied(made, path)
    lines = str(caught.value).splitlines()
    assert [line.partition(": got")[0] for line in lines[:-1]] == [
        f"{tmp_path}/links.csv:3: b_site", f"{tmp_path}/links.csv:3: contracted_mbps",
    ]  # fmt: skip
    assert made.reader.register_rows("links") == []


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_file_that_cannot_be_read_is_named(made, tmp_path, name):
    path = written(tmp_path, f"registers: [{{kind: sites, file: {name}}}]\n")
    with pytest.raises(UsageError, match=r"name a file that can be read"):
        applied(made, path)


# sla-agent check


def test_check_counts_the_rows_and_writes_nothing(tmp_path):
    said = check(path := written(tmp_path))
    modules = len(read(path).modules)
    words = f"{path}: ok: 0 targets, {modules} modules, 3 register files with 4 new rows\n"
    assert (said.code, said.out) == (0, words)
    assert not (tmp_path / "ledger.db").exists()


def test_check_knows_what_the_store_has_already(tmp_path):
    with books(tmp_path / "ledger.db") as made:
        made.sites("S1", "S2")
    said = check(written(tmp_path, "registers: [{kind: links, file: links.csv}]\n"))
    assert said.code == 0, said.out
    with books(tmp_path / "ledger.db") as made:
        assert made.reader.register_rows("links") == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"sites": "site_id,name\n,x\n"}, "sites.csv:2: site_id: got nothing, wanted a value; fill it in"),
        ({"targets": TARGETS + "b,icmp,10.0.0.2,S9\n"}, "targets.csv:3: site_id: got the unknown"),
        ({"targets": "target_id,kind,address\na,icmq,10.0.0.2\n"}, "targets.csv:2: kind: got"),
        ({"links": "link_id,a_site\nA,S1\n"}, "links.csv:1: "),
        (
            {"targets": "target_id,kind,address,families_required\nme,host,localhost,4;6\n"},
            "registers: me: families_required: module host of kind host",
        ),
    ],
)
def test_check_tells_what_is_wrong_with_a_file_by_row_and_ends_with_1(tmp_path, files, said):
    told = check(written(tmp_path, **files))
    assert told.code == 1
    assert said in told.out
    assert told.err == "the registers have problems; nothing was started\n"
    assert not (tmp_path / "ledger.db").exists()


def test_check_refuses_an_id_that_agent_yml_has_too(tmp_path):
    own = "targets: [{target_id: node, kind: icmp, address: 10.0.0.9}]\n"
    told = check(written(tmp_path, THREE + own))
    assert told.code == 1
    assert "node" in told.out
    assert told.err == "the registers have problems; nothing was started\n"


# the running agent


async def test_an_agent_probes_what_its_files_name_from_the_start_and_after_a_reload(tmp_path):
    files = {"sites": SITES, "links": LINKS, "targets": TARGETS}
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    config = 'vantage: {{name: core}}\nstore: {{url: "sqlite:///{store}"}}\n' + THREE.replace("{", "{{").replace(
        "}", "}}"
    )
    async with world(tmp_path, config) as w:
        assert sorted(w.agent.watched) == ["A", "node"]
        (tmp_path / "targets.csv").write_text(TARGETS + "more,icmp,10.0.0.2,S1\n", encoding="utf-8")
        await w.send("POST", "/-/reload", 200)
        assert sorted(w.agent.watched) == ["A", "more", "node"]
        (tmp_path / "targets.csv").write_text(TARGETS + "worse,icmp,10.0.0.2,S9\n", encoding="utf-8")
        refused = await w.send("POST", "/-/reload", 500)
        assert sorted(w.agent.watched) == ["A", "more", "node"]
    assert "targets.csv:3: site_id" in refused.json["detail"]


async def test_a_reload_that_finds_the_files_as_they_were_tries_nothing_out_and_still_judges_the_rows(
    tmp_path, monkeypatch
):
    for name, text in {"sites": SITES, "links": LINKS, "targets": TARGETS.replace("node,icmp", "node,tcp")}.items():
        (tmp_path / f"{name}.csv").write_text(text.replace("10.0.0.1,", "10.0.0.1:80,"), encoding="utf-8")
    config = 'vantage: {{name: core}}\nstore: {{url: "sqlite:///{store}"}}\n' + THREE.replace("{", "{{").replace(
        "}", "}}"
    )
    async with world(tmp_path, config) as w:
        monkeypatch.setattr(registerfiles, "open_trial", None)
        await w.send("POST", "/-/reload", 200)
        topology = w.agent._topology
        await w.send("POST", "/-/reload", 200)
        assert w.agent._topology is topology
        text = w.agent.path.read_text(encoding="utf-8")
        own = "targets: [{target_id: node, kind: icmp, address: 10.0.0.9}]\n"
        w.agent.path.write_text(text + own, encoding="utf-8")
        refused = await w.send("POST", "/-/reload", 500)
        assert "node: stands in agent.yml and in a register" in refused.json["detail"]
        assert (w.agent.watched["node"].kind, w.agent.config.targets) == ("tcp", ())
