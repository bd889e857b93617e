"""What a reload changes: targets by id, and what needs a restart."""

from pathlib import Path

import pytest

from agent.config import Config, ConfigDiff, diff, load
from tests.agent.config_fakes import KINDS, write

BASE = """
vantage: {name: core-1}
planes: {business: {anchors: [10.0.0.1, 10.0.0.2]}}
modules:
  ping: {kind: icmp, interval: 30s}
  other: {kind: icmp}
targets:
  - {target_id: a, kind: icmp, address: 10.0.0.1, module: ping}
  - {target_id: b, kind: icmp, address: 10.0.0.2, confirm: other}
  - {target_id: c, kind: icmp, address: 10.0.0.3, carrier: 电信}
"""


def loaded(tmp_path: Path, text: str) -> Config:
    return load(write(tmp_path, text), KINDS)


def changed(tmp_path: Path, old: str, new: str) -> ConfigDiff:
    assert old in BASE
    return diff(loaded(tmp_path, BASE), loaded(tmp_path, BASE.replace(old, new)))


def test_the_same_configuration_differs_in_nothing(tmp_path: Path) -> None:
    assert diff(loaded(tmp_path, BASE), loaded(tmp_path, "# a comment\n" + BASE)).is_empty


def test_added_and_removed_targets_are_named_and_not_called_changed(tmp_path: Path) -> None:
    found = changed(tmp_path, "target_id: a,", "target_id: new,")
    assert found == ConfigDiff(added=("new",), removed=("a",))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("10.0.0.3, ", "10.0.0.4, "),
        ("10.0.0.3, ", "10.0.0.3, interval_seconds: 30, "),
        ("10.0.0.3, ", "10.0.0.3, timeout_seconds: 1, "),
        ("10.0.0.3, ", "10.0.0.3, parents: a, "),
        ("10.0.0.3, ", "10.0.0.3, plane: business, "),
        ("10.0.0.3, ", "10.0.0.3, role: core, "),
        ("10.0.0.3, ", "10.0.0.3, module: other, "),
        ("10.0.0.3, ", "10.0.0.3, in_service_to: 2027-01-01, "),
    ],
)
def test_what_is_probed_or_judged_otherwise_is_changed(tmp_path: Path, old: str, new: str) -> None:
    assert changed(tmp_path, old, new) == ConfigDiff(changed=("c",))


def test_what_only_reads_otherwise_is_relabelled(tmp_path: Path) -> None:
    assert changed(tmp_path, "carrier: 电信", "carrier: 移动, name: 三号") == ConfigDiff(relabelled=("c",))


def test_a_changed_module_changes_its_targets_also_those_it_confirms(tmp_path: Path) -> None:
    ping = changed(tmp_path, "interval: 30s", "interval: 30s, count: 4")
    assert ping == ConfigDiff(changed=("a",), modules=("ping",))
    other = changed(tmp_path, "other: {kind: icmp}", "other: {kind: icmp, limits: {rtt_seconds: 1}}")
    assert other == ConfigDiff(changed=("b",), modules=("other",))


def test_a_written_default_changes_nothing(tmp_path: Path) -> None:
    assert changed(tmp_path, "other: {kind: icmp}", "other: {kind: icmp, interval: 60s, count: 3}").is_empty


def test_other_states_judge_every_target_otherwise(tmp_path: Path) -> None:
    found = diff(loaded(tmp_path, BASE), loaded(tmp_path, BASE + "states: {down_after: 2}\n"))
    assert found == ConfigDiff(changed=("a", "b", "c"), settings=("states",))


def test_planes_kinds_and_settings_are_named(tmp_path: Path) -> None:
    text = BASE.replace("10.0.0.2]", "10.0.0.9]").replace("core-1}", 'core-1, gateway: "@gateway"}')
    found = diff(
        loaded(tmp_path, BASE), loaded(tmp_path, text + "kinds: {icmp: {per_second: 5}}\nlog: {level: debug}\n")
    )
    assert found == ConfigDiff(planes=("business",), kinds=("icmp",), settings=("vantage.gateway", "log.level"))


def test_what_a_reload_cannot_change_needs_a_restart(tmp_path: Path) -> None:
    text = BASE.replace("core-1", "core-2") + (
        'zone: UTC\nstore: {url: "sqlite:///b.db"}\nweb: {listen_address: "127.0.0.1:1"}\nlabels: [role]\n'
    )
    found = diff(loaded(tmp_path, BASE), loaded(tmp_path, text))
    assert found == ConfigDiff(restart_needed=("zone", "vantage.name", "store.url", "web.listen_address", "labels"))
