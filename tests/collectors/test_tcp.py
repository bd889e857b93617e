"""Kind tcp against real peers: connect, dialogue, and every way a peer can answer badly."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import struct
import subprocess

import pytest
from pydantic import ValidationError

from collectors.base import Outcome, Reason, Target
from collectors.sockets import SocketEngine
from collectors.tcp import KIND, TcpModule, printable, tcp_kind
from tests.requirements import need_program

OK = (Outcome.OK, None)
SSH = [{"expect": r"^SSH-2\.0-"}]


@contextlib.asynccontextmanager
async def peer(talk, host="127.0.0.1"):
    """A server whose conversations are `talk(reader, writer)`; yields host:port."""
    talking = []

    async def converse(reader, writer):
        talking.append(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(converse, host, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    finally:
        server.close()
        await server.wait_closed()
        for task in talking:
            task.cancel()
        if talking:
            await asyncio.wait(talking)


def says_once(text, then_close=False):
    async def talk(reader, writer):
        writer.write(text)
        await writer.drain()
        if not then_close:
            await reader.read()

    return talk


def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def measure(address, timeout=10.0, trace=None, **options):
    module = TcpModule.model_validate(options)
    async with tcp_kind().build(module) as collector:
        target = Target(id="t", address=address, timeout_seconds=timeout, trace=trace)
        (reading,) = await collector.collect(target)
    assert set(reading.values) <= set(KIND.values)
    return reading


def verdict(reading):
    return reading.outcome, reading.reason


async def test_when_the_port_listens_the_reading_is_ok():
    async with peer(says_once(b"")) as address:
        reading = await measure(address)
    assert verdict(reading) == OK
    assert set(reading.values) == {"connect_seconds", "rtt_seconds"}


async def test_when_the_port_is_closed_the_reading_is_failed_refused():
    reading = await measure(f"127.0.0.1:{closed_port()}")
    assert verdict(reading) == (Outcome.FAILED, Reason.REFUSED)


async def test_a_half_open_peer_is_ok_without_a_dialogue_and_failed_timeout_with_one():
    with socket.create_server(("127.0.0.1", 0)) as never_accepts:
        address = f"127.0.0.1:{never_accepts.getsockname()[1]}"
        assert verdict(await measure(address)) == OK
        reading = await measure(address, timeout=0.2, dialogue=SSH)
    assert verdict(reading) == (Outcome.FAILED, Reason.TIMEOUT)
    assert reading.detail == rf"{address} connected, then nothing for step 1 (expect '^SSH-2\.0-') within 0.2 s"
    assert "connect_seconds" in reading.values


async def test_a_peer_that_accepts_and_keeps_silent_is_failed_timeout():
    async with peer(says_once(b"")) as address:
        reading = await measure(address, timeout=0.2, dialogue=[{"send": "hello\n", "expect": "hi"}])
    assert verdict(reading) == (Outcome.FAILED, Reason.TIMEOUT)


async def test_a_banner_that_matches_is_ok_with_the_time_of_its_first_byte():
    async with peer(says_once(b"SSH-2.0-OpenSSH_9.2\r\n")) as address:
        reading = await measure(address, dialogue=SSH)
    assert verdict(reading) == OK
    assert set(reading.values) == {"connect_seconds", "rtt_seconds", "first_byte_seconds"}


async def test_a_step_expects_before_it_sends_and_groups_are_put_in():
    heard = []

    async def talk(reader, writer):
        writer.write(b"220-welcome\r\n220 mx.example ESMTP\r\n")
        heard.append(await reader.readline())
        writer.write("250 你好 abc\r\n".encode())
        heard.append(await reader.readline())
        writer.write(b"221 bye\r\n")

    dialogue = [
        {"expect": r"^220 (?P<host>\S+)", "send": "EHLO ${host} ${1}\r\n"},
        {"expect": r"^250 (\S+) (\w+)", "send": "QUIT ${2} ${1} $1 $\r\n"},
        {"expect": "^221"},
    ]
    async with peer(talk) as address:
        assert verdict(await measure(address, dialogue=dialogue)) == OK
    assert heard == [b"EHLO mx.example mx.example\r\n", "QUIT abc 你好 $1 $\r\n".encode()]


async def test_bytes_that_are_no_text_come_back_as_they_came():
    heard = []

    async def talk(reader, writer):
        writer.write(b"id \xc4\xe3\xff.\n")
        heard.append(await reader.readline())
        writer.write(b"ok\n")

    dialogue = [{"expect": r"^id (.*)\.$", "send": "${1}\n"}, {"expect": "ok"}]
    async with peer(talk) as address:
        assert verdict(await measure(address, dialogue=dialogue)) == OK
    assert heard == [b"\xc4\xe3\xff\n"]


CLOSED, MISMATCH = (Outcome.FAILED, Reason.CLOSED), (Outcome.FAILED, Reason.MISMATCH)
ANSWERS = {
    "lines that came together serve one step after another": (b"1\r\n2\r\n3\r\n4\r\n", False, "134", OK, ""),
    "one line does not serve two steps": (b"1\n", False, "11", (Outcome.FAILED, Reason.TIMEOUT), "step 2 (expect"),
    "the last line needs no line end when the peer closes": (b"pong", True, ["^pong$"], OK, ""),
    "closed without a word": (b"", True, SSH[0].values(), CLOSED, r"before step 1 (expect '^SSH-2\.0-')"),
    "closed half way": (b"1\r\n", True, "12", CLOSED, "before step 2 (expect '2') was done"),
    "wrong, then closed": (b"554 no\r\n", True, ["^220"], MISMATCH, r"the connection; got '554 no\r\n'"),
    "wrong, then silent": (b"554 no\r\n", False, ["^220"], MISMATCH, r"within 0.5 s; got '554 no\r\n'"),
}


@pytest.mark.parametrize(("text", "then_close", "expects", "expected", "says"), ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_is_judged_line_by_line(text, then_close, expects, expected, says):
    async with peer(says_once(text, then_close)) as address:
        timeout = 10.0 if then_close or expected == OK else 0.5
        reading = await measure(address, timeout, dialogue=[{"expect": each} for each in expects])
    assert verdict(reading) == expected
    assert says in reading.detail


async def test_an_rtsp_options_request_can_be_expressed():
    async def talk(reader, writer):
        assert await reader.readuntil(b"\r\n\r\n") == b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
        writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n")

    dialogue = [
        {"send": "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"},
        {"expect": r"^RTSP/1\.\d 200 "},
        {"expect": "^Public:.*DESCRIBE"},
    ]
    async with peer(talk) as address:
        assert verdict(await measure(address, dialogue=dialogue)) == OK


async def test_a_dialogue_that_ends_with_a_send_is_ok_once_the_bytes_are_sent():
    heard = asyncio.Queue()

    async def talk(reader, writer):
        heard.put_nowait(await reader.read())

    text = "y" * 4_000_000  # more than the kernel takes at once
    async with peer(talk) as address:
        assert verdict(await measure(address, dialogue=[{"send": text}])) == OK
        assert len(await heard.get()) == len(text)


async def test_a_line_in_pieces_is_judged_when_it_is_whole():
    async def talk(reader, writer):
        for piece in (b"22", b"0", b"x\r", b"\n1\n2\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with peer(talk) as address:
        whole = await measure(address, dialogue=[{"expect": "^220x$"}])
        next_one = await measure(address, dialogue=[{"expect": "^1$"}])
        part = await measure(address, dialogue=[{"expect": "^220$"}])
    assert verdict(whole) == verdict(next_one) == OK
    assert verdict(part) == MISMATCH


async def test_when_the_peer_resets_the_reading_is_failed_reset():
    async def talk(reader, writer):
        await reader.readline()
        reset(writer)

    async with peer(talk) as address:
        reading = await measure(address, dialogue=[{"send": "hello\n"}, {"expect": "hi"}])
    assert verdict(reading) == (Outcome.FAILED, Reason.RESET)


async def test_garbage_is_failed_and_quoted_in_at_most_80_printable_characters():
    garbage = bytes(range(256)) * 4 + os.urandom(1000)
    async with peer(says_once(garbage, then_close=True)) as address:
        reading = await measure(address, dialogue=SSH)
    assert verdict(reading) == MISMATCH
    quoted = reading.detail.partition("got ")[2]
    assert quoted.isprintable()
    assert len(quoted) == 80 + 2


@pytest.mark.parametrize("piece", [b"x", b"no\r\n"])
async def test_a_slow_drip_ends_at_the_deadline(piece):
    async def drip(reader, writer):
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with peer(drip) as address:
        reading = await measure(address, timeout=0.5, dialogue=SSH)
    expected = Reason.TIMEOUT if piece == b"x" else Reason.MISMATCH
    assert verdict(reading) == (Outcome.FAILED, expected)
    assert "within 0.5 s" in reading.detail


@pytest.mark.parametrize("text", [b"x" * 3000, b"no\r\n" * 800])
async def test_more_than_max_bytes_without_a_match_is_failed_too_large(text):
    async with peer(says_once(text)) as address:
        reading = await measure(address, dialogue=SSH, max_bytes="1KiB")
    assert verdict(reading) == (Outcome.FAILED, Reason.TOO_LARGE)
    assert "more than 1024 bytes" in reading.detail


@pytest.mark.parametrize(("fill", "expected"), [(92, OK), (93, (Outcome.FAILED, Reason.TOO_LARGE))])
async def test_max_bytes_is_exact_whatever_pieces_come(fill, expected):
    async with peer(says_once(b"x" * fill + b"\nanswer\n")) as address:
        reading = await measure(address, dialogue=[{"expect": "^answer$"}], max_bytes="100B")
    assert verdict(reading) == expected


async def test_a_peer_that_never_stops_sending_is_stopped():
    async def pour(reader, writer):
        while True:
            writer.write(b"z" * 65536)
            await writer.drain()

    async with peer(pour) as address:
        reading = await measure(address, dialogue=SSH, max_bytes="1MiB")
    assert verdict(reading) == (Outcome.FAILED, Reason.TOO_LARGE)


@pytest.mark.parametrize("linger_reset", [True, False])
async def test_linger_reset_decides_how_we_leave(linger_reset):
    left = asyncio.Queue()

    async def talk(reader, writer):
        try:
            left.put_nowait(await reader.read())
        except ConnectionResetError:
            left.put_nowait("reset")

    async with peer(talk) as address:
        assert verdict(await measure(address, linger_reset=linger_reset, dialogue=[{"send": "x"}])) == OK
        expected = ("reset",) if linger_reset else (b"x",)
        assert await left.get() in expected


async def test_a_cancelled_collect_closes_its_socket():
    engine = SocketEngine()
    gone = asyncio.Event()

    async def talk(reader, writer):
        await reader.read()
        gone.set()

    async with peer(talk) as address, tcp_kind(engine).build(TcpModule(dialogue=SSH)) as collector:
        target = Target(id="t", address=address, timeout_seconds=60.0)
        task = asyncio.ensure_future(collector.collect(target))
        while not engine.in_flight:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert engine.in_flight == 0
        await gone.wait()


async def test_leaving_the_collector_ends_its_probes_as_error_stopped_and_no_others():
    kind = tcp_kind()
    module = TcpModule(dialogue=SSH)
    async with peer(says_once(b"")) as address, kind.build(module) as stays:
        target = Target(id="t", address=address, timeout_seconds=0.5)
        async with kind.build(module) as leaves:
            mine = asyncio.ensure_future(leaves.collect(target))
            other = asyncio.ensure_future(stays.collect(target))
            await asyncio.sleep(0)
        assert verdict((await mine)[0]) == (Outcome.ERROR, Reason.STOPPED)
        assert verdict((await other)[0]) == (Outcome.FAILED, Reason.TIMEOUT)


async def test_an_on_demand_probe_tells_its_steps():
    steps = []
    async with peer(says_once(b"SSH-2.0-x\r\n")) as address:
        port = address.rpartition(":")[2]
        dialogue = [*SSH, {"send": "bye\r\n"}]
        await measure(f"localhost:{port}", family="4", dialogue=dialogue, trace=lambda *step: steps.append(step))
    assert [name for name, _ in steps] == [
        "resolve", "resolved", "connect", "connected", "received", "matched", "send",
    ]  # fmt: skip
    assert ("resolved", f"127.0.0.1:{port}") in steps
    assert ("received", r"11 bytes: SSH-2.0-x\r\n") in steps
    assert ("matched", r"step 1 (expect '^SSH-2\.0-'): SSH-2.0-x") in steps
    assert ("send", r"bye\r\n") in steps


@pytest.fixture
def nginx(tmp_path):
    program = need_program("nginx")
    port = closed_port()
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; worker_processes 1;\n"
        "events {}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; listen [::1]:{port};\n"
        '  location / { return 200 "fine"; } } }\n'
    )
    with subprocess.Popen([program, "-p", tmp_path, "-e", "error.log", "-c", tmp_path / "nginx.conf"]) as process:
        yield port
        process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_a_real_nginx_answers_the_dialogue(nginx, host):
    dialogue = [
        {"send": "GET / HTTP/1.0\r\n\r\n"},
        {"expect": "^HTTP/1.1 200 OK$"},
        {"expect": "^Server: nginx"},
        {"expect": "^fine$"},
    ]
    async with asyncio.timeout(30):
        while (await measure(f"{host}:{nginx}")).reason is Reason.REFUSED:
            await asyncio.sleep(0.02)
    assert verdict(await measure(f"{host}:{nginx}", dialogue=dialogue)) == OK
    wrong = await measure(f"{host}:{nginx}", dialogue=[{"send": "hello\r\n"}, *SSH])
    assert verdict(wrong) == MISMATCH
    assert "400 Bad Request" in wrong.detail


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"dialogue": [{}]}, "got an empty step, wanted expect: REGEX, send: TEXT or both"),
        ({"dialogue": [{"expect": "("}]}, "wanted a regular expression"),
        ({"dialogue": [{"send": "${1}"}]}, "dialogue[1].send: ${1} is no group of the expect before it"),
        ({"dialogue": [{"expect": "(a)"}, {"send": "${2}"}]}, "dialogue[2].send: ${2} is no group"),
        ({"dialogue": [{"expect": "(a)", "send": "${name}"}]}, "${name} is no group"),
        ({"max_bytes": "64k"}, "wanted a size with a unit"),
        ({"source_address": "eth0"}, "source_address: got 'eth0', wanted an address of this host"),
        ({"source_address": "10.0.0.1", "family": "6"}, "wanted IPv6 as family says"),
        ({"family": "5"}, "family"),
        ({"expect": "x"}, "Extra inputs"),
    ],
)
def test_a_wrong_option_is_refused_with_what_was_wanted(options, says):
    with pytest.raises(ValidationError, match=re.escape(says)):
        TcpModule.model_validate(options)


def test_the_kind_says_what_it_is():
    assert (KIND.name, KIND.module_type, KIND.owns_deadline) == ("tcp", TcpModule, True)
    assert KIND.check_address("10.0.0.1:22") == ""
    assert "wanted host:port" in KIND.check_address("10.0.0.1")
    with pytest.raises(TypeError, match="wanted a TcpModule"):
        KIND.build(KIND.module_type.__base__())


def test_a_quotation_is_short_and_printable():
    assert printable("好\x00\n\x1b[31m".encode()) == r"好\x00\n\x1b[31m"
    assert printable(b"\xff\xfe") == r"\xff\xfe"
    assert len(printable(b"a" * 500)) == 80
