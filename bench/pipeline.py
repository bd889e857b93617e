"""The whole path at a paced rate: our agent with its Prometheus, against blackbox_exporter with its Prometheus.

Legs are alternated (peer, ours, peer, ours …), each in fresh processes; CPU comes from /proc, in seconds per
10 000 probes.
"""

import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bench.processes import cpu_seconds, free_port, get, process, resident_mb, wait_for
from bench.subject import address_of

MODULES = """
modules:
  tcp: {prober: tcp, timeout: 2s}
  http: {prober: http, timeout: 2s}
  icmp: {prober: icmp, timeout: 2s}
  rtsp:
    prober: tcp
    timeout: 2s
    tcp:
      query_response:
        - send: "OPTIONS * RTSP/1.0\\r\\nCSeq: 1\\r\\n\\r"
        - expect: "^RTSP/1.0 200"
"""

SCRAPE_PEER = """
global: {{scrape_interval: {interval}s, scrape_timeout: 5s}}
scrape_configs:
  - job_name: blackbox
    metrics_path: /probe
    params: {{module: [{kind}]}}
    file_sd_configs: [{{files: ["{targets}"]}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: "127.0.0.1:{port}"}}
"""

SCRAPE_OURS = """
global: {{scrape_interval: {interval}s, scrape_timeout: 10s}}
scrape_configs:
  - job_name: agent
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Leg(NamedTuple):
    """CPU seconds per 10 000 probes of the prober and of its Prometheus, memory of both, and reported times."""

    prober: float
    prometheus: float
    prober_mb: float
    prometheus_mb: float
    mean_ms: float
    p99_ms: float
    lost: int

    @property
    def both(self) -> float:
        return self.prober + self.prometheus


class Load(NamedTuple):
    """What is probed and for how long."""

    kind: str
    targets: int = 10_000
    interval: int = 15
    warm: float = 25
    window: float = 60


def peer_leg(load: Load, peer_port: int) -> Leg:
    """blackbox_exporter driven by Prometheus."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        (folder / "blackbox.yml").write_text(MODULES, encoding="utf-8")
        command = [
            "prometheus-blackbox-exporter",
            f"--config.file={folder}/blackbox.yml",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        exporter = stack.enter_context(process([*command, "--log.level=error"], folder / "bb.log"))
        wait_for(f"http://127.0.0.1:{port}/-/healthy", exporter)
        addresses = [address_of(load.kind, number, peer_port) for number in range(load.targets)]
        (folder / "targets.json").write_text(json.dumps([{"targets": addresses}]), encoding="utf-8")
        config = SCRAPE_PEER.format(interval=load.interval, kind=load.kind, targets=folder / "targets.json", port=port)
        prometheus, api = start_prometheus(stack, folder, config)
        costs = _measure(load, exporter.pid, prometheus.pid)
        window = f"[{int(load.window)}s]"
        metric = "probe_icmp_duration_seconds{phase='rtt'}" if load.kind == "icmp" else "probe_duration_seconds"
        mean, p99 = _times(api, metric, window)
        lost = int(_scalar(api, "count(probe_success == 0) or vector(0)"))
        return Leg(*costs, mean, p99, lost)


def our_leg(load: Load, peer_port: int) -> Leg:
    """Our agent, scraped by Prometheus."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        command = [sys.executable, "-m", "bench.subject", "--kind", load.kind, "--targets", str(load.targets)]
        command += ["--interval", str(load.interval), "--port", str(peer_port), "--listen", str(port)]
        agent = stack.enter_context(process(command, folder / "agent.log"))
        wait_for(f"http://127.0.0.1:{port}/-/ready", agent)
        prometheus, api = start_prometheus(stack, folder, SCRAPE_OURS.format(interval=load.interval, port=port))
        costs = _measure(load, agent.pid, prometheus.pid)
        metric = "sla_probe_rtt_seconds" if load.kind == "icmp" else "sla_probe_duration_seconds"
        mean, p99 = _times(api, metric, f"[{int(load.window)}s]")
        lost = load.targets - int(_scalar(api, "sum(sla_target_up) or vector(0)"))
        (folder / "agent.log").read_text(encoding="utf-8")
        return Leg(*costs, mean, p99, lost)


def start_prometheus(stack: ExitStack, folder: Path, config: str) -> tuple["object", str]:
    port = free_port()
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    child = stack.enter_context(process(command, folder / "prometheus.log"))
    wait_for(f"http://127.0.0.1:{port}/-/ready", child)
    return child, f"http://127.0.0.1:{port}/api/v1/query?query="


def _measure(load: Load, prober: int, prometheus: int) -> tuple[float, float, float, float]:
    time.sleep(load.warm)
    began, before = time.monotonic(), (cpu_seconds(prober), cpu_seconds(prometheus))
    time.sleep(load.window)
    seconds = time.monotonic() - began
    after = (cpu_seconds(prober), cpu_seconds(prometheus))
    probes = load.targets / load.interval * seconds / 10_000
    return (
        (after[0] - before[0]) / probes,
        (after[1] - before[1]) / probes,
        resident_mb(prober),
        resident_mb(prometheus),
    )


def _times(api: str, metric: str, window: str) -> tuple[float, float]:
    mean = _scalar(api, f"avg(avg_over_time({metric}{window}))")
    p99 = _scalar(api, f"quantile(0.99, {metric})")
    return mean * 1000, p99 * 1000


def _scalar(api: str, query: str) -> float:
    from urllib.parse import quote

    result = json.loads(get(api + quote(query)))["data"]["result"]
    return float(result[0]["value"][1]) if result else float("nan")


def compare(load: Load, legs: int) -> tuple[list[Leg], list[Leg]]:
    """Alternated legs of the peer and of ours."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.listener", str(port), load.kind]
        with process(command, Path(folder) / "listener.log"):
            peers, ours = [], []
            for _ in range(legs):
                peers.append(peer_leg(load, port))
                ours.append(our_leg(load, port))
                print(f"  {load.kind}: peer {peers[-1].both:.2f}, ours {ours[-1].both:.2f} CPU s/10k", flush=True)
    return peers, ours


def middle(legs: list[Leg]) -> Leg:
    """The median of each column."""
    return Leg(*(statistics.median(column) for column in zip(*legs, strict=True)))  # type: ignore[arg-type]  # medians of a column of numbers
