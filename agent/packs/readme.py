"""The words in a pack for somebody who was not there: what the number is, how it was made, what weighs most."""

from collections.abc import Iterator
from typing import Any

from agent.figures.asked import Asked
from agent.figures.plan import Table
from agent.language import EN, LANGUAGES
from agent.packs.contributions import largest
from agent.reports.explain import explained
from sla.indicators import Judged

HOW = {
    "zh": (
        "证据包：一个公布的数值及其全部依据",
        "核对方法：在任何装有 Python 3.8 以上的机器上运行 python3 verify.py 证据包.zip；verify.py 只用标准库，不引用本软件。",
        "它核对每个文件的摘要、各行在哈希链中的位置，并由状态变化、维护窗口、登记和记录重新算出分子、分母、上下界和结论。",
        "对该数值影响最大的：",
        "文件：method.json 方法与参数；row.json 规划原表的条目；registers.csv 有关的登记和记录（全部版本）；objects.csv 对象及服务期；"
        "counted.csv 计入与未计入的对象；timelines.csv 状态变化；readings.csv 每个变化保留的读数（E6）；gaps.csv 未知时段及原因；"
        "windows.csv 维护窗口及认定；faults.json 故障；figure.json 数值；runs.csv、events.csv 代理的运行与事件；"
        "told.csv、sightings.csv、bins.csv、calendar.json 见文档；chain.json 哈希链证明；MANIFEST、CHECKS 摘要。",
        "时间均为 UTC 微秒，区间含起点、不含终点。",
        "（无）",
    ),
    "en": (
        "Evidence pack: one published number and all that it rests on",
        "To check it, on any machine with Python 3.8 or later: python3 verify.py PACK.zip. verify.py uses Python's own "
        "library alone and nothing of the program that made the pack.",
        "It holds every file against its digest and the rows against the chain, and makes numerator, denominator, bounds "
        "and verdict again from edges, windows, registers and records.",
        "What weighs most in this number:",
        "Files: method.json the method and its parameters; row.json the plan's row; registers.csv registers and records "
        "that matter, every version; objects.csv objects and their dates of service; counted.csv what is counted and what "
        "is not; timelines.csv edges; readings.csv the readings that each edge keeps (E6); gaps.csv time that is not known, "
        "and why; windows.csv maintenance windows and what they count; faults.json faults; figure.json the number; "
        "runs.csv and events.csv the agent's runs; told.csv, sightings.csv, bins.csv, calendar.json: see the "
        "documentation; chain.json proofs of the chain; MANIFEST and CHECKS digests.",
        "Times are microseconds of UTC; a stretch has its start and not its end.",
        "(nothing)",
    ),
}


def readme(asked: Asked, head: Table, judged: Judged, chain: dict[str, Any]) -> str:
    """Chinese first, then English."""
    return "\n\n".join("\n".join(_part(asked, head, judged, language)) for language in LANGUAGES) + "\n"


def _part(asked: Asked, head: Table, judged: Judged, language: str) -> Iterator[str]:
    title, check, what, most, files, times, none = HOW[EN if language == EN else "zh"]
    yield title
    yield "=" * len(title)
    yield from explained(head, judged, language)
    yield ""
    yield most
    weights = [f"{number}. {each.words(language)}" for number, each in enumerate(largest(asked, judged), start=1)]
    yield from weights or [none]
    yield ""
    yield from (check, what, files, times)
