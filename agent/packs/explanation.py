"""Why a number is what it is, for people and as JSON: its formula with this period's values, and what it rests on."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from agent.figures.asked import Asked
from agent.figures.formulas.availability import platforms_of
from agent.figures.parts import refuse_split
from agent.figures.plan import PlanTables, row_as_json
from agent.instants import hours
from agent.language import ZH
from agent.packs.contributions import LARGEST, largest
from agent.packs.scope import COUNTED, RECORDS
from agent.registers import REGISTERS
from sla.availability import availability
from sla.changes import options_changed
from sla.confirm import FOREVER
from sla.indicators import Judged
from sla.model import Window
from sla.plans import Row

Json = dict[str, Any]

FORMULAS = {
    "time": (
        "Σ 正常（含降级）时间 / Σ 服务时间；下界把未知计为中断，上界计为正常（A3–A5）",
        "Σ up (degraded included) / Σ in service; the low bound takes unknown for down, the high one for up (A3 to A5)",
    ),
    "rate": (
        "按时 /（按时 + 超时 + 无法判定）；下界对可能隐藏超时故障的观测空白各加 1（F4、F10、F11）",
        "in time / (in time + late + undecided); the low bound adds one for a gap that may hide one (F4, F10, F11)",
    ),
    "deadline": (
        "按时 /（按时 + 超时）；未到期的不计（V5、V6）",
        "in time / (in time + late); what is not due yet is out (V5, V6)",
    ),
    "signed": ("期内最后一份已签字的数值（C6）", "the last signed figure of the period (C6)"),
    "share": (
        "计为“是”的对象数 / 全部对象数；未知的只计入上界（C1–C6）",
        "objects that count as yes / all of them; unknown ones are in the high bound alone (C1 to C6)",
    ),
}
_SORTS = {
    "availability_composite": "time", "redundant_time": "time", "redundant_lines": "time", "dual_stack_time": "time",
    "clearing_rate": "rate", "data_rectification": "deadline", "security_rectification": "deadline",
    "measure": "signed", "measure_count": "signed",
}  # fmt: skip
HEADS = {
    "zh": (
        "公式：%s", "代入本期：下界 %s，上界 %s", "影响最大的：", "参数自 %s 起生效（%s）",
        "录入：%s（%s 行，最近 %s）", "时间来源：探测 %s，导入 %s",
    ),
    "en": (
        "formula: %s", "with this period's values: low %s, high %s", "what weighs most:", "parameters since %s (%s)",
        "entered by %s (%s rows, last %s)", "time by source: probes %s, files %s",
    ),
}  # fmt: skip
_SHOWN = 10
_KINDS = {"start": ("代理启动", "start of the agent"), "reload": ("重新装载配置", "reload of the configuration")}


class Entered(NamedTuple):
    """Rows that one person entered of what the number rests on. Units: `last` in microseconds UTC."""

    by: str
    register: str
    rows: int
    last: int


def explanation(tables: PlanTables, wanted: tuple[Asked, str], row: Row, language: str) -> Json:
    """All of it as JSON."""
    asked, name = wanted
    refuse_split(asked, row, "an explanation")
    judged = tables.row(asked, row)
    head = tables.head_of(asked, name)
    probe, imported = sources(asked, judged)
    return {
        "plan": asked.plan.id,
        "period": name,
        "as_of": asked.time(asked.as_of),
        "simulated": head.simulated,
        "indicator": row_as_json(head, judged, language),
        "formula": formula_text(row, language),
        "with_values": {"low": _filled(judged, judged.figure.low), "high": _filled(judged, judged.figure.high)},
        "contributions": [
            {"text": each.words(language), **each.values, "us": each.weight} for each in largest(asked, judged)
        ],
        "parameters_since": [{"at": asked.time(at), "by": by, "kind": kind} for at, by, kind in configured(asked)],
        "entered": [
            {"by": each.by, "register": each.register, "rows": each.rows, "last": asked.time(each.last)}
            for each in entered(asked, row)
        ],
        "source_us": {"probe": probe, "imported": imported},
    }


def lines(asked: Asked, judged: Judged, language: str) -> Iterator[str]:
    """The same for a terminal: what `report --explain` adds to the words of the row."""
    formula, values, most, since, who, source = HEADS[language]
    yield formula % formula_text(judged.row, language)
    if judged.figure.low is not None and judged.figure.high is not None:
        yield values % (_filled(judged, judged.figure.low), _filled(judged, judged.figure.high))
    found = largest(asked, judged)
    if found:
        yield most
        yield from (f"  {number}. {each.words(language)}" for number, each in enumerate(found[:LARGEST], start=1))
    for at, by, kind in list(configured(asked))[-_SHOWN:]:
        yield since % (asked.time(at), _by(kind, by, language))
    for each in entered(asked, judged.row)[:_SHOWN]:
        yield who % (f"{each.by} · {_register(each.register, language)}", each.rows, asked.time(each.last))
    probe, imported = sources(asked, judged)
    if probe or imported:
        yield source % (hours(probe), hours(imported))


def _by(kind: str, by: str, language: str) -> str:
    """What brought a configuration into force, and who did where that was not the agent itself."""
    word = _KINDS[kind][0 if language == ZH else 1]
    return word if by == "agent" else f"{word}，{by}" if language == ZH else f"{word}, {by}"


def _register(name: str, language: str) -> str:
    """A register by its name: in Chinese what its own description begins with."""
    return re.split("[：（，。]", REGISTERS[name].zh)[0] if language == ZH else name.replace("_", " ")


def formula_text(row: Row, language: str) -> str:
    """The formula of a row in words."""
    return FORMULAS[_SORTS.get(row.formula, "share")][0 if language == ZH else 1]


def _filled(judged: Judged, ratio: Sequence[int] | None) -> str:
    if ratio is None or not ratio[1]:
        return "-"
    said = [hours(each) if judged.figure.timed else str(each) for each in ratio]
    return " / ".join(said)


def configured(asked: Asked) -> Iterator[tuple[int, str, str]]:
    """When parameters came into force: of the plan (V7), and by starts and reloads with another configuration (E7)."""
    yield from sorted([*_loaded(asked), *_of_plan(asked)])


def _of_plan(asked: Asked) -> Iterator[tuple[int, str, str]]:
    for change, said in options_changed(asked.plan, Window(-FOREVER, asked.as_of)):
        by = "" if change.adopted is None else f"{change.adopted.by}, {change.adopted.document}"
        yield change.since, by, "plan " + ", ".join(f"{name} {word}" for name, word in said.items())


def _loaded(asked: Asked) -> Iterator[tuple[int, str, str]]:
    before: object = None
    records = [record for kind in ("start", "reload") for record in asked.reader.records(kind)]
    for record in sorted(records, key=lambda each: each.at):
        digest = json.loads(record.body).get("digest")
        if digest != before and record.at < asked.as_of:
            yield record.at, record.by, record.kind
        before = digest


def entered(asked: Asked, row: Row) -> list[Entered]:
    """Who entered the rows that it rests on."""
    found: dict[tuple[str, str], list[int]] = {}
    for register in _registers(row):
        for id_ in asked.book.ids(register):
            for version in asked.book.versions(register, id_):
                found.setdefault((version.recorded_by, register), []).append(version.recorded_at)
    return [Entered(by, register, len(at), max(at)) for (by, register), at in sorted(found.items())]


def _registers(row: Row) -> Sequence[str]:
    if row.formula in RECORDS:
        return (RECORDS[row.formula],)
    if row.formula == "coverage":
        return ("divisions", "sites", "targets", "links")
    if row.formula == "bandwidth_support":
        return ("systems", "links")
    return (COUNTED[row.formula],) if row.formula in COUNTED else (
        "targets", "links", "sites", "platforms", "components", "maintenance", "faults",
    )  # fmt: skip


def sources(asked: Asked, judged: Judged) -> tuple[int, int]:
    """Known time of the platforms that count, by source (A8). Units: microseconds."""
    if judged.row.formula != "availability_composite":
        return 0, 0
    known = asked.known
    found = [
        availability(known.of(id_), known.service(id_), asked.window)
        for id_ in judged.row.scope.get("platforms") or platforms_of(asked)
        if known.has(id_)
    ]
    return sum(each.probe for each in found), sum(each.imported for each in found)
