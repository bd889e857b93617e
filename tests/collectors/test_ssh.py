"""Kind ssh against OpenSSH's server and Dropbear: their keys as their own tools name them, whatever is agreed on."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from collectors.base import Outcome, Reading, Reason
from collectors.ssh import SshModule
from collectors.ssh.hostkey import ALGORITHMS
from collectors.wire.ssh import digest_of
from tests.collectors.ssh_peers import (
    SHORT,
    Sshd,
    dropbear,
    dropbear_key,
    expected_identity,
    keygen_fingerprint,
    make_key,
    probe,
    sshd,
    traced,
    verdict,
    who,
)
from tests.requirements import unmet

OK = (Outcome.OK, None)
MEASURED = {"connect_seconds", "rtt_seconds", "banner_seconds", "kex_seconds", "hostkey_verified"}
KINDS = {
    "ed25519": (), "ecdsa": (), "ecdsa-384": ("-b", "384"), "ecdsa-521": ("-b", "521"), "rsa": ("-b", "2048"),
}  # fmt: skip


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder, name.partition("-")[0], *more) for name, more in KINDS.items()}


@pytest.fixture(scope="module")
def server(keys: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """With a key of each kind, and nothing else than its own defaults."""
    with sshd(tmp_path_factory.mktemp("sshd"), [keys["rsa"], keys["ecdsa"], keys["ed25519"]]) as running:
        yield running


async def test_a_server_is_ok_with_its_key_and_the_time_of_each_step(server: Sshd, keys: Mapping[str, Path]) -> None:
    reading = await probe(server.address)
    assert (verdict(reading), reading.detail) == (OK, "")
    assert set(reading.values) == MEASURED
    assert all(value > 0 for value in reading.values.values())
    assert reading.values["hostkey_verified"] == 1.0
    assert who(reading) == expected_identity(keys["ed25519"])


async def test_the_trace_has_the_fingerprint_as_ssh_keygen_prints_it(server: Sshd, keys: Mapping[str, Path]) -> None:
    _, lines = await traced(server.address)
    assert [line.partition(":")[0] for line in lines] == ["connected", "banner", "hostkey"]
    assert lines[1].startswith("banner: 'SSH-2.0-OpenSSH")
    assert lines[2] == f"hostkey: ssh-ed25519 {keygen_fingerprint(keys['ed25519'])}, held"


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_key_is_verified(tmp_path: Path, keys: Mapping[str, Path], kind: str) -> None:
    with sshd(tmp_path, [keys[kind]]) as running:
        reading, lines = await traced(running.address)
    assert (verdict(reading), who(reading)) == (OK, expected_identity(keys[kind]))
    assert keygen_fingerprint(keys[kind]) in lines[-1]


@pytest.mark.parametrize(
    "option",
    [
        "KexAlgorithms=curve25519-sha256@libssh.org",
        "KexAlgorithms=ecdh-sha2-nistp256",
        "KexAlgorithms=diffie-hellman-group14-sha256",
        "Ciphers=aes256-gcm@openssh.com",
        "Ciphers=chacha20-poly1305@openssh.com",
        "Ciphers=3des-cbc",
        "MACs=hmac-sha1",
        "Compression=no",
    ],
)
async def test_each_way_to_agree_shows_the_same_key(tmp_path: Path, keys: Mapping[str, Path], option: str) -> None:
    """OpenSSH itself computes the hash, signs it, and says in its log that nothing was wrong."""
    with sshd(tmp_path, [keys["ed25519"]], option) as running:
        reading = await probe(running.address)
    assert (verdict(reading), who(reading)) == (OK, expected_identity(keys["ed25519"]))
    said = running.said
    assert "measured, no login wanted" in said
    assert "rror" not in said


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_another_author_s_server_shows_the_key_that_its_own_tool_names(tmp_path: Path, kind: str) -> None:
    key, fingerprint = dropbear_key(tmp_path, kind)
    with dropbear(tmp_path, key) as running:
        reading, lines = await traced(running.address, host_keys=[fingerprint])
        other = await probe(running.address, host_keys=[f"{0:064x}"])
    assert verdict(reading) == OK
    assert fingerprint in lines[-1]
    assert who(reading) == f"hostkey:{digest_of(fingerprint)}"
    assert verdict(other) == (Outcome.FAILED, Reason.MISMATCH)
    assert "Exit before auth" in running.said
    assert "Disconnect received" in running.said


@pytest.mark.parametrize("algorithm", ["rsa-sha2-256", "rsa-sha2-512"])
async def test_a_key_is_the_same_by_either_of_its_signatures(
    tmp_path: Path, keys: Mapping[str, Path], algorithm: str
) -> None:
    with sshd(tmp_path, [keys["rsa"]], f"HostKeyAlgorithms={algorithm}") as running:
        reading = await probe(running.address)
    assert who(reading) == expected_identity(keys["rsa"])


async def test_the_order_of_keys_is_fixed(tmp_path: Path, keys: Mapping[str, Path]) -> None:
    """Whatever the server would rather show: else its identity would change with its configuration."""
    assert ALGORITHMS == (
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
        "rsa-sha2-256",
    )  # fmt: skip
    preferred = "HostKeyAlgorithms=rsa-sha2-256,ecdsa-sha2-nistp256"
    with sshd(tmp_path, [keys["rsa"], keys["ecdsa"]], preferred) as running:
        assert who(await probe(running.address)) == expected_identity(keys["ecdsa"])


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("KexAlgorithms=diffie-hellman-group14-sha1", "no method in common, it offers 'diffie-hellman-group14-sha1"),
        ("HostKeyAlgorithms=ssh-rsa", "no host key algorithm in common, it offers 'ssh-rsa'"),
        ("MACs=hmac-md5", "no MAC in common, it offers 'hmac-md5'"),
    ],
)
async def test_a_server_without_our_algorithms_answers_but_shows_nobody(
    tmp_path: Path, keys: Mapping[str, Path], option: str, words: str
) -> None:
    only_macs = ["Ciphers=aes128-ctr"] if option.startswith("MACs") else []
    with sshd(tmp_path, [keys["rsa"]], option, *only_macs) as running:
        reading = await probe(running.address)
        demanded = await probe(running.address, host_keys=[keygen_fingerprint(keys["rsa"])])
    assert (verdict(reading), type(reading)) == (OK, Reading)
    assert reading.detail.startswith(f"no host key: {words}")
    assert set(reading.values) == MEASURED - {"kex_seconds"}
    assert reading.values["hostkey_verified"] == 0.0
    assert verdict(demanded) == (Outcome.FAILED, Reason.MISMATCH)
    assert words in demanded.detail


async def test_a_key_that_is_wanted_is_ok_and_another_a_mismatch_that_names_both(
    server: Sshd, keys: Mapping[str, Path]
) -> None:
    shown, other = (keygen_fingerprint(keys[name]) for name in ("ed25519", "ecdsa"))
    assert verdict(await probe(server.address, host_keys=[other, shown])) == OK
    assert verdict(await probe(server.address, host_keys=[expected_identity(keys["ed25519"])])) == OK
    reading = await probe(server.address, host_keys=[other])
    assert verdict(reading) == (Outcome.FAILED, Reason.MISMATCH)
    assert reading.detail == f"got ssh-ed25519 {shown}; wanted {other}"
    assert who(reading) == expected_identity(keys["ed25519"])
    assert set(reading.values) == MEASURED


async def test_a_list_of_many_wanted_keys_is_told_in_short(server: Sshd) -> None:
    reading = await probe(server.address, host_keys=[f"{number:064x}" for number in range(5)])
    assert reading.detail.endswith(" or one of 2 more")
    assert reading.detail.count("SHA256:") == 4


async def test_ipv6_and_a_source_address(tmp_path: Path, keys: Mapping[str, Path]) -> None:
    if not socket.has_ipv6:
        unmet("no IPv6 here")
    with sshd(tmp_path, [keys["ed25519"]], host="::1") as running:
        reading = await probe(running.address, source_address="::1", family=6)
    assert who(reading) == expected_identity(keys["ed25519"])


async def test_the_source_address_is_the_one_that_the_server_sees(tmp_path: Path, keys: Mapping[str, Path]) -> None:
    with sshd(tmp_path, [keys["ed25519"]]) as running:
        assert verdict(await probe(running.address, source_address="127.0.0.9")) == OK
    assert "Received disconnect from 127.0.0.9" in running.said
    with sshd(tmp_path, [keys["ed25519"]]) as running:
        reading = await probe(running.address, source_address="203.0.113.9")
    assert verdict(reading) == (Outcome.ERROR, Reason.NO_ROUTE)


async def test_of_a_name_the_address_that_was_measured_is_told(server: Sshd) -> None:
    reading = await probe(server.address.replace("127.0.0.1", "localhost"), family="4")
    assert (verdict(reading), reading.detail) == (OK, f"measured {server.address}")
    assert reading.values["resolve_seconds"] > 0


async def test_a_server_that_has_too_many_guests_does_not_let_us_measure(
    tmp_path: Path, keys: Mapping[str, Path]
) -> None:
    """Alive, but not measured: sshd says so before it closes."""
    with sshd(tmp_path, [keys["ed25519"]], "MaxStartups=1:100:1") as running:
        host, _, port = running.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        await reader.readline()  # it is a guest now, and stays one
        reading = await probe(running.address)
        writer.close()
        await writer.wait_closed()
    assert verdict(reading) == (Outcome.ERROR, Reason.LIMITED)
    assert "Exceeded MaxStartups" in reading.detail


async def test_probes_at_once_do_not_mix_their_answers(tmp_path: Path, keys: Mapping[str, Path]) -> None:
    with sshd(tmp_path, [keys["ed25519"]]) as one, sshd(tmp_path, [keys["rsa"]]) as two:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(probe(each.address)) for each in (one, two) * 4]
    wanted = [expected_identity(keys[name]) for name in ("ed25519", "rsa")] * 4
    assert [who(task.result()) for task in asked] == wanted


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    reading = await probe(f"127.0.0.1:{port}")
    assert verdict(reading) == (Outcome.FAILED, Reason.REFUSED)


async def test_one_that_never_says_a_word_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reading = await probe(f"127.0.0.1:{listener.getsockname()[1]}", SHORT)
    assert verdict(reading) == (Outcome.FAILED, Reason.TIMEOUT)
    assert reading.detail == "not done within 0.3 s: waiting for the server's identification"
    assert set(reading.values) == {"connect_seconds", "rtt_seconds"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host_keys": ["SHA256:short"]}, "ssh-keygen -l"),
        ({"host_keys": [5]}, "quote it"),
        ({"source_address": "me"}, "wanted an address of this host"),
        ({"source_address": "127.0.0.1", "family": "6"}, "IPv6 as family says"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SshModule.model_validate(options)
