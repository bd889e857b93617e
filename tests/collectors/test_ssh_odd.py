"""Kind ssh against peers that misbehave, each in one way: nobody may pass for another, or for alive."""

import asyncio
import struct
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.base import Module, Outcome, Reading, Reason, Recognised, Target
from collectors.ssh import hostkey
from collectors.ssh.agreement import METHODS
from collectors.ssh.collector import build
from collectors.ssh.dialogue import OFFER
from collectors.ssh.hostkey import ALGORITHMS, SignatureError, WeakKeyError, verify
from collectors.ssh.options import SshModule
from collectors.wire.ssh import MAX_PACKET, SshFormatError, disconnect, mpint, packet, string
from tests.collectors.http_peers import scripted
from tests.collectors.ssh_peers import LONG, SHORT, Script, ed25519, probe, saying, signed, traced, verdict, who

OK = (Outcome.OK, None)
PROTOCOL = (Outcome.FAILED, Reason.PROTOCOL)
CURVE = replace(OFFER, kex=("curve25519-sha256",), host_keys=("ssh-ed25519",))
WITHOUT_MACS = {
    "ciphers_to_client": ("chacha20-poly1305@openssh.com",), "ciphers_to_server": ("aes128-gcm@openssh.com",),
}  # fmt: skip
STRANGER = Ed25519PrivateKey.generate()


async def ask(script: Script, **options: object) -> Reading:
    async with scripted(script) as peer:
        return await probe(f"127.0.0.1:{peer.port}", **options)


async def test_the_scripted_server_is_sound_and_hears_no_more_than_the_exchange() -> None:
    script = Script()
    reading = await ask(script)
    assert (verdict(reading), who(reading)) == (OK, hostkey.identity_of(ed25519(script.key)))
    assert [payload[0] for payload in script.heard] == [20, 30, 1]


async def test_who_shows_the_key_of_another_is_neither_ok_nor_that_other() -> None:
    reading = await ask(Script(shown=ed25519(STRANGER)))
    assert (verdict(reading), type(reading)) == (PROTOCOL, Reading)
    assert "it does not hold the key" in reading.detail


async def test_a_signature_of_an_earlier_exchange_is_worth_nothing() -> None:
    """Whoever recorded a talk with the true device replays its key and signature; our cookie and half are new."""
    kept: list[bytes] = []

    def record(digest: bytes) -> bytes:
        kept.append(signed(STRANGER, digest))
        return kept[0]

    script = Script(key=STRANGER, signature=record)
    assert verdict(await ask(script)) == OK
    assert verdict(await ask(script)) == PROTOCOL


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (Script(signature=lambda digest: string(b"ssh-ed25519") + string(bytes(64))), "does not hold the key"),
        (Script(signature=lambda digest: string(b"ssh-rsa") + string(bytes(64))), "a signature by 'ssh-rsa'"),
        (Script(signature=lambda digest: b"\xff"), "a field of"),
        (Script(signature=lambda digest: string(b"ssh-ed25519") + string(bytes(64)) + b"x"), "1 bytes too many"),
        (Script(shown=string(b"ssh-rsa") + mpint(3) + mpint(15)), "a key of type 'ssh-rsa' where ssh-ed25519"),
        (Script(shown=string(b"ssh-ed25519") + string(bytes(31))), "no sound key or signature"),
        (Script(shown=string(b"ssh-ed25519") + string(bytes(32)) + b"x"), "1 bytes too many"),
        (Script(public=bytes(32)), "a public value that is none"),
        (Script(public=bytes(31)), "a public value that is none"),
        (Script(reply=lambda payload: payload + b"x"), "1 bytes too many"),
        (Script(reply=lambda payload: payload[:40]), "a field of"),
        (Script(reply=lambda payload: b"\x03" + bytes(4)), "message 3, wanted the server's half"),
        (Script(before=[b"\x02" + string(b"")] * 20), "16 messages and no end of it"),
        (Script(greeting=b"SSH-1.5-old\r\n"), "another version of SSH, wanted 2.0: 'SSH-1.5-old'"),
        (Script(greeting=b"SSH-2.0-" + b"x" * 300 + b"\r\n"), "an identification longer than 255 bytes"),
    ],
)
async def test_what_is_not_as_it_should_be_is_failed_protocol_and_nobody(script: Script, words: str) -> None:
    reading = await ask(script)
    assert (verdict(reading), type(reading)) == (PROTOCOL, Reading)
    assert words in reading.detail


