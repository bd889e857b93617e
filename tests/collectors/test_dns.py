"""Kind dns against a real name server and against peers that answer badly, late, or not at all."""

import asyncio
import re
import socket
import struct

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.base import Module, Outcome, Reason, Target
from collectors.dns import KIND, DnsModule, check_address
from collectors.dns.options import with_port
from collectors.dns.question import GarbageError, StrayError, ask
from collectors.dns.verdict import VALUES, problem_of, values_of
from tests.collectors.dns_peers import answering, framed, free_port, heard, nsd, once, tcp_peer, udp_peer

OK = (Outcome.OK, None)
TIMEOUT, REFUSED, CLOSED = ((Outcome.FAILED, each) for each in (Reason.TIMEOUT, Reason.REFUSED, Reason.CLOSED))
PROTOCOL, MISMATCH = (Outcome.FAILED, Reason.PROTOCOL), (Outcome.FAILED, Reason.MISMATCH)
A = "www.zone.example. 60 IN A 10.0.0.7"
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


async def measure(address, timeout=10.0, trace=None, **options):
    module = DnsModule.model_validate({"query_name": "www.zone.example"} | options)
    async with KIND.build(module) as collector:
        (reading,) = await collector.collect(Target(id="t", address=address, timeout_seconds=timeout, trace=trace))
    assert set(reading.values) <= set(VALUES)
    return reading


def verdict(reading):
    return reading.outcome, reading.reason


# a real server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with nsd(tmp_path_factory.mktemp("nsd")) as address:
        asyncio.run(until_it_answers(address))
        yield address


async def until_it_answers(address):
    async with asyncio.timeout(60):
        while verdict(await measure(address, 1.0)) != OK:
            await asyncio.sleep(0.02)


RECORDS = {
    ("www.zone.example", "A"): ("www.zone.example. A 10.0.0.8", 2),
    ("www.zone.example", "AAAA"): ("www.zone.example. AAAA 2001:db8::7", 1),
    ("alias.zone.example", "A"): ("www.zone.example. A 10.0.0.7", 3),
    ("alias.zone.example", "CNAME"): ("alias.zone.example. CNAME www.zone.example.", 1),
    ("zone.example", "NS"): ("zone.example. NS ns.zone.example.", 1),
    ("zone.example", "MX"): ("zone.example. MX 10 mail.zone.example.", 1),
    ("zone.example", "TXT"): ('zone.example. TXT "v=spf1 -all"', 1),
    ("zone.example", "CAA"): ('zone.example. CAA 0 issue "ca.example"', 1),
    ("_sip._tcp.zone.example", "SRV"): ("_sip._tcp.zone.example. SRV 1 2 5060 www.zone.example.", 1),
    ("7.0.zone.example", "PTR"): ("7.0.zone.example. PTR www.zone.example.", 1),
    ("zone.example", "DNSKEY"): ("zone.example. DNSKEY 257 3 8 AwEAAQ==", 1),
    (".", "NS"): (". NS a.root.", 1),
}


@TRANSPORTS
@pytest.mark.parametrize(("question", "expected"), RECORDS.items(), ids=lambda each: "-".join(map(str, each)))
async def test_a_real_server_answers_every_type_over_both_transports(server, transport, question, expected):
    name, kind = question
    text, count = expected
    rules = {"answers": [f"^{re.escape(text)}$"], "answers_not": ["10.0.0.99"]}
    reading = await measure(server, query_name=name, query_type=kind, transport=transport, **rules)
    assert (verdict(reading), reading.detail) == (OK, "")
    values = reading.values
    assert (values["rcode"], values["answer_records"], values["tcp"]) == (0, count, float(transport == "tcp"))
    assert (values["authoritative"], values["authenticated_data"]) == (1, 0)
    assert values["query_seconds"] > 0
    assert ("connect_seconds" in values) == (transport == "tcp")
    assert not {"serial", "resolve_seconds", "rrsig_expiration_timestamp_seconds"} & set(values)


