"""The configuration in force as people and records see it."""

import dataclasses
from pathlib import Path

import pytest

from agent.config import Config, as_dict, effective_yaml, load
from tests.agent.config_fakes import KINDS, write

FULL = """
zone: UTC
vantage: {name: core-1, gateway: "@gateway", interval: 20s}
store: {url: "sqlite:///:memory:"}
planes: {business: {anchors: [10.0.0.1, 10.0.0.2]}}
states: {down_loss: 0.5}
labels: [role, carrier]
modules:
  ping: {kind: icmp, interval: 90s, timeout: 250ms, gap: 20ms, family: 6, limits: {rtt_seconds: 0.2}}
  rules: {kind: http, max_body: 1MiB, follow: false, valid_status: [200, 204], json: [{path: $.a, matches: "^up$"}]}
targets:
  - {target_id: 010, kind: icmp, address: "@gateway", module: ping, plane: business, parents: "b;b#if/7",
     families_required: "6", in_service_from: 2026-01-01, in_service_to: "2026-07-01T00:00:00.5+08:00", name: on}
  - {target_id: b, kind: http, address: "http://gw.example/", interval_seconds: 30, families_required: "4;6"}
"""
SECRETS = """
modules:
  portal:
    kind: http
    bearer: {env: TOKEN}
    login: {user: me, password: {env: TOKEN}}
    headers: {X-Token: hunter2, X-Name: me, X-Key: {env: TOKEN}}
"""


def loaded(tmp_path: Path, text: str) -> Config:
    return load(write(tmp_path, text), KINDS, env={"TOKEN": "hunter2"})


def test_the_effective_yaml_loads_to_the_same_configuration(tmp_path: Path) -> None:
    config = loaded(tmp_path, FULL)
    again = loaded(tmp_path, effective_yaml(config))
    for field in dataclasses.fields(Config):
        assert getattr(again, field.name) == getattr(config, field.name), field.name


def test_every_secret_is_hidden(tmp_path: Path) -> None:
    config = loaded(tmp_path, SECRETS)
    text = effective_yaml(config)
    assert "hunter2" not in text
    assert "TOKEN" not in text
    portal = as_dict(config)["modules"]["portal"]
    assert portal["bearer"] == "<secret>"
    assert portal["login"] == {"user": "me", "password": "<secret>"}
    assert portal["headers"] == {"X-Token": "<secret>", "X-Name": "me", "X-Key": "<secret>"}


def test_the_digest_depends_on_what_is_in_force_and_not_on_how_it_is_written(tmp_path: Path) -> None:
    config = loaded(tmp_path, FULL)
    assert len(config.digest) == 64
    assert loaded(tmp_path, "# comment\n" + FULL + "log: {level: info}\n").digest == config.digest
    assert loaded(tmp_path, FULL.replace("0.5", "0.6")).digest != config.digest
    assert loaded(tmp_path, FULL.replace("20ms", "21ms")).digest != config.digest


@pytest.mark.parametrize("old", ["zone: UTC", "core-1", "$.a", "^up$", "1MiB", "name: on", "2026-01-01", "[200, 204]"])
def test_every_part_counts_in_the_digest(tmp_path: Path, old: str) -> None:
    new = {"zone: UTC": "zone: Asia/Shanghai", "1MiB": "2MiB", "2026-01-01": "2026-01-02", "[200, 204]": "[200]"}
    text = FULL.replace(old, new.get(old, old + "x"))
    assert loaded(tmp_path, text).digest != loaded(tmp_path, FULL).digest


def test_the_digest_of_a_fixed_configuration_is_fixed(tmp_path: Path) -> None:
    text = "zone: UTC\nvantage: {name: core-1}\n"
    digest = load(write(tmp_path, text), KINDS[:1]).digest
    assert digest == "3cd6eb0368d35c29aaaef8b387c3cf7ac872cdd7f118b1021f2c6af34b360bab"
