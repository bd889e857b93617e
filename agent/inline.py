"""The targets of agent.yml as rows of the store's register, with every default filled in."""

from collections.abc import Iterator
from decimal import Decimal

from agent.config import Config, TargetConfig
from agent.config.problems import hide_user_info
from agent.stores.inline import InlineRow


def inline_rows(config: Config) -> list[InlineRow]:
    """What the store is to know of them."""
    return [
        InlineRow(target.id, target.in_service_from_us, target.in_service_to_us, dict(_body(target)))
        for target in config.targets
    ]


def _body(target: TargetConfig) -> Iterator[tuple[str, object]]:
    yield "kind", target.kind
    yield "address", hide_user_info(target.address)
    yield "role", str(target.role)
    yield "module", target.module
    yield "interval_seconds", _number(target.interval_seconds)
    yield "timeout_seconds", _number(target.timeout_seconds)
    texts = ("name", "site_id", "plane", "confirm", "responsible_unit", "carrier", "source_doc")
    for name in texts:
        if value := getattr(target, name):
            yield name, value
    if target.parents:
        yield "parents", list(target.parents)
    if target.families_required:
        yield "families_required", list(target.families_required)


def _number(seconds: float) -> int | float:
    """A whole number without a fraction, so that the row stays the same whoever wrote it."""
    whole = Decimal(str(seconds))
    return int(whole) if whole == whole.to_integral_value() else seconds