@pytest.mark.parametrize(
    "script",
    [
        Script(greeting=b"Welcome\r\nto all\r\nSSH-2.0-chatty\r\n"),
        Script(greeting=b"SSH-1.99-both\r\n"),
        Script(greeting=b"SSH-2.0-bare\n"),
        Script(greeting=b"SSH-2.0-" + b"x" * 245 + b"\r\n"),
        Script(before=[b"\x02" + string(b"nothing"), b"\x04\x01" + string(b"news") + string(b"")]),
        Script(offer=replace(CURVE, guessed=True)),
        Script(offer=replace(CURVE, kex=("other", "curve25519-sha256"), guessed=True), before=[b"\x1e" + bytes(9)]),
        Script(offer=replace(CURVE, host_keys=("ssh-dss", "ssh-ed25519"), guessed=True), before=[b"\x1e" + bytes(9)]),
        Script(offer=replace(CURVE, macs_to_client=(), macs_to_server=(), **WITHOUT_MACS)),
    ],
)
async def test_what_a_server_may_do_is_ok(script: Script) -> None:
    reading = await ask(script)
    assert (verdict(reading), who(reading)) == (OK, hostkey.identity_of(ed25519(script.key)))


@pytest.mark.parametrize("part", ["kex", "host_keys", "ciphers_to_client", "macs_to_server", "compressions_to_client"])
async def test_a_server_that_shares_nothing_hears_why_we_go(part: str) -> None:
    script = Script(offer=replace(CURVE, **{part: ("its-own",)}, **_plain(part)))
    reading = await ask(script)
    assert (verdict(reading), type(reading)) == (OK, Reading)
    assert "in common, it offers 'its-own'" in reading.detail
    assert script.heard[-1][:5] == b"\x01" + struct.pack("!I", 3)


def _plain(part: str) -> dict[str, tuple[str, ...]]:
    """A cipher that needs a MAC, where it is the MAC that is missing."""
    names = ("ciphers_to_server", "ciphers_to_client") if part.startswith("macs") else ()
    return dict.fromkeys(names, ("aes128-ctr",))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", (Outcome.FAILED, Reason.CLOSED)),
        (b"SSH-2.0-going\r\n", (Outcome.FAILED, Reason.CLOSED)),
        (b"SSH-2.0-going\r\n" + packet(b"\x14" + bytes(30))[:20], (Outcome.FAILED, Reason.CLOSED)),
        (b"Exceeded MaxStartups\r\n", (Outcome.ERROR, Reason.LIMITED)),
        (b"Not allowed at this time\r\n", (Outcome.ERROR, Reason.LIMITED)),
        (b"SSH-2.0-full\r\n" + packet(disconnect(12, "too many")), (Outcome.ERROR, Reason.LIMITED)),
        (b"SSH-2.0-full\r\n" + packet(disconnect(1, "not you")), (Outcome.ERROR, Reason.LIMITED)),
        (b"SSH-2.0-sick\r\n" + packet(disconnect(2, "sorry")), (Outcome.FAILED, Reason.CLOSED)),
        (b"SSH-2.0-sick\r\n" + packet(b"\x01"), PROTOCOL),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", PROTOCOL),
        (b"\x15\x03\x01\x00\x02\x02\x46", PROTOCOL),
        (b"SSH-2.0-odd\r\nand then text", PROTOCOL),
        (b"SSH-2.0-odd\r\n" + struct.pack("!IB", MAX_PACKET, 4), PROTOCOL),
        (b"SSH-2.0-odd\r\n" + packet(b"\x15"), PROTOCOL),
        (b"x" * 10_000, PROTOCOL),
        (b"x\n" * 5_000, PROTOCOL),
    ],
)
async def test_the_end_by_what_was_said_before(data: bytes, wanted: tuple[Outcome, Reason]) -> None:
    async with scripted(saying(data, closing=True)) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}")
    assert (verdict(reading), type(reading)) == (wanted, Reading)
    assert ("banner_seconds" in reading.values) == data.startswith(b"SSH-2.0-")


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"", Reason.TIMEOUT, "waiting for the server's identification"),
        (b"220 mail.test ESMTP\r\n", Reason.PROTOCOL, "none within 0.3 s, but '220 mail.test ESMTP'"),
        (b"hello\r\nSSH-2.0-stuck\r\n", Reason.TIMEOUT, "in the key exchange"),
        (b"SSH-2.0-stuck\r\n" + packet(bytes(500))[:400], Reason.TIMEOUT, "in the key exchange"),
    ],
)
async def test_silence_by_what_was_said_before(data: bytes, reason: Reason, words: str) -> None:
    async with scripted(saying(data, closing=False)) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}", SHORT)
    assert verdict(reading) == (Outcome.FAILED, reason)
    assert words in reading.detail


