"""One host has one form, whatever it is written as: two spellings must not pass for two hosts (C2)."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config.addresses import same_host


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("NVR.example.", "nvr.example"),
        ("999.1.1.1", "999.1.1.1"),
        ("10.0.0.01", "10.0.0.01"),
    ],
)
def test_a_host_has_one_form(written: str, form: str) -> None:
    assert same_host(written) == form


@given(st.ip_addresses())
def test_every_spelling_of_an_address_has_the_same(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    spelled = {str(address), address.exploded, address.exploded.upper()}
    if isinstance(address, ipaddress.IPv4Address):
        spelled.add(f"::ffff:{address}")
    assert len({same_host(each) for each in spelled}) == 1
