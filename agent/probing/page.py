"""The page of one probe: what blackbox_exporter would show, from our readings; then the readings themselves.

Where blackbox shows 0 for what was never reached, so does this page, since its alerts compare with 0. What was
reached and cannot be known has no sample.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from prometheus_client.utils import floatToGoString

from agent.config.show import module_yaml
from agent.metrics import Family
from agent.page import header, labels
from agent.probing import families as f
from agent.probing.admission import Number
from agent.probing.prober import Probed
from collectors.base import Reason
from collectors.certificates import presented_certificates, presented_der, verified_certificates
from collectors.wire.x509 import CertificateFormatError
from collectors.wire.x509_names import parse_names

_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193
_WITHOUT_BODY = (204, 304)  # RFC 9110 6.4.1: they have none, whatever their headers say
_HTTP_PHASES = ("connect", "processing", "resolve", "tls", "transfer")


class Sample(NamedTuple):
    """One value; `labels` in the family's order."""

    family: Family
    value: float
    labels: tuple[str, ...] = ()


def page(probed: Probed) -> str:
    """The metrics as text, sorted by name."""
    found: dict[str, list[str]] = {}
    for family, value, of in samples(probed):
        lines = found.get(family.name)
        if lines is None:
            lines = found[family.name] = [_header(family)]
        braces = f"{{{labels(list(zip(family.labels, of, strict=True)))}}}" if of else ""
        lines.append(f"{family.name}{braces} {_number(value)}\n")
    return "".join("".join(found[name]) for name in sorted(found))


def _number(value: float) -> str:
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]  # untyped in the library


@lru_cache(maxsize=1024)
def _header(family: Family) -> str:
    return header(family, open_metrics=False)


def debug_page(probed: Probed) -> str:
    """The steps, the metrics and the module, for people."""
    wish, width = probed.wish, max((len(step.name) for step in probed.steps), default=0)
    name, kind = wish.module.name, probed.kind.name
    lines = [f"  {0:9.6f} s  begin: module {name}, kind {kind}, {probed.address}, timeout {wish.timeout:g} s"]
    lines += [f"  {step.seconds:9.6f} s  {step.name:{width}}  {step.detail}".rstrip() for step in probed.steps]
    for verdict in probed.verdicts:
        part = f"{verdict.reading.component}: " if verdict.reading.component else ""
        why = f" {verdict.reason}" if verdict.reason else ""
        lines.append(f"  {probed.seconds:9.6f} s  {part}{verdict.outcome.name.lower()}{why}  {verdict.reading.detail}")
    logs = "\n".join(line.rstrip() for line in lines)
    return (
        f"Logs for the probe:\n{logs}\n\n\n\nMetrics that would have been returned:\n{page(probed)}\n\n\n"
        f"Module configuration:\n{module_yaml(wish.module)}"
    )


def samples(probed: Probed) -> Iterator[Sample]:
    """Everything that the page says."""
    yield Sample(f.SUCCESS, float(probed.is_ok))
    yield Sample(f.SECONDS, probed.seconds)
    yield Sample(f.TIMEOUT, probed.wish.timeout)
    if probed.kind.name in _PAGES:
        yield from _common(probed)
        yield from _PAGES[probed.kind.name](probed)
    for verdict in probed.verdicts:
        component, reason = verdict.reading.component, str(verdict.reason or "")
        yield Sample(f.OUTCOME, 1, (component, verdict.outcome.name.lower(), reason))
    for verdict in probed.verdicts:
        for value, number in verdict.reading.values.items():
            family = f.value_family(probed.kind.name, value, probed.kind.values.get(value, ""))
            yield Sample(family, number, (verdict.reading.component,))


def _common(probed: Probed) -> Iterator[Sample]:
    address = probed.companion.address
    yield Sample(f.LOOKUP, probed.companion.phases.get("resolve", 0.0))
    yield Sample(f.IP_PROTOCOL, address.version if address else 0)
    yield Sample(f.IP_HASH, address_hash(address) if address else 0)


def _icmp(probed: Probed) -> Iterator[Sample]:
    values, phases = _values(probed), probed.companion.phases
    yield from _phased(f.ICMP_SECONDS, ("resolve", "setup", "rtt"), {**phases, "rtt": values.get("rtt_seconds", 0.0)})
    if "hop_limit" in values:
        yield Sample(f.HOP_LIMIT, values["hop_limit"])


