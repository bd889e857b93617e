"""The words in a pack for somebody who was not there: what the number is, how it was made, what weighs most."""

from collections.abc import Iterator
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.plan import Table
from agent.language import LANGUAGES, ZH
from agent.packs.contributions import largest
from agent.reports.explain import explained
from sla.indicators import Judged


class Words(NamedTuple):
    """What every pack says, in one language."""

    title: str
    most: str
    nothing: str
    check: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


CHINESE = Words(
    title="证据包：一个公布的数值及其全部依据",
    most="对该数值影响最大的：",
    nothing="（无）",
    check=(
        "核对：在任何装有 Python 3.8 以上的机器上运行 python3 verify.py 证据包.zip。",
        "verify.py 只用标准库，不引用生成本包的软件。它核对每个文件的摘要、各行在哈希链中的位置，",
        "并由状态变化、维护窗口、登记和记录重新算出分子、分母、上下界和结论，也说明没有核对什么。",
        "时间均为 UTC 微秒，区间含起点、不含终点。",
    ),
    files=(
        ("method.json", "方法版本、参数、采纳情况"),
        ("row.json", "规划原表的条目"),
        ("figure.json", "数值、上下界、结论"),
        ("registers.csv", "有关的登记和记录（全部版本，谁、何时录入）"),
        ("counted.csv", "计入与未计入的对象"),
        ("objects.csv", "有时间线的对象及服务期"),
        ("timelines.csv", "各对象的状态变化及来源"),
        ("readings.csv", "每个变化保留的读数（E6）"),
        ("gaps.csv", "未知时段及原因"),
        ("windows.csv", "维护窗口及认定"),
        ("faults.json", "故障"),
        ("runs.csv, events.csv, words.csv", "代理的运行、事件、文字编号"),
        ("told.csv, sightings.csv, bins.csv, calendar.json", "导入的读数、所见日期、流量、工作日"),
        ("identities.csv", "各对象逐日以何身份应答：证书、引擎标识、主机密钥（C2）"),
        ("chain.json, proofs.csv, siblings.csv", "哈希链、封存、见证及各行的证明"),
        ("MANIFEST, CHECKS", "各文件的摘要及逐行校验"),
    ),
)
ENGLISH = Words(
    title="Evidence pack: one published number and all that it rests on",
    most="What weighs most in this number:",
    nothing="(nothing)",
    check=(
        "To check it, on any machine with Python 3.8 or later: python3 verify.py PACK.zip",
        "verify.py uses Python's own library alone and nothing of the program that made the pack. It holds every file",
        "against its digest and the rows against the chain, makes numerator, denominator, bounds and verdict again",
        "from edges, windows, registers and records, and says what it did not check.",
        "Times are microseconds of UTC; a stretch has its start and not its end.",
    ),
    files=(
        ("method.json", "the method's version, its parameters, who adopted it"),
        ("row.json", "the plan's row"),
        ("figure.json", "the number, its bounds, the verdict"),
        ("registers.csv", "registers and records that matter: every version, who entered it and when"),
        ("counted.csv", "what is counted and what is not"),
        ("objects.csv", "objects with a timeline, and their dates of service"),
        ("timelines.csv", "the edges of each object, and from where they are"),
        ("readings.csv", "the readings that each edge keeps (E6)"),
        ("gaps.csv", "time that is not known, and why"),
        ("windows.csv", "maintenance windows and what they count"),
        ("faults.json", "faults"),
        ("runs.csv, events.csv, words.csv", "runs of the agent, its records, texts by number"),
        ("told.csv, sightings.csv, bins.csv, calendar.json", "readings of files, days seen, traffic, working days"),
        ("identities.csv", "as whom each object answered, day by day: certificates, engine ids, host keys (C2)"),
        ("chain.json, proofs.csv, siblings.csv", "the chain, seals, witnesses, and the proof of each row"),
        ("MANIFEST, CHECKS", "digests of the files, a check for each line"),
    ),
)


def readme(asked: Asked, head: Table, judged: Judged) -> str:
    """Chinese first, then English."""
    return "\n\n".join("\n".join(_part(asked, head, judged, language)) for language in LANGUAGES) + "\n"


def _part(asked: Asked, head: Table, judged: Judged, language: str) -> Iterator[str]:
    said = CHINESE if language == ZH else ENGLISH
    yield from (said.title, "=" * len(said.title))
    yield from explained(head, judged, language)
    yield from ("", said.most)
    weights = [f"{number}. {each.words(language)}" for number, each in enumerate(largest(asked, judged), start=1)]
    yield from weights or [said.nothing]
    yield from ("", *said.check, "")
    yield from (f"{name}: {text}" for name, text in said.files)
