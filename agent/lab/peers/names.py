"""A name server of the city: it knows the city's own zone and nothing else."""

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

ZONE = "city.test."
NAME = f"portal.{ZONE}"
ADDRESS = "10.59.0.80"
_TTL = 60


class NameServer:
    """Answers the one name with its address, other names of the zone with NXDOMAIN, the rest with REFUSED."""

    def answer(self, data: bytes, host: str) -> bytes | None:
        try:
            query = dns.message.from_wire(data)
            if query.flags & dns.flags.QR or len(query.question) != 1:
                return None
            return bytes(_response(query).to_wire())
        except (dns.exception.DNSException, ValueError):
            return None


def _response(query: dns.message.Message) -> dns.message.Message:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.AA
    (asked,) = query.question
    if not asked.name.is_subdomain(dns.name.from_text(ZONE)):
        answer.set_rcode(dns.rcode.REFUSED)
    elif asked.name != dns.name.from_text(NAME):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif asked.rdtype == dns.rdatatype.A:
        answer.answer.append(dns.rrset.from_text(asked.name, _TTL, "IN", "A", ADDRESS))
    return answer
