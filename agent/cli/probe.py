"""sla-agent probe: one probe now, every step with its time, what it says and what it would count as. Writes nothing."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from pydantic import ValidationError

from agent.cli.common import ConfigOption, default_config, failing_clearly
from agent.clock import SystemClock
from agent.config import load
from agent.config.addresses import check_address
from agent.config.builtin import BUILT_IN, ON_DEMAND
from agent.config.problems import nearest
from agent.config.schema import States
from agent.config.tokens import resolve_token
from agent.config.wording import reword
from agent.errors import UsageError
from agent.skew import with_skew
from collectors import KINDS
from collectors import ON_DEMAND as KINDS_ON_DEMAND
from collectors.base import (
    CollectorUnavailableError,
    Kind,
    Module,
    Outcome,
    Reading,
    Reason,
    Recognised,
    Target,
    error,
    failed,
)  # fmt: skip
from sla import model
from sla.limits import Judgement, Limit, judge
from sla.model import DEGRADED_NAMES

LOG = logging.getLogger(__name__)

NOT_OK = 1
"""Exit status when a reading is not ok."""

GRACE_SECONDS = 5.0
"""How much longer than its timeout a kind that ends its own probes may take before we call that our bug."""

_COUNTS = {Outcome.OK: model.Outcome.OK, Outcome.FAILED: model.Outcome.FAILED, Outcome.ERROR: model.Outcome.ERROR}
_MARKS = {model.Outcome.OK: "✓", model.Outcome.FAILED: "✗", model.Outcome.ERROR: "!"}


class Recipe(NamedTuple):
    """A module as one probe needs it."""

    name: str
    kind: Kind
    options: Module
    limits: Mapping[str, Limit]
    down_loss: float


class Step(NamedTuple):
    """One step of the probe. Units: seconds since its start."""

    seconds: float
    name: str
    detail: str


class Answer(NamedTuple):
    """One reading and what it counts as."""

    reading: Reading
    judgement: Judgement

    @property
    def degraded(self) -> list[str]:
        """The limits it breaks, by name."""
        return [name for name, flag in DEGRADED_NAMES.items() if flag and flag in self.judgement.over]

    @property
    def reason(self) -> Reason | None:
        """Why it is not ok; loss as good as total is a reason that only limits see (S4)."""
        return Reason.LOSS if self.judgement.by_loss else self.reading.reason


class Probed(NamedTuple):
    """One probe that ended."""

    recipe: Recipe
    address: str
    dialled: str
    steps: list[Step]
    seconds: float
    answers: list[Answer]

    @property
    def is_ok(self) -> bool:
        """Whether every reading is ok."""
        return all(answer.judgement.outcome is model.Outcome.OK for answer in self.answers)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("probe")(probe)


def probe(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="A module's name: a built-in one or your own.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="What it dials; @gateway and @resolver work too.")],
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help="Another value of an option, this once.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines.")] = False,
    config: ConfigOption = None,
) -> None:
    """Probe once, now: every step with its time, and the verdict. Nothing is recorded. Exit 1 if not ok."""
    with failing_clearly():
        recipe = with_options(recipe_of(module, config), options or [])
        probed = asyncio.run(measure(recipe, address, dialled(recipe, address)))
        typer.echo(json.dumps(as_dict(probed), ensure_ascii=False) if as_json else "\n".join(words(probed)))
    if not probed.is_ok:
        raise typer.Exit(NOT_OK)


def recipe_of(name: str, config: Path | None) -> Recipe:
    """The module; without a configuration a built-in one. Errors: ConfigError, UsageError naming near ones."""
    path = config or default_config()
    if config is None and not path.exists():
        recipes, where = built_in(), f"built in, and there is no configuration {path} with others"
    else:
        recipes, where = configured(path), f"in {path}"
    if name not in recipes:
        raise UsageError(f"module {name}: not found; wanted one {where}; {nearest(name, recipes)}")
    return recipes[name]


def with_options(recipe: Recipe, said: Sequence[str]) -> Recipe:
    """The module with other values, as a configuration would write them. Errors: UsageError."""
    names = sorted(info.alias or name for name, info in recipe.kind.module_type.model_fields.items())
    written: dict[str, str] = {}
    for each in said:
        name, equals, value = each.partition("=")
        if not equals or name not in names:
            raise UsageError(f"--set {each}: wanted OPTION=VALUE of kind {recipe.kind.name}; {nearest(name, names)}")
        written[name] = value
    if not written:
        return recipe
    known = recipe.options.model_dump(by_alias=True, exclude_unset=True)
    try:
        options = recipe.kind.module_type.model_validate({**known, **written})
    except ValidationError as exc:
        first = exc.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else said[0].partition("=")[0]
        found = reword(first, ("modules", recipe.name, name), written.get(name), names)
        raise UsageError(f"--set {name}: {found.text}; docs/collectors.md has the options") from None
    return recipe._replace(options=options)


def built_in() -> dict[str, Recipe]:
    """The modules that need no configuration."""
    return _recipes({**BUILT_IN, **ON_DEMAND}, States().down_loss)


def _recipes(modules: Mapping[str, tuple[str, Mapping[str, Any]]], down_loss: float) -> dict[str, Recipe]:
    kinds = {kind.name: kind for kind in (*KINDS, *KINDS_ON_DEMAND)}
    return {
        name: Recipe(name, kinds[kind], kinds[kind].module_type.model_validate(options), {}, down_loss)
        for name, (kind, options) in modules.items()
    }


def configured(path: Path) -> dict[str, Recipe]:
    """The modules of a configuration, with the built-in ones that it does not replace. Errors: ConfigError."""
    config = load(path, KINDS)
    kinds = {kind.name: kind for kind in KINDS}
    return _recipes(ON_DEMAND, config.states.down_loss) | {
        name: Recipe(
            name,
            kinds[module.kind],
            module.options,
            {value: Limit(limit.min, limit.max) for value, limit in module.limits.items()},
            config.states.down_loss,
        )
        for name, module in config.modules.items()
    }


def dialled(recipe: Recipe, address: str) -> str:
    """The address with its token resolved. Errors: UsageError for one that the kind cannot dial."""
    for problem in check_address(recipe.kind, address, ("address",)):
        raise UsageError(f"address of kind {recipe.kind.name}: {problem.text}")
    found = resolve_token(address)
    if found is None:
        raise UsageError(f"address {address}: this host has none; name an address")
    return found


async def measure(recipe: Recipe, address: str, dialled: str) -> Probed:
    """One probe, its steps timed."""
    clock, steps = SystemClock(), list[Step]()
    started = clock.monotonic_ns()

    def seconds() -> float:
        return (clock.monotonic_ns() - started) / 1e9

    def trace(step: str, detail: str) -> None:
        steps.append(Step(seconds(), step, detail))

    target = Target(id="probe", address=dialled, timeout_seconds=recipe.options.timeout, trace=trace)
    readings = [with_skew(reading, clock.wall_us()) for reading in await collect(recipe, target)]
    answers = [
        Answer(reading, judge(_COUNTS[reading.outcome], reading.values, recipe.limits, recipe.down_loss))
        for reading in readings
    ]
    return Probed(recipe, address, dialled, steps, seconds(), answers)


async def collect(recipe: Recipe, target: Target) -> Sequence[Reading]:
    """The readings. As in the running agent, our own bug is an error and never the target's failure."""
    kind, limit = recipe.kind, target.timeout_seconds
    try:
        async with kind.build(recipe.options) as collector:
            async with asyncio.timeout(limit + GRACE_SECONDS if kind.owns_deadline else limit):
                readings = await collector.collect(target)
    except CollectorUnavailableError as exc:
        return [error(Reason.PERMISSION, str(exc))]
    except TimeoutError:
        if kind.owns_deadline:
            return [error(Reason.INTERNAL, f"the probe did not end by itself within {limit:g} s")]
        return [failed(Reason.TIMEOUT, f"no answer within {limit:g} s")]
    except Exception as exc:
        LOG.debug("the probe broke", exc_info=True)
        return [error(Reason.INTERNAL, f"the probe broke on our side: {exc!r}")]
    return readings or [error(Reason.INTERNAL, "the collector returned no reading")]


