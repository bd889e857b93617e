"""One datagram into what it says: a trap's name, once its community or its signature has been checked.

pysnmp's codecs and ciphers do the work, without its engine: no state grows with what strangers send, nothing is ever
answered, and a user's keys are made for the sender's engine id as the datagram names it: none is configured.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest
from typing import Any

from pyasn1.codec.ber import decoder
from pysnmp.proto.api import v1, v2c
from pysnmp.proto.api.verdec import decode_message_version
from pysnmp.proto.error import StatusInformation
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel, UsmSecurityParameters

from collectors.snmp.hints import MOST_BYTES, Fate, Heard
from collectors.snmp.pysnmp_backend import auth_protocol, priv_protocol
from collectors.snmp.session import Credentials

_MOST_KEYS = 4096
_AUTH, _PRIV = 1, 2  # bits of msgFlags
_USM = 3
_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_TRAPS = "1.3.6.1.6.3.1.1.5."
_HINTS = {"1": "coldStart", "2": "warmStart", "3": "linkDown", "4": "linkUp"}
_GENERIC = {number - 1: _HINTS[str(number)] for number in range(1, 5)}  # version 1 counts from 0


class _User:
    """One user; its passwords become keys once, and these a sender's keys when its engine id is seen."""

    def __init__(self, credentials: Credentials) -> None:
        self.level = (_AUTH if credentials.auth_password else 0) | (_PRIV if credentials.priv_password else 0)
        self._hash = auth_protocol(credentials)
        self._auth = SnmpUSMSecurityModel.AUTH_SERVICES[self._hash]
        self._priv = SnmpUSMSecurityModel.PRIV_SERVICES[priv_protocol(credentials)]
        self._auth_master = self._auth.hash_passphrase(credentials.auth_password)
        self._priv_master = self._priv.hash_passphrase(self._hash, credentials.priv_password)

    def keys(self, engine_id: Any) -> tuple[Any, Any]:
        """For what one engine signs and encrypts."""
        return (
            self._auth.localize_key(self._auth_master, engine_id),
            self._priv.localize_key(self._hash, self._priv_master, engine_id),
        )

    def verify(self, key: Any, signature: Any, data: bytes) -> None:
        """Errors: StatusInformation where the signature is not that of this user."""
        self._auth.authenticate_incoming_message(key, signature, data)

    def decrypt(self, key: Any, parameters: tuple[Any, Any, Any], data: Any) -> bytes:
        """Errors: StatusInformation where the parameters are none."""
        return bytes(self._priv.decrypt_data(key, parameters, data))


class TrapReader:
    """Reads datagrams. Errors: none, whatever the bytes are."""

    def __init__(self, communities: Sequence[str], users: Sequence[Credentials]) -> None:
        self._communities = tuple(community.encode() for community in communities)
        self._users = {each.user.encode(): _User(each) for each in users}
        self._keys: OrderedDict[tuple[bytes, bytes], tuple[Any, Any]] = OrderedDict()
        self._versions: Mapping[int, Callable[[bytes], Heard]] = {0: self._v1, 1: self._v2c, 3: self._v3}

    def read(self, data: bytes) -> Heard:
        """What it says, and whether we believe that it comes from whom we share a secret with."""
        if len(data) > MOST_BYTES:
            return Heard(Fate.UNDECODABLE)
        try:
            version = self._versions.get(int(decode_message_version(data)))
            return Heard(Fate.UNDECODABLE) if version is None else version(data)
        except StatusInformation:  # a wrong signature, or what does not decrypt
            return Heard(Fate.DENIED)
        except Exception:  # noqa: BLE001 (whatever a parser of hostile bytes may raise)
            return Heard(Fate.UNDECODABLE)

    def _v1(self, data: bytes) -> Heard:
        message, _ = decoder.decode(data, asn1Spec=v1.Message())
        if not self._knows(v1.apiMessage.get_community(message)):
            return Heard(Fate.DENIED)
        pdu = v1.apiMessage.get_pdu(message)
        if not pdu.isSameTypeWith(v1.TrapPDU()):
            return Heard(Fate.OTHER)
        return _heard(_GENERIC.get(int(v1.apiTrapPDU.get_generic_trap(pdu)), ""))

    def _v2c(self, data: bytes) -> Heard:
        message, _ = decoder.decode(data, asn1Spec=v2c.Message())
        if not self._knows(v2c.apiMessage.get_community(message)):
            return Heard(Fate.DENIED)
        return _said(v2c.apiMessage.get_pdu(message))

    def _knows(self, community: Any) -> bool:
        offered = bytes(community)
        return any(compare_digest(offered, known) for known in self._communities)

    def _v3(self, data: bytes) -> Heard:
        message, _ = decoder.decode(data, asn1Spec=SNMPv3Message())
        head, content = message["msgGlobalData"], message["msgData"]
        if int(head["msgSecurityModel"]) != _USM:
            return Heard(Fate.DENIED)
        signed, _ = decoder.decode(bytes(message["msgSecurityParameters"]), asn1Spec=UsmSecurityParameters())
        name = bytes(signed["msgUserName"])
        user, level = self._users.get(name), bytes(head["msgFlags"])[0] & (_AUTH | _PRIV)
        if user is None or user.level & ~level:  # unsigned, of a user that signs: anybody may have written it
            return Heard(Fate.DENIED)
        auth_key, priv_key = self._keys_of(user, name, signed["msgAuthoritativeEngineId"])
        if level & _AUTH:
            user.verify(auth_key, signed["msgAuthenticationParameters"], data)
        if not level & _PRIV:
            return _said(content["plaintext"]["data"].getComponent())
        times = signed["msgAuthoritativeEngineBoots"], signed["msgAuthoritativeEngineTime"]
        plain = user.decrypt(priv_key, (*times, signed["msgPrivacyParameters"]), content["encryptedPDU"])
        return _decrypted(plain)

    def _keys_of(self, user: _User, name: bytes, engine_id: Any) -> tuple[Any, Any]:
        which = name, bytes(engine_id)
        keys = self._keys.pop(which, None) or user.keys(engine_id)
        self._keys[which] = keys
        if len(self._keys) > _MOST_KEYS:
            self._keys.popitem(last=False)
        return keys


def _decrypted(plain: bytes) -> Heard:
    """Of what was signed by the right user: noise is another password than the sender's."""
    try:
        scoped, _ = decoder.decode(plain, asn1Spec=ScopedPDU())
        return _said(scoped["data"].getComponent())
    except Exception:  # noqa: BLE001 (whatever a parser may raise at noise)
        return Heard(Fate.DENIED)


def _said(pdu: Any) -> Heard:
    """Of a trap of version 2c or 3; anything else, informs too, is another message, and nothing is answered."""
    if not pdu.isSameTypeWith(v2c.SNMPv2TrapPDU()):
        return Heard(Fate.OTHER)
    for oid, value in v2c.apiPDU.get_varbinds(pdu)[:2]:  # the second, by RFC 3416, 4.2.6
        if str(oid) == _TRAP_OID:
            name = str(value)
            return _heard(_HINTS.get(name.removeprefix(_TRAPS), "") if name.startswith(_TRAPS) else "")
    return Heard(Fate.OTHER)


def _heard(name: str) -> Heard:
    return Heard(Fate.ACCEPTED, name) if name else Heard(Fate.OTHER)