async def test_a_soa_has_its_serial_which_a_stale_server_fails_by(server):
    soa = {"query_name": "zone.example", "query_type": "SOA"}
    reading = await measure(server, min_serial=2026112201, **soa)
    assert (verdict(reading), reading.values["serial"]) == (OK, 2026112201)
    stale = await measure(server, min_serial=2026112202, **soa)
    assert verdict(stale) == MISMATCH
    assert stale.detail == f"{server}: got serial 2026112201, wanted 2026112202 or later (min_serial)"
    assert stale.values["serial"] == 2026112201


async def test_the_serial_is_compared_on_its_circle(server):
    soa = {"query_name": "zone.example", "query_type": "SOA"}
    assert verdict(await measure(server, min_serial=2026112201 + 2**31, **soa)) == MISMATCH
    assert verdict(await measure(server, min_serial=2026112201 + 2**31 + 1, **soa)) == OK


async def test_with_dnssec_the_signature_that_ends_first_is_reported(server):
    www = await measure(server, dnssec_ok=True)
    soa = await measure(server, dnssec_ok=True, query_name="zone.example", query_type="SOA")
    missing = await measure(server, dnssec_ok=True, query_name="no.zone.example", valid_rcodes=["NXDOMAIN"])
    seconds = [each.values["rrsig_expiration_timestamp_seconds"] for each in (www, soa, missing)]
    april, march = 1806537600, 1803859200  # `date -ud 2027-04-01 +%s`, 2027-03-01; the denial's SOA is signed too
    assert seconds == [april, march, march]
    assert www.values["answer_records"] == 3
    assert www.values["additional_records"] == 0


async def test_of_several_signatures_the_one_that_ends_first_counts_in_both_sections():
    signed = "www.zone.example. 60 IN RRSIG {} 8 3 60 {} 20261101000000 1 zone.example. c2ln"
    ends = (("A", "20270401000000"), ("NS", "20270301000000"), ("TXT", "20270501000000"))
    april, march, may = (signed.format(*each) for each in ends)
    for answer, authority in (((A, april, may), (march,)), ((A, march), (april, may))):
        async with udp_peer(once(answering(*answer, authority=authority))) as (address, _):
            reading = await measure(address)
        assert reading.values["rrsig_expiration_timestamp_seconds"] == 1803859200  # `date -ud 2027-03-01 +%s`


async def test_a_name_that_is_not_there_is_a_mismatch_unless_that_is_wanted(server):
    reading = await measure(server, query_name="no.zone.example")
    assert verdict(reading) == MISMATCH
    assert reading.detail == f"{server}: got rcode NXDOMAIN, wanted NOERROR"
    assert (reading.values["rcode"], reading.values["authority_records"]) == (3, 1)
    wanted = await measure(server, query_name="no.zone.example", valid_rcodes=["NXDOMAIN", "3", "REFUSED"])
    assert verdict(wanted) == OK


async def test_no_record_of_the_type_is_a_mismatch_unless_none_is_wanted(server):
    reading = await measure(server, query_type="MX")
    assert verdict(reading) == MISMATCH
    assert reading.detail == f"{server}: got 0 records MX for www.zone.example., wanted at least 1 (min_answers)"
    assert verdict(await measure(server, query_type="MX", min_answers=0)) == OK
    assert verdict(await measure(server, min_answers=2)) == OK
    assert verdict(await measure(server, min_answers=3)) == MISMATCH


async def test_a_truncated_answer_is_asked_for_again_over_tcp(server):
    steps = []
    many = {"query_name": "many.zone.example", "query_type": "TXT"}
    reading = await measure(server, trace=lambda *step: steps.append(step), **many)
    assert (verdict(reading), reading.values["tcp"]) == (OK, 1)
    assert reading.values["response_bytes"] > 2250
    assert ("truncated", "once more over TCP") in steps
    without = await measure(server, tcp_fallback=False, **many)
    assert verdict(without) == MISMATCH
    assert without.detail == f"{server}: the answer is truncated"


