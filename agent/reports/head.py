"""What stands above every report: which plan, which period, as of when, by which method, and that it is simulated."""

from collections import Counter
from collections.abc import Callable, Iterator

from agent.figures.plan import Table
from agent.figures.words import VERDICTS
from agent.instants import format_instant
from agent.language import EN, N_, catalogue
from agent.version import METHOD_VERSION

SIMULATED = "模拟数据 SIMULATED"
TITLE = N_("%(title)s: indicators of %(period)s")
PERIOD = N_("from %(start)s to %(end)s, as of %(at)s")
METHOD = N_("method %(method)s, register version %(version)s, not sealed; no outside witness")
WITNESSED = N_(
    "method %(method)s, register version %(version)s, not sealed; ledger up to %(digest)s witnessed by %(names)s"
)
SEALED = N_("method %(method)s, register version %(version)s, sealed %(digest)s; no outside witness")
SEALED_WITNESSED = N_("method %(method)s, register version %(version)s, sealed %(digest)s, witnessed by %(names)s")
NO_WITNESS = N_("no outside witness")
WITNESSES = N_("outside witnesses: %(names)s")
ADOPTED = N_("definitions adopted by %(by)s, %(document)s, %(date)s")
NOT_ADOPTED = N_("definitions not adopted")
VERBATIM = "definitions, printed targets and notes stand in the words of the plan, in Chinese"
"""Only an English report has to say so."""
DRAFT = N_("a draft for comments, not an issued plan")
COUNT = N_("%(n)s %(verdict)s")


def title(table: Table, language: str) -> str:
    """The title of a report."""
    plain = table.plan.title_zh if language == "zh" else table.plan.title_en
    return catalogue(language).gettext(TITLE) % {"title": plain, "period": table.period}


def method(table: Table, words: Callable[[str], str]) -> str:
    """By which method and registers, and how firmly: sealed, witnessed, or neither (E3)."""
    standing, names = table.standing, ", ".join(table.standing.witnesses)
    plain, witnessed = (SEALED, SEALED_WITNESSED) if standing.is_sealed else (METHOD, WITNESSED)
    said = {"method": METHOD_VERSION, "version": table.register_version, "digest": standing.digest, "names": names}
    return words(witnessed if names else plain) % said


def witnesses(table: Table, words: Callable[[str], str]) -> str:
    """Who outside has a digest, in a word."""
    names = ", ".join(table.standing.witnesses)
    return words(WITNESSES) % {"names": names} if names else words(NO_WITNESS)


def lines(table: Table, language: str) -> Iterator[str]:
    """The lines below the title."""
    words, zone = catalogue(language).gettext, table.plan.zone_info
    start, end, at = (format_instant(each, zone) for each in (*table.window, table.as_of))
    yield words(PERIOD) % {"start": start, "end": end, "at": at}
    yield method(table, words)
    adopted = table.plan.adopted
    yield words(NOT_ADOPTED) if adopted is None else words(ADOPTED) % adopted._asdict()
    if table.plan.is_draft:
        yield words(DRAFT)
    if language == EN:
        yield VERBATIM
    counts = Counter(row.verdict for row in table.rows)
    said = (words(COUNT) % {"n": counts[each], "verdict": words(text)} for each, text in VERDICTS.items())
    yield ", ".join(said) if language == "en" else "，".join(said)
