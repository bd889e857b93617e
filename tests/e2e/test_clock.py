"""The real process under a wall clock that jumps while the monotonic clock is left alone (T2, T4, vector 17)."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.stores.opening import Location, connect
from agent.stores.reading import SqliteReader
from tests.e2e.running import DEADLINE_SECONDS, Port, Process, agent, configuration, ports, until
from tests.requirements import need_program

INTERVAL_SECONDS = 3
"""Onset and restoration are each seen at most so late; a slow host must not make the target UNKNOWN in between."""

LABELS = '{target="t0",kind="tcp",module="port",site="",vantage="e2e"}'
HOUR_SECONDS = 3600
RIGHT = "+0"


class WallClock:
    """The wall clock of a process, set while it runs: an offset in a file that libfaketime reads at every look."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(RIGHT)

    def set(self, offset: str) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n", encoding="ascii")
        new.rename(self._file)

    def prefix(self) -> list[str]:
        """What stands before a command that is to live by this clock."""
        command = [need_program("faketime"), "-m", "--exclude-monotonic", "-f", RIGHT, "env"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DEADLINE_SECONDS).stdout
        library = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)["LD_PRELOAD"]
        return [
            "env",
            f"LD_PRELOAD={library}",
            f"FAKETIME_TIMESTAMP_FILE={self._file}",
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "DONT_FAKE_MONOTONIC=1",
        ]


@pytest.fixture
def wall(tmp_path: Path) -> WallClock:
    return WallClock(tmp_path)


def patient(folder: Path, peers: list[Port]) -> Path:
    """A configuration whose probes tell the same on a slow host."""
    path = configuration(folder, peers)
    fast, slow = "interval: 1s, retry_interval: 1s, timeout: 500ms", "interval: 3s, retry_interval: 1s, timeout: 2500ms"
    text = path.read_text(encoding="utf-8")
    assert fast in text
    path.write_text(text.replace(fast, slow), encoding="utf-8")
    return path


@contextmanager
def stepping(config: Path, folder: Path, wall: WallClock) -> Iterator[Process]:
    with agent(config, folder / "log", wall.prefix()) as running:
        yield running
    assert "Traceback" not in (folder / "log").read_text(encoding="utf-8")