def _tcp(probed: Probed) -> Iterator[Sample]:
    yield Sample(f.REGEX, float(probed.verdicts[0].reason is Reason.MISMATCH))
    yield from _tls(probed)


def _http(probed: Probed) -> Iterator[Sample]:
    values, came = _values(probed), "status_code" in _values(probed)
    yield Sample(f.HTTP_STATUS, values.get("status_code", 0))
    yield Sample(f.HTTP_VERSION, values.get("http_version", 0))
    has_body = came and values["status_code"] not in _WITHOUT_BODY
    yield Sample(f.HTTP_LENGTH, values.get("content_length_bytes", -1 if has_body else 0))
    yield Sample(f.HTTP_REDIRECTS, values.get("redirects", 0))
    yield Sample(f.HTTP_SSL, values.get("tls", 0) if came else 0)
    yield Sample(f.REGEX, float(values.get("rules_broken", 0) > 0))
    if "body_bytes" in values or not came:
        yield Sample(f.HTTP_BODY, values.get("body_bytes", 0))
    if "last_modified_timestamp_seconds" in values:
        yield Sample(f.HTTP_MODIFIED, values["last_modified_timestamp_seconds"])
    dialled = probed.companion.address is not None
    yield from _phased(f.HTTP_SECONDS, _HTTP_PHASES if dialled else ("resolve",), probed.companion.phases)
    if came:
        yield from _tls(probed)


def _dns(probed: Probed) -> Iterator[Sample]:
    values, phases = _values(probed), probed.companion.phases
    yield Sample(f.DNS_ANSWERS, values.get("answer_records", 0))
    yield Sample(f.DNS_AUTHORITIES, values.get("authority_records", 0))
    yield Sample(f.DNS_ADDITIONALS, values.get("additional_records", 0))
    yield Sample(f.DNS_SUCCEEDED, float("rcode" in values))
    if "serial" in values:
        yield Sample(f.DNS_SERIAL, values["serial"])
    connect = values.get("connect_seconds", 0.0)
    request = max(phases.get("exchange", 0.0) - connect, 0.0)
    seconds = {**phases, "connect": connect, "request": request}
    yield from _phased(f.DNS_SECONDS, ("resolve", "connect", "request"), seconds)


def _tls(probed: Probed) -> Iterator[Sample]:
    tls = probed.companion.tls
    if tls is None:
        return
    chain, verified = presented_certificates(tls), verified_certificates(tls)
    if chain:
        yield Sample(f.EARLIEST_EXPIRY, min(certificate.not_after for certificate in chain))
        yield from _chain_info(presented_der(tls)[0])
    if verified:
        yield Sample(f.CHAIN_EXPIRY, min(certificate.not_after for certificate in verified))
    yield Sample(f.TLS_VERSION, 1, (_tls_version(tls.version() or ""),))


def _chain_info(der: bytes) -> Iterator[Sample]:
    try:
        names = parse_names(der)
    except CertificateFormatError:
        return
    fingerprint = hashlib.sha256(der).hexdigest()
    yield Sample(f.CHAIN_INFO, 1, (fingerprint, names.issuer, names.subject, ",".join(names.dns_names)))


def _tls_version(version: str) -> str:
    """As Go writes it: TLS 1.3."""
    number = version.removeprefix("TLSv")
    return f"TLS {number if '.' in number else number + '.0'}" if number != version else version


def _phased(family: Family, names: Iterable[str], seconds: Mapping[str, float]) -> Iterator[Sample]:
    for name in names:
        yield Sample(family, seconds.get(name, 0.0), (name,))


def _values(probed: Probed) -> Mapping[str, float]:
    """The target's own values: these kinds have no components."""
    return probed.verdicts[0].reading.values


def address_hash(address: Number) -> int:
    """FNV-1a, 32 bits, of the address's bytes: the same for the same address, nothing more."""
    value = _FNV_OFFSET
    for byte in address.packed:
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return value


_PAGES: Mapping[str, Callable[[Probed], Iterator[Sample]]] = {
    "icmp": _icmp,
    "tcp": _tcp,
    "tls": _tcp,
    "http": _http,
    "dns": _dns,
}
"""The kinds that blackbox has too; what it calls tcp with tls is kind tls here."""