async def test_a_peer_that_breaks_off_is_a_reset() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-rude\r\n")
        await reader.readline()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER
        writer.transport.abort()

    async with scripted(handle) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}")
    assert verdict(reading) == (Outcome.FAILED, Reason.RESET)


@pytest.mark.parametrize("seconds", [SHORT, LONG])
async def test_a_server_that_does_not_close_is_ok_all_the_same(seconds: float) -> None:
    """All was measured; the probe leaves soon, and by its deadline in any case."""
    script, left = Script(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await script(reader, writer)
        await left.wait()

    async with scripted(handle) as peer:
        reading = await probe(f"127.0.0.1:{peer.port}", seconds)
        left.set()
    assert (verdict(reading), who(reading)) == (OK, hostkey.identity_of(ed25519(script.key)))
    assert script.heard[-1][0] == 1


class _Guest:
    def admits(self, name: str, address: str) -> bool:
        self.asked = (name, address)
        return False

    def spent(self, phase: str, seconds: float) -> None:
        return None

    def secured(self, tls: object) -> None:
        return None


async def test_a_guest_is_asked_before_the_connection() -> None:
    guest = _Guest()
    async with build(SshModule()) as collector:
        target = Target(id="t", address="127.0.0.1:1", timeout_seconds=SHORT, guest=guest)
        [reading] = await collector.collect(target)
    assert verdict(reading) == (Outcome.ERROR, Reason.PERMISSION)
    assert guest.asked == ("127.0.0.1", "127.0.0.1")


def test_another_kind_s_module_is_a_bug_of_ours() -> None:
    with pytest.raises(TypeError, match="wanted an SshModule"):
        build(Module())


@pytest.mark.parametrize("bits", [1024, 2048])
def test_rsa_below_1024_bits_proves_nobody(bits: int) -> None:
    numbers = rsa.generate_private_key(65537, bits).public_key().public_numbers()
    modulus = numbers.n >> (1 if bits == 1024 else 0)
    key = string(b"ssh-rsa") + mpint(65537) + mpint(modulus | 1)
    signature = string(b"rsa-sha2-256") + string(bytes(bits // 8))
    with pytest.raises(WeakKeyError if bits == 1024 else SignatureError):
        verify("rsa-sha2-256", key, signature, b"digest")


@pytest.mark.parametrize("method", METHODS)
def test_two_halves_of_a_method_come_to_one_secret(method: str) -> None:
    one, other = METHODS[method](), METHODS[method]()
    assert one.public != other.public
    assert one.secret(other.public) == other.secret(one.public)


@pytest.mark.parametrize("public", [b"", b"\0", b"\1", b"\x81", b"\x04" + bytes(64), bytes(32)])
@pytest.mark.parametrize("method", METHODS)
def test_a_public_value_outside_the_group_is_refused(method: str, public: bytes) -> None:
    if method.startswith("diffie") and public[:1] == b"\x04":
        return  # a number like any other there
    with pytest.raises(ValueError):  # noqa: PT011 (the words are the library's, and differ)
        METHODS[method]().secret(public)


@given(algorithm=st.sampled_from(ALGORITHMS), key=st.binary(max_size=120), signature=st.binary(max_size=120))
def test_any_key_and_signature_are_refused_in_words(algorithm: str, key: bytes, signature: bytes) -> None:
    key_type = {"rsa-sha2-512": "ssh-rsa", "rsa-sha2-256": "ssh-rsa"}.get(algorithm, algorithm).encode()
    for shown in (
        key,
        string(key_type) + key,
        string(key_type) + string(key),
        string(key_type) + mpint(3) + string(key),
    ):
        for sign in (signature, string(algorithm.encode()) + string(signature)):
            with pytest.raises((SshFormatError, SignatureError, WeakKeyError)):
                verify(algorithm, shown, sign, b"digest")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), greeted=st.booleans(), framed=st.booleans())
def test_whatever_a_peer_says_the_reading_is_a_value(data: bytes, greeted: bool, framed: bool) -> None:
    said = (b"SSH-2.0-x\r\n" if greeted else b"") + (packet(b"\x14" + data) if framed else data)

    async def one() -> Reading:
        async with scripted(saying(said, closing=True)) as peer:
            return (await traced(f"127.0.0.1:{peer.port}"))[0]

    reading = asyncio.run(one())
    assert reading.outcome is Outcome.FAILED
    assert not isinstance(reading, Recognised)