def sample(running: Process, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", running.get("/metrics"), re.MULTILINE)
    assert found is not None, name
    return float(found[1])


def until_probed(running: Process) -> None:
    """Two probes ended from here on, so that one began, too."""
    before = sample(running, "sla_probe_total" + LABELS)
    until(lambda: sample(running, "sla_probe_total" + LABELS) >= before + 2, "two probes more")


def state(running: Process) -> str:
    return str(json.loads(running.get("/api/v1/targets/t0"))["state"])


def steps(running: Process) -> float:
    return sample(running, "sla_agent_clock_steps_total")


def command(config: Path, *words: str) -> Any:
    """A command by the right clock; what it says in JSON."""
    line = [sys.executable, "-m", "agent", *words, "--json", "--config.file", str(config)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def seconds(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def test_vector_17_the_clock_jumps_during_an_outage_and_no_duration_changes(tmp_path: Path, wall: WallClock) -> None:
    with ports(1) as peers:
        config = patient(tmp_path, peers)
        with stepping(config, tmp_path, wall) as running:
            until(lambda: state(running) == "up", "up")
            memory = sample(running, "process_resident_memory_bytes")
            began = time.monotonic()
            peers[0].close()
            until(lambda: state(running) == "down", "down")
            for number, offset in enumerate(("-10m", "+1h", "+10y")):
                wall.set(offset)
                until(lambda seen=number: steps(running) == 2 * seen + 1, f"the step to {offset}")
                assert sample(running, "sla_agent_clock_unresolved") == 1
                assert_nothing_is_sealed(config)
                until_probed(running)
                wall.set(RIGHT)
                until(lambda seen=number: steps(running) == 2 * seen + 2, f"the step back from {offset}")
                assert sample(running, "sla_agent_clock_unresolved") == 0
                assert abs(sample(running, "sla_agent_clock_offset_seconds")) <= 1
            peers[0].open()
            ended = time.monotonic()
            until(lambda: state(running) == "up", "up again")
            assert sample(running, 'sla_agent_ticks_missed_total{kind="tcp"}') == 0
            assert steps(running) == 6
            assert sample(running, "process_resident_memory_bytes") < 2 * memory
            assert running.stop() == 0
        day = ("--from", "2020-01-01T00:00:00Z", "--to", "2090-01-01T00:00:00Z")
        told = command(config, "availability", "--target", "t0", *day)
    whole = {(outage["onset"], outage["restored"]) for outage in told["outages"]}
    assert len(whole) == 1, told["outages"]
    ((onset, restored),) = whole
    assert abs(seconds(onset, restored) - (ended - began)) <= INTERVAL_SECONDS
    assert_steps_of(tmp_path)


def assert_nothing_is_sealed(config: Path) -> None:
    """Also where somebody asks for it (T4)."""
    line = [sys.executable, "-m", "agent", "seal", "--config.file", str(config)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
    assert done.returncode == 2
    assert "a step of the clock is unresolved, so nothing is sealed" in done.stderr


def assert_steps_of(folder: Path) -> None:
    """Exactly one row and one record a step, each undone, of the sizes that were set."""
    reader = SqliteReader(connect(Location(folder / "ledger.db"), read_only=True))
    rows, records = reader.clock_steps(), reader.records("clock_step")
    assert reader.seals() == []
    reader.close()
    ten_years = rows[4].step_us
    assert ten_years / 1e6 == pytest.approx(3650 * 86_400, abs=3 * 86_400)  # whatever libfaketime calls a year
    sizes = [-600e6, 600e6, HOUR_SECONDS * 1e6, -HOUR_SECONDS * 1e6, ten_years, -ten_years]
    assert [row.step_us for row in rows] == pytest.approx(sizes, abs=1e6)
    assert [row.resolution for row in rows] == ["undone"] * 6
    assert len(records) == 6
    dated = [row.seen_at for row in rows]
    assert dated == sorted(dated)
    assert dated[-1] - dated[0] < DEADLINE_SECONDS * 1e6


def test_a_step_that_a_person_accepts_leaves_an_unknown_hour_in_the_outage(tmp_path: Path, wall: WallClock) -> None:
    with ports(1) as peers:
        config = patient(tmp_path, peers)
        peers[0].close()
        began = time.monotonic()
        with stepping(config, tmp_path, wall) as running:
            until(lambda: state(running) == "down", "down")
            wall.set("+1h")
            until(lambda: steps(running) == 1, "the step")
            assert command(config, "clock")["open_steps"] == 1
            answer = command(config, "clock", "--accept")
            assert answer["accepted"] == 1
            assert abs(answer["jumped_us"] / 1e6 - HOUR_SECONDS) <= 1
            assert answer["clock"]["unresolved"] is False
            until(lambda: state(running) == "down", "down after the gap")
            ended = time.monotonic()
            day = "from=2020-01-01T00:00:00Z&to=2090-01-01T00:00:00Z"
            told = json.loads(running.get(f"/api/v1/availability?target=t0&{day}"))
            spans = json.loads(running.get("/api/v1/targets/t0/timeline"))["spans"]
            assert running.stop() == 0
    assert [span["state"] for span in spans[-3:]] == ["down", "unknown", "down"]
    gap = seconds(spans[-2]["from"], spans[-2]["to"])
    assert HOUR_SECONDS - 1 <= gap <= HOUR_SECONDS + 1 + (ended - began)
    assert told["us"]["up"] + told["us"]["degraded"] == 0
    assert told["us"]["down"] <= (ended - began) * 1e6
    restart(config, tmp_path, wall)


def restart(config: Path, folder: Path, wall: WallClock) -> None:
    """The accepted dating holds after a restart under the same clock, and a right clock is now behind the ledger."""
    with stepping(config, folder, wall) as running:
        assert json.loads(running.get("/api/v1/status"))["clock"]["unresolved"] is False
        assert running.stop() == 0
    wall.set(RIGHT)
    with stepping(config, folder, wall) as running:
        told = json.loads(running.get("/api/v1/status"))["clock"]
        assert (told["unresolved"], told["open_steps"]) == (True, 1)
        assert told["behind_until"] is not None
        assert running.stop() == 0


DAILY = """
import asyncio, sys
from zoneinfo import ZoneInfo
from agent.calendar import Calendar
from agent.clock import SystemClock

async def main():
    ran, wall_us = [], SystemClock().wall_us
    calendar = Calendar(ZoneInfo("Asia/Shanghai"), wall_us)

    async def clean_up():
        ran.append(1)

    calendar.daily("clean-up", clean_up)
    calendar.start()
    for _ in sys.stdin:
        calendar.clock_stepped()
        while calendar.planned("clean-up").timestamp() * 1e6 <= wall_us():  # due, and not yet begun
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        print(len(ran), calendar.planned("clean-up").isoformat(), flush=True)

asyncio.run(main())
"""


def test_the_daily_job_runs_once_after_ten_years_and_waits_for_no_year_afterwards(wall: WallClock) -> None:
    command = [*wall.prefix(), sys.executable, "-c", DAILY]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        told = []
        for offset in (RIGHT, "+10y", "-10m", RIGHT):
            wall.set(offset)
            child.stdin.write("\n")
            child.stdin.flush()
            runs, planned = child.stdout.readline().split()
            told.append((int(runs), datetime.fromisoformat(planned)))
        child.stdin.close()
        assert child.wait(DEADLINE_SECONDS) == 0
    assert [runs for runs, _ in told] == [0, 1, 1, 1]
    first, future, back, again = (planned for _, planned in told)
    assert {(at.hour, at.minute) for at in (first, future, back, again)} == {(3, 30)}
    assert future.year - first.year in {9, 10, 11}
    assert abs(again - first).days <= 1
