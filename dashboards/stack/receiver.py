"""Takes Alertmanager's messages, prints each as a line and keeps it: python -m dashboards.stack.receiver PORT FILE."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from dashboards.stack.wanted import LOOPBACK

READY = "receiver: ready"
_MOST_BYTES = 4 * 2**20


class Receiver:
    """Appends to one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def take(self, request: web.Request) -> web.Response:
        """One message."""
        try:
            body: dict[str, Any] = await request.json()
            lines = list(told(body))
        except (ValueError, KeyError, TypeError) as exc:
            return web.Response(status=400, text=f"no message of Alertmanager's: {exc}\n")
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(body, ensure_ascii=False) + "\n")
        sys.stdout.write("".join(f"message: {line}\n" for line in lines))
        sys.stdout.flush()
        return web.Response(text="taken\n")


def told(message: dict[str, Any]) -> list[str]:
    """A message in a line an alert."""
    return [
        f"{alert['status']} {alert['labels']['alertname']} {alert['annotations'].get('summary', '')}"
        for alert in message["alerts"]
    ]


async def serve(port: int, file: Path) -> None:
    """Until SIGTERM or SIGINT."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = web.Application(client_max_size=_MOST_BYTES)
    app.router.add_post("/", Receiver(file).take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
