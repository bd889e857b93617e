"""Senders of traps for the tests: net-snmp's own program, and elements put together by hand."""

import socket
import subprocess

from tests.collectors.snmp_peers import (
    COMMUNITY,
    GET,
    INTEGER,
    NULL,
    OCTETS,
    PASSWORDS,
    SEQUENCE,
    TICKS,
    name,
    number,
    tlv,
)
from tests.requirements import need_program

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
IF_INDEX = ("1.3.6.1.2.1.2.2.1.1.7", "i", "7")
TRAP_V2, INFORM = 0xA7, 0xA6
TRAP_OID = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
BELIEVED = COMMUNITY.encode()
UPTIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)


def v1(generic=2, community=COMMUNITY):
    """Words of a version 1 trap, before and behind the address."""
    return ["-v1", "-c", community], ["", "", str(generic), "0", "", *IF_INDEX]


def v2c(trap=LINK_DOWN, community=COMMUNITY):
    """The same for version 2c."""
    return ["-v2c", "-c", community], ["", trap, *IF_INDEX]


def v3(user="signed", level="authPriv", engine="0x8000000001020304", trap=LINK_DOWN, **changed):
    """The same for version 3."""
    words = {
        "auth": PASSWORDS["SNMP_AUTH"],
        "priv": PASSWORDS["SNMP_PRIV"],
        "hash": "SHA-256",
        "cipher": "AES",
    } | changed
    before = ["-v3", "-e", engine, "-u", user, "-l", level]
    if level != "noAuthNoPriv":
        before += ["-a", words["hash"], "-A", words["auth"]]
    if level == "authPriv":
        before += ["-x", words["cipher"], "-X", words["priv"]]
    return before, ["", trap, *IF_INDEX]


def send(where, words, more=()):
    """Send one trap with net-snmp's program; `where` is 127.0.0.1:162 or udp6:[::1]:162."""
    before, behind = words
    subprocess.run([need_program("snmptrap"), "-m", "", *more, *before, where, *behind], check=True)


def captured(words):
    """The datagram that the program would send."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(30)
        send(f"127.0.0.1:{udp.getsockname()[1]}", words)
        return udp.recv(65_535)


def message(tag=TRAP_V2, trap=(1, 3, 6, 1, 6, 3, 1, 1, 5, 3), community=BELIEVED, version=1, padding=0):
    """A message of version 2c by hand."""
    cells = [(UPTIME, number(1, TICKS)), (TRAP_OID, name(trap)), ((1, 3, 6, 1, 4, 1, 9), tlv(OCTETS, bytes(padding)))]
    bindings = tlv(SEQUENCE, b"".join(tlv(SEQUENCE, name(oid) + cell) for oid, cell in cells))
    pdu = tlv(tag, number(7) + number(0) + number(0) + bindings)
    return tlv(SEQUENCE, number(version, INTEGER) + tlv(OCTETS, community) + pdu)


def answers(host, port):
    """Whether a device answers a question for its uptime."""
    asked = tlv(SEQUENCE, tlv(SEQUENCE, name(UPTIME) + tlv(NULL)))
    data = tlv(SEQUENCE, number(1) + tlv(OCTETS, BELIEVED) + tlv(GET, number(7) + number(0) * 2 + asked))
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(1)
        udp.connect((host, port))
        try:
            udp.send(data)
            return bool(udp.recv(65_535))
        except OSError:
            return False


NO_BINDINGS = tlv(SEQUENCE, number(1) + tlv(OCTETS, BELIEVED) + tlv(TRAP_V2, number(7) + number(0) * 2 + tlv(SEQUENCE)))
NULL_TRAP = tlv(SEQUENCE, number(1) + tlv(OCTETS, BELIEVED) + tlv(TRAP_V2, tlv(NULL)))
