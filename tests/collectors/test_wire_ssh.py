"""The SSH codec: the RFC's own examples, packets and messages there and back, and bytes that are neither."""

import base64
import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.ssh.dialogue import OFFER
from collectors.wire import ssh
from collectors.wire.ssh import Fields, KexReply, SshFormatError

_words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-@.", min_size=1, max_size=20)
_lists = st.lists(_words, max_size=5).map(tuple)
_offers = st.builds(
    ssh.Offer, kex=_lists, host_keys=_lists, ciphers_to_server=_lists, ciphers_to_client=_lists, macs_to_server=_lists,
    macs_to_client=_lists, compressions_to_server=_lists, compressions_to_client=_lists, guessed=st.booleans(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "00000000"),
        (0x9A378F9B2E332A7, "0000000809a378f9b2e332a7"),
        (0x80, "000000020080"),
    ],
)
def test_numbers_as_rfc_4251_shows_them(number: int, text: str) -> None:
    assert ssh.mpint(number).hex() == text
    assert Fields(bytes.fromhex(text)).mpint() == number


@pytest.mark.parametrize(("text", "number"), [("00000002edcc", -0x1234), ("00000005ff21524111", -0xDEADBEEF)])
def test_a_negative_number_stays_one(text: str, number: int) -> None:
    assert Fields(bytes.fromhex(text)).mpint() == number


@given(st.integers(min_value=0, max_value=1 << 4096))
def test_numbers_there_and_back_in_as_few_bytes_as_they_need(number: int) -> None:
    wire = ssh.mpint(number)
    assert Fields(wire).mpint() == number
    assert len(wire) == 4 + (number.bit_length() // 8 + 1 if number else 0)


@given(st.binary(min_size=1, max_size=2000))
def test_packets_there_and_back(payload: bytes) -> None:
    wire = ssh.packet(payload)
    assert len(wire) % 8 == 0
    assert len(wire) >= 16
    assert int.from_bytes(wire[:4], "big") == len(wire) - 4
    assert 4 <= wire[4] <= 16
    header, rest = wire[: ssh.HEADER_BYTES], wire[ssh.HEADER_BYTES :]
    assert ssh.rest_of_packet(header) == len(rest)
    assert ssh.payload_of(header, rest) == payload


@pytest.mark.parametrize(
    ("length", "padding", "words"),
    [
        (8, 4, "a packet of 12 bytes"),
        (34_996, 4, ""),
        (35_004, 4, "a packet of 35008 bytes, wanted 16 to 35000"),
        (0x48545450, 0x2F, "wanted 16 to 35000"),
        (13, 4, "a multiple of 8"),
        (12, 3, "3 bytes of padding"),
        (12, 11, "11 bytes of padding"),
        (12, 10, ""),
    ],
)
def test_what_a_header_may_say(length: int, padding: int, words: str) -> None:
    header = length.to_bytes(4, "big") + bytes((padding,))
    if not words:
        assert ssh.rest_of_packet(header) == length - 1
        return
    with pytest.raises(SshFormatError, match=words):
        ssh.rest_of_packet(header)


@given(_offers, st.binary(min_size=16, max_size=16))
def test_offers_there_and_back(offer: ssh.Offer, cookie: bytes) -> None:
    wire = ssh.kexinit(offer, cookie)
    assert wire[:17] == b"\x14" + cookie
    assert ssh.parse_kexinit(wire) == offer


def test_our_offer_in_bytes() -> None:
    """The first list and the end, as RFC 4253 7.1 lays them out."""
    wire = ssh.kexinit(OFFER, bytes(16))
    first = ",".join(OFFER.kex).encode()
    assert wire[17:].startswith(len(first).to_bytes(4, "big") + first)
    assert wire.endswith(bytes(4 + 4 + 1 + 4))
    assert len(ssh.packet(wire)) < 2000


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda data: b"\x14" + bytes(16) + data))
def test_any_bytes_are_an_offer_or_no_offer(data: bytes) -> None:
    try:
        offer = ssh.parse_kexinit(data)
    except SshFormatError:
        return
    assert len(offer.lists) == 8


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: b"\x1f" + data))
def test_any_bytes_are_a_reply_or_none(data: bytes) -> None:
    try:
        reply = ssh.parse_kex_reply(data)
    except SshFormatError:
        return
    assert data == b"\x1f" + b"".join(map(ssh.string, (reply.host_key, reply.public, reply.signature)))


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_replies_there_and_back(key: bytes, public: bytes, signature: bytes) -> None:
    wire = b"\x1f" + b"".join(map(ssh.string, (key, public, signature)))
    assert ssh.parse_kex_reply(wire) == KexReply(key, public, signature)
    with pytest.raises(SshFormatError, match="too many"):
        ssh.parse_kex_reply(wire + b"\0")
    with pytest.raises(SshFormatError, match="where"):
        ssh.parse_kex_reply(wire[:-1] if signature else wire[:-4])


def test_goodbyes_with_and_without_a_language() -> None:
    wire = ssh.disconnect(11, "so long")
    assert ssh.parse_disconnect(wire) == (11, "so long")
    assert ssh.parse_disconnect(wire[:-4]) == (11, "so long")
    with pytest.raises(SshFormatError):
        ssh.parse_disconnect(b"\x01")


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted"),
    [(("a", "b"), ("b", "a"), "a"), (("a", "b"), ("b",), "b"), (("a",), ("b",), ""), (("a",), (), "")],
)
def test_the_client_s_first_that_the_server_has_is_chosen(ours: tuple, theirs: tuple, wanted: str) -> None:
    assert ssh.chosen(ours, theirs) == wanted


def test_the_hash_is_over_all_that_was_said() -> None:
    """Each part changes it, as does where one part ends and the next begins."""
    said = ssh.Exchanged(
        client=b"c", server=b"s", client_kexinit=b"ci", server_kexinit=b"si", client_public=b"q",
        reply=KexReply(b"key", b"p", b"signature is no part"),
    )  # fmt: skip
    wanted = b"\0\0\0\1c\0\0\0\1s\0\0\0\2ci\0\0\0\2si\0\0\0\3key\0\0\0\1q\0\0\0\1p\0\0\0\2\0\x80"
    assert said.signed_with(0x80) == wanted
    assert replace(said, client=b"cs", server=b"").signed_with(0x80) != wanted


@given(st.binary(max_size=200))
def test_fingerprints_as_ssh_keygen_and_openssl_write_them(blob: bytes) -> None:
    digest = hashlib.sha256(blob).digest()
    text = ssh.fingerprint_of(digest)
    assert text == "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    colons = ":".join(f"{byte:02X}" for byte in digest)
    for spelling in (text, f" {text}=", digest.hex(), digest.hex().upper(), colons):
        assert ssh.digest_of(spelling) == digest.hex()


@pytest.mark.parametrize(
    "text",
    [
        "", "SHA256:", "SHA256:abc", "SHA256:" + "a" * 44, "SHA256:" + "ä" * 43, "SHA256:" + "*" * 43, "aa" * 31,
        "aa" * 33, "MD5:" + ":".join(["aa"] * 16), "xx" * 32, "²" * 64,
    ],
)  # fmt: skip
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="wanted a fingerprint as ssh-keygen -l prints it"):
        ssh.digest_of(text)