async def test_wrong_answers_are_shown(server):
    reading = await measure(server, answers=[r" A 10\.0\.0\.7$", " A 10.0.0.9"])
    assert verdict(reading) == MISMATCH
    assert "answers ' A 10.0.0.9': no record matches; got www.zone.example. A 10.0.0." in reading.detail
    reading = await measure(server, answers_not=[r"\.8$"])
    assert verdict(reading) == MISMATCH
    assert reading.detail == rf"{server}: answers_not '\\.8$': got www.zone.example. A 10.0.0.8"


async def test_a_name_of_the_server_is_looked_up_and_the_address_named(server):
    port = server.rpartition(":")[2]
    reading = await measure(f"localhost:{port}", family="4")
    assert (verdict(reading), reading.detail) == (OK, f"measured 127.0.0.1:{port}")
    assert reading.values["resolve_seconds"] > 0


async def test_a_server_whose_name_does_not_exist_is_failed_name():
    assert verdict(await measure("no-such-host.invalid")) in [
        (Outcome.FAILED, Reason.NAME),
        (Outcome.ERROR, Reason.RESOLVER),  # a machine without a name server
    ]


async def test_an_on_demand_probe_tells_its_steps(server):
    steps = []
    await measure(server, transport="tcp", trace=lambda name, _: steps.append(name))
    assert steps == ["ask", "wait", "connected", "wait", "received"]


# what is sent


@pytest.mark.parametrize(
    ("options", "flags", "edns"),
    [
        ({}, dns.flags.RD, (-1, 0)),
        ({"recursion_desired": False}, 0, (-1, 0)),
        ({"dnssec_ok": True}, dns.flags.RD | dns.flags.AD, (0, dns.flags.DO)),
        ({"require_authenticated_data": True}, dns.flags.RD | dns.flags.AD, (-1, 0)),
    ],
)
async def test_the_question_is_what_the_module_says(options, flags, edns):
    async with udp_peer(once(answering(A, flags=dns.flags.AD))) as (address, questions):
        assert verdict(await measure(address, **options)) == OK
    (wire,) = questions
    query = dns.message.from_wire(wire)
    assert (query.flags, query.edns, query.ednsflags) == (flags, *edns)
    assert [str(each) for each in query.question] == ["www.zone.example. IN A"]
    assert query.payload == (1232 if options.get("dnssec_ok") else 0)


async def test_every_question_has_an_id_and_a_port_of_its_own():
    async with udp_peer(once(answering(A))) as (address, questions):
        for _ in range(8):
            await measure(address)
    assert len({wire[:2] for wire in questions}) > 1


async def test_authenticated_data_is_reported_and_may_be_required():
    async with udp_peer(once(answering(A, flags=dns.flags.AD))) as (address, _):
        reading = await measure(address, require_authenticated_data=True)
        assert (verdict(reading), reading.values["authenticated_data"]) == (OK, 1)
    async with udp_peer(once(answering(A))) as (address, _):
        reading = await measure(address, require_authenticated_data=True)
    assert verdict(reading) == MISMATCH
    assert reading.detail == f"{address}: the server does not say that it has verified the data (AD flag)"


async def test_source_address_and_family_decide_the_socket():
    async with udp_peer(once(answering(A))) as (address, _):
        assert verdict(await measure(address, source_address="127.0.0.9")) == OK
        assert verdict(await measure(address, family="6")) == (Outcome.ERROR, Reason.NO_ROUTE)
        elsewhere = await measure(address, source_address="192.0.2.7")
    assert verdict(elsewhere) == (Outcome.ERROR, Reason.NO_ROUTE)
    async with udp_peer(once(answering(A)), host="::1") as (address, _):
        assert verdict(await measure(address)) == OK
        assert verdict(await measure(address, source_address="::1")) == OK


# peers that answer badly over UDP


