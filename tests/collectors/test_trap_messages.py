"""What a datagram at the trap port says: traps of net-snmp's own program, and whatever else may come."""

import functools
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.snmp.hints import MOST_BYTES, Fate, Heard
from collectors.snmp.session import Credentials
from collectors.snmp.trap_messages import TrapReader
from tests.collectors import trap_peers
from tests.collectors.snmp_peers import COMMUNITY
from tests.collectors.trap_peers import INFORM, LINK_UP, captured, message, v1, v2c, v3

ONE, TWO = b"password-one", b"password-two"
USERS = [
    Credentials(user="signed", auth="sha256", auth_password=ONE, priv="aes128", priv_password=TWO),
    Credentials(user="old", auth="sha", auth_password=ONE, priv="aes128", priv_password=TWO),
    Credentials(user="strong", auth="sha512", auth_password=ONE, priv="aes256", priv_password=TWO),
    Credentials(user="plain", auth="sha256", auth_password=ONE),
    Credentials(user="open"),
]
DOWN, UP = Heard(Fate.ACCEPTED, "linkDown"), Heard(Fate.ACCEPTED, "linkUp")
COLD, WARM = Heard(Fate.ACCEPTED, "coldStart"), Heard(Fate.ACCEPTED, "warmStart")
DENIED, OTHER, UNDECODABLE = Heard(Fate.DENIED), Heard(Fate.OTHER), Heard(Fate.UNDECODABLE)
SNMP_TRAPS = "1.3.6.1.6.3.1.1.5"


def reader():
    return TrapReader([COMMUNITY, "another"], USERS)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (v1(2), DOWN),
        (v1(3), UP),
        (v1(0), COLD),
        (v1(1), WARM),
        (v1(4), OTHER),
        (v1(6), OTHER),
        (v1(2, "public"), DENIED),
        (v2c(), DOWN),
        (v2c(LINK_UP), UP),
        (v2c(LINK_UP, "another"), UP),
        (v2c(f"{SNMP_TRAPS}.1"), COLD),
        (v2c(f"{SNMP_TRAPS}.2"), WARM),
        (v2c(f"{SNMP_TRAPS}.5"), OTHER),
        (v2c(f"{SNMP_TRAPS}.3.1"), OTHER),
        (v2c("1.3.6.1.4.1.2011.5.25.1"), OTHER),
        (v2c(community="public"), DENIED),
        (v2c(community=f"{COMMUNITY}x"), DENIED),
        (v3(), DOWN),
        (v3(trap=LINK_UP), UP),
        (v3(engine="0x80001f8880" + "ab" * 27), DOWN),
        (v3(trap="1.3.6.1.4.1.2011.5.25.1"), OTHER),
        (v3("old", hash="SHA"), DOWN),
        (v3("strong", hash="SHA-512", cipher="AES-256"), DOWN),
        (v3("plain", "authNoPriv"), DOWN),
        (v3("open", "noAuthNoPriv"), DOWN),
        (v3(auth="password-wrong"), DENIED),
        (v3(priv="password-wrong"), DENIED),
        (v3(hash="SHA-512"), DENIED),
        (v3("signed", "authNoPriv"), DENIED),
        (v3("signed", "noAuthNoPriv"), DENIED),
        (v3("plain", "noAuthNoPriv"), DENIED),
        (v3("plain"), DENIED),
        (v3("stranger"), DENIED),
    ],
    ids=lambda value: " ".join(value[0]) if isinstance(value, tuple) else value.name or value.fate,
)
def test_the_traps_of_a_real_sender(words, wanted):
    assert reader().read(captured(words)) == wanted


def test_a_sender_that_is_replaced_has_another_engine_id_and_is_believed_too():
    one = reader()
    for engine in ("0x8000000001020304", "0x8000000001020305", "0x8000000001020304"):
        assert one.read(captured(v3(engine=engine))) == DOWN


def test_one_bit_of_a_signed_trap_that_is_turned_makes_it_no_hint():
    whole = captured(v3("plain", "authNoPriv"))
    one = reader()
    for at in range(len(whole)):
        turned = bytearray(whole)
        turned[at] ^= 1
        assert one.read(bytes(turned)).fate is not Fate.ACCEPTED, at


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (message(), DOWN),
        (message(INFORM), OTHER),
        (message(0xA0), OTHER),
        (message(version=2), UNDECODABLE),
        (message(version=99), UNDECODABLE),
        (message(community=b"\xff\x00"), DENIED),
        (message(trap=(1, 3)), OTHER),
        (message(padding=MOST_BYTES), UNDECODABLE),
        (message(padding=MOST_BYTES - 200), DOWN),
        (trap_peers.NO_BINDINGS, OTHER),
        (trap_peers.NULL_TRAP, UNDECODABLE),
        (b"", UNDECODABLE),
        (b"\x30", UNDECODABLE),
        (b"\x30\x84\xff\xff\xff\xff", UNDECODABLE),
        (b"\x30\x80" * 4000, UNDECODABLE),
        (b"GET / HTTP/1.1\r\n\r\n", UNDECODABLE),
    ],
)
def test_messages_by_hand(data, wanted):
    assert reader().read(data) == wanted


def test_where_no_community_and_no_user_is_given_nothing_is_believed():
    nobody = TrapReader([], [])
    assert [nobody.read(captured(words)) for words in (v1(), v2c(), v2c(community=""), v3())] == [DENIED] * 4


ONE_READER = reader()


@settings(max_examples=400, deadline=None)
@given(data=st.binary(max_size=400))
def test_noise_is_no_hint_and_no_exception(data):
    assert ONE_READER.read(data).fate is not Fate.ACCEPTED


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_damaged_trap_is_no_exception(data):
    whole = bytearray(data.draw(st.sampled_from(samples())))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    assert ONE_READER.read(bytes(whole)).fate in Fate
    assert ONE_READER.read(bytes(whole[:cut])).fate in Fate


@functools.cache
def samples():
    return [captured(words) for words in (v1(), v2c(), v3(), v3("plain", "authNoPriv"))]


def test_no_secret_and_no_traceback_is_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        for words in (v3(), v3(auth="password-wrong"), v2c(community="public")):
            reader().read(captured(words))
        reader().read(b"\x30\x03\x02\x01\x01")
    assert not caplog.records
