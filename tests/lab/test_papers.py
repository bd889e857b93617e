"""What the lab writes: registers that the agent takes, an agent.yml that says simulated, the quick start in step."""

import csv
import io
from pathlib import Path

import pytest
import yaml

from agent.config import load
from agent.lab.addresses import plan
from agent.lab.peers.certificates import CA_FILE, KEY_FILE, authority
from agent.lab.registers import files, write
from collectors import KINDS
from tests.agent.cli_agent import sla_agent
from tests.lab.worlds import ROOT, city

QUICKSTART = ROOT / "config" / "quickstart"


@pytest.mark.parametrize("form", ["loopback", "netns"])
def test_the_agent_takes_the_small_city_s_registers(tmp_path: Path, form):
    made = city()
    path = write(tmp_path, made, plan(made, form), listen_address="127.0.0.1:0")
    done = sla_agent("check", "--config.file", path)
    assert done.code == 0, done.out
    rows = sum(len(list(csv.reader(io.StringIO(text)))) - 1 for text in files(made, plan(made, form)).values())
    assert f"6 register files with {rows} new rows" in done.out
    assert load(path, KINDS).store.simulated is True


def test_the_agent_takes_the_whole_city_s_registers(tmp_path: Path):
    made = city("city")
    path = write(tmp_path, made, plan(made, "loopback"), listen_address="127.0.0.1:0")
    done = sla_agent("check", "--config.file", path)
    assert done.code == 0, done.out


def test_only_in_namespaces_do_lines_have_addresses_and_planes_anchors(tmp_path: Path):
    made = city()
    links = files(made, plan(made, "netns"))["links.csv"]
    assert "10.58.0.2" in links
    assert "对端地址" not in files(made, plan(made, "loopback"))["links.csv"]
    for form, anchors in (("loopback", 0), ("netns", 2)):
        config = load(write(tmp_path / form, made, plan(made, form), listen_address="127.0.0.1:0"), KINDS)
        assert {len(plane.anchors) for plane in config.planes.values()} == {anchors}


def test_what_is_written_again_and_says_the_same_is_left_alone(tmp_path: Path):
    made = city()
    path = write(tmp_path, made, plan(made, "loopback"), listen_address="127.0.0.1:0")
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    (tmp_path / "sites.csv").write_text("something else", encoding="utf-8")
    write(tmp_path, made, plan(made, "loopback"), listen_address="127.0.0.1:0")
    after = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"sites.csv"}
    assert path.name in before


def test_the_quick_start_s_registers_are_those_of_the_small_city():
    made = city()
    kept = {file.name: file.read_text(encoding="utf-8") for file in (QUICKSTART / "lab").glob("*.csv")}
    assert kept == files(made, plan(made, "loopback")), (
        "sla-agent lab --write-only --directory var/lab && cp var/lab/*.csv config/quickstart/lab/"
    )


def test_the_quick_start_s_modules_are_those_that_the_lab_writes(tmp_path: Path):
    made = city()
    path = write(tmp_path, made, plan(made, "loopback"), listen_address="127.0.0.1:0")
    written = path.read_text(encoding="utf-8").replace(str(tmp_path.resolve()), "var/lab")
    wanted, quick = yaml.safe_load(written), yaml.safe_load((QUICKSTART / "agent.yml").read_text(encoding="utf-8"))
    assert {name: quick["modules"].get(name) for name in wanted["modules"]} == wanted["modules"]
    assert quick["planes"] == wanted["planes"]
    assert [file["kind"] for file in quick["registers"]] == [file["kind"] for file in wanted["registers"]]
    assert quick["store"]["simulated"] is wanted["store"]["simulated"] is True
    assert quick["probe"]["allow"] == ["127.0.0.0/8", "::1"]


def test_the_quick_start_without_the_lab_has_the_same_host_and_a_store_of_its_own():
    lab, host = (yaml.safe_load((QUICKSTART / name).read_text(encoding="utf-8")) for name in ("agent.yml", "host.yml"))
    assert lab["targets"] == host["targets"]
    assert lab["store"]["url"] != host["store"]["url"] == "sqlite:///var/quickstart.db"
    assert "simulated" not in host["store"]


def test_the_authority_is_kept_made_anew_when_it_ends_soon_and_its_key_is_nobody_else_s(tmp_path: Path):
    first = authority(tmp_path, lambda: 1.8e9)
    assert authority(tmp_path, lambda: 1.8e9).certificate == first.certificate
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    later = authority(tmp_path, lambda: 1.8e9 + 3400 * 86_400)
    assert later.certificate != first.certificate
    (tmp_path / CA_FILE).write_text("no certificate", encoding="ascii")
    assert authority(tmp_path, lambda: 1.8e9).certificate != later.certificate