async def test_a_silent_server_is_failed_timeout():
    async with udp_peer(lambda _: ()) as (address, _):
        reading = await measure(address, timeout=0.2)
    assert verdict(reading) == TIMEOUT
    assert reading.detail == f"no answer over UDP from {address} within 0.2 s"


@TRANSPORTS
async def test_a_closed_port_is_failed_refused(transport):
    assert verdict(await measure(f"127.0.0.1:{free_port()}", transport=transport)) == REFUSED


def with_id(wire, number):
    return struct.pack("!H", number) + wire[2:]


def wrong_id(wire):
    return with_id(answering(A)(wire), int.from_bytes(wire[:2], "big") ^ 1)


def wrong_question(wire):
    other = dns.message.make_query("other.example", "A", id=int.from_bytes(wire[:2], "big"))
    return answering("other.example. 60 IN A 10.0.0.7")(other.to_wire())


def wrong_type(wire):
    other = dns.message.make_query("www.zone.example", "AAAA", id=int.from_bytes(wire[:2], "big"))
    return answering("www.zone.example. 60 IN AAAA ::7")(other.to_wire())


def no_question(wire):
    empty = dns.message.QueryMessage(id=int.from_bytes(wire[:2], "big"))
    empty.flags = dns.flags.QR
    return empty.to_wire()


STRAYS = {
    "one byte": (lambda _: b"\0", "1 bytes, fewer than the header"),
    "garbage": (lambda _: b"\xff" * 11, "11 bytes, fewer than the header"),
    "another id": (wrong_id, "the id of another question"),
    "our own question": (lambda wire: wire, "no answer to a query"),
    "another opcode": (lambda wire: wire[:2] + b"\xa0\0" + wire[4:], "no answer to a query"),
    "another question": (wrong_question, "the answer to another question"),
    "another type": (wrong_type, "the answer to another question"),
    "no question": (no_question, "the answer to another question"),
    "half a question": (lambda wire: wire[:2] + b"\x80" + wire[3:20], "the answer to another question"),
}
EACH_STRAY = pytest.mark.parametrize(("make", "says"), STRAYS.values(), ids=STRAYS)


@EACH_STRAY
async def test_what_is_no_answer_is_passed_over_until_the_answer_comes(make, says):
    async with udp_peer(lambda wire: [make(wire), make(wire), answering(A)(wire)]) as (address, _):
        reading = await measure(address, answers=["10.0.0.7"])
    assert verdict(reading) == OK


@EACH_STRAY
async def test_what_is_no_answer_and_nothing_else_is_failed_protocol_at_the_deadline(make, says):
    async with udp_peer(lambda wire: [make(wire)]) as (address, _):
        reading = await measure(address, timeout=0.2)
    assert verdict(reading) == PROTOCOL
    assert f"no answer over UDP from {address} within 0.2 s; what came instead: {says}" in reading.detail


async def test_an_answer_from_another_address_is_not_heard():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, socket.socket(type=socket.SOCK_DGRAM) as other:
        asked.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.2", asked.getsockname()[1]))
        address = f"127.0.0.1:{asked.getsockname()[1]}"
        asked.setblocking(False)
        probe = asyncio.ensure_future(measure(address, timeout=0.5))
        wire, sender = await asyncio.get_running_loop().sock_recvfrom(asked, 512)
        other.sendto(answering(A)(wire), sender)
        assert verdict(await probe) == TIMEOUT


async def test_a_flood_of_strays_ends_at_the_deadline():
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        probe = asyncio.ensure_future(measure(f"127.0.0.1:{peer.getsockname()[1]}", timeout=0.3))
        wire, sender = await loop.sock_recvfrom(peer, 512)
        while not probe.done():
            for _ in range(20):
                peer.sendto(wrong_id(wire), sender)
            await asyncio.sleep(0)
    assert verdict(await probe) in (PROTOCOL, (Outcome.ERROR, Reason.LATE))


def cut(wire):
    return answering(A)(wire)[:-1]


