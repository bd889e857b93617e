"""The whole agent over many targets, for measuring: everything of `sla-agent run`, the targets made here.

A configuration holds at most 100 targets inline; until registers are there, this builds the same objects directly.
"""

import argparse
import asyncio
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from agent.app import Agent
from agent.clock import SystemClock
from agent.config import Config, TargetConfig, load
from agent.logs import set_up
from collectors import KINDS

CONFIG = """
vantage: {{name: bench}}
store: {{url: "sqlite:///{store}"}}
web: {{listen_address: "127.0.0.1:{port}"{families}}}
probe: {{allow: [127.0.0.0/8]}}
modules:
  measured: {{kind: {kind}, interval: {interval}s, timeout: {timeout}s{options}}}
targets:
  - {{target_id: t0, kind: {kind}, address: "{address}", module: measured}}
"""

ASKED_FOR = (
    "sla_target_up",
    "sla_target_state",
    "sla_probe_duration_seconds",
    "sla_probe_rtt_seconds",
    "sla_probe_loss_ratio",
    "sla_probe_problem",
    "sla_target_last_probe_timestamp_seconds",
    *(f"sla_rtsp_{value}_seconds" for value in ("connect", "options", "describe", "clock_skew")),
    *(f"sla_{kind}_*" for kind in ("snmp", "host", "http", "tls", "icmp")),
)
"""`web.families` as docs/operations.md proposes it for a city: what the dashboards and alerts ask for."""

OPTIONS = {"icmp": ", count: 1", "tcp": "", "http": "", "rtsp": ""}


def address_of(kind: str, number: int, port: int) -> str:
    """A loopback address of its own for each target."""
    host = f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"
    return f"http://{host}:{port}/" if kind == "http" else host if kind == "icmp" else f"{host}:{port}"


def configuration(args: argparse.Namespace, folder: Path) -> Config:
    """The configuration with its targets multiplied."""
    path = folder / "agent.yml"
    text = CONFIG.format(
        store=folder / "ledger.db",
        port=args.listen,
        kind=args.kind,
        interval=args.interval,
        timeout=args.timeout,
        options=OPTIONS[args.kind],
        families="" if args.families == "all" else f", families: {json.dumps(ASKED_FOR)}",
        address=address_of(args.kind, 0, args.port),
    )
    path.write_text(text, encoding="utf-8")
    config = load(path, KINDS)
    first = config.targets[0]
    return replace(config, targets=tuple(_target(first, args, number) for number in range(args.targets)))


def _target(first: TargetConfig, args: argparse.Namespace, number: int) -> TargetConfig:
    return replace(first, id=f"t{number}", address=address_of(args.kind, number, args.port))


def main() -> None:
    """Run until a signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", default="tcp")
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--interval", type=int, default=15)
    parser.add_argument("--timeout", type=int, default=2)
    parser.add_argument("--port", type=int, required=True, help="where the peers listen")
    parser.add_argument("--listen", type=int, required=True, help="where the agent listens")
    parser.add_argument("--families", choices=("asked_for", "all"), default="asked_for", help="what the page shows")
    args = parser.parse_args()
    set_up("warning", "logfmt")
    with tempfile.TemporaryDirectory() as folder:
        config = configuration(args, Path(folder))
        agent = Agent(Path(folder) / "agent.yml", config, lambda: config, KINDS, SystemClock())
        asyncio.run(agent.serve())


if __name__ == "__main__":
    main()
