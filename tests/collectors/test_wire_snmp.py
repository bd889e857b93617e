"""The one message that every SNMPv3 engine answers, and what its report says: against the library's own codec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto.api import v2c
from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from collectors.wire.snmp import UNKNOWN_USER, MalformedError, question, read_report

IDS = st.integers(0, 2**31 - 1)
WORDS = st.binary(max_size=32)


@given(IDS, WORDS, WORDS)
def test_a_question_is_read_by_another_codec(message_id, engine, user):
    message, rest = decoder.decode(question(message_id, engine, user), asn1Spec=SNMPv3Message())
    assert not rest
    assert int(message["msgVersion"]) == 3
    header = message["msgGlobalData"]
    assert (int(header["msgID"]), bytes(header["msgFlags"]), int(header["msgSecurityModel"])) == (message_id, b"\4", 3)
    security, _ = decoder.decode(bytes(message["msgSecurityParameters"]), asn1Spec=UsmSecurityParameters())
    assert bytes(security["msgAuthoritativeEngineId"]) == engine
    assert bytes(security["msgUserName"]) == user
    pdu = message["msgData"].getComponentByName("plaintext")["data"]
    assert pdu.getName() == "get-request"


@given(IDS, WORDS)
def test_a_message_of_our_own_is_read_back_and_names_no_counter(message_id, engine):
    assert read_report(question(message_id, engine)) == (message_id, engine, "")


def test_a_report_of_another_codec_is_read():
    message, _ = decoder.decode(question(77, b"engine", b"who"), asn1Spec=SNMPv3Message())
    choice = message["msgData"]["plaintext"]["data"]
    choice.setComponentByName("report")
    report = choice["report"]
    v2c.apiPDU.set_defaults(report)
    v2c.apiPDU.set_varbinds(report, [(v2c.ObjectIdentifier(f"{UNKNOWN_USER}.0"), v2c.Counter32(3))])
    assert read_report(encoder.encode(message)) == (77, b"engine", UNKNOWN_USER)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        read_report(data)
    except MalformedError:
        return


@given(st.integers(0, 90), st.integers(0, 255))
def test_a_message_with_one_byte_changed_or_cut_is_read_or_refused(at, byte):
    whole = question(1, b"engine", b"user")
    for broken in (whole[: at % len(whole)], whole[: at % len(whole)] + bytes([byte]) + whole[at % len(whole) + 1 :]):
        try:
            read_report(broken)
        except MalformedError:
            continue


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x80", b"\x30\x85\1\1\1\1\1", b"\x30\x03\x02\x01\x01", b"\x05\x00"]
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(MalformedError):
        read_report(data)