def as_dict(probed: Probed) -> dict[str, Any]:
    """The answer for machines."""
    return {
        "module": probed.recipe.name,
        "kind": probed.recipe.kind.name,
        "address": probed.address,
        "dialled": probed.dialled,
        "timeout_seconds": probed.recipe.options.timeout,
        "duration_seconds": round(probed.seconds, 6),
        "ok": probed.is_ok,
        "verdict": verdict(probed),
        "steps": [
            {"seconds": round(step.seconds, 6), "step": step.name, "detail": step.detail} for step in probed.steps
        ],
        "readings": [_reading(answer) for answer in probed.answers],
    }


def _reading(answer: Answer) -> dict[str, Any]:
    reading = answer.reading
    return {
        "component": reading.component,
        "outcome": answer.judgement.outcome.name.lower(),
        "reason": None if answer.reason is None else str(answer.reason),
        "detail": reading.detail,
        "degraded": answer.degraded,
        "values": dict(reading.values),
        "identity": _identity(reading) or None,
    }


def _identity(reading: Reading) -> str:
    """Who answered (C2); "" where that does not show."""
    return reading.identity if isinstance(reading, Recognised) else ""


def words(probed: Probed) -> list[str]:
    """The answer for people."""
    recipe = probed.recipe
    other = "" if probed.dialled == probed.address else f" = {probed.dialled}"
    lines = [f"{recipe.name} {probed.address}{other}  (kind {recipe.kind.name}, timeout {recipe.options.timeout:g} s)"]
    width = max((len(step.name) for step in probed.steps), default=0)
    lines += [f"  {step.seconds:9.6f} s  {step.name:{width}}  {step.detail}".rstrip() for step in probed.steps]
    lines.append(f"  {probed.seconds:9.6f} s  end")
    for answer in probed.answers:
        lines += _answer_words(answer)
    return [*lines, f"verdict: {verdict(probed)}"]


