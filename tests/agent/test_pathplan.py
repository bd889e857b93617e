"""Where a trace goes: by the target's kind and address, as its own probes go."""

import pytest

from agent.config.schema import PathEvidence
from agent.pathplan import METHODS, WITHOUT, host_of, plan
from agent.targets import Watched
from collectors import KINDS, ON_DEMAND
from collectors.base import Module, Target
from collectors.dns.options import DnsModule
from collectors.icmp.options import IcmpModule
from collectors.path import Method
from sla.confirm import Rules


def watched(kind: str, address: str) -> Watched:
    return Watched(
        target=Target(id="t", address=address, timeout_seconds=1), kind=kind, module="m", vantage="v",
        rules=Rules(interval=60_000_000), retry_ns=1, down_loss=0.75,
    )  # fmt: skip


def test_every_kind_says_how_or_that_it_has_no_address():
    assert {kind.name for kind in KINDS} <= METHODS.keys() | WITHOUT
    assert not METHODS.keys() & WITHOUT
    assert {kind.name for kind in ON_DEMAND}.isdisjoint({kind.name for kind in KINDS})


@pytest.mark.parametrize(
    ("kind", "address", "options", "wanted"),
    [
        ("icmp", "10.0.0.1", None, ("10.0.0.1", None, Method.ICMP)),
        ("icmp", "fd00::1", IcmpModule(), ("fd00::1", None, Method.ICMP)),
        ("tcp", "10.0.0.1:22", None, ("10.0.0.1", 22, Method.TCP)),
        ("tcp", "[fd00::1]:22", None, ("fd00::1", 22, Method.TCP)),
        ("http", "http://a.example/x?y", None, ("a.example", 80, Method.TCP)),
        ("http", "https://[fd00::1]/", None, ("fd00::1", 443, Method.TCP)),
        ("http", "https://a.example:8443/", None, ("a.example", 8443, Method.TCP)),
        ("tls", "a.example:8443", None, ("a.example", 8443, Method.TCP)),
        ("dns", "10.0.0.1", None, ("10.0.0.1", 53, Method.UDP)),
        ("dns", "10.0.0.1:5353", DnsModule(query_name="."), ("10.0.0.1", 5353, Method.UDP)),
        ("dns", "10.0.0.1", DnsModule(query_name=".", transport="tcp"), ("10.0.0.1", 53, Method.TCP)),
        ("rtsp", "rtsp://10.0.0.1/live", None, ("10.0.0.1", 554, Method.TCP)),
    ],
)
def test_a_trace_goes_where_the_probes_of_the_kind_go(kind: str, address: str, options: Module | None, wanted):
    made = plan(watched(kind, address), options, PathEvidence())
    assert made is not None
    assert (made.host, made.port, made.recipe.method) == wanted


def test_what_has_no_address_has_no_path():
    assert plan(watched("host", "localhost"), None, PathEvidence()) is None
    assert plan(watched("something", "10.0.0.1"), None, PathEvidence()) is None
    assert plan(watched("tcp", "http://[broken"), None, PathEvidence()) is None


@pytest.mark.parametrize(("method", "port"), [("icmp", None), ("udp", None), ("tcp", 22)], ids=["icmp", "udp", "tcp"])
def test_a_method_that_is_chosen_holds_for_every_kind(method: str, port: int | None):
    made = plan(watched("tcp", "10.0.0.1:22"), None, PathEvidence(method=method))
    assert made is not None
    assert (made.recipe.method, made.port) == (Method(method), port)


def test_the_settings_and_the_ip_version_of_the_module_are_taken_over():
    settings = PathEvidence(max_hops=7, queries=3, silent_hops=2, timeout=9.0)
    made = plan(watched("icmp", "a.example"), IcmpModule(family="6"), settings)
    assert made is not None
    recipe = made.recipe
    assert (recipe.max_hops, recipe.queries, recipe.silent_hops, recipe.timeout, recipe.family) == (7, 3, 2, 9.0, "6")


@pytest.mark.parametrize("address", ["", "//", "http://", "a b", "[::", ":::", "http://a:x/"])
def test_an_address_that_makes_no_sense_breaks_nothing(address: str):
    host, port = host_of(address)
    assert isinstance(host, str)
    assert port is None or 0 <= port <= 65535
