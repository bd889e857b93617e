"""What a target asks of the rest of the configuration, and of other targets."""

from collections.abc import Callable, Iterator, Mapping

from pydantic import ValidationError

from agent.config.addresses import check_address, check_families
from agent.config.draft import Draft
from agent.config.instants import parse_instant
from agent.config.problems import Found, Path, Rule, nearest, show, unknown_kind
from agent.config.schema import TargetRow

MAX_TARGETS = 100


def _path(index: int, column: str) -> Path:
    return "targets", index, column


def inline_targets_are_few(draft: Draft) -> Iterator[Found]:
    """Long lists are data, not configuration."""
    raw = draft.tree.at(("targets",))
    count = len(raw) if isinstance(raw, list) else 0
    if count > MAX_TARGETS:
        text = f"got {count} targets, wanted at most {MAX_TARGETS} here; put them into a register file and import it"
        yield Found(Rule.TOO_MANY_TARGETS, ("targets", MAX_TARGETS), text)


def ids_are_unique(draft: Draft) -> Iterator[Found]:
    """One id is one target."""
    first: dict[str, int] = {}
    for index, row in draft.rows.items():
        if row.target_id in first:
            line = draft.tree.place(_path(first[row.target_id], "target_id"))[0]
            text = f"got {row.target_id} a second time, wanted each id once; the first is in line {line}"
            yield Found(Rule.DUPLICATE_ID, _path(index, "target_id"), text)
        first.setdefault(row.target_id, index)


def kinds_are_known(draft: Draft) -> Iterator[Found]:
    """A target is measured by a kind of this agent."""
    for index, row in draft.rows.items():
        if row.kind not in draft.kinds:
            yield Found(Rule.KIND, _path(index, "kind"), unknown_kind(row.kind, draft.kinds))


def modules_are_known(draft: Draft) -> Iterator[Found]:
    """The module exists, or the kind has one of its own."""
    for index, row in draft.rows.items():
        if row.module is not None and row.module not in draft.module_names:
            yield _unknown_module(draft, index, "module", row.module)
        elif row.module is None and row.kind in draft.kinds and draft.default_module(row.kind) is None:
            text = f"got nothing, and kind {row.kind} has no module of its own; define one and name it here"
            yield Found(Rule.DEFAULT_MODULE, _path(index, "module"), text)


def _unknown_module(draft: Draft, index: int, column: str, name: str) -> Found:
    text = f"got the unknown module {show(name)}, wanted one that exists; {nearest(name, draft.module_names)}"
    return Found(Rule.MODULE, _path(index, column), text)


def modules_are_of_the_kind(draft: Draft) -> Iterator[Found]:
    """A target's kind and its module's are the same."""
    for index, row in draft.rows.items():
        module = draft.modules.get(row.module or "")
        if module is not None and row.kind in draft.kinds and module.kind != row.kind:
            text = f"got {module.name} of kind {module.kind}, wanted a module of kind {row.kind}; change kind or module"
            yield Found(Rule.MODULE_KIND, _path(index, "module"), text)


def addresses_fit_the_kind(draft: Draft) -> Iterator[Found]:
    """The kind can dial the address."""
    for index, row in draft.rows.items():
        if row.kind in draft.kinds:
            yield from check_address(draft.kinds[row.kind], row.address, _path(index, "address"))


def addresses_have_the_families(draft: Draft) -> Iterator[Found]:
    """Each IP version that is required can be asked."""
    for index, row in draft.rows.items():
        families = {int(family) for family in row.families_required}
        yield from check_families(families, row.address, _path(index, "families_required"))


def confirmations_are_second_opinions(draft: Draft) -> Iterator[Found]:
    """S3: the second module exists, is another one and can dial the same address."""
    for index, row in draft.rows.items():
        if row.confirm is not None:
            yield from _confirmation(draft, index, row, row.confirm)


def _confirmation(draft: Draft, index: int, row: TargetRow, name: str) -> Iterator[Found]:
    path = _path(index, "confirm")
    if name not in draft.module_names:
        yield _unknown_module(draft, index, "confirm", name)
    elif name == (row.module or draft.default_module(row.kind)):
        yield Found(Rule.CONFIRM, path, f"got {name}, which is the target's own module, wanted another one")
    elif name in draft.modules:
        kind = draft.kinds[draft.modules[name].kind]
        for problem in check_address(kind, row.address, path):
            text = f"got {name} of kind {kind.name}, which cannot dial {show(row.address)}; {problem.text}"
            yield Found(Rule.CONFIRM, path, text)


def planes_are_known(draft: Draft) -> Iterator[Found]:
    """A target's plane is one of `planes`."""
    for index, row in draft.rows.items():
        if row.plane is not None and row.plane not in draft.plane_names:
            step = nearest(row.plane, draft.plane_names)
            text = f"got the unknown plane {show(row.plane)}, wanted one of `planes`; {step}"
            yield Found(Rule.PLANE, _path(index, "plane"), text)


