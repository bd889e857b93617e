"""sla-agent import beside a running agent: what it answered outlives kill -9, and its ids collide with none."""

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.stores.opening import Location, connect
from tests.depth import examples
from tests.e2e.running import DEADLINE_SECONDS, Port, Process, agent, configuration, ports, until

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=40)
"""Thirty days of history, ten days ago."""

END = START + timedelta(days=30)
RESTART = 7
STORM = 200


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of the agent."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def command(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", *words, "--config.file", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )


def history(folder: Path, *rows: tuple[str, int, str], name: str = "history.csv") -> Path:
    """Rows of (target, hours after START, state)."""
    lines = [f"{target},{(START + timedelta(hours=hours)).isoformat()},{state}" for target, hours, state in rows]
    path = folder / name
    path.write_text("\n".join(["target_id,at,state", *lines]) + "\n", encoding="utf-8")
    return path


def take(config: Path, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return command(config, "import", "history", str(file), "--as-of", END.isoformat(), *options)


def figures(config: Path, target: str) -> dict:
    ends = ("--from", START.isoformat(), "--to", END.isoformat())
    said = command(config, "availability", "--target", target, *ends, "--json")
    assert said.returncode == 0, said.stderr
    answer: dict = json.loads(said.stdout)
    return answer


def rows(config: Path, sql: str) -> list[tuple]:
    connection = connect(Location(config.parent / "ledger.db"), read_only=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def known(running: Process, target: str) -> bool:
    return f'"id": "{target}"' in running.get("/api/v1/targets?limit=1000")


def test_an_import_beside_a_running_agent_is_in_the_figures_and_outlives_kill_9(tmp_path: Path) -> None:
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        file = history(tmp_path, ("t0", 0, "up"), ("t0", 240, "down"), ("t0", 246, "up"), ("old", 0, "up"))
        with agent(config, tmp_path / "log") as running:
            until(lambda: "t0" in {row[0] for row in rows(config, "SELECT target FROM components")}, "a durable target")
            before = figures(config, "t0")
            said = take(config, file, "--create-targets")
            running.kill()
        after = figures(config, "t0")
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout.splitlines()[1:] == [
            "targets created: 1 (old)",
            "spans added: 4, together 1440 h 00 min 00 s",
        ]
        assert before["us"]["unknown"] == 30 * DAY
        assert (after["us"]["up"], after["us"]["down"], after["us"]["unknown"]) == (30 * DAY - 6 * HOUR, 6 * HOUR, 0)
        with agent(config, tmp_path / "log"):
            assert figures(config, "t0")["us"] == after["us"]
            again = take(config, file)
            assert again.stdout.splitlines()[1:] == ["nothing new: all of it is known already; the store is unchanged"]
        directly = take(config, file)
        assert directly.stdout == again.stdout


def test_time_after_the_first_heartbeat_changes_no_figure(tmp_path: Path) -> None:
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            until(lambda: '"state": "up"' in running.get("/api/v1/targets/t0"), "a state")
            first = rows(config, "SELECT min(started_at) FROM runs")[0][0]
            began = datetime.fromtimestamp(first / 1e6, UTC)
            now = datetime.now(UTC).isoformat()
            file = tmp_path / "late.csv"
            file.write_text(f"target_id,at,state\nt0,{(began - timedelta(hours=1)).isoformat()},down\n", "utf-8")
            said = command(config, "import", "history", str(file), "--as-of", now)
            assert "after the store's first heartbeat:" in said.stdout, said.stderr
            own = command(config, "availability", "--target", "t0", "--from", began.isoformat(), "--to", now, "--json")
            early = command(
                config, "availability", "--target", "t0", "--to", now, "--json",
                "--from", (began - timedelta(hours=2)).isoformat(),
            )  # fmt: skip
    assert json.loads(own.stdout)["us"]["down"] == 0
    assert json.loads(own.stdout)["source_us"]["imported"] == 0
    assert json.loads(early.stdout)["us"]["down"] == HOUR


def test_rows_that_are_wrong_are_listed_as_when_writing_directly_and_leave_nothing(tmp_path: Path) -> None:
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        file = history(tmp_path, ("new", 0, "up"), ("t0", 0, "working"), ("t0", 10_000, "up"))
        with agent(config, tmp_path / "log"):
            refused = take(config, file, "--create-targets")
            assert rows(config, "SELECT count(*) FROM imports WHERE kind <> 'inline'") == [(0,)]
            assert rows(config, "SELECT count(*) FROM components WHERE target = 'new'") == [(0,)]
        directly = take(config, file, "--create-targets")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert [line.rpartition("(it is")[0] or line for line in refused.stderr.splitlines()] == [
        line.rpartition("(it is")[0] or line for line in directly.stderr.splitlines()
    ]
    assert "refused, 2 problems; nothing was applied" in refused.stderr


def test_imports_at_once_while_a_reload_adds_targets_and_edges_are_written_give_no_id_twice(tmp_path: Path) -> None:
    with ports(40) as peers:
        config = configuration(tmp_path, peers[:10])
        made = [history(tmp_path, *_town(part), name=f"{part}.csv") for part in range(2)]
        with agent(config, tmp_path / "log") as running:
            until(lambda: known(running, "t9"), "the first targets")
            commands = [_begin(config, file) for file in made]
            _storm(running, config, peers, commands)
            for one in commands:
                out, err = one.communicate(timeout=DEADLINE_SECONDS)
                assert (one.returncode, err) == (0, ""), out
            until(lambda: known(running, "t39"), "the targets that the reload added")
            until(lambda: len(rows(config, "SELECT 1 FROM components WHERE kind = 'tcp'")) == 40, "durable targets")
            assert running.stop() == 0
        assert "refuses to write" not in (tmp_path / "log").read_text(encoding="utf-8")
    names = rows(config, "SELECT target FROM components WHERE kind = 'imported' ORDER BY 1")
    assert names == sorted((f"town-{number}",) for number in range(2 * STORM))
    assert rows(config, "SELECT count(*) FROM imported_spans s JOIN components c ON c.id = s.component") == [(800,)]
    wrong = "SELECT count(*) FROM edges e LEFT JOIN components c ON c.id = e.component WHERE c.kind IS NOT 'tcp'"
    assert rows(config, wrong) == [(0,)]
    assert figures(config, "town-399")["us"]["down"] == 29 * DAY


def test_kill_9_in_the_middle_of_an_import_leaves_all_of_it_or_nothing(tmp_path: Path, temporary: Path) -> None:
    dice = random.Random(20261122)
    file = history(
        tmp_path, *((f"k{number}", hour, ("up", "down")[hour % 2]) for number in range(40) for hour in range(700))
    )
    whole = (40, 28_000)
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        for _ in range(examples(RESTART)):
            with agent(config, tmp_path / "log") as running:
                one = _begin(config, file)
                _wait_a_while(running, one, dice)
                running.kill()
                out, err = one.communicate(timeout=DEADLINE_SECONDS)
            there = rows(config, "SELECT count(DISTINCT component), count(*) FROM imported_spans")[0]
            assert there in ((0, 0), whole)
            if one.returncode == 0:
                assert there == whole, "what was answered is there"
            assert "Traceback" not in out + err
            assert rows(config, "PRAGMA integrity_check") == [("ok",)]
        with agent(config, tmp_path / "log"):
            assert list(temporary.iterdir()) == [], "what the killed ones left is cleared away"
            assert take(config, file, "--create-targets").returncode == 0
        assert list(temporary.iterdir()) == []
        assert rows(config, "SELECT count(DISTINCT component), count(*) FROM imported_spans") == [whole]


def test_an_agent_that_is_told_to_stop_while_it_reads_a_file_stops_and_the_command_says_so(tmp_path: Path) -> None:
    file = history(tmp_path, *((f"s{number}", hour, "up") for number in range(300) for hour in range(700)))
    with ports(1) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            one = _begin(config, file)
            until(lambda: _children(running) > 0, "the reading process")
            assert running.end(signal.SIGTERM) == 0
            out, err = one.communicate(timeout=DEADLINE_SECONDS)
        assert (one.returncode, out) == (2, "")
        assert "the agent is stopping; nothing was applied" in err
        assert rows(config, "SELECT count(*) FROM imports WHERE kind <> 'inline'") == [(0,)]
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")


def _town(part: int) -> list[tuple[str, int, str]]:
    names = [f"town-{number}" for number in range(part * STORM, (part + 1) * STORM)]
    return [row for name in names for row in ((name, 0, "up"), (name, 24, "down"))]


def _begin(config: Path, file: Path) -> subprocess.Popen[str]:
    words = ["import", "history", str(file), "--as-of", END.isoformat(), "--create-targets"]
    command_ = [sys.executable, "-m", "agent", *words, "--config.file", str(config)]
    return subprocess.Popen(command_, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _storm(running: Process, config: Path, peers: Sequence[Port], commands: Sequence[subprocess.Popen[str]]) -> None:
    """Until the imports have ended: reloads that add targets one by one, while ports open and close."""
    count = 10
    while count < len(peers) or any(one.poll() is None for one in commands):
        peer = peers[count % 10]
        peer.close()
        count = min(count + 1, len(peers))
        configuration(config.parent, peers[:count])
        running.child.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        peer.open()


def _wait_a_while(running: Process, one: subprocess.Popen[str], dice: random.Random) -> None:
    """Any part of the time that an import takes; every other time what follows when the file has been read."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        if dice.random() < 0.5:
            one.wait(dice.uniform(0.5, 5.0))
        else:
            until(lambda: _children(running) > 0 or one.poll() is not None, "the reading process")
            until(lambda: _children(running) == 0, "its end")
            one.wait(dice.uniform(0.0, 0.2))


def _children(running: Process) -> int:
    text = Path(f"/proc/{running.child.pid}/task/{running.child.pid}/children").read_text(encoding="ascii")
    return len(text.split())
