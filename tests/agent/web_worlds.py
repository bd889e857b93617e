"""A real agent over a store of its own, asked over HTTP; its clock is turned by hand, its readings are the test's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from agent.app import Agent
from agent.config import load
from agent.web.server import application
from collectors import KINDS
from collectors.base import Reading, Reason, error, failed, ok
from tests.agent.worlds import HandClock

GOLDEN = Path(__file__).parents[1] / "golden"

CONFIG = """
vantage: {{name: 汇聚机房-1}}
store: {{url: "sqlite:///{store}"}}
web: {{listen_address: "127.0.0.1:0"}}
planes: {{业务: {{anchors: [127.0.0.2, 127.0.0.3], module: ping, interval: 60s}}}}
modules:
  ping: {{kind: icmp, interval: 60s, timeout: 2s, limits: {{rtt_seconds: 0.1}}}}
  port: {{kind: tcp, interval: 60s, timeout: 2s}}
  this_host: {{kind: host, interval: 60s, timeout: 2s}}
targets:
  - {{target_id: lo, kind: icmp, address: 127.0.0.1, module: ping, name: 回环地址}}
  - {{target_id: "zy/maoba:9", kind: tcp, address: "127.0.0.1:9", module: port, name: 毛坝镇, site_id: S6109}}
  - {{target_id: slow, kind: icmp, address: 127.0.0.4, module: ping}}
  - {{target_id: never, kind: tcp, address: "127.0.0.1:10", module: port}}
  - {{target_id: line-7, kind: icmp, address: 192.0.2.7, module: ping, plane: 业务}}
  - {{target_id: old, kind: icmp, address: 127.0.0.1, module: ping, in_service_to: 2025-01-01}}
  - {{target_id: me, kind: host, address: localhost, module: this_host, name: 本机}}
"""

REFUSED = failed(Reason.REFUSED, "connect to 127.0.0.1:9: Connection refused (ECONNREFUSED)")


class World:
    """The agent and a client of it. Time begins at 2026-01-01T08:00:00+08:00."""

    def __init__(self, agent: Agent, clock: HandClock, client: TestClient) -> None:
        self.agent = agent
        self.clock = clock
        self.client = client

    def now(self) -> int:
        return self.agent.clock.now_us()

    async def probe(self, target_id: str, *readings: Reading) -> None:
        """One probe that starts now."""
        self.agent.ledger.record(self.agent.watched[target_id], self.now(), 0.0125, readings)
        await self.agent.ledger.look_at_vantage()

    async def write(self) -> None:
        """Make everything durable, up to now."""
        assert await self.agent.committer._commit(asyncio.get_running_loop())

    async def live(self, minutes: int = 4) -> None:
        """So many minutes in which each target does what it always does, a probe a minute each."""
        anchors = [name for name in self.agent.watched if name.startswith("vantage:")]
        for _ in range(minutes):
            for anchor in anchors:
                await self.probe(anchor, ok())
            await self.probe("lo", ok({"rtt_seconds": 0.00025, "loss_ratio": 0.0}))
            await self.probe("zy/maoba:9", REFUSED)
            await self.probe("slow", ok({"rtt_seconds": 0.5, "loss_ratio": 0.0}))
            await self.probe("line-7", error(Reason.NO_ROUTE, "connect: Network is unreachable (ENETUNREACH)"))
            await self.probe("old", ok())
            await self.probe("me", ok({"load_1m": 0.5}), *self._parts())
            self.clock.seconds += 60
        await self.write()

    def _parts(self) -> list[Reading]:
        down = failed(Reason.UNREACHABLE, "the mount is gone", component="disk//srv <b>")
        return [ok({"disk_used_ratio": 0.25}, component="disk//"), down]

    async def get(self, path: str, status: int = 200, **headers: str) -> "Got":
        """One GET. The path is sent as it is written."""
        return await self.send("GET", path, status, **headers)

    async def send(self, method: str, path: str, status: int, **headers: str) -> "Got":
        """One request; header names are written with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.client.make_url("/").with_path("")
        async with self.client.session.request(method, _raw(url, path), headers=named, allow_redirects=False) as got:
            body = await got.text()
            assert got.status == status, f"{method} {path}: {got.status}\n{body}"
            set_cookies = {text.partition(";")[0]: text for text in got.headers.getall("Set-Cookie", [])}
            return Got(got.status, dict(got.headers), body, set_cookies)


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: dict
    text: str
    cookies: dict

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def html(self) -> "Page":
        return read(self.text)


class Page(HTMLParser):
    """A page as a strict reader sees it: every element closed, in order; what it says, and what tests ask of it."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict, tuple[str, ...]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice: {attrs}"
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag) -> None:
        assert self.open[-1:] == [tag], f"</{tag}> inside {self.open}"
        self.open.pop()

    def handle_data(self, data) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs, _ in self.elements if name == tag]


def read(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open, f"never closed: {page.open}"
    return page


@asynccontextmanager
async def world(folder: Path, config: str = CONFIG, before=None) -> AsyncIterator[World]:
    """A started agent that probes nothing by itself. `before` is told the store's writer before the start."""
    path = folder / "agent.yml"
    path.write_text(config.format(store=folder / "ledger.db"), encoding="utf-8")
    clock = HandClock()
    agent = Agent(path, load(path, KINDS), lambda: load(path, KINDS), KINDS, clock)
    agent._build()
    if before is not None:
        before(agent)
    await agent._start()
    agent.is_ready = True
    client = TestClient(TestServer(application(agent)), cookie_jar=DummyCookieJar())
    await client.start_server()
    try:
        yield World(agent, clock, client)
    finally:
        await client.close()
        await agent._finish()
        await agent.modules.close()
        agent.writer.close()
        agent.reader.close()


def _raw(base: URL, path: str) -> URL:
    return URL(f"{base.scheme}://{base.authority}{path}", encoded=True)
