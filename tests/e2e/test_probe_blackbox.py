"""Our /probe beside blackbox_exporter itself: each difference is one of at most ten known ones, with its reason."""

import fnmatch
import gzip
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.probe_peers import Page, Peers, ask, both
from tests.e2e.running import Process

ALLOWED = Path(__file__).parents[1] / "data" / "blackbox_diff.txt"
SCRAPE = "X-Prometheus-Scrape-Timeout-Seconds"
TIMED = ("duration_seconds", "lookup_time_seconds")

CASES = {
    "http": ("http_2xx", "http://{plain}/", {}),
    "http_no_scheme": ("http_2xx", "{plain}/", {}),
    "http_404": ("http_2xx", "http://{plain}/missing", {}),
    "http_204": ("http_2xx", "http://{plain}/none", {}),
    "http_chunked": ("http_2xx", "http://{plain}/zip/hello.txt", {}),
    "http_redirect": ("http_2xx", "http://{plain}/moved", {}),
    "http_stay": ("http_stay", "http://{plain}/moved", {}),
    "http_refused": ("http_2xx", "http://{shut}/", {}),
    "http_timeout": ("http_2xx", "http://{silent}/", {SCRAPE: "1"}),
    "http_name": ("http_2xx", "http://no.such.invalid/", {}),
    "http_tls": ("http_ca", "https://{good}/", {}),
    "http_to_tls": ("http_ca", "http://{plain}/to-tls", {}),
    "http_tls_any": ("http_any", "https://{self_signed}/", {}),
    "http_tls_unknown": ("http_2xx", "https://{good}/", {}),
    "http_tls_expired": ("http_ca", "https://{expired}/", {}),
    "http_not_tls": ("http_2xx", "https://{plain}/", {}),
    "http_body": ("http_body", "http://{plain}/", {}),
    "http_not": ("http_not", "http://{plain}/", {}),
    "http_header": ("http_header", "http://{plain}/", {}),
    "http_tls_only": ("http_tls_only", "http://{plain}/", {}),
    "http_default_module": ("", "http://{plain}/", {}),
    "tcp": ("tcp", "{plain}", {}),
    "tcp_refused": ("tcp", "{shut}", {}),
    "tcp_name": ("tcp", "no.such.invalid:80", {}),
    "tcp_banner": ("banner", "{ssh}", {}),
    "tcp_banner_v6": ("banner", "{ssh6}", {}),
    "tcp_mismatch": ("banner", "{smtp}", {}),
    "tcp_timeout": ("banner", "{silent}", {SCRAPE: "1"}),
    "tcp_no_port": ("tcp", "127.0.0.1", {}),
    "tls": ("tls_ca", "{good}", {}),
    "tls_12": ("tls_ca", "{old_tls}", {}),
    "tls_unknown": ("tls_own", "{good}", {}),
    "tls_expired": ("tls_ca", "{expired}", {}),
    "tls_any": ("tls_any", "{expired}", {}),
    "tls_refused": ("tls_ca", "{shut}", {}),
    "tls_none": ("tls_ca", "{plain}", {}),
    "icmp": ("icmp", "{icmp}", {}),
    "icmp_v6": ("icmp", "{icmp6}", {}),
    "icmp_name": ("icmp", "no.such.invalid", {}),
    "dns": ("dns", "{nsd}", {}),
    "dns_soa": ("dns_soa", "{nsd}", {}),
    "dns_nxdomain": ("dns_nx", "{nsd}", {}),
    "dns_tcp": ("dns_tcp", "{nsd}", {}),
    "dns_rule": ("dns_rule", "{nsd}", {}),
    "dns_timeout": ("dns", "{deaf}", {SCRAPE: "1"}),
    "dns_refused": ("dns", "{shut_udp}", {}),
    "dns_tcp_refused": ("dns_tcp", "{shut}", {}),
    "dns_name": ("dns", "no.such.invalid", {}),
    "module_unknown": ("nonesuch", "{plain}", {}),
    "target_missing": ("icmp", "", {}),
    "header_garbage": ("icmp", "{icmp}", {SCRAPE: "soon"}),
    "header_garbage_first": ("icmp", "", {SCRAPE: "soon"}),
    "header_negative": ("icmp", "{icmp}", {SCRAPE: "-3"}),
    "header_small": ("icmp", "{icmp}", {SCRAPE: "0.3"}),
    "header_half": ("icmp", "{icmp}", {SCRAPE: "0.5"}),
    "header_not_a_number": ("icmp", "{icmp}", {SCRAPE: "NaN"}),
    "header_huge": ("icmp", "{icmp}", {SCRAPE: "1e300"}),
}


class Allowed(NamedTuple):
    """One known difference: patterns of cases and of the difference."""

    cases: str
    difference: str
    reason: str


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Process, Peers]]:
    with both(tmp_path_factory.mktemp("probe")) as found:
        yield found


def test_every_difference_is_known_and_every_known_one_occurs(sides: tuple[str, Process, Peers]) -> None:
    blackbox, running, peers = sides
    known, seen, unknown = allowed(), set[Allowed](), list[str]()
    for case, (module, target, headers) in CASES.items():
        query = {"target": target.format(**peers.addresses), **({"module": module} if module else {})}
        query = {name: value for name, value in query.items() if value}
        theirs, ours = ask(blackbox, headers, **query), ask(running.address, headers, **query)
        for difference in differences(theirs, ours):
            found = [line for line in known if matches(line, case, difference)]
            seen.update(found)
            if not found:
                unknown.append(f"{case}: {difference}")
    assert not unknown, "\n".join(unknown)
    assert [line for line in known if line not in seen] == []


