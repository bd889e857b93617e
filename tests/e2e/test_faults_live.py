"""Faults of a real process: a cut uplink is one fault with its members, and what was told outlives kill -9."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.running import DEADLINE_SECONDS, Port, Process, agent, ports, until
from tests.requirements import need_root

CONFIG = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{folder}/ledger.db"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  port: {{kind: tcp, interval: 1s, retry_interval: 1s, timeout: 500ms}}
  icmp: {{kind: icmp, interval: 1s, retry_interval: 1s, timeout: 500ms}}
registers:
  - {{kind: sites, file: sites.csv}}
  - {{kind: links, file: links.csv}}
  - {{kind: targets, file: targets.csv}}
"""
SITES = "site_id,name\nS-1,核心\nS-2,紫阳\n"
LINKS = (
    "link_id,a_site,b_site,carrier,contracted_mbps,far_address,source_address\n"
    "L-1,S-1,S-2,电信,100,127.0.0.9,127.0.0.8\n"
)
WINDOWS = "window_id,scope,start,end,approved_by,approved_at,notified_at,reason,document"
NAMES = ("uplink", "left", "right", "far", "alone")


def written(folder: Path, peers: Sequence[Port]) -> Path:
    """agent.yml with its registers: two behind the uplink, one behind the first of them, one beside it all."""
    parents = {"left": "uplink", "right": "uplink", "far": "left"}
    rows = [
        f"{name},tcp,127.0.0.1:{peer.number},port,{'core' if name == 'uplink' else 'node'},{parents.get(name, '')}"
        for name, peer in zip(NAMES, peers, strict=True)
    ]
    targets = "\n".join(["target_id,kind,address,module,role,parents", *rows]) + "\n"
    for name, text in (("sites", SITES), ("links", LINKS), ("targets", targets)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    path = folder / "agent.yml"
    path.write_text(CONFIG.format(folder=folder), encoding="utf-8")
    return path


def command(config: Path, *words: str) -> Any:
    """What a command answers."""
    said = subprocess.run(
        [sys.executable, "-m", "agent", *words, "--config.file", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout) if "--json" in words else said.stdout


def faults(running: Process) -> list[dict[str, Any]]:
    """All of the year, by the API."""
    found: list[dict[str, Any]] = json.loads(running.get("/api/v1/faults"))["faults"]
    return found


def members(running: Process) -> dict[str, list[str]]:
    """Of the faults that are open, by root, as the metrics have them."""
    page = running.get("/metrics")
    roots = [line.split('root="')[1].split('"')[0] for line in page.splitlines() if line.startswith("sla_fault_age")]
    return {each["root"]: each["members"] for each in faults(running) if each["root"] in roots}


def all_up(running: Process) -> bool:
    page = running.get("/metrics")
    return all(f'sla_target_up{{target="{name}"' in page and up(page, name) for name in (*NAMES, "L-1"))


def up(page: str, name: str) -> bool:
    return any(line.endswith("} 1") for line in page.splitlines() if line.startswith(f'sla_target_up{{target="{name}"'))


def post(running: Process, path: str, body: dict[str, str]) -> Any:
    request = urllib.request.Request(
        f"http://{running.address}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_a_cut_uplink_is_one_fault_and_its_id_outlives_a_kill(tmp_path: Path) -> None:
    need_root()  # the line is asked by ICMP
    with ports(len(NAMES)) as peers:
        uplink, left, right, far, _ = peers
        config = written(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            until(lambda: all_up(running), "every target and the line up")
            for peer in (left, far, right, uplink):
                peer.close()
            until(lambda: members(running) == {"uplink": ["far", "left", "right"]}, "one fault with all its members")
            cut = next(each for each in faults(running) if each["root"] == "uplink")
            assert (cut["role"], cut["priority"], cut["outcome"]) == ("core", "P1", "pending")
            post(running, f"/api/v1/faults/{cut['id']}/notes", {"kind": "ack"})
            running.kill()
        with agent(config, tmp_path / "log") as running:
            until(lambda: members(running) == {"uplink": ["far", "left", "right"]}, "the same fault after the kill")
            again = json.loads(running.get(f"/api/v1/faults/{cut['id']}"))
            assert (again["start"], [note["kind"] for note in again["notes"]]) == (cut["start"], ["ack"])
            for peer in (uplink, left, right):
                peer.open()
            until(lambda: members(running) == {}, "its end")
            shown = command(config, "faults", "show", cut["id"], "--json")
            assert (shown["members"], shown["outcome"]) == (["far", "left", "right"], "in_time")
            assert [each["id"] for each in faults(running)] == [cut["id"]], "far is a member until tol has passed (F6)"
            assert running.stop() == 0


def planned(config: Path, running: Process, folder: Path, lead: int) -> Any:
    """A window of `alone` that begins in so many seconds, None if it was recorded too late to count (M1)."""
    begins = datetime.now(UTC) + timedelta(seconds=lead)
    stamps = [begins, begins + timedelta(hours=1), begins - timedelta(days=6), begins - timedelta(days=5)]
    start, end, approved, notified = (stamp.isoformat() for stamp in stamps)
    file = folder / "windows.csv"
    row = f"W-{lead},alone,{start},{end},张主任,{approved},{notified},割接,1号"
    file.write_text(f"{WINDOWS}\n{row}\n", encoding="utf-8")
    command(config, "import", "maintenance", str(file))
    windows = json.loads(running.get("/api/v1/maintenance"))["windows"]
    return next((each for each in windows if each["window_id"] == f"W-{lead}" and each["counts"]), None)


def test_a_window_that_is_imported_meanwhile_excludes_and_plans(tmp_path: Path) -> None:
    need_root()
    with ports(len(NAMES)) as peers:
        config = written(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            until(lambda: all_up(running), "every target and the line up")
            window = next(filter(None, (planned(config, running, tmp_path, lead) for lead in (4, 16, 60))))
            around = ("--from", window["start"], "--to", window["end"], "--json")
            question = ("availability", "--target", "alone", *around)
            begins = datetime.fromisoformat(window["start"])
            until(lambda: datetime.now(UTC) > begins, "its start")
            until(lambda: sum(command(config, *question)["excluded_us"].values()) > 0, "excluded time")
            peers[-1].close()
            until(lambda: command(config, *question)["us"]["down"] > 0, "an outage")
            told = json.loads(running.get("/api/v1/faults"))
            assert [(each["root"], each["window_id"]) for each in told["planned"]] == [("alone", window["window_id"])]
            assert told["faults"] == []
            assert "sla_fault_age_seconds{" not in running.get("/metrics")
            assert running.stop() == 0
