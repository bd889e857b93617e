"""What is left out changes nothing: the ledger of a scenario is the one that every single reading would have made."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulate.plays import TINY, ledger, played, written

WHERE = {
    "line_cut": ["L-610902-1", "L-610902-2", "L-610902100-1"],
    "lines_cut": ["S-610902"],
    "uplink_cut": ["S-610902"],
    "silent": ["SYS-001", "S-610902", "S-610900", "CAM-610902-0001", "RT-610902"],
    "slow": ["SYS-001", "S-610902", "L-610902-1"],
    "loss": ["L-610902-2", "SYS-001", "NODE-610902100"],
    "flapping": ["L-610902-1", "SYS-001", "RT-610902"],
    "certificate_expired": ["SYS-001"],
    "reboot": ["RT-610902"],
    "own_uplink_dead": [""],
    "agent_down": [""],
}
DELAYS = ("1500ms", "5s")
HOURS = 6


@st.composite
def events(draw: st.DrawFn) -> str:
    what = draw(st.sampled_from(sorted(WHERE)))
    where = draw(st.sampled_from(WHERE[what]))
    second = draw(st.integers(1, HOURS * 3600 - 1))
    hour, minute = second // 3600, second // 60 % 60
    said = [
        f"at: 2025-03-01T{hour:02}:{minute:02}:{second % 60:02}+08:00",
        f"for: {draw(st.sampled_from([7, 40, 100, 130, 200, 1000, 4000, 9000]))}s",
        f"what: {what}",
    ]
    if where:
        said.append(f"where: {where}")
    if what == "slow":
        said.append(f"delay: {draw(st.sampled_from(DELAYS))}")
    if what == "loss":
        said.append(f"ratio: {draw(st.sampled_from(['0.2', '0.4', '0.8']))}")
    if what == "flapping":
        said.append(f"period: {draw(st.sampled_from([120, 300, 700]))}s")
    if what == "agent_down" and draw(st.booleans()):
        said.append("clean: true")
    return f"  - {{{', '.join(said)}}}\n"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events(), min_size=1, max_size=6), st.sampled_from(["60s", "20s", "70s"]))
def test_sparse_production_is_full_production(told: list[str], interval: str) -> None:
    text = TINY.format(to=f"2025-03-01T{HOURS:02}:00:00+08:00", interval=interval) + "events:\n" + "".join(told)
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = written(folder, text)
        with played(path, folder) as (sparse, some), played(path, folder, every_reading=True) as (full, all_of_them):
            mine, others = ledger(sparse), ledger(full)
            for table, rows in others.items():
                assert mine[table] == rows, table
            assert some.readings == all_of_them.readings == all_of_them.produced