def longer(wire):
    return answering(A)(wire) + b"!"


@TRANSPORTS
@pytest.mark.parametrize("make", [cut, longer], ids=["cut short", "with more behind it"])
async def test_an_answer_that_is_not_in_form_is_failed_protocol_at_once(make, transport):
    async def talk(reader, writer):
        writer.write(framed(make(await heard(reader))))

    async with udp_peer(once(make)) as (udp, _), tcp_peer(talk) as tcp:
        reading = await measure(udp if transport == "udp" else tcp, transport=transport)
    assert verdict(reading) == PROTOCOL
    assert "sent what is no answer: at byte " in reading.detail


async def test_an_answer_larger_than_was_asked_for_counts():
    many = [f'www.zone.example. 60 IN TXT "{number}"' for number in range(2000)]
    async with udp_peer(once(answering(*many))) as (address, _):
        reading = await measure(address, query_type="TXT")
    assert (verdict(reading), reading.values["answer_records"]) == (OK, 2000)
    assert reading.values["response_bytes"] > 30_000


async def test_a_refusal_without_the_question_is_judged_by_its_rcode():
    def formerr(wire):
        return wire[:2] + b"\x80\x01" + bytes(8)

    async with udp_peer(once(formerr)) as (address, _):
        reading = await measure(address)
    assert verdict(reading) == MISMATCH
    assert reading.detail == f"{address}: got rcode FORMERR, wanted NOERROR"


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "NOTIMP"])
async def test_a_wrong_rcode_is_a_mismatch_that_names_it(rcode):
    async with udp_peer(once(answering(rcode=dns.rcode.from_text(rcode)))) as (address, _):
        reading = await measure(address)
    assert verdict(reading) == MISMATCH
    assert f"got rcode {rcode}, wanted NOERROR" in reading.detail


async def test_the_name_may_come_back_in_other_letters():
    def shouting(wire):
        return answering(A)(wire).replace(b"\3www\4zone", b"\3WWW\4zONE")

    async with udp_peer(once(shouting)) as (address, _):
        assert verdict(await measure(address)) == OK


async def test_records_of_another_name_or_class_are_not_what_was_asked_for():
    chaos = answering("other.example. 60 IN A 10.0.0.7", "www.zone.example. 60 IN CNAME gone.example.")
    async with udp_peer(once(chaos)) as (address, _):
        reading = await measure(address)
    assert verdict(reading) == MISMATCH
    assert "got 0 records A for www.zone.example., wanted at least 1" in reading.detail
    assert reading.values["answer_records"] == 2


async def test_a_circle_of_aliases_ends():
    circle = answering("www.zone.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME www.zone.example.")
    async with udp_peer(once(circle)) as (address, _):
        assert verdict(await measure(address)) == MISMATCH


async def test_a_truncated_answer_whose_tcp_is_closed_is_failed_by_tcp():
    async with udp_peer(once(answering(flags=dns.flags.TC)), port=free_port()) as (address, _):
        reading = await measure(address)
    assert verdict(reading) == REFUSED
    assert reading.detail.startswith(f"connect to {address}")


async def test_a_truncated_answer_that_ends_within_a_record_is_asked_for_again():
    port = free_port()

    async def talk(reader, writer):
        writer.write(framed(answering(A)(await heard(reader))))

    def broken(wire):
        return answering(A, flags=dns.flags.TC)(wire)[:-2]

    async with udp_peer(once(broken), port=port) as (address, _), tcp_peer(talk, port=port):
        reading = await measure(address)
    assert (verdict(reading), reading.values["tcp"]) == (OK, 1)


# peers that answer badly over TCP


async def over_tcp(talk, timeout=10.0, **options):
    async with tcp_peer(talk) as address:
        return address, await measure(address, timeout, transport="tcp", **options)


