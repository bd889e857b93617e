"""What a good configuration comes to: defaults, overrides, references, and text that stays text."""

import socket
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.config import Config, ConfigError, Limit, Role, load, store_path
from agent.config.instants import format_instant, parse_instant
from tests.agent.config_fakes import KINDS, HttpModule, IcmpModule, TcpModule, write

SHANGHAI = ZoneInfo("Asia/Shanghai")


def loaded(tmp_path: Path, text: str) -> Config:
    return load(write(tmp_path, text), KINDS, env={"TOKEN": "hunter2"})


def test_a_configuration_that_says_nothing_has_the_defaults_of_the_method(tmp_path: Path) -> None:
    config = loaded(tmp_path, "zone: ~\n")
    assert config.zone == "Asia/Shanghai"
    assert config.vantage.name == socket.gethostname()
    assert (config.vantage.gateway, config.vantage.module, config.vantage.interval_seconds) == (None, "icmp", 10)
    assert config.store.url == "sqlite:////var/lib/sla-agent/ledger.db"
    assert config.web.listen_address == "127.0.0.1:9610"
    assert (config.log.level, config.log.format) == ("info", "logfmt")
    states = config.states
    assert (states.down_after, states.up_after, states.down_loss) == (3, 2, 0.75)
    assert (states.blip_window, states.blips) == (600, 3)
    assert (config.planes, config.targets, config.labels) == ({}, (), ())


def test_built_in_modules_exist_without_being_written(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "zone: UTC\n").modules
    assert sorted(modules) == ["host", "http_2xx", "http_post_2xx", "icmp", "ssh_banner", "tcp_connect"]
    assert {module.interval_seconds for module in modules.values()} == {60}
    assert {module.retry_interval_seconds for module in modules.values()} == {10}
    post, banner = modules["http_post_2xx"].options, modules["ssh_banner"].options
    assert isinstance(post, HttpModule)
    assert post.method == "POST"
    assert isinstance(banner, TcpModule)
    assert banner.dialogue[0].expect.search("SSH-2.0-OpenSSH_9.2")


def test_built_in_modules_of_absent_kinds_do_not_exist(tmp_path: Path) -> None:
    assert sorted(load(write(tmp_path, "zone: UTC\n"), KINDS[:1]).modules) == ["icmp"]


def test_a_module_of_a_built_in_name_replaces_it_for_targets_that_name_none(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        "modules: {icmp: {kind: icmp, count: 5, interval: 30s}}\n"
        "targets: [{target_id: a, kind: icmp, address: 10.0.0.1}]\n",
    )
    options = config.modules["icmp"].options
    assert isinstance(options, IcmpModule)
    assert options.count == 5
    assert (config.targets[0].module, config.targets[0].interval_seconds) == ("icmp", 30)


@pytest.mark.parametrize(
    ("kind", "address", "module", "role"),
    [
        ("icmp", "10.0.0.1", "icmp", Role.NODE),
        ("tcp", "10.0.0.1:22", "tcp_connect", Role.NODE),
        ("http", "http://10.0.0.1/", "http_2xx", Role.NODE),
        ("host", "localhost", "host", Role.HOST),
    ],
)
def test_a_target_without_module_and_role_gets_those_of_its_kind(
    tmp_path: Path, kind: str, address: str, module: str, role: Role
) -> None:
    (target,) = loaded(tmp_path, f'targets: [{{target_id: a, kind: {kind}, address: "{address}"}}]').targets
    assert (target.module, target.role) == (module, role)


def test_a_kind_without_a_default_module_uses_the_module_of_its_own_name(tmp_path: Path) -> None:
    text = "modules: {odd: {kind: odd}}\ntargets: [{target_id: a, kind: odd, address: 10.0.0.1}]"
    assert loaded(tmp_path, text).targets[0].module == "odd"


def test_a_target_overrides_interval_and_timeout_of_its_module(tmp_path: Path) -> None:
    text = (
        "modules: {slow: {kind: icmp, interval: 5m, timeout: 500ms}}\n"
        "targets:\n"
        "  - {target_id: a, kind: icmp, address: 10.0.0.1, module: slow}\n"
        "  - {target_id: b, kind: icmp, address: 10.0.0.1, module: slow, interval_seconds: 120, timeout_seconds: 1.5}\n"
    )
    a, b = loaded(tmp_path, text).targets
    assert (a.interval_seconds, a.timeout_seconds, a.retry_interval_seconds) == (300, 0.5, 50)
    assert (b.interval_seconds, b.timeout_seconds, b.retry_interval_seconds) == (120, 1.5, 20)