def test_the_list_of_known_differences_is_short_and_each_has_its_reason() -> None:
    assert 0 < len(allowed()) <= 10
    assert all(line.reason.strip() for line in allowed())


def test_the_time_given_to_a_probe_is_blackboxs(sides: tuple[str, Process, Peers]) -> None:
    blackbox, running, peers = sides
    for header in ("", "1", "2.75", "10", "-3", "0.3", "1e300"):
        headers = {SCRAPE: header} if header else {}
        query = {"module": "icmp", "target": peers.addresses["icmp"]}
        log = ask(blackbox, headers, **query, debug="true").text
        given = float(log.partition("timeout_seconds=")[2].split()[0])
        assert samples(ask(running.address, headers, **query))["probe_timeout_seconds", ()] == given, header


def test_a_timeout_takes_as_long_as_it_was_given(sides: tuple[str, Process, Peers]) -> None:
    blackbox, running, peers = sides
    for base in (blackbox, running.address):
        got = samples(ask(base, {SCRAPE: "1"}, module="banner", target=peers.addresses["silent"]))
        assert got["probe_success", ()] == 0
        assert got["probe_duration_seconds", ()] >= 0.49, base


def test_debug_has_the_same_three_parts(sides: tuple[str, Process, Peers]) -> None:
    blackbox, running, peers = sides
    query = {"module": "banner", "target": peers.addresses["ssh"], "debug": "true"}
    heads = ("Logs for the probe:", "Metrics that would have been returned:", "Module configuration:")
    for got in (ask(blackbox, **query), ask(running.address, **query)):
        assert (got.status, got.headers["Content-Type"].split(";")[0]) == (200, "text/plain")
        places = [got.text.index(head) for head in heads]
        assert places == sorted(places)
        logs, metrics, module = (part.strip() for part in parts(got.text, heads))
        assert "probe_success 1" in metrics
        assert len(logs.splitlines()) >= 4
        assert "SSH-2.0" in module


def test_accept_and_gzip_are_answered_alike(sides: tuple[str, Process, Peers]) -> None:
    blackbox, running, _ = sides
    for accept in ("*/*", "application/openmetrics-text; version=1.0.0", "text/plain;version=0.0.4;q=0.5"):
        types = set()
        for base in (blackbox, running.address):
            url = f"http://{base}/probe?module=icmp&target=127.0.0.1"
            headers = {"Accept": accept, "Accept-Encoding": "gzip"}
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as got:
                assert got.headers["Content-Encoding"] == "gzip"
                assert b"probe_success 1" in gzip.decompress(got.read())
                types.add(got.headers["Content-Type"])
        assert len(types) == 1


def allowed() -> list[Allowed]:
    lines = ALLOWED.read_text(encoding="utf-8").splitlines()
    return [Allowed(*(part.strip() for part in line.split("|", 2))) for line in lines if not line.startswith("#")]


def matches(line: Allowed, case: str, difference: str) -> bool:
    return fnmatch.fnmatchcase(case, line.cases) and fnmatch.fnmatchcase(difference, line.difference)


def differences(theirs: Page, ours: Page) -> Iterator[str]:
    """In words: what only one side has, and what both have otherwise."""
    if theirs.status != ours.status:
        yield f"status {theirs.status} -> {ours.status}"
        return
    if theirs.status != 200:
        if not ours.text.startswith(theirs.text.strip().partition(": ")[0]):
            yield f"text {theirs.text!r} -> {ours.text!r}"
        return
    if theirs.headers["Content-Type"] != ours.headers["Content-Type"]:
        yield f"content type {theirs.headers['Content-Type']} -> {ours.headers['Content-Type']}"
    yield from _sets("type of", types(theirs), types(ours))
    old, new = samples(theirs), samples(ours)
    yield from _sets("sample", set(old), set(new))
    for key in sorted(old.keys() & new.keys()):
        if not key[0].endswith(TIMED) and old[key] != new[key]:
            yield f"value of {key[0]} {old[key]:g} -> {new[key]:g}"


def _sets(what: str, old: set[tuple[str, object]], new: set[tuple[str, object]]) -> Iterator[str]:
    yield from (f"- {what} {name} {detail}" for name, detail in sorted(old - new))
    yield from (f"+ {what} {name} {detail}" for name, detail in sorted(new - old))


def types(page: Page) -> set[tuple[str, object]]:
    return {
        (family.name, family.type) for family in text_string_to_metric_families(page.text) if theirs_too(family.name)
    }


def samples(page: Page) -> dict[tuple[str, object], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
        if theirs_too(sample.name)
    }


def theirs_too(name: str) -> bool:
    """What begins with our prefix is beside what blackbox has, and no difference."""
    return not name.startswith("sla_probe_")


def parts(text: str, heads: tuple[str, ...]) -> Iterator[str]:
    rest = text
    for head in heads[1:]:
        part, _, rest = rest.partition(head)
        yield part
    yield rest
