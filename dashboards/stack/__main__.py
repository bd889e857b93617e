"""python -m dashboards.stack: the demo stack until Ctrl-C. docs/dashboards.md explains it."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dashboards.stack import receiver
from dashboards.stack.children import Child, Children, Program, tell
from dashboards.stack.files import write_agent, write_alertmanager, write_prometheus
from dashboards.stack.wanted import LOOPBACK, StackError, Wanted, find_programs, parse, refuse_taken_ports

_MEASURE = "measure it with: "


def main(arguments: Sequence[str]) -> int:
    """0 after a signal, 2 where it cannot start or something of it ended unasked."""
    wanted = parse(arguments)
    try:
        programs = find_programs()
        refuse_taken_ports(wanted)
        asyncio.run(run(wanted, programs))
    except StackError as exc:
        sys.stderr.write(f"demo stack: {exc}\n")
        return 2
    return 0


async def run(wanted: Wanted, programs: dict[str, str]) -> None:
    """Begin all, wait for a signal, end all. Errors: StackError."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    wanted.directory.mkdir(parents=True, exist_ok=True)
    children = Children(wanted.directory)
    try:
        beginning = asyncio.ensure_future(_begin(children, wanted, programs))
        if await _first(beginning, stop):
            tell(_addresses(wanted, beginning.result()))
            ended = asyncio.ensure_future(children.first_end())
            if await _first(ended, stop):
                raise StackError(ended.result())
        tell("stopping")
    finally:
        await children.end()


async def _first(work: "asyncio.Future[str]", stop: asyncio.Event) -> bool:
    """Whether the work ended before the signal; otherwise it is given up. Errors: those of the work."""
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if work.done():
        work.result()
        return True
    work.cancel()
    await asyncio.wait((work,))
    return False


async def _begin(children: Children, wanted: Wanted, programs: dict[str, str]) -> str:
    """All of them; what stands before a command that is to run where they run."""
    folder, python = wanted.directory, [sys.executable, "-m"]
    lab = await children.begin(Program(name="lab", words=[*python, *_lab(wanted)], ready="ready:", told=""))
    before = _before_commands(lab)
    config = write_agent(folder / "lab" / "agent.yml", time.time())  # noqa: TID251 (the year of the demo's plan)
    agent = [*before, *python, "agent", "run", "--config.file", str(config)]
    await children.begin(Program(name="agent", words=agent, ready="ready: "))
    if wanted.webhook is None:
        words = [
            *before,
            *python,
            "dashboards.stack.receiver",
            str(wanted.webhook_port),
            str(folder / "messages.jsonl"),
        ]
        await children.begin(Program(name="message", words=words, ready=receiver.READY, told="message: "))
    await children.begin(
        Program(name="alertmanager", words=[*before, *_alertmanager(wanted, programs)], ready="Listening on")
    )
    await children.begin(
        Program(name="prometheus", words=[*before, *_prometheus(wanted, programs)], ready="Server is ready")
    )
    return " ".join(before)


def _lab(wanted: Wanted) -> list[str]:
    story = ["--story", wanted.story] if wanted.story else []
    return [
        "agent", "lab", "--directory", str(wanted.directory / "lab"), "--net", wanted.net, "--ports",
        str(wanted.lab_ports), "--web.listen-address", wanted.agent, *story,
    ]  # fmt: skip


def _before_commands(lab: Child) -> list[str]:
    """What the lab says must stand before a command: nothing, or `ip netns exec NAME`."""
    line = next((line for line in lab.said if line.startswith(_MEASURE)), "")
    return line.removeprefix(_MEASURE).partition("sla-agent ")[0].split()


def _alertmanager(wanted: Wanted, programs: dict[str, str]) -> list[str]:
    return [
        programs["prometheus-alertmanager"],
        f"--config.file={write_alertmanager(wanted)}",
        f"--storage.path={wanted.directory / 'alertmanager'}",
        f"--web.listen-address={LOOPBACK}:{wanted.alertmanager_port}",
        "--cluster.listen-address=",  # alone: no port of a cluster is opened
    ]


def _prometheus(wanted: Wanted, programs: dict[str, str]) -> list[str]:
    return [
        programs["prometheus"],
        f"--config.file={write_prometheus(wanted)}",
        f"--storage.tsdb.path={wanted.directory / 'prometheus' / 'data'}",
        "--storage.tsdb.retention.time=2d",
        f"--web.listen-address={LOOPBACK}:{wanted.prometheus_port}",
    ]


def _addresses(wanted: Wanted, before: str) -> str:
    prometheus = f"http://{LOOPBACK}:{wanted.prometheus_port}"
    page = Path(wanted.directory) / "preview.html"
    where = f"all in a namespace: put `{before}` before every command\n" if before else ""
    fast = f"The 3-hour clocks of alerts run {wanted.accelerate:g} times as fast.\n" if wanted.accelerate > 1 else ""
    return (
        f"{where}demo stack: ready. All of it is simulated; stop it with Ctrl-C.\n{fast}"
        f"  agent         http://{wanted.agent}/\n"
        f"  Prometheus    {prometheus}/alerts\n"
        f"  Alertmanager  http://{LOOPBACK}:{wanted.alertmanager_port}/\n"
        f"  messages      {wanted.webhook or wanted.directory / 'messages.jsonl'}\n"
        f"  logs          {wanted.directory}/*.log\n"
        f"  dashboards    .venv/bin/python -m dashboards.preview --prometheus {prometheus} "
        f"--scrape {wanted.scrape} -o {page}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
