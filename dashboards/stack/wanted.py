"""What somebody asks of the demo stack, and what this machine lacks for it."""

import argparse
import shutil
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = {"prometheus": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager"}
"""Programs, and the Debian packages that bring them."""

_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
LOOPBACK = "127.0.0.1"


class StackError(Exception):
    """The stack cannot start; the message is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Units: seconds. `accelerate` divides the 3-hour clocks and all `for:` of the rules of faults."""

    directory: Path
    net: str
    story: str
    accelerate: float
    scrape: int
    lab_ports: int
    agent_port: int
    prometheus_port: int
    alertmanager_port: int
    webhook_port: int
    webhook: str | None

    @property
    def agent(self) -> str:
        """Where the agent serves."""
        return f"{LOOPBACK}:{self.agent_port}"

    @property
    def webhook_url(self) -> str:
        """Where Alertmanager sends to."""
        return self.webhook or f"http://{LOOPBACK}:{self.webhook_port}/"


def parse(arguments: Sequence[str]) -> Wanted:
    """The command line. Errors: SystemExit with the usage."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.stack", description=__doc__, allow_abbrev=False)
    parser.add_argument("--directory", type=Path, default=Path("var/demo"), help="everything it writes (var/demo)")
    parser.add_argument("--net", choices=("loopback", "netns"), default="loopback", help="netns: as root")
    parser.add_argument("--story", default="", metavar="FILE", help="what happens to the city; none: nothing")
    parser.add_argument("--accelerate", type=float, default=1.0, metavar="N", help="the 3-hour clocks N times as fast")
    parser.add_argument("--scrape", type=int, default=5, metavar="SECONDS", help="between two scrapes")
    parser.add_argument("--lab-ports", type=int, default=16_000, metavar="BASE", help="first port of the lab")
    parser.add_argument("--agent-port", type=int, default=9610)
    parser.add_argument("--prometheus-port", type=int, default=9090)
    parser.add_argument("--alertmanager-port", type=int, default=9093)
    parser.add_argument("--webhook-port", type=int, default=9099, help="of the receiver that prints messages")
    parser.add_argument("--webhook", metavar="URL", help="send messages there instead")
    asked = parser.parse_args(arguments)
    if not 1 <= asked.accelerate <= 3600 or asked.scrape < 1:
        parser.error(f"got --accelerate {asked.accelerate:g} --scrape {asked.scrape}, wanted 1 to 3600, and 1 or more")
    return Wanted(**vars(asked))


def find_programs() -> dict[str, str]:
    """Their paths. Errors: StackError naming all that are missing and how to get them."""
    found = {name: shutil.which(name) or shutil.which(name, path=_PATH) for name in PROGRAMS}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        packages = " ".join(PROGRAMS[name] for name in missing)
        raise StackError(
            f"not installed: {', '.join(missing)}; on Debian or Ubuntu: "
            f"sudo apt-get install --no-install-recommends {packages}"
        )
    return {name: path for name, path in found.items() if path is not None}


def refuse_taken_ports(wanted: Wanted) -> None:
    """Nothing where all are free. Errors: StackError naming all that are taken; not asked of a namespace of its own."""
    if wanted.net == "loopback" and (taken := list(_taken(wanted))):
        raise StackError("\n".join(taken))


def _taken(wanted: Wanted) -> Iterator[str]:
    options = ["agent_port", "prometheus_port", "alertmanager_port"]
    for option in options if wanted.webhook else [*options, "webhook_port"]:
        port: int = getattr(wanted, option)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError as exc:
                name = option.replace("_", "-")
                yield f"{LOOPBACK}:{port}: {exc.strerror}; stop what listens there, or take --{name}"