async def test_a_half_open_peer_is_failed_timeout():
    with socket.create_server(("127.0.0.1", 0)) as never_accepts:
        address = f"127.0.0.1:{never_accepts.getsockname()[1]}"
        reading = await measure(address, timeout=0.2, transport="tcp")
    assert verdict(reading) == TIMEOUT
    assert reading.detail == f"no answer over TCP from {address} within 0.2 s"
    assert "connect_seconds" in reading.values


async def test_a_slow_drip_ends_at_the_deadline():
    async def talk(reader, writer):
        for byte in framed(answering(A)(await heard(reader))):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    address, reading = await over_tcp(talk, timeout=0.3)
    assert verdict(reading) == TIMEOUT
    assert reading.detail == f"no rest of an answer over TCP from {address} within 0.3 s"


async def test_an_answer_in_pieces_is_put_together():
    async def talk(reader, writer):
        for byte in framed(answering(A)(await heard(reader))):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    assert verdict((await over_tcp(talk))[1]) == OK


@pytest.mark.parametrize("sent", [0, 1, 2, 20])
async def test_a_peer_that_closes_before_its_answer_is_complete_is_failed_closed(sent):
    async def talk(reader, writer):
        writer.write(framed(answering(A)(await heard(reader)))[:sent])

    assert verdict((await over_tcp(talk))[1]) == CLOSED


async def test_a_peer_that_resets_is_failed_reset():
    async def talk(reader, writer):
        await heard(reader)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    assert verdict((await over_tcp(talk))[1]) == (Outcome.FAILED, Reason.RESET)


@EACH_STRAY
async def test_over_tcp_what_is_no_answer_is_failed_protocol_at_once(make, says):
    async def talk(reader, writer):
        writer.write(framed(make(await heard(reader))))
        await reader.read()

    address, reading = await over_tcp(talk)
    assert verdict(reading) == PROTOCOL
    assert f"{address} sent what is no answer: {says}" in reading.detail


async def test_a_message_of_no_bytes_over_tcp_is_failed_protocol():
    async def talk(reader, writer):
        writer.write(b"\0\0")
        await reader.read()

    assert verdict((await over_tcp(talk))[1]) == PROTOCOL


