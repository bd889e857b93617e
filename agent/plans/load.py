"""A plan file into a Plan, or all that is wrong with it by line. Reads files, never the network."""

import os
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from agent.config.load import located, read_text, unreadable
from agent.config.nodes import UnreadableError, parse
from agent.config.problems import ConfigError, nearest, show
from agent.config.reader import Reader
from agent.errors import UsageError
from agent.plans.options import history, options_of, reads
from agent.plans.rules import check_head, read_rows
from agent.plans.schema import Adopted, PlanFile, PlanHead
from sla.changes import with_options
from sla.plans import Adoption, Plan, Row

BUILT_IN = ("ankang", "weinan", "xian", "guangyuan")
"""Plans that travel with the agent."""

EXAMPLE = "sla-agent template plan"


def load_plan(path: Path) -> Plan:
    """The plan of a file. Errors: ConfigError with all problems, by line."""
    try:
        tree = parse(read_text(path, "--plan"), EXAMPLE)
    except UnreadableError as exc:
        raise ConfigError([unreadable(path, exc)]) from exc
    reader = Reader(tree)
    reader.unknown_options(PlanFile.model_fields)
    head = reader.read(PlanHead, (), keys=PlanHead.model_fields)
    check_head(reader, head)
    rows = read_rows(reader, head)
    unread = {item.path for item in tree.found if item.place is None}
    found = [*tree.found, *(item for item in reader.found if item.path not in unread)]
    if found or head is None:
        raise ConfigError(located(str(path), tree, found))
    return _plan(head, rows)


def plan_by_id(id_: str, configured: Sequence[Plan] = ()) -> Plan:
    """A plan by its id, of the configuration or built in, or by its file. Errors: ConfigError, UsageError."""
    for plan in configured:
        if plan.id == id_:
            return plan
    if id_ in BUILT_IN:
        return _built_in(id_)
    if _is_file(id_):
        return load_plan(Path(id_))
    step = nearest(id_, [*BUILT_IN, *(plan.id for plan in configured)])
    raise UsageError(f"plan: got {show(id_)}, wanted a plan's id, or its file, which ends in .yml; {step}")


def configured_plans(names: Sequence[str], folder: Path) -> list[Plan]:
    """The plans that a configuration names, its own files beside it. Errors: ConfigError, UsageError."""
    found: list[Plan] = []
    for name in names:
        plan = load_plan(folder / name) if _is_file(name) else plan_by_id(name)
        if any(plan.id == other.id for other in found):
            raise UsageError(f"plans: got {show(plan.id)} a second time, wanted each plan once; remove {show(name)}")
        found.append(plan)
    return found


def _is_file(name: str) -> bool:
    return os.sep in name or name.endswith((".yml", ".yaml"))


@cache
def _built_in(id_: str) -> Plan:
    with resources.as_file(resources.files("agent") / "data" / "config" / "plans" / f"{id_}.yml") as path:
        return load_plan(path)


def _plan(head: PlanHead, rows: tuple[Row, ...]) -> Plan:
    plan = Plan(
        id=head.id,
        title_zh=head.title.zh,
        title_en=head.title.en,
        city_zh=head.city.zh,
        city_en=head.city.en,
        zone=head.zone,
        is_draft=head.draft,
        document=head.document,
        years=head.years,
        **options_of(head.model_dump())._asdict(),
        history=history(head),
        adopted=adoption(head.adopted),
        rows=rows,
    )
    return with_options(plan, reads)


def adoption(adopted: Adopted | None) -> Adoption | None:
    """Who adopted it, as the figures carry it (V7)."""
    return None if adopted is None else Adoption(adopted.by, adopted.document, adopted.date)
