"""Options of kind snmp: what is taken, and what is refused with one clear message."""

import sys

import pytest
from pydantic import ValidationError

from collectors.base import CollectorUnavailableError, Module
from collectors.snmp import KIND, SnmpModule, check_address
from collectors.snmp.options import with_port

SECRET = {"env": "SNMP_SECRET"}
V3 = {"version": 3, "user": "reader"}
WRONG = [
    ({"community": "public"}, "got a plain text secret"),
    ({"version": "1"}, "'2c' or '3'"),
    ({"user": "reader"}, "user: got version 2c, which has none"),
    ({"hash": "sha256"}, "hash: got version 2c, which has none"),
    ({"context": "vrf1"}, "context: got version 2c, which has none"),
    ({"version": "3"}, "user: got nothing"),
    (V3 | {"community": SECRET}, "community: got version 3, which has none"),
    (V3 | {"hash": "sha256"}, "auth_password: got hash sha256 without it"),
    (V3 | {"auth_password": SECRET}, "auth_password: got hash none with a password"),
    (V3 | {"cipher": "aes128", "priv_password": SECRET}, "cipher: got aes128 without hash"),
    (V3 | {"hash": "md5", "auth_password": SECRET}, "'sha', 'sha224', 'sha256'"),
    (V3 | {"context": "vrf1", "backend": "gufo"}, "context: got backend gufo"),
    ({"source_address": "127.0.0.1", "backend": "gufo"}, "source_address: got backend gufo"),
    ({"source_address": "eth0"}, "wanted an address of this host"),
    ({"source_address": "::1", "family": 4}, "wanted IPv4 as family says"),
    ({"read": "system", "interfaces_up": ["ge1"]}, "got read system, wanted read interfaces"),
    ({"try_timeout": "20s"}, "try_timeout: got 20s, wanted more than 0 and at most the timeout"),
    ({"include": ["("]}, "wanted a regular expression"),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_a_contradiction_is_refused(options, said):
    with pytest.raises(ValidationError) as caught:
        SnmpModule.model_validate(options)
    assert said in str(caught.value)


def test_the_back_end_is_the_fast_one_where_it_can_do_what_is_asked(monkeypatch):
    def chosen(**options):
        return SnmpModule.model_validate(options).chosen_backend

    assert chosen() == "gufo"
    assert chosen(backend="pysnmp") == "pysnmp"
    assert chosen(source_address="127.0.0.1") == "pysnmp"
    assert chosen(**V3, context="vrf1") == "pysnmp"
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert chosen() == "pysnmp"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: __import__(f"no_such_{name}"))
    assert chosen() == "pysnmp"


@pytest.mark.parametrize("backend", ["gufo", "pysnmp"])
async def test_a_back_end_that_is_not_installed_is_told_when_the_module_opens(monkeypatch, backend):
    monkeypatch.setitem(sys.modules, f"collectors.snmp.{backend}_backend", None)
    with pytest.raises(CollectorUnavailableError, match=f"backend {backend} is not installed"):
        await KIND.build(SnmpModule.model_validate({"backend": backend})).__aenter__()


@pytest.mark.parametrize(("secret", "said"), [("short", "fewer than 8"), ("with\nbreak", "line break"), ("", "fewer")])
async def test_a_password_that_cannot_be_is_told_when_the_module_opens(monkeypatch, secret, said):
    monkeypatch.setenv("SNMP_SECRET", secret)
    module = SnmpModule.model_validate(V3 | {"hash": "sha256", "auth_password": SECRET})
    with pytest.raises(CollectorUnavailableError, match=said):
        await KIND.build(module).__aenter__()


async def test_without_the_library_that_encrypts_pysnmp_says_so(monkeypatch):
    monkeypatch.setenv("SNMP_SECRET", "long enough")
    keys = {"hash": "sha256", "auth_password": SECRET, "cipher": "aes128", "priv_password": SECRET}
    module = SnmpModule.model_validate(V3 | keys | {"backend": "pysnmp"})
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(CollectorUnavailableError, match="cryptography"):
        await KIND.build(module).__aenter__()


def test_the_module_of_another_kind_is_refused():
    with pytest.raises(TypeError):
        KIND.build(Module())


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("10.0.0.1", "10.0.0.1:161"),
        ("10.0.0.1:1161", "10.0.0.1:1161"),
        ("[2001:db8::1]", "[2001:db8::1]:161"),
        ("[2001:db8::1]:1161", "[2001:db8::1]:1161"),
        ("sw1.example", "sw1.example:161"),
        ("2001:db8::1", "[2001:db8::1]:161"),
    ],
)
def test_the_port_is_161_unless_it_is_said(address, whole):
    assert with_port(address) == whole


@pytest.mark.parametrize("address", ["", "2001:db8::1", "10.0.0.1:0", "udp://10.0.0.1", "10.0.0.1:161/public"])
def test_an_address_that_cannot_be_asked_is_refused(address):
    assert check_address(address)
