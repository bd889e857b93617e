"""The configuration with the kinds that the agent really has."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.config import ConfigError, as_dict, diff, effective_yaml, load
from agent.config.addresses import version_of
from agent.config.builtin import BUILT_IN, DEFAULT_MODULES
from collectors import KINDS
from tests.agent.config_fakes import as_flow, write

ROOT = Path(__file__).parents[2]
ADDRESSES = {
    "icmp": "@gateway",
    "tcp": "@gateway:53",
    "http": "http://10.0.0.80/",
    "tls": "@gateway:443",
    "host": "localhost",
    "dns": "@resolver",
    "host_page": "@gateway",
    "rtsp": "10.0.0.1/live",
    "snmp": "@gateway",
    "ssh": "@gateway:22",
}
FULL = """
modules:
  api:
    kind: http
    method: POST
    headers: {Accept: application/json, X-Token: {env: TOKEN}}
    auth: {basic: {user: me, password: {env: TOKEN}}}
    body: '{"a": "&"}'
    valid_status: [2xx, 304]
    redirects: {follow: false}
    json: [{path: $.status, equals: up}, {path: $.n, equals: 010}]
    max_body: 2MiB
    tls: {min_version: 1.3}
    family: 4
  ping: {kind: icmp, count: 5, gap: 50ms, ttl: 9, family: 6, limits: {loss_ratio: 0.2}}
  mail: {kind: tls, starttls: smtp, min_version: 1.0, max_version: 1.3, server_name: mail.example, family: 4}
  machine: {kind: host, disks: {include: [/data]}, processes: [{name: nginx, min: 2}], temperatures: false}
  eyes: {kind: host_page, port: 9610, max_age: 5m, redirects: {max: 2}, max_body: 1MiB, source_address: 192.0.2.7}
  names: {kind: dns, query_name: www.example.cn, query_type: SOA, min_serial: 5, answers: [" SOA "], family: 6}
  cameras: {kind: rtsp, depth: describe, path: /live, max_sessions: 2}
  switch: {kind: snmp, version: 3, user: reader, include: ["^GE"], interfaces_up: [ge1], try_timeout: 500ms}
  door: {kind: ssh, host_keys: ["SHA256:lTJQI/FhqlD3GgUMQK+eeDhUVq23K0elGAFAXlWEL6Y"], source_address: 192.0.2.7}
  banner: {kind: tcp, dialogue: [{expect: "^220 ", send: "QUIT\\r\\n"}, {expect: "^221"}]}
"""


def test_every_built_in_module_loads_and_belongs_to_a_kind(tmp_path: Path) -> None:
    config = load(write(tmp_path, "zone: UTC\n"), KINDS)
    assert set(config.modules) == set(BUILT_IN)
    assert {name: config.modules[name].kind for name in DEFAULT_MODULES.values()} == {
        module: kind for kind, module in DEFAULT_MODULES.items()
    }


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_every_kind_has_a_default_module_and_an_address(tmp_path: Path, kind: str) -> None:
    text = f'targets: [{{target_id: a, kind: {kind}, address: "{ADDRESSES[kind]}"}}]'
    (target,) = load(write(tmp_path, text), KINDS).targets
    assert (target.module, target.address) == (DEFAULT_MODULES[kind], ADDRESSES[kind])


@pytest.mark.parametrize("address", ["@gateway", "@gateway6", "@resolver"])
@pytest.mark.parametrize("kind", ["http", "host"])
def test_kinds_that_dial_no_host_take_no_token(tmp_path: Path, kind: str, address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, f'targets: [{{target_id: a, kind: {kind}, address: "{address}"}}]'), KINDS)
    assert address in caught.value.problems[0].text
    assert "192.0.2.1" not in str(caught.value)
    assert "2001:db8" not in str(caught.value)


def test_the_example_loads() -> None:
    assert len(load(ROOT / "config" / "agent.example.yml", KINDS, env={}).targets) == 3


def test_options_of_real_kinds_load_hide_their_secrets_and_stay_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, FULL)
    config = load(path, KINDS, env={"TOKEN": "hunter2"})
    assert diff(config, load(path, KINDS, env={"TOKEN": "another"})).is_empty
    api: dict[str, Any] = as_dict(config)["modules"]["api"]
    assert api["auth"] == {"basic": {"user": "me", "password": "<secret>"}}
    assert api["headers"]["X-Token"] == "<secret>"
    assert api["json"][1]["equals"] == "010"
    assert (api["max_body"], api["timeout"]) == ("2097152B", "10s")
    assert "hunter2" not in effective_yaml(config)


def test_the_effective_modules_of_real_kinds_load_again(tmp_path: Path) -> None:
    text = FULL.replace(", X-Token: {env: TOKEN}", "").replace(
        "    auth: {basic: {user: me, password: {env: TOKEN}}}\n", ""
    )
    config = load(write(tmp_path, text), KINDS)
    again = load(write(tmp_path, effective_yaml(config)), KINDS)
    assert again.modules == config.modules
    assert again.digest == config.digest


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_a_timeout_of_its_own_is_no_trouble_with_any_kind(tmp_path: Path, kind: str) -> None:
    names = {"http": "api", "tls": "mail", "icmp": "ping", "host": "machine", "tcp": "banner", "dns": "names"}
    module = {**names, "host_page": "eyes", "rtsp": "cameras", "snmp": "switch", "ssh": "door"}[kind]
    row = f'{{target_id: a, kind: {kind}, address: "{ADDRESSES[kind]}", module: {module}, timeout_seconds: 1.5}}'
    config = load(write(tmp_path, f"{FULL}targets: [{row}]"), KINDS, env={"TOKEN": "hunter2"})
    assert config.targets[0].timeout_seconds == 1.5


_NAMES = sorted({info.alias or name for kind in KINDS for name, info in kind.module_type.model_fields.items()})
_scalars = st.sampled_from(
    ["1", "0", "4", "010", "true", "10s", "1MiB", "$.a", "$[", "2xx", "^a", "GET", "a", "é", "\0", ""]
)
_values = st.recursive(
    _scalars | st.text(max_size=5) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["file", "env", "path", "equals", "matches", "name", "user", "password", "include", "basic"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from([kind.name for kind in KINDS]),
    options=st.dictionaries(st.sampled_from(_NAMES), _values, max_size=4),
    address=st.sampled_from(list(ADDRESSES.values())) | st.text(max_size=12),
)
def test_any_options_and_addresses_are_a_configuration_or_a_config_error(
    tmp_path: Path, kind: str, options: dict[str, object], address: str
) -> None:
    target = {"target_id": "a", "kind": kind, "address": address, "module": "m"}
    path = write(tmp_path, as_flow({"modules": {"m": options | {"kind": kind}}, "targets": [target]}))
    try:
        load(path, KINDS, env={})
    except ConfigError as exc:
        if "Input should" in str(exc):
            pytest.fail(str(exc))


@pytest.mark.parametrize(
    ("address", "version"),
    [
        ("10.0.0.1/live", 4),
        ("10.0.0.1:554/cam/realmonitor?channel=1&at=1:2", 4),
        ("rtsp://[2001:db8::1]/live", 6),
        ("[2001:db8::1]:554/live", 6),
        ("camera.example/10.0.0.1", 0),
    ],
)
def test_the_ip_version_of_an_address_with_a_path(address: str, version: int) -> None:
    assert version_of(address) == version