async def test_another_protocol_is_told_apart_although_its_length_never_comes():
    async def talk(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    assert verdict((await over_tcp(talk))[1]) == PROTOCOL


async def test_an_answer_that_says_truncated_over_tcp_too_is_a_mismatch():
    async def talk(reader, writer):
        writer.write(framed(answering(A, flags=dns.flags.TC)(await heard(reader))))

    address, reading = await over_tcp(talk)
    assert (verdict(reading), reading.detail) == (MISMATCH, f"{address}: the answer is truncated")


# our own loop, and bytes of any kind


async def test_when_our_loop_comes_far_too_late_the_reading_is_error_late():
    loop = asyncio.get_running_loop()

    def hold(_):
        until = loop.time() + 0.3
        while loop.time() < until:
            pass
        return ()

    async with udp_peer(hold) as (address, _):
        reading = await measure(address, timeout=0.1)
    assert verdict(reading) == (Outcome.ERROR, Reason.LATE)


MODULE = DnsModule.model_validate({"query_name": "www.zone.example", "answers": ["."], "query_type": "ANY"})


@given(st.data())
def test_no_bytes_break_the_reader(data):
    question = ask(MODULE)
    valid = answering(A, "www.zone.example. 60 IN CNAME a.", authority=["a. 1 IN SOA a. b. 1 2 3 4 5"])(question.wire)
    changed = bytearray(valid)
    for _ in range(data.draw(st.integers(0, 6))):
        changed[data.draw(st.integers(2, len(valid) - 1))] = data.draw(st.integers(0, 255))
    sent = bytes(changed[: data.draw(st.integers(0, len(valid)))]) + data.draw(st.binary(max_size=8))
    try:
        message = question.read(sent)
    except (StrayError, GarbageError):
        pass
    else:
        assert set(values_of(question, message)) <= set(VALUES)
        assert isinstance(problem_of(MODULE, question, message), str)


# options and addresses


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"query_name": "a..b"}, "wanted a domain name such as www.example.cn"),
        ({"query_name": ""}, "got '', wanted a domain name"),
        ({"query_name": "@"}, "got '@', wanted a domain name"),
        ({"query_name": "x" * 64}, "wanted a domain name"),
        ({"query_name": "10.0.0.7"}, "wanted a name; a PTR record stands at 7.0.0.10.in-addr.arpa"),
        ({"query_type": "AXFR"}, "got AXFR, which is no type of records"),
        ({"query_type": "OPT"}, "got OPT, which is no type of records"),
        ({"query_type": "TYPE0"}, "which is no type of records"),
        ({"query_type": "AB"}, "got AB, wanted a record type such as A"),
        ({"query_type": "TYPE99999999"}, "wanted a record type"),
        ({"transport": "tls"}, "transport"),
        ({"valid_rcodes": []}, "at least 1"),
        ({"valid_rcodes": ["NOPE"]}, "got NOPE, wanted a response code such as NOERROR"),
        ({"valid_rcodes": ["99999"]}, "wanted a response code"),
        ({"valid_rcodes": ["NXDOMAIN"], "answers": ["."]}, "accepts none; keep one"),
        ({"answers": ["("]}, "wanted a regular expression"),
        ({"min_serial": 5}, "min_serial: got query_type A, wanted SOA"),
        ({"min_serial": 2**32, "query_type": "SOA"}, "4294967295"),
        ({"source_address": "eth0"}, "source_address: got 'eth0', wanted an address of this host"),
        ({"source_address": "10.0.0.1", "family": 6}, "wanted IPv6 as family says"),
    ],
)
def test_a_wrong_option_is_refused_with_what_was_wanted(options, says):
    with pytest.raises(ValidationError, match=re.escape(says)):
        DnsModule.model_validate({"query_name": "www.zone.example"} | options)


def test_a_module_without_a_name_is_refused():
    with pytest.raises(ValidationError, match="query_name"):
        DnsModule.model_validate({})


def test_options_have_one_form():
    module = DnsModule.model_validate({"query_name": "政务.cn", "query_type": "https", "valid_rcodes": ["nxdomain"]})
    assert (module.query_name, module.query_type, module.valid_rcodes) == ("xn--zfr164b.cn.", "HTTPS", ("NXDOMAIN",))
    assert DnsModule.model_validate(module.model_dump()) == module


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "10.0.0.1:5353",
        "[2001:db8::1]",
        "[2001:db8::1]:53",
        "[fe80::1%eth0]",
        "ns1.example",
        "ns1.example:53",
    ],
)
def test_the_port_of_a_server_may_be_left_out(address):
    assert check_address(address) == ""


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "wanted the address of a name server"),
        ("2001:db8::1", "wanted an IPv6 address in brackets"),
        ("10.1", "wanted an IPv4 address"),
        ("10.0.0.1:0", "wanted a number from 1 to 65535"),
        ("10.0.0.1:", "wanted a number from 1 to 65535"),
        ("udp://10.0.0.1:53", "wanted host:port with no scheme or path"),
        ("a b", "wanted a host name"),
    ],
)
def test_a_wrong_address_is_refused_with_what_was_wanted(address, says):
    assert says in check_address(address)


def test_what_a_token_stands_for_gets_the_port_too():
    assert [with_port(each) for each in ("10.0.0.1", "::1", "[::1]", "fe80::1%lo", "::1%lo", "ns:54")] == [
        "10.0.0.1:53", "[::1]:53", "[::1]:53", "[fe80::1%lo]:53", "[::1%lo]:53", "ns:54",
    ]  # fmt: skip


def test_the_kind_says_what_it_is():
    assert (KIND.name, KIND.module_type, KIND.owns_deadline) == ("dns", DnsModule, True)
    with pytest.raises(TypeError, match="wanted a DnsModule"):
        KIND.build(Module())
