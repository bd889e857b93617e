"""Name servers for the tests of kind dns: a real nsd, and loopback peers that answer as badly as they like."""

import asyncio
import contextlib
import socket
import subprocess

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.requirements import need_program

ZONE = """
$TTL 60
@ IN SOA ns admin 2026112201 3600 600 86400 60
@ RRSIG SOA 8 2 60 20270301000000 20261101000000 1 zone.example. c2ln
@ NS ns
@ DNSKEY 257 3 8 AwEAAQ==
@ RRSIG DNSKEY 8 2 60 20270201000000 20261101000000 1 zone.example. c2ln
@ MX 10 mail
@ TXT "v=spf1 -all"
@ CAA 0 issue "ca.example"
ns A 127.0.0.1
www A 10.0.0.7
www A 10.0.0.8
www RRSIG A 8 3 60 20270401000000 20261101000000 1 zone.example. c2ln
www AAAA 2001:db8::7
alias CNAME www
dangling CNAME nowhere
_sip._tcp SRV 1 2 5060 www
7.0 PTR www
many TXT "{many}"
""".format(many='" "'.join(["x" * 250] * 9))
"""Its signatures are none, which a server does not mind."""

ROOT_ZONE = """
@ 60 IN SOA a.root. admin.root. 1 3600 600 86400 60
@ 60 IN NS a.root.
a.root. 60 IN A 127.0.0.1
"""


def free_port():
    """A port free for UDP and TCP."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        return tcp.getsockname()[1]


@contextlib.contextmanager
def nsd(directory):
    """A real name server with authority for zone.example and the root; yields host:port."""
    program = need_program("nsd")
    port = free_port()
    (directory / "zone").write_text(ZONE)
    (directory / "root").write_text(ROOT_ZONE)
    (directory / "nsd.conf").write_text(
        f"""server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: {directory}
  database: ""
  pidfile: {directory}/pid
  xfrdfile: {directory}/xfrd
  zonelistfile: {directory}/zones
  logfile: {directory}/log
  server-count: 1
  minimal-responses: yes
remote-control:
  control-enable: no
zone:
  name: zone.example
  zonefile: zone
zone:
  name: .
  zonefile: root
"""
    )
    with subprocess.Popen([program, "-d", "-c", directory / "nsd.conf"]) as process:
        try:
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


class Udp(asyncio.DatagramProtocol):
    """Sends what `answers(query wire)` yields, in this order."""

    def __init__(self, answers):
        self.answers = answers
        self.heard = []

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.heard.append(data)
        for each in self.answers(data):
            self.transport.sendto(each, address)


@contextlib.asynccontextmanager
async def udp_peer(answers, host="127.0.0.1", port=0):
    """A UDP server; yields its address and what it heard."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: Udp(answers), (host, port))
    number = transport.get_extra_info("sockname")[1]
    try:
        yield (f"[{host}]:{number}" if ":" in host else f"{host}:{number}"), protocol.heard
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def tcp_peer(talk, port=0):
    """A TCP server whose conversations are `talk(reader, writer)`; yields its address."""
    talking = []

    async def converse(reader, writer):
        talking.append(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", port)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()
        for task in talking:
            task.cancel()
        if talking:
            await asyncio.wait(talking)


async def heard(reader):
    """One question over TCP."""
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


def framed(wire):
    return len(wire).to_bytes(2, "big") + wire


def answering(*records, rcode=dns.rcode.NOERROR, flags=0, authority=()):
    """A function from a query's bytes to the bytes of its answer; a record is `name ttl IN TYPE data`."""

    def answer(wire):
        response = dns.message.make_response(dns.message.from_wire(wire))
        response.flags |= dns.flags.Flag(flags)
        response.set_rcode(rcode)
        for section, texts in ((response.answer, records), (response.authority, authority)):
            for text in texts:
                name, ttl, _, kind, data = text.split(" ", 4)
                section.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
        return response.to_wire(max_size=65535)

    return answer


def once(answer):
    """The answers of a UDP peer that gives one."""
    return lambda wire: [answer(wire)]