@pytest.mark.parametrize(
    ("module", "target", "retry"),
    [
        ("interval: 60s", "", 10),
        ("interval: 12s", "", 5),
        ("interval: 3s, timeout: 1s", "", 3),
        ("interval: 60s, retry_interval: 20s", "", 20),
        ("interval: 60s, retry_interval: 20s", "interval_seconds: 300", 20),
        ("interval: 60s, retry_interval: 20s", "interval_seconds: 10", 10),
        ("interval: 60s", "interval_seconds: 300", 50),
    ],
)
def test_the_retry_interval_is_a_sixth_at_least_5_s_and_never_above_the_interval(
    tmp_path: Path, module: str, target: str, retry: float
) -> None:
    text = (
        f"modules: {{m: {{kind: icmp, {module}}}}}\n"
        f"targets: [{{target_id: a, kind: icmp, address: 10.0.0.1, module: m, {target}}}]"
    )
    assert loaded(tmp_path, text).targets[0].retry_interval_seconds == retry


def test_every_column_of_a_target_arrives(tmp_path: Path) -> None:
    text = """
vantage: {name: core-1}
planes: {business: {anchors: [10.0.0.1, 10.0.0.2]}}
modules: {second: {kind: icmp}}
targets:
  - {target_id: 安康/白河:1, kind: icmp, address: "@gateway", name: 网关, role: core, module: icmp, plane: business,
     site_id: s1, interval_seconds: 30, timeout_seconds: 2, parents: "b; b#if/7", confirm: second, vantage: core-1,
     responsible_unit: 信息中心, carrier: 移动, families_required: "4", in_service_from: 2026-01-01,
     in_service_to: "2026-07-01T00:00:00Z", source_doc: 批复 7 号}
  - {target_id: b, kind: icmp, address: 10.0.0.1}
"""
    target = loaded(tmp_path, text).targets[0]
    assert (target.id, target.address, target.name) == ("安康/白河:1", "@gateway", "网关")
    assert (target.role, target.plane, target.site_id) == (Role.CORE, "business", "s1")
    assert (target.parents, target.confirm) == (("b", "b#if/7"), "second")
    assert (target.responsible_unit, target.carrier, target.source_doc) == ("信息中心", "移动", "批复 7 号")
    assert target.families_required == (4,)
    assert target.in_service_from_us == 1_767_196_800_000_000  # 2025-12-31T16:00:00Z
    assert target.in_service_to_us == 1_782_864_000_000_000


def test_limits_are_an_upper_bound_or_a_range(tmp_path: Path) -> None:
    text = "modules: {m: {kind: icmp, limits: {rtt_seconds: 0.2, loss_ratio: {min: 0, max: 0.05}}}}"
    assert loaded(tmp_path, text).modules["m"].limits == {
        "rtt_seconds": Limit(max=0.2),
        "loss_ratio": Limit(min=0, max=0.05),
    }


def test_limits_of_kinds_are_the_kinds_own_unless_written(tmp_path: Path) -> None:
    kinds = loaded(tmp_path, "kinds: {tcp: {concurrency: 4000}}").kinds
    assert (kinds["tcp"].concurrency, kinds["tcp"].per_second) == (4000, 1000)
    assert (kinds["icmp"].concurrency, kinds["icmp"].per_second) == (100, 1000)


def test_scalars_that_yaml_would_turn_into_something_else_stay_text(tmp_path: Path) -> None:
    text = (
        "targets:\n"
        "  - {target_id: 010, kind: icmp, address: 10.0.0.1, name: on, carrier: 12:30, source_doc: 1e3}\n"
        "  - {target_id: no, kind: icmp, address: 10.0.0.1, name: 0571, parents: 010}\n"
    )
    first, second = loaded(tmp_path, text).targets
    assert (first.id, first.name, first.carrier, first.source_doc) == ("010", "on", "12:30", "1e3")
    assert (second.id, second.name, second.parents) == ("no", "0571", ("010",))