def _answer_words(answer: Answer) -> list[str]:
    reading, outcome = answer.reading, answer.judgement.outcome
    name = f" {reading.component}" if reading.component else ""
    why = f" {answer.reason}" if answer.reason else ""
    beyond = f", beyond the limit: {', '.join(answer.degraded)}" if answer.degraded else ""
    detail = f": {reading.detail}" if reading.detail else ""
    lines = [f"{_MARKS[outcome]}{name} {outcome.name.lower()}{why}{beyond}{detail}"]
    shown = {value: _decimal(number) for value, number in reading.values.items()}
    if identity := _identity(reading):
        shown["identity"] = identity
    width = max(map(len, shown), default=0)
    return lines + [f"    {name:{width}}  {text}" for name, text in shown.items()]


def _decimal(number: float) -> str:
    """To the microsecond, without an exponent."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def verdict(probed: Probed) -> str:
    """What one such reading means. A state needs several of them (S3)."""
    outcomes = {answer.judgement.outcome for answer in probed.answers}
    if probed.recipe.kind in KINDS_ON_DEMAND and model.Outcome.FAILED in outcomes:
        return "no answer in the name of the address; evidence of where, and no target's state follows from it"
    if model.Outcome.FAILED in outcomes:
        return "failed, evidence against the target; 3 in a row make it DOWN"
    if model.Outcome.ERROR in outcomes:
        return "not measured, an error on our side; says nothing of the target, whose time becomes UNKNOWN"
    if any(answer.degraded for answer in probed.answers):
        return "ok, but beyond a limit; the target would be DEGRADED"
    return "ok"
