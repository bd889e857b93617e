"""SNMP devices for the tests: a real snmpd, and agents of our own that count, forget, lie and babble as wanted.

The codec here knows nothing of the one under test, nor of the libraries.
"""

import asyncio
import contextlib
import os
import socket
import subprocess

from tests.requirements import need_program

PASSWORDS = {"SNMP_AUTH": "password-one", "SNMP_PRIV": "password-two"}
COMMUNITY = "not-public"

CONF = f"""
rocommunity {COMMUNITY}
rocommunity6 {COMMUNITY}
createUser signed SHA-256 "{PASSWORDS["SNMP_AUTH"]}" AES "{PASSWORDS["SNMP_PRIV"]}"
createUser old SHA "{PASSWORDS["SNMP_AUTH"]}" AES "{PASSWORDS["SNMP_PRIV"]}"
createUser strong SHA-512 "{PASSWORDS["SNMP_AUTH"]}" AES-256 "{PASSWORDS["SNMP_PRIV"]}"
createUser plain SHA-256 "{PASSWORDS["SNMP_AUTH"]}"
rouser signed priv
rouser old priv
rouser strong priv
rouser plain auth
sysName sw1.example
interface lo 24 4000000000
"""


def free_port(host="127.0.0.1"):
    """A port free for UDP."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((host, 0))
        return udp.getsockname()[1]


@contextlib.contextmanager
def snmpd(directory, host="127.0.0.1", port=0, more="", wrap=(), also=()):
    """A real agent with its own configuration and state; yields host:port. `also`: other hosts of that port."""
    program = need_program("snmpd")
    port = port or free_port(host)
    kept = directory / "state"
    kept.mkdir(exist_ok=True)
    (directory / "snmpd.conf").write_text(CONF + more)
    where = f"udp6:[{host}]:{port}" if ":" in host else ",".join(f"udp:{each}:{port}" for each in (host, *also))
    command = [*wrap, program, "-f", "-Lf", directory / "log", "-r", where]
    env = os.environ | {"SNMP_PERSISTENT_DIR": str(kept), "SNMPCONFPATH": f"{directory}:{kept}", "MIBS": ""}
    with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        finally:
            process.terminate()


# BER, as little as an agent of version 2c needs

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
COUNTER32, GAUGE32, TICKS, COUNTER64 = 0x41, 0x42, 0x43, 0x46
NO_SUCH, END = 0x81, 0x82
GET, GETNEXT, RESPONSE, GETBULK = 0xA0, 0xA1, 0xA2, 0xA5


def tlv(tag, value=b""):
    """One element."""
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    size = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + value


def number(value, tag=INTEGER):
    """A number of any type."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def name(oid):
    """An object identifier from a tuple."""
    out = bytearray([oid[0] * 40 + oid[1]])
    for part in oid[2:]:
        piece = [part & 0x7F]
        while part := part >> 7:
            piece.append(part & 0x7F | 0x80)
        out += bytes(reversed(piece))
    return tlv(OID, bytes(out))


