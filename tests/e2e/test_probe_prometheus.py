"""A real Prometheus scrapes our /probe by the usual relabelling, and the usual dashboards' queries have answers."""

import json
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.e2e.probe_peers import Page, ask, config_of, modules, peers
from tests.e2e.running import Process, agent, until
from tests.requirements import need_program

JOBS = {
    "http": ("http_ca", ["good_url", "plain_url", "missing_url"]),
    "tcp": ("tcp", ["ssh", "shut"]),
    "tls": ("tls_ca", ["good"]),
    "icmp": ("icmp", ["icmp", "icmp6"]),
    "dns": ("dns_soa", ["nsd"]),
}
"""Job to module and what it is pointed at."""

QUERIES = [
    "probe_success",
    'probe_success{job="http"} == 0',
    "avg_over_time(probe_success[1m])",
    "avg(probe_success) by (instance)",
    "count(probe_success == 1) by (job)",
    "probe_duration_seconds",
    'avg(probe_duration_seconds{job="icmp"}) by (instance)',
    "probe_http_status_code",
    'probe_http_status_code{instance=~".+"} >= 400',
    "probe_http_status_code <= 199 OR probe_http_status_code >= 400",
    "probe_http_duration_seconds",
    "sum(probe_http_duration_seconds) by (phase)",
    'probe_http_duration_seconds{phase="processing"}',
    "sum(probe_http_duration_seconds) by (instance)",
    "avg_over_time(probe_duration_seconds[1m]) * 1000",
    "probe_http_ssl",
    "count(probe_http_ssl == 1)",
    "count(probe_http_version)",
    "probe_http_version",
    "probe_http_redirects",
    "probe_http_content_length",
    "probe_http_uncompressed_body_length",
    "probe_ssl_earliest_cert_expiry - time()",
    "(probe_ssl_earliest_cert_expiry - time()) / 86400",
    "min(probe_ssl_earliest_cert_expiry) by (instance)",
    "probe_ssl_last_chain_expiry_timestamp_seconds - time() > 0",
    "probe_ssl_last_chain_info",
    "probe_tls_version_info",
    'count by (version) (probe_tls_version_info{version=~"TLS.*"})',
    "probe_dns_lookup_time_seconds",
    "avg(probe_dns_lookup_time_seconds) by (instance)",
    "probe_icmp_duration_seconds",
    'probe_icmp_duration_seconds{phase="rtt"}',
    'avg(probe_icmp_duration_seconds{phase="rtt"}) by (instance)',
    "probe_icmp_reply_hop_limit",
    "probe_ip_protocol",
    "probe_ip_protocol == 6",
    "probe_ip_addr_hash",
    "changes(probe_ip_addr_hash[1m])",
    "probe_failed_due_to_regex == 0",
    "probe_dns_duration_seconds",
    "probe_dns_query_succeeded",
    "probe_dns_answer_rrs",
    "probe_dns_serial",
    "up == 1",
    "scrape_duration_seconds",
    'probe_success * on (instance, job) group_left (outcome, reason) sla_probe_outcome{outcome="failed"} == 0',
]
"""What the dashboards 7587, 9965, 13659, 14928, 16292 and the usual alert rules ask; each has to find something."""


@contextmanager
def prometheus(folder: Path, jobs: list[object]) -> Iterator[str]:
    """Yields where it is asked."""
    program = need_program("prometheus")
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    log = folder / "prometheus.log"
    command = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with log.open("wb") as out:
        child = subprocess.Popen([*command, "--web.listen-address=127.0.0.1:0"], stdout=out, stderr=out)
        try:
            until(lambda: "Listening on" in log.read_text(encoding="utf-8"), "Prometheus's address", child)
            line = next(line for line in log.read_text(encoding="utf-8").splitlines() if "Listening on" in line)
            yield line.split("address=")[1].split()[0]
        finally:
            child.terminate()
            child.wait(60)


def job(name: str, module: str, targets: list[str], running: Process) -> dict[str, object]:
    """A job as docs/operations.md has it."""
    return {
        "job_name": name,
        "metrics_path": "/probe",
        "params": {"module": [module]},
        "static_configs": [{"targets": targets}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": running.address},
        ],
    }


def query(address: str, text: str) -> list[object]:
    url = f"http://{address}/api/v1/query?query={urllib.parse.quote(text)}"
    with urllib.request.urlopen(url, timeout=60) as got:
        found: list[object] = json.load(got)["data"]["result"]
    return found


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dashboards")
    with peers(folder) as found:
        ours = {name: pair[1] for name, pair in modules(found.nginx.certificates.ca_file).items()}
        addresses = dict(found.addresses) | {
            "good_url": found.nginx.url("/", "good"),
            "plain_url": found.nginx.url("/"),
            "missing_url": found.nginx.url("/missing"),
        }
        with agent(config_of(folder, ours), folder / "agent.log") as running:
            jobs = [job(name, module, [addresses[one] for one in to], running) for name, (module, to) in JOBS.items()]
            with prometheus(folder, list(jobs)) as address:
                total = sum(len(to) for _, to in JOBS.values())
                until(
                    lambda: len(query(address, "changes(probe_ip_addr_hash[1m]) >= 0")) == total, "two scrapes of each"
                )
                yield address
            assert running.stop() == 0


@pytest.mark.parametrize("text", QUERIES)
def test_a_dashboards_query_has_an_answer(asked: str, text: str) -> None:
    assert query(asked, text)


def test_no_scrape_of_ours_was_refused(asked: str) -> None:
    assert query(asked, "up == 0") == []


def test_a_stop_during_a_probe_is_told_and_quick(tmp_path: Path) -> None:
    answers: list[Page] = []
    with peers(tmp_path) as found, agent(config_of(tmp_path, _patient()), tmp_path / "log") as running:
        silent = found.addresses["silent"]
        waiting = threading.Thread(
            target=lambda: answers.append(ask(running.address, module="banner", target=silent)),
        )
        waiting.start()
        until(lambda: "sla_agent_probe_requests_active 1.0" in running.get("/metrics"), "the probe under way")
        assert running.stop() == 0
        waiting.join(60)
    assert [(page.status, page.text.split(";")[0]) for page in answers] == [(503, "the agent is starting or stopping")]


def _patient() -> dict[str, object]:
    """A module that would wait far longer than any test."""
    return {"banner": {"kind": "tcp", "timeout": "55s", "dialogue": [{"expect": "^SSH-"}]}}