def intervals_hold_a_probe(draft: Draft) -> Iterator[Found]:
    """A target's own interval and timeout fit together, and with its module's."""
    for index, row in draft.rows.items():
        module = draft.module_of(row)
        if module is None or (row.interval_seconds is None and row.timeout_seconds is None):
            continue
        interval = row.interval_seconds or module.interval_seconds
        timeout = row.timeout_seconds or module.timeout_seconds
        if interval < timeout:
            column = "timeout_seconds" if row.interval_seconds is None else "interval_seconds"
            text = (
                f"got an interval of {interval:g} s and a timeout of {timeout:g} s with module {module.name}, "
                "wanted interval >= timeout; raise interval_seconds or lower timeout_seconds"
            )
            yield Found(Rule.INTERVAL, _path(index, column), text)


def timeouts_fit_the_module(draft: Draft) -> Iterator[Found]:
    """A module that could not be written with a target's timeout (ten echoes in 100 ms) cannot run with it either."""
    for index, row in draft.rows.items():
        module = draft.module_of(row)
        if module is None or row.timeout_seconds is None:
            continue
        options = module.options.model_dump(by_alias=True, exclude_unset=True)
        try:
            type(module.options).model_validate(options | {"timeout": row.timeout_seconds})
        except ValidationError as exc:
            why = str(exc.errors()[0].get("ctx", {}).get("error", "its options need another one"))
            text = f"got {row.timeout_seconds:g}, which module {module.name} cannot use: {why}"
            yield Found(Rule.DURATION, _path(index, "timeout_seconds"), text)


def this_vantage_probes_them(draft: Draft) -> Iterator[Found]:
    """One agent is one vantage; another's targets belong into its own configuration."""
    for index, row in draft.rows.items():
        if draft.vantage_name is not None and row.vantage not in (None, draft.vantage_name):
            text = f"got {row.vantage}, wanted this vantage, {show(draft.vantage_name)}; leave it out or correct it"
            yield Found(Rule.VANTAGE, _path(index, "vantage"), text)


def service_begins_before_it_ends(draft: Draft) -> Iterator[Found]:
    """Both ends are instants and in order."""
    for index, row in draft.rows.items():
        ends: dict[str, int] = {}
        for column in ("in_service_from", "in_service_to"):
            text = getattr(row, column)
            try:
                ends.update({} if text is None else {column: parse_instant(text, draft.zone)})
            except ValueError as exc:
                yield Found(Rule.DATE, _path(index, column), f"got {show(text)}, {exc}")
        if len(ends) == 2 and ends["in_service_to"] <= ends["in_service_from"]:
            text = f"got {row.in_service_to}, wanted a later end than in_service_from, {row.in_service_from}"
            yield Found(Rule.IN_SERVICE, _path(index, "in_service_to"), text)


def parents_exist(draft: Draft) -> Iterator[Found]:
    """A parent is the id of a target here, or of a component of one."""
    known = _written_ids(draft)
    for index, row in draft.rows.items():
        for parent in row.parents:
            if parent.partition("#")[0] not in known:
                text = f"got the unknown parent {show(parent)}, wanted the id of a target; {nearest(parent, known)}"
                yield Found(Rule.PARENT, _path(index, "parents"), text)


def _written_ids(draft: Draft) -> set[str]:
    """All ids in the file, also of rows that have problems of their own."""
    raw = draft.tree.at(("targets",))
    rows = raw if isinstance(raw, list) else []
    return {str(row["target_id"]) for row in rows if isinstance(row, dict) and "target_id" in row}


def parents_have_no_cycle(draft: Draft) -> Iterator[Found]:
    """A way to the core ends; each cycle is told once."""
    index_of = {row.target_id: index for index, row in reversed(list(draft.rows.items()))}
    ways = {
        id_: [base for parent in draft.rows[index].parents if (base := parent.partition("#")[0]) in index_of]
        for id_, index in sorted(index_of.items(), key=lambda item: item[1])
    }
    while cycle := _cycle(ways):
        text = f"got {' -> '.join([*cycle, cycle[0]])}, wanted parents without a cycle; remove one of them"
        yield Found(Rule.PARENT_CYCLE, _path(index_of[cycle[0]], "parents"), text)
        ways = {id_: parents for id_, parents in ways.items() if id_ not in cycle}


def _cycle(ways: Mapping[str, list[str]]) -> list[str]:
    """One cycle, beginning with its first target in the file; [] if there is none."""
    left = dict(ways)
    while ended := [id_ for id_, parents in left.items() if not any(parent in left for parent in parents)]:
        for id_ in ended:
            del left[id_]
    if not left:
        return []
    walk = [next(iter(left))]
    while (step := next(parent for parent in left[walk[-1]] if parent in left)) not in walk:
        walk.append(step)
    cycle = walk[walk.index(step) :]
    start = cycle.index(min(cycle, key=list(ways).index))
    return cycle[start:] + cycle[:start]


TARGET_RULES: tuple[Callable[[Draft], Iterator[Found]], ...] = (
    inline_targets_are_few,
    ids_are_unique,
    kinds_are_known,
    modules_are_known,
    modules_are_of_the_kind,
    addresses_fit_the_kind,
    addresses_have_the_families,
    confirmations_are_second_opinions,
    planes_are_known,
    intervals_hold_a_probe,
    timeouts_fit_the_module,
    this_vantage_probes_them,
    service_begins_before_it_ends,
    parents_exist,
    parents_have_no_cycle,
)
