"""Tokens stand for this host's own addresses, read from the kernel's tables and the resolver's file."""

import sys
from pathlib import Path

import pytest

from agent.config.tokens import is_token, resolve_token, stand_in

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ZERO = "0" * 32
LINK_LOCAL = "fe80000000000000021122fffe334455"
GLOBAL = "20010db8000000000000000000000001"


def number(address: str) -> str:
    """An IPv4 address as the kernel prints it here."""
    return f"{int.from_bytes(bytes(map(int, address.split('.'))), sys.byteorder):08X}"


def route(
    gateway: str, *, metric: int = 0, flags: str = "0003", destination: str = "00000000", mask: str = "00000000"
) -> str:
    return f"eth0\t{destination}\t{number(gateway)}\t{flags}\t0\t0\t{metric}\t{mask}\t0\t0\t0\n"


def route6(hop: str, *, metric: int = 1024, flags: int = 3, destination: str = ZERO, length: str = "00") -> str:
    return f"{destination} {length} {ZERO} 00 {hop} {metric:08x} 00000001 00000000 {flags:08x}     eth0\n"


def resolved(tmp_path: Path, text: str, content: str) -> str | None:
    file = tmp_path / "file"
    file.write_text(content, encoding="utf-8")
    return resolve_token(text, route=file, route6=file, resolv=file)


def test_the_gateway_is_the_default_route_of_least_metric(tmp_path: Path) -> None:
    table = (
        HEADER
        + route("192.168.9.9", metric=5, destination=number("192.168.9.0"), mask=number("255.255.255.0"))
        + route("10.0.0.254", metric=600)
        + route("10.1.2.3", metric=100)
    )
    assert resolved(tmp_path, "@gateway", table) == "10.1.2.3"
    assert resolved(tmp_path, "@gateway:53", table) == "10.1.2.3:53"


@pytest.mark.parametrize(
    "line",
    ["", route("0.0.0.0", flags="0001"), route("10.0.0.1", flags="0002"), route("0.0.0.0", flags="0201"), "junk\n"],
)
def test_without_a_default_route_through_a_gateway_there_is_none(tmp_path: Path, line: str) -> None:
    assert resolved(tmp_path, "@gateway", HEADER + line) is None


def test_half_of_a_split_default_route_is_not_the_default(tmp_path: Path) -> None:
    assert resolved(tmp_path, "@gateway", HEADER + route("10.8.0.1", mask=number("128.0.0.0"))) is None


def test_a_link_local_gateway_carries_its_interface(tmp_path: Path) -> None:
    assert resolved(tmp_path, "@gateway6", route6(LINK_LOCAL)) == "fe80::211:22ff:fe33:4455%eth0"
    assert resolved(tmp_path, "@gateway6:53", route6(LINK_LOCAL)) == "[fe80::211:22ff:fe33:4455%eth0]:53"


def test_the_ipv6_gateway_is_the_default_route_of_least_metric(tmp_path: Path) -> None:
    table = (
        route6(ZERO, metric=0xFFFFFFFF, flags=0x200200)
        + route6(LINK_LOCAL, metric=2048)
        + route6(GLOBAL)
        + route6(LINK_LOCAL, metric=1, destination=GLOBAL, length="40")
    )
    assert resolved(tmp_path, "@gateway6", table) == "2001:db8::1"


def test_the_resolver_is_the_first_name_server(tmp_path: Path) -> None:
    text = "# nameserver 9.9.9.9\nsearch gov\nnameserver\nnameserver 10.0.0.53\nnameserver 10.0.0.54\n"
    assert resolved(tmp_path, "@resolver:53", text) == "10.0.0.53:53"
    assert resolved(tmp_path, "@resolver", "options edns0\n") is None


def test_where_the_file_is_missing_there_is_no_address(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    for token in ("@gateway", "@gateway6", "@resolver"):
        assert resolve_token(token, route=absent, route6=absent, resolv=absent) is None


def test_any_other_address_is_itself() -> None:
    for address in ("10.0.0.1", "http://@gateway/", "@gateway/", "@gatewayx", "a@gateway", ""):
        assert not is_token(address)
        assert resolve_token(address) == address
        assert stand_in(address) == address


def test_a_documentation_address_stands_in_to_check_the_form() -> None:
    assert stand_in("@gateway") == "192.0.2.1"
    assert stand_in("@resolver:53") == "192.0.2.1:53"
    assert stand_in("@gateway6:53") == "[2001:db8::1]:53"


def test_this_hosts_own_tables_can_be_read() -> None:
    for token in ("@gateway", "@gateway6", "@resolver"):
        assert resolve_token(token) != token