def test_null_is_absent_and_quoted_null_is_text(tmp_path: Path) -> None:
    text = (
        "log:\nweb: ~\ntargets:\n"
        '  - {target_id: a, kind: icmp, address: 10.0.0.1, role: null, name: "null", carrier: ~, site_id: }\n'
    )
    (target,) = loaded(tmp_path, text).targets
    assert (target.role, target.name, target.carrier, target.site_id) == (Role.NODE, "null", "", None)


def test_anchors_and_merge_keys_share_options(tmp_path: Path) -> None:
    text = """
modules:
  base: &base {kind: http, interval: 30s, timeout: 3s, follow: false}
  post: {<<: *base, method: POST, timeout: 4s}
  plain: {<<: *base, follow: ~}
  first: {<<: [{kind: http, interval: 40s}, *base]}
"""
    modules = loaded(tmp_path, text).modules
    assert (modules["post"].interval_seconds, modules["post"].timeout_seconds) == (30, 4)
    assert [getattr(modules[name].options, "follow", None) for name in ("post", "plain")] == [False, True]
    assert modules["first"].interval_seconds == 40


def test_a_problem_in_merged_options_points_at_where_they_are_written(tmp_path: Path) -> None:
    text = "modules:\n  base: &base\n    kind: http\n    follow: maybe\n  post:\n    <<: *base\n"
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert [(problem.line, problem.what) for problem in caught.value.problems] == [
        (4, "modules.base.follow"),
        (4, "modules.post.follow"),
    ]


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "agent.yml"
    path.write_bytes("\ufeffzone: UTC\r\nlog:\r\n  level: debug\r\n".encode())
    config = load(path, KINDS)
    assert (config.zone, config.log.level) == ("UTC", "debug")


def test_loading_opens_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError(f"load used the network: {args}")

    for name in ("socket", "getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    text = 'web: {listen_address: "localhost:0"}\ntargets: [{target_id: a, kind: icmp, address: "@gateway"}]'
    assert loaded(tmp_path, text).web.listen_address == "localhost:0"


@pytest.mark.parametrize("address", ["127.0.0.1:9610", "127.8.0.1:0", "[::1]:9610", "localhost:65535"])
def test_loopback_addresses_are_served_on(tmp_path: Path, address: str) -> None:
    assert loaded(tmp_path, f'web: {{listen_address: "{address}"}}').web.listen_address == address


@pytest.mark.parametrize("address", ["[::]:9610", "10.0.0.1:9610", "example.com:1", "127.0.0.1:65536", "127.1:1"])
def test_other_addresses_are_not_served_on(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError):
        loaded(tmp_path, f'web: {{listen_address: "{address}"}}')


def test_a_store_url_has_three_slashes_and_then_the_path() -> None:
    assert store_path("sqlite:///:memory:") is None
    assert store_path("sqlite:///ledger.db") == Path("ledger.db")
    assert store_path("sqlite:////var/lib/ledger.db") == Path("/var/lib/ledger.db")


def test_a_cycle_through_a_component_is_seen_and_a_tree_is_none(tmp_path: Path) -> None:
    row = '  - {{target_id: {}, kind: icmp, address: 10.0.0.1, parents: "{}"}}\n'
    tree = "targets:\n" + row.format("a", "b#if/1;c") + row.format("b", "c") + row.format("c", "")
    assert len(loaded(tmp_path, tree).targets) == 3
    with pytest.raises(ConfigError, match=r"a -> b -> a"):
        loaded(tmp_path, "targets:\n" + row.format("a", "b#if/1") + row.format("b", "a"))


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-01", "2025-12-31T16:00:00+00:00"),
        ("2026-01-01T00:00+08:00", "2025-12-31T16:00:00+00:00"),
        ("2026-01-01 00:00:00.000001Z", "2026-01-01T00:00:00.000001+00:00"),
        ("1990-06-01", "1990-05-31T15:00:00+00:00"),  # Shanghai had summer time
    ],
)
def test_a_date_is_midnight_in_the_zone_and_a_time_needs_its_offset(text: str, utc: str) -> None:
    us = parse_instant(text, SHANGHAI)
    assert format_instant(us, ZoneInfo("UTC")) == utc
    assert parse_instant(format_instant(us, SHANGHAI), SHANGHAI) == us


@pytest.mark.parametrize(
    "text", ["", "20260101", "2026-W01-1", "2026-01-01T00:00", "2026-1-1", "1969-12-31", "2200-01-01"]
)
def test_other_forms_of_a_date_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        parse_instant(text, SHANGHAI)
