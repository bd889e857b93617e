"""What the actions that hold at one time make of each thing and each line. Pure: no clock, no socket."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from agent.lab.city import City, Thing
from agent.lab.script import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a thing answers.

    Shape: not `is_reachable` is behind a cut (loopback: its listener is closed); `is_silent` takes everything and says
    nothing. Units: `delay` and `flap_period` in seconds, `loss` as a share; 0 is none. `reboots`: the actions that
    restart it, each of which is one start.
    """

    is_reachable: bool = True
    is_silent: bool = False
    delay: float = 0.0
    loss: float = 0.0
    flap_period: float = 0.0
    is_expired: bool = False
    is_rebooting: bool = False
    lines_down: frozenset[str] = frozenset()


WELL = Condition()


def lines_down(city: City, actions: Iterable[Action]) -> frozenset[str]:
    """The lines that are cut, by themselves."""
    return frozenset(action.where for action in actions if action.what == "line_cut")


def sites_cut_off(city: City, actions: Collection[Action]) -> frozenset[str]:
    """The sites that the core cannot reach: all lines cut, an uplink dead, or what they hang on cut off."""
    if any(action.what == "own_uplink_dead" for action in actions):
        return frozenset(city.sites)
    down = lines_down(city, actions)
    dead = {city.uplink_of(action.where) for action in actions if action.what == "uplink_cut"}
    return frozenset(site for site in city.sites if _is_cut_off(city, site, down, dead))


def _is_cut_off(city: City, site: str, down: Collection[str], dead: Collection[str | None]) -> bool:
    """A site's lines all begin nearer the core, so this ends."""
    if site in dead:
        return True
    lines = city.lines_of[site]
    return bool(lines) and all(line.id in down or _is_cut_off(city, line.a_site, down, dead) for line in lines)


def conditions(city: City, actions: Collection[Action]) -> Mapping[str, Condition]:
    """How each thing answers that is not well; of several actions the worst holds."""
    cut_off, down = sites_cut_off(city, actions), lines_down(city, actions)
    own = [action for action in actions if action.what not in ("line_cut", "uplink_cut", "own_uplink_dead")]
    found = {}
    for thing in city.things.values():
        hit = [action for action in own if _hits(action, thing)]
        if hit or thing.site in cut_off or (down and thing.interfaces):
            found[thing.id] = _condition(thing, hit, is_reachable=thing.site not in cut_off, down=down)
    return {id_: condition for id_, condition in found.items() if condition != WELL}


def _hits(action: Action, thing: Thing) -> bool:
    """A site is everything at it, a recorder its cameras too."""
    return action.where in (thing.id, thing.site, thing.recorder)


def _condition(thing: Thing, hit: Collection[Action], *, is_reachable: bool, down: Collection[str]) -> Condition:
    by_what = {what: [action for action in hit if action.what == what] for what in {action.what for action in hit}}
    return Condition(
        is_reachable=is_reachable and "recorder_dead" not in by_what,
        is_silent="silent" in by_what,
        delay=max((action.delay for action in by_what.get("slow", ())), default=0.0),
        loss=max((action.ratio for action in by_what.get("loss", ())), default=0.0),
        flap_period=min((action.period for action in by_what.get("flapping", ())), default=0.0),
        is_expired="certificate_expired" in by_what,
        is_rebooting="reboot" in by_what,
        lines_down=frozenset(each.line for each in thing.interfaces if each.line in down),
    )
