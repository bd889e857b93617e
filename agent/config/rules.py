"""What one option asks of another. Each rule yields the problems it finds; none needs the network."""

from collections.abc import Callable, Iterator, Sequence

from agent.config.addresses import check_address
from agent.config.builtin import BUILT_IN
from agent.config.draft import Draft
from agent.config.notice_rules import NOTICE_RULES
from agent.config.problems import Found, Path, Rule, nearest, show
from agent.config.schema import Plane, Vantage
from agent.config.target_rules import TARGET_RULES
from agent.config.trap_rules import TRAP_RULES
from agent.config.values import is_name
from agent.config.witness_rules import WITNESS_RULES
from agent.metrics import is_named, target_families

LONGEST_TIMEOUT = 3600
Addresses = Sequence[tuple[Path, str]]
_NEXT = "raise interval or lower timeout"


def vantage_has_a_name(draft: Draft) -> Iterator[Found]:
    """Without vantage.name the host name is it, and must be usable as one."""
    if draft.vantage is not None and draft.vantage.name is None and not is_name(draft.host_name):
        text = f"got nothing, and the host name {show(draft.host_name)} cannot be a name; set vantage.name"
        yield Found(Rule.HOST_NAME, ("vantage", "name"), text)


def built_in_modules_keep_their_kind(draft: Draft) -> Iterator[Found]:
    """Targets without a module rely on it."""
    for name, module in draft.modules.items():
        kind = BUILT_IN[name][0] if name in BUILT_IN else module.kind
        if module.kind != kind:
            text = f"got {module.kind}, wanted {kind}: {name} is a built-in module; give yours another name"
            yield Found(Rule.BUILT_IN, ("modules", name, "kind"), text)


def limits_name_values_of_the_kind(draft: Draft) -> Iterator[Found]:
    """A limit on a value that never comes would never be broken."""
    for name, module in draft.modules.items():
        values = draft.kinds[module.kind].values
        for value in module.limits:
            if value not in values:
                text = f"got a value that {module.kind} does not measure; {nearest(value, values)}"
                yield Found(Rule.LIMIT, ("modules", name, "limits", value), text, at_key=True)


def limits_can_be_met(draft: Draft) -> Iterator[Found]:
    """At least one bound, and the smallest not above the largest."""
    for name, module in draft.modules.items():
        for value, limit in module.limits.items():
            path = ("modules", name, "limits", value)
            if limit.min is None and limit.max is None:
                yield Found(Rule.LIMIT_BOUNDS, path, "got no bound, wanted min, max or both")
            elif limit.min is not None and limit.max is not None and limit.min > limit.max:
                text = f"got min {limit.min:g} above max {limit.max:g}, wanted min <= max; exchange them"
                yield Found(Rule.LIMIT_BOUNDS, path, text)


def timeouts_are_usable(draft: Draft) -> Iterator[Found]:
    """A probe needs some time, and not for ever."""
    for name, module in draft.modules.items():
        if not 0.001 <= module.timeout_seconds <= LONGEST_TIMEOUT:
            path = ("modules", name, "timeout")
            yield Found(Rule.DURATION, path, f"got {show(draft.tree.at(path))}, wanted 1ms to 1h")


def intervals_hold_a_probe(draft: Draft) -> Iterator[Found]:
    """One probe of a target must end before its next begins."""
    for name, module in draft.modules.items():
        if module.interval_seconds < module.timeout_seconds <= LONGEST_TIMEOUT:
            text = (
                f"got {module.interval_seconds:g}s, wanted at least the timeout of {module.timeout_seconds:g}s; {_NEXT}"
            )
            yield Found(Rule.INTERVAL, _written(draft, ("modules", name), "interval", "timeout"), text)


def retries_come_sooner(draft: Draft) -> Iterator[Found]:
    """S3: an open streak is probed more often, never less."""
    for name, module in draft.modules.items():
        if module.retry_interval_seconds > module.interval_seconds:
            text = (
                f"got {module.retry_interval_seconds:g}s, wanted at most the interval of "
                f"{module.interval_seconds:g}s; lower it or leave it out"
            )
            yield Found(Rule.RETRY_INTERVAL, ("modules", name, "retry_interval"), text)


def anchors_are_enough(draft: Draft) -> Iterator[Found]:
    """S6: with one anchor its own fault would hide every fault of the plane."""
    for name, plane in draft.planes.items():
        if plane.anchors and len(set(plane.anchors)) < 2:
            text = f"got one address, wanted none or at least two different ones (S6); add an anchor on {name}"
            yield Found(Rule.ANCHORS, ("planes", name, "anchors"), text)


def self_checks_are_possible(draft: Draft) -> Iterator[Found]:
    """The modules of the self-check exist and take its addresses, in time."""
    if draft.vantage is not None and draft.vantage.gateway is not None:
        gateway: Addresses = [(("vantage", "gateway"), draft.vantage.gateway)]
        yield from _self_check(draft, ("vantage",), draft.vantage, gateway)
    for name, plane in draft.planes.items():
        anchors: Addresses = [(("planes", name, "anchors", i), address) for i, address in enumerate(plane.anchors)]
        yield from _self_check(draft, ("planes", name), plane, anchors)


def _self_check(draft: Draft, path: Path, section: Vantage | Plane, addresses: Addresses) -> Iterator[Found]:
    if addresses and section.module not in draft.module_names:
        step = nearest(section.module, draft.module_names)
        text = f"got the unknown module {show(section.module)}, wanted one that exists; {step}"
        yield Found(Rule.MODULE, (*path, "module"), text)
    module = draft.modules.get(section.module)
    if not addresses or module is None:
        return
    for where, address in addresses:
        yield from check_address(draft.kinds[module.kind], address, where)
    if section.interval < module.timeout_seconds <= LONGEST_TIMEOUT:
        text = (
            f"got {section.interval:g}s, wanted at least the timeout of {module.timeout_seconds:g}s of module "
            f"{module.name}; {_NEXT}"
        )
        yield Found(Rule.INTERVAL, _written(draft, path, "interval", "module"), text)


def _written(draft: Draft, path: Path, *names: str) -> Path:
    """The path of the first of these options that stands in the file."""
    written = (name for name in names if draft.tree.at((*path, name)) is not None)
    return (*path, next(written, names[0]))


def families_exist(draft: Draft) -> Iterator[Found]:
    """What is wanted on the page and is no family would be missed without a word."""
    every = target_families(draft.kinds.values())
    for index, name in enumerate(draft.web.families):
        if not any(is_named(family, (name,)) for family in every):
            text = f"got {show(name)}, wanted a family of targets, or its beginning and *; {nearest(name, every)}"
            yield Found(Rule.VALUE, ("web", "families", index), text)


RULES: tuple[Callable[[Draft], Iterator[Found]], ...] = (
    vantage_has_a_name,
    built_in_modules_keep_their_kind,
    limits_name_values_of_the_kind,
    limits_can_be_met,
    timeouts_are_usable,
    intervals_hold_a_probe,
    retries_come_sooner,
    anchors_are_enough,
    self_checks_are_possible,
    families_exist,
    *TRAP_RULES,
    *WITNESS_RULES,
    *NOTICE_RULES,
    *TARGET_RULES,
)
