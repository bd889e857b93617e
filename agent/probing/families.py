"""Every family of a page of /probe: those of blackbox_exporter by its names, and our own. docs/metrics.md has them.

Shape: a family of these stands on the page of its kinds only. `sla_probe_<kind>_<value>` are made from the values.
"""

from functools import lru_cache

from agent.metrics import Family, Type

SUCCESS = Family("probe_success", Type.GAUGE, "1 if every reading of the probe is ok, else 0.")
SECONDS = Family("probe_duration_seconds", Type.GAUGE, "How long the probe took.")
TIMEOUT = Family("probe_timeout_seconds", Type.GAUGE, "How long the probe was given.")
OUTCOME = Family(
    "sla_probe_outcome",
    Type.GAUGE,
    "1; what each reading says (ok, failed, error) and why: error is that we could not measure.",
    ("component", "outcome", "reason"),
)

LOOKUP = Family("probe_dns_lookup_time_seconds", Type.GAUGE, "How long the target's name took to resolve.")
IP_PROTOCOL = Family("probe_ip_protocol", Type.GAUGE, "4 or 6: what was dialled first; 0 if nothing was.")
IP_HASH = Family("probe_ip_addr_hash", Type.GAUGE, "FNV-1a hash of the address dialled first; 0 if nothing was.")
REGEX = Family(
    "probe_failed_due_to_regex", Type.GAUGE, "1 if an answer came that does not match what the module demands."
)

EARLIEST_EXPIRY = Family(
    "probe_ssl_earliest_cert_expiry", Type.GAUGE, "When the first certificate of the presented chain ends."
)
CHAIN_EXPIRY = Family(
    "probe_ssl_last_chain_expiry_timestamp_seconds",
    Type.GAUGE,
    "When the first certificate of the verified chain ends; no sample where nothing was verified.",
)
CHAIN_INFO = Family(
    "probe_ssl_last_chain_info",
    Type.GAUGE,
    "1; the certificate that the peer presented.",
    ("fingerprint_sha256", "issuer", "subject", "subjectalternative"),
)
TLS_VERSION = Family("probe_tls_version_info", Type.GAUGE, "1; the TLS version that was agreed on.", ("version",))

ICMP_SECONDS = Family(
    "probe_icmp_duration_seconds", Type.GAUGE, "Phases: resolve, setup (to the first echo), rtt (mean).", ("phase",)
)
HOP_LIMIT = Family("probe_icmp_reply_hop_limit", Type.GAUGE, "TTL or hop limit of the last reply, as received.")

HTTP_STATUS = Family("probe_http_status_code", Type.GAUGE, "Status of the last response; 0 if none came.")
HTTP_LENGTH = Family(
    "probe_http_content_length", Type.GAUGE, "Content-Length of the last response; -1 without one, 0 if none came."
)
HTTP_REDIRECTS = Family("probe_http_redirects", Type.GAUGE, "Redirects that were followed.")
HTTP_SSL = Family("probe_http_ssl", Type.GAUGE, "1 if the last response came over TLS, else 0.")
HTTP_VERSION = Family("probe_http_version", Type.GAUGE, "HTTP version of the last response; 0 if none came.")
HTTP_BODY = Family(
    "probe_http_uncompressed_body_length",
    Type.GAUGE,
    "Bytes of the body after decompression, as far as read; no sample where it was not read, 0 if no response came.",
)
HTTP_MODIFIED = Family(
    "probe_http_last_modified_timestamp_seconds", Type.GAUGE, "Last-Modified of the last response; none without it."
)
HTTP_SECONDS = Family(
    "probe_http_duration_seconds",
    Type.GAUGE,
    "Phases: resolve, connect, tls, processing, transfer; the sums over all redirects.",
    ("phase",),
)

DNS_ANSWERS = Family("probe_dns_answer_rrs", Type.GAUGE, "Records in the answer section; 0 if no answer came.")
DNS_AUTHORITIES = Family("probe_dns_authority_rrs", Type.GAUGE, "Records in the authority section; 0 if none came.")
DNS_ADDITIONALS = Family("probe_dns_additional_rrs", Type.GAUGE, "Records in the additional section; 0 if none came.")
DNS_SUCCEEDED = Family("probe_dns_query_succeeded", Type.GAUGE, "1 if an answer came, whatever it says; else 0.")
DNS_SERIAL = Family("probe_dns_serial", Type.GAUGE, "Serial of the zone; only where an SOA record was asked for.")
DNS_SECONDS = Family("probe_dns_duration_seconds", Type.GAUGE, "Phases: resolve, connect, request.", ("phase",))

PROBE_FAMILIES = (
    SUCCESS, SECONDS, TIMEOUT, OUTCOME, LOOKUP, IP_PROTOCOL, IP_HASH, REGEX, EARLIEST_EXPIRY, CHAIN_EXPIRY, CHAIN_INFO,
    TLS_VERSION, ICMP_SECONDS, HOP_LIMIT, HTTP_STATUS, HTTP_LENGTH, HTTP_REDIRECTS, HTTP_SSL, HTTP_VERSION, HTTP_BODY,
    HTTP_MODIFIED, HTTP_SECONDS, DNS_ANSWERS, DNS_AUTHORITIES, DNS_ADDITIONALS, DNS_SUCCEEDED, DNS_SERIAL, DNS_SECONDS,
)  # fmt: skip
"""In the order of docs/metrics.md."""


@lru_cache(maxsize=1024)
def value_family(kind: str, value: str, text: str) -> Family:
    """The family of one value of one kind; its label is the component."""
    type_ = Type.COUNTER if value.endswith("_total") else Type.GAUGE
    return Family(f"sla_probe_{kind}_{value}", type_, text, ("component",))