def elements(data):
    """The elements of some bytes: tag and content."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            more = size & 0x7F
            size, at = int.from_bytes(data[at : at + more], "big"), at + more
        yield tag, data[at : at + size]
        at += size


def numbers(content):
    """The parts of an object identifier."""
    found, value = [content[0] // 40, content[0] % 40], 0
    for byte in content[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            found.append(value)
            value = 0
    return tuple(found)


class Request:
    """What came, taken apart."""

    def __init__(self, data):
        ((_, message),) = elements(data)
        (_, version), (_, self.community), (self.tag, pdu) = elements(message)
        if version != b"\x01":
            raise ValueError("not version 2c")
        (_, self.id), (_, first), (_, second), (_, bindings) = elements(pdu)
        self.repetitions = int.from_bytes(second, "big")
        assert self.tag != GETBULK or first == b"\x00"
        self.names = [numbers(next(elements(binding))[1]) for _, binding in elements(bindings)]

    def answer(self, cells, status=0, tag=RESPONSE):
        """The message that answers it with cells of (name, element)."""
        inside = b"".join(tlv(SEQUENCE, name(oid) + element) for oid, element in cells)
        pdu = tlv(tag, tlv(INTEGER, self.id) + number(status) + number(0) + tlv(SEQUENCE, inside))
        return tlv(SEQUENCE, number(1) + tlv(OCTETS, self.community) + pdu)


def dotted(text):
    """A tuple from text."""
    return tuple(map(int, text.split(".")))


IF, IFX = dotted("1.3.6.1.2.1.2.2.1"), dotted("1.3.6.1.2.1.31.1.1.1")
UPTIME, SYS_NAME, IF_NUMBER = dotted("1.3.6.1.2.1.1.3.0"), dotted("1.3.6.1.2.1.1.5.0"), dotted("1.3.6.1.2.1.2.1.0")
BOOTS, ENGINE_TIME = dotted("1.3.6.1.6.3.10.2.1.2.0"), dotted("1.3.6.1.6.3.10.2.1.3.0")


def interface(index, label, *, oper=1, admin=1, alias=b"", octets=(1000, 2000), mega=1000, kind=6, descr=None, **more):
    """The cells of one row."""
    cells = {
        (*IF, 2, index): tlv(OCTETS, (descr or label).encode()),
        (*IF, 3, index): number(kind),
        (*IF, 7, index): number(admin),
        (*IF, 8, index): number(oper),
        (*IF, 9, index): number(more.get("last_change", 0), TICKS),
        (*IF, 10, index): number(octets[0] % 2**32, COUNTER32),
        (*IF, 13, index): number(0, COUNTER32),
        (*IF, 14, index): number(more.get("in_errors", 0), COUNTER32),
        (*IF, 19, index): number(0, COUNTER32),
        (*IF, 20, index): number(0, COUNTER32),
        (*IFX, 1, index): tlv(OCTETS, label.encode()),
        (*IFX, 15, index): number(mega, GAUGE32),
        (*IFX, 18, index): tlv(OCTETS, alias),
        (*IFX, 19, index): number(more.get("discontinuity", 0), TICKS),
    }
    if more.get("wide", True):
        cells[*IFX, 6, index] = number(octets[0], COUNTER64)
        cells[*IFX, 10, index] = number(octets[1], COUNTER64)
    return cells


def device(*interfaces, ticks=100_000_000, label=b"sw1", boots=None, rows=None):
    """All that a device shows."""
    cells = {UPTIME: number(ticks, TICKS), SYS_NAME: tlv(OCTETS, label)}
    cells[IF_NUMBER] = number(len(interfaces) if rows is None else rows)
    if boots is not None:
        cells |= {BOOTS: number(boots), ENGINE_TIME: number(ticks // 100)}
    for each in interfaces:
        cells |= each
    return cells


def honest(request, cells):
    """What a good agent answers, as (name, element)."""
    if request.tag == GET:
        return [(oid, cells.get(oid, tlv(NO_SUCH))) for oid in request.names]
    (after,) = request.names
    behind = sorted(oid for oid in cells if oid > after)[: request.repetitions]
    found = [(oid, cells[oid]) for oid in behind]
    last = found[-1][0] if found else after
    return found if len(found) == request.repetitions else [*found, (last, tlv(END))]


class Agent(asyncio.DatagramProtocol):
    """Answers `community` alone, out of `cells`; `reply(request, cells)` may give datagrams of its own instead."""

    def __init__(self, cells, community=b"public", reply=None):
        self.cells = cells
        self.community = community
        self.reply = reply
        self.heard = []

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.heard.append(data)
        with contextlib.suppress(ValueError):
            request = Request(data)
            if request.community == self.community:
                for each in self.answers(request):
                    self.transport.sendto(each, address)

    def answers(self, request):
        own = None if self.reply is None else self.reply(request, self.cells)
        return [request.answer(honest(request, self.cells))] if own is None else own


@contextlib.asynccontextmanager
async def agent(cells, host="127.0.0.1", **how):
    """An agent of our own; yields it, its address beside."""
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(lambda: Agent(cells, **how), (host, 0))
    port = transport.get_extra_info("sockname")[1]
    peer.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        yield peer
    finally:
        transport.close()
