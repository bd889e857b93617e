"""A story: what happens to the city when, for how long, and where. docs/lab.md explains it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from agent.config.problems import Found, Rule, nearest
from agent.lab.city import City
from agent.lab.documents import Document, read, refuse
from collectors.options import Duration

What = Literal[
    "line_cut", "uplink_cut", "flapping", "loss", "slow", "silent", "certificate_expired", "reboot", "recorder_dead",
    "own_uplink_dead",
]  # fmt: skip
WHATS: tuple[What, ...] = get_args(What)

_TAKES = {"flapping": {"period"}, "loss": {"ratio"}, "slow": {"delay"}}
_OPTIONS = ("period", "ratio", "delay")
_MOST_SECONDS = 30 * 86_400.0


class Action(Document):
    """One thing that happens.

    Units: seconds. `at` counts from the begin of the story; `for` None is until the story ends. `where` is the id of
    a line for line_cut, of a county's site for uplink_cut, of a recorder for recorder_dead, of a site or a thing for
    the others; own_uplink_dead needs none. `ratio` is a share of exchanges, `period` a whole round of flapping.
    """

    at: Duration
    lasts: Annotated[Duration | None, Field(alias="for")] = None
    what: What
    where: str = ""
    ratio: Annotated[float, Field(gt=0, le=1)] = 0.3
    delay: Duration = 1.0
    period: Duration = 20.0

    @property
    def until(self) -> float | None:
        """When it is undone; None is never."""
        return None if self.lasts is None else self.at + self.lasts

    def __str__(self) -> str:
        return f"{self.what} {self.where}".rstrip()


class Story(Document):
    """A whole story; with `repeat` it begins anew that often."""

    repeat: Duration | None = None
    actions: Annotated[tuple[Action, ...], Field(max_length=1000)]


NOTHING = Story(actions=())


def read_story(path: Path, city: City) -> Story:
    """The story in a file, all of whose places are in the city. Errors: ConfigError, UsageError."""
    story, tree = read(path, Story)
    refuse(str(path), tree, list(problems(story, city)))
    return story


def problems(story: Story, city: City) -> Iterator[Found]:
    """What is wrong with it."""
    for index, action in enumerate(story.actions):
        yield from _wrong_place(action, index, city)
        yield from _wrong_times(action, index, story.repeat)
        given = action.model_fields_set & set(_OPTIONS)
        for option in sorted(given - _TAKES.get(action.what, set())):
            takers = ", ".join(what for what, taken in _TAKES.items() if option in taken)
            yield Found(
                Rule.VALUE, ("actions", index, option), f"got it with {action.what}, wanted it with {takers} only"
            )
    if story.repeat is not None and not 0 < story.repeat <= _MOST_SECONDS:
        yield Found(Rule.RANGE, ("repeat",), f"got {story.repeat:g} s, wanted more than 0 and at most 30d")


def _wrong_times(action: Action, index: int, repeat: float | None) -> Iterator[Found]:
    if action.lasts is not None and action.lasts <= 0:
        yield Found(Rule.RANGE, ("actions", index, "for"), "got 0 s, wanted more; leave it out for the whole story")
    if action.what == "reboot" and action.lasts is None:
        yield Found(Rule.MISSING, ("actions", index, "for"), "got nothing, wanted how long it takes, such as 20s")
    if action.what == "flapping" and not 0.2 <= action.period <= _MOST_SECONDS:
        yield Found(Rule.RANGE, ("actions", index, "period"), f"got {action.period:g} s, wanted 200ms or more")
    end = action.until if action.until is not None else action.at
    if repeat is not None and end > repeat:
        text = f"got an end at {end:g} s, but the story begins anew after {repeat:g} s; raise repeat or shorten it"
        yield Found(Rule.RANGE, ("actions", index, "at"), text)


def _wrong_place(action: Action, index: int, city: City) -> Iterator[Found]:
    known = places(action.what, city)
    path = ("actions", index, "where")
    if not known:
        if action.where:
            yield Found(Rule.VALUE, path, f"got {action.where}, wanted nothing: {action.what} has no place")
        return
    if action.where not in known:
        got = action.where or "nothing"
        yield Found(Rule.VALUE, path, f"got {got}, wanted {_WANTED[action.what]}; {nearest(action.where, known)}")


def places(what: What, city: City) -> list[str]:
    """The ids that may stand in `where`; none where the action has no place."""
    return list(_PLACES[what](city))


def _anywhere(city: City) -> Iterator[str]:
    yield from city.sites
    yield from (thing.id for thing in city.targets)


def _speaking(*services: str) -> Callable[[City], Iterator[str]]:
    return lambda city: (thing.id for thing in city.targets if thing.service in services)


_PLACES: dict[What, Callable[[City], Iterator[str]]] = {
    "line_cut": lambda city: iter(city.lines),
    "uplink_cut": lambda city: (site for site in city.sites if city.uplink_of(site) is not None),
    "flapping": _anywhere,
    "loss": _anywhere,
    "slow": _anywhere,
    "silent": _anywhere,
    "certificate_expired": _speaking("https", "tls"),
    "reboot": _speaking("snmp", "host_page"),
    "recorder_dead": lambda city: iter(city.cameras_of),
    "own_uplink_dead": lambda city: iter(()),
}
_WANTED: dict[What, str] = {
    "line_cut": "the id of a line",
    "uplink_cut": "the id of a county's site",
    "flapping": "the id of a site or a target",
    "loss": "the id of a site or a target",
    "slow": "the id of a site or a target",
    "silent": "the id of a site or a target",
    "certificate_expired": "the id of a target that speaks TLS",
    "reboot": "the id of a router or a host",
    "recorder_dead": "the id of a recorder",
    "own_uplink_dead": "nothing",
}
