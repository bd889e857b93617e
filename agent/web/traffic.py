"""The JSON API of traffic: the bins of an interface, and how full a line was against what was contracted (C4)."""

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from agent.errors import UsageError
from agent.figures import Figures
from agent.figures.traffic import DIRECTIONS, Held, Traffic, Way, ended
from agent.version import METHOD_VERSION
from agent.web import asked
from agent.web.answers import Clockface, Json
from agent.web.keys import AGENT, QUESTIONS
from agent.web.lookup import require_known
from agent.web.problems import UnknownTargetError
from agent.web.shown import near
from sla.bins import BIN_US, P95, Bin, next_start, worse
from sla.model import Window

if TYPE_CHECKING:
    from agent.app import Agent

DAY_US = 86_400_000_000
DAYS_MAX = 31
_HEADERS = {"Cache-Control": "no-store"}


def add_routes(app: web.Application) -> None:
    """Routes under /api/v1; to be added before those that take any id."""
    app.add_routes(
        [
            web.get("/api/v1/targets/{id:.+}/utilisation", of_target),
            web.get("/api/v1/links/{id:.+}/utilisation", of_link),
        ]
    )


async def of_target(request: web.Request) -> web.Response:
    """The bins of one interface; by default of the last 24 hours."""
    asked.only(request, ("component", "from", "to"))
    agent = request.app[AGENT]
    name = await require_known(request, _component(request))
    window, as_of = _window(request, agent)
    return web.json_response(
        await request.app[QUESTIONS].ask(partial(_bins, agent, name, window, as_of)), headers=_HEADERS
    )


async def of_link(request: web.Request) -> web.Response:
    """The 95th percentile of a line by direction, over all hours; by default of the last 24."""
    asked.only(request, ("from", "to"))
    agent = request.app[AGENT]
    window, as_of = _window(request, agent)
    question = partial(_line, agent, request.match_info["id"], window, as_of)
    return web.json_response(await request.app[QUESTIONS].ask(question), headers=_HEADERS)


def _component(request: web.Request) -> str:
    """TARGET#COMPONENT, of the path alone or with component=."""
    name, part = request.match_info["id"], request.query.get("component")
    if part is None and "#" not in name:
        raise UsageError("parameter component: got nothing, wanted the component's name, for example if/eth0")
    if part is not None and "#" in name:
        raise UsageError(f"parameter component: got {part[:80]!r}, but {name[:80]!r} names one; wanted one of them")
    return name if part is None else f"{name}#{part}"


def _window(request: web.Request, agent: "Agent") -> tuple[Window, int]:
    """What is asked for, and up to when the store speaks. Errors: UsageError."""
    as_of = agent.committer.durable_until or agent.clock.now_us()
    time = Clockface(agent.config.zone_info)
    window = asked.window(request, agent.config.zone_info, Window(as_of - DAY_US, as_of))
    if window.end <= window.start:
        raise UsageError(f"from {time(window.start)} to {time(window.end)}: empty; wanted an end after the start")
    if window.end - window.start > DAYS_MAX * DAY_US:
        raise UsageError(f"from {time(window.start)} to {time(window.end)}: wanted at most {DAYS_MAX} days at once")
    if window.start > as_of:
        raise UsageError(f"parameter from: {time(window.start)} lies ahead, the store speaks up to {time(as_of)}")
    return window, as_of


def _head(agent: "Agent", window: Window, as_of: int) -> Json:
    time = Clockface(agent.config.zone_info)
    body: Json = {
        "from": time(window.start),
        "to": time(min(window.end, as_of)),
        "as_of": time(as_of),
        "method_version": METHOD_VERSION,
        "simulated": Figures(agent.reader, agent.config.zone_info, agent.shelf).simulated,
        "bin_us": BIN_US,
    }
    return body | ({"cut_to_as_of": True} if window.end > as_of else {})


def _bins(agent: "Agent", name: str, window: Window, as_of: int) -> Json:
    asked_for = ended(window, as_of)
    found = Traffic(agent.reader, agent.shelf.book(agent.reader)).bins(name, asked_for)
    time = Clockface(agent.config.zone_info)
    return {
        "target": name,
        **_head(agent, window, as_of),
        "bins_ended": max(next_start(asked_for.end) - next_start(asked_for.start), 0) // BIN_US,
        "bins_known": sum(each.is_known for each in found),
        "bins": [_bin(each, time) for each in found],
    }


def _bin(each: Bin, time: Clockface) -> Json:
    return {
        "from": time(each.start),
        "covered_us": each.covered_us,
        "bits_in": each.bits_in,
        "bits_out": each.bits_out,
        "known": each.is_known,
    }


def _line(agent: "Agent", link: str, window: Window, as_of: int) -> Json:
    book = agent.shelf.book(agent.reader)
    if book.register_of(link) != "links":
        like = near(book.ids("links"), link)
        raise UnknownTargetError(link, like, f"no line {link[:200]!r} in the register; ids near it: {like or 'none'}")
    traffic = Traffic(agent.reader, book)
    held = traffic.held(link, ended(window, as_of))
    ways = {direction: traffic.way(held, direction) for direction in DIRECTIONS}
    return {
        "link": link,
        **_head(agent, window, as_of),
        "contracted": [_contracted(each, Clockface(agent.config.zone_info), window, as_of) for each in held],
        "directions": {direction: _way(way) for direction, way in ways.items()},
        "worst": _p95(worse(*(way.p95 for way in ways.values()))),
    }


def _contracted(each: Held, time: Clockface, window: Window, as_of: int) -> Json:
    is_last = each.window.end == ended(window, as_of).end
    end = min(window.end, as_of) if is_last else each.window.end
    return {"from": time(each.window.start), "to": time(end), "bits_per_second": each.contracted}


def _way(way: Way) -> Json:
    seen = [{"component": end.component, "counter": "out" if end.outward else "in"} for end in way.ends]
    return {"seen_by": seen, "p95": _p95(way.p95)}


def _p95(said: P95) -> Json:
    return {
        "bins": said.bins,
        "known": said.known,
        "value": _ratio(said.value),
        "least": _ratio(said.least),
        "most": _ratio(said.most),
    }


def _ratio(share: Fraction | None) -> list[int] | None:
    return None if share is None else [share.numerator, share.denominator]
