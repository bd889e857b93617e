"""The words of a plan's table for the codes of its figures. English here, Chinese in the catalogue."""

from collections.abc import Mapping, Sequence
from functools import cache

from agent.language import EN, N_, catalogue
from agent.registers import REGISTERS
from agent.sentences import Sentence, retold
from sla.indicators import Reason
from sla.plans import Basis
from sla.verdict import Verdict

VERDICTS: Mapping[Verdict, str] = {
    Verdict.MET: N_("met"),
    Verdict.MISSED: N_("missed"),
    Verdict.UNDETERMINED: N_("undetermined"),
    Verdict.NOT_APPLICABLE: N_("not applicable"),
    Verdict.NOT_COMPUTABLE: N_("not computable"),
    Verdict.NO_TARGET: N_("no target"),
}

BASES: Mapping[Basis, str] = {
    Basis.PROBE: N_("probes"),
    Basis.REGISTER: N_("register"),
    Basis.RECORDS: N_("records"),
}

REASONS: Mapping[str, str] = {
    "advisory": N_("the plan prints no column for %(year)s; %(text)s of %(column)s is advice only"),
    "year_to_date": N_("year to date: measured up to %(at)s, the rest counts neither way"),
    "not_adopted": N_("definition not adopted"),
    "split": N_(
        "its definition changed inside the period: %(n)s parts, each by its own definition; they are not added up (V7)"
    ),
    "part": N_("from %(start)s to %(end)s: %(figure)s, %(verdict)s (adopted: %(adopted)s)"),
    "part_to_come": N_("this definition begins on %(at)s"),
    "sealed_differs": N_(
        "the month is sealed with %(display)s (%(low)s to %(high)s), %(verdict)s, which stands; reckoned anew: %(now)s"
    ),
    "draft": N_("from a draft for comments, not from an issued plan"),
    "no_platform": N_("no platform is on file"),
    "platform_unregistered": N_("the plan names the platform %(id)s, no register does"),
    "nothing_measured": N_("nothing was measured"),
    "down_time": N_("%(id)s: down for %(time)s in %(pieces)s pieces, the longest from %(start)s to %(end)s"),
    "down_time_all": N_("%(id)s: down for all of %(time)s"),
    "unknown_time": N_("%(id)s: not known for %(time)s in %(pieces)s pieces, the longest from %(start)s to %(end)s"),
    "unknown_time_all": N_("%(id)s: not known for all of %(time)s"),
    "worst_platform": N_("the worst platform is %(id)s"),
    "out_of_service": N_("in service for %(time)s of the period"),
    "sources": N_("known from probes for %(probe)s, from imported files for %(imported)s"),
    "budget": N_("of the %(allowed)s that the target allows, %(spent)s are used and %(left)s left"),
    "budget_gone": N_("of the %(allowed)s that the target allows, %(spent)s are used: %(over)s too much"),
    "no_budget": N_("the target allows no time at all; %(spent)s were down"),
    "runs_out": N_("at the rate so far the rest is used up on %(at)s"),
    "lasts": N_("at the rate so far the rest lasts beyond the period"),
    "secured": N_("the period meets the target whatever comes"),
    "open": N_("the period can still meet the target, and can still miss it"),
    "lost": N_("the period can no longer meet the target"),
    "no_fault": N_("no fault to rate"),
    "late": N_("%(n)s late: %(ids)s"),
    "undecided": N_("%(n)s undecided: %(ids)s"),
    "pending": N_("%(n)s pending, not rated yet: %(ids)s"),
    "gap": N_("%(vantage)s was blind for %(time)s from %(start)s to %(end)s; a late fault may hide there (F11)"),
    "note": N_("%(words)s"),
    "beside": N_("beside it, %(name)s: %(figure)s (%(parts)s)"),
    "why_not": N_("%(words)s"),
    "why": N_("%(id)s: %(words)s"),
    "signed": N_("figure %(id)s signed: %(words)s"),
    "no_measure": N_("no signed figure of this period is on file (register measures)"),
    "measure_misnamed": N_(
        "figure %(id)s names the indicator %(name)s, which the plan does not have; did you mean %(wanted)s?"
    ),
    "points_snapshot": N_("of %(d)s points %(n)s were reachable in the last instant, %(unknown)s not known"),
    "points_silent": N_("%(n)s points of which nothing is known: %(ids)s"),
    "points_offline": N_("%(n)s points not reachable in the last instant: %(ids)s"),
    "measures_differ": N_("signed figures of the same date differ"),
    "measure_of_other_sort": N_("not taken, a ratio where a count is wanted or the other way round: %(ids)s"),
    "no_deadlines": N_("no approved deadlines in the plan file, so no rate (V6); %(n)s incidents on file"),
    "no_calendar": N_("the working-day calendar lacks %(year)s"),
    "nothing_on_file": N_("the registers name nothing that this row counts"),
    "claimed": N_("claimed %(n)s of %(d)s, evidenced %(seen)s"),
    "only_one": N_("not doubled at all: %(ids)s"),
    "worst_member": N_("the worst of %(n)s is %(id)s"),
    "left_out": N_("%(n)s left out by decision: %(ids)s"),
    "counted_zones": N_("%(n)s zones counted by decision: %(ids)s"),
    "strays": N_("%(n)s sites whose division is not in the register: %(ids)s"),
    "list_stale": N_("%(n)s accepted, silent for 7 days or more: %(ids)s"),
    "list_unmeasured": N_("%(n)s accepted, not measured in the last 7 days: %(ids)s"),
    "list_undeclared": N_("%(n)s not accepted, yet answering: %(ids)s"),
    "list_none": N_("%(n)s without access: %(ids)s"),
    "list_shared": N_("%(n)s seen behind an address, certificate, host key or engine that others have too: %(ids)s"),
    "list_repeating": N_("%(n)s with a certificate that may repeat by decision, and does: %(ids)s"),
    "list_unsupported": N_("%(n)s not supported: %(ids)s"),
    "list_no_demand": N_("%(n)s without a demand on file: %(ids)s"),
    "list_undetermined": N_("%(n)s undetermined: %(ids)s"),
    "list_untested": N_("%(n)s without a quantity on file: %(ids)s"),
    "list_partial": N_("%(n)s done in part, which counts nothing: %(ids)s"),
    "list_not_done": N_("%(n)s not done: %(ids)s"),
    "list_exempt": N_("%(n)s exempt by document: %(ids)s"),
    "list_seen": N_("%(n)s claims borne out by probes: %(ids)s"),
    "list_unseen": N_("%(n)s claims that probes contradict: %(ids)s"),
    "list_untold": N_("%(n)s claims of which probes know nothing: %(ids)s"),
    "list_unused": N_("%(n)s not used: %(ids)s"),
    "list_used_later": N_("%(n)s used after the cut-off: %(ids)s"),
    "list_late": N_("%(n)s late: %(ids)s"),
    "list_pending": N_("%(n)s pending, not rated yet: %(ids)s"),
    "measured_since": N_("nothing was measured before %(at)s"),
}


NAMES: Mapping[str, str] = {
    "all_in": N_("all time"),
    "excluding_approved": N_("without approved maintenance"),
    "later_entries": N_("with what was entered later"),
    "platform": N_("platform %(id)s"),
    "level": N_("level %(id)s"),
    "level city": N_("city level"),
    "level county": N_("county level"),
    "level township": N_("township level"),
    "level village": N_("village level"),
    "n_minus_1": N_("with the largest line of each group gone"),
    "onset": N_("clock from the onset"),
    "P1-P3": N_("P1 to P3 alone"),
    "5 min": N_("without faults shorter than 5 min"),
    "overruns": N_("without overruns"),
    "probe": N_("faults seen by probes"),
    "imported": N_("faults of imported files"),
    "desk": N_("faults of the desk"),
}
"""What stands beside a figure: a word, with an id behind it where there are several."""


_SHAPES = {"a": ".+", "b": "[0-9]+", "c": "[0-9]+"}
_NUMBER = "[0-9.e+]+"


def _sentence(text: str, **shapes: str) -> Sentence:
    return Sentence(text, _SHAPES | shapes)


WHY: Sequence[Sentence] = (
    _sentence(N_("no quantity on file")),
    _sentence(N_("not accepted with a date and a document")),
    _sentence(N_("no demand on file")),
    _sentence(N_("no link on file")),
    _sentence(N_("any dated step")),
    _sentence(N_("no signed figure of this period is on file: add one to the register `measures`")),
    _sentence(N_("the plan file has no approved deadlines: no deadline table, no rate (V6)")),
    _sentence(N_("no approved deadline for the severity %(a)s (V6)")),
    _sentence(N_("the figures %(a)s of the same date differ")),
    _sentence(N_("%(a)s: %(b)s of %(c)s"), a="channels|concurrency|bitrate_mbps|retention_days", b=_NUMBER, c=_NUMBER),
    _sentence(N_("%(a)s: no line carries for it")),
    _sentence(N_("%(a)s: demands of %(b)s bit/s, contracted %(c)s bit/s")),
    _sentence(N_("%(a)s: the 95th percentile of busy hours is over %(b)s"), b=".+"),
    _sentence(N_("%(a)s: traffic known in %(b)s of %(c)s busy bins")),
    _sentence(N_("%(a)s: loss and rtt inside the limits in %(b)s of %(c)s measured bins")),
    _sentence(N_("%(a)s: loss and rtt measured in %(b)s of %(c)s bins")),
    _sentence(N_("%(a)s: no such link in service at the cut-off")),
    _sentence(N_("%(a)s is also at %(b)s"), a=r"\S+", b=".+"),
    _sentence(N_("%(a)s may repeat by decision and is also at %(b)s"), a=r"\S+", b=".+"),
)
"""What is missing of one thing: the sentences that sla/ makes. `a` may be one itself."""


def why_text(words: str, language: str) -> str:
    """What is missing of one thing, in a language; words of a document stay as they are."""
    return ("; " if language == EN else "；").join(_lacks(part, language) for part in words.split("; "))


def _lacks(part: str, language: str) -> str:
    """A step that is not there has the name of its column."""
    if part in _headings():
        return catalogue(language).gettext(N_("%(column)s is missing")) % {"column": _why(part, language)}
    return _why(part, language)


def _why(part: str, language: str) -> str:
    """A column is called as a register's heading in Chinese calls it."""
    if language != EN and part in (headings := _headings()):
        return headings[part]
    words = catalogue(language)
    return retold(WHY, part, words, lambda name, value: _why(value, language) if name == "a" else value) or part


def column_text(name: str, language: str) -> str:
    """A column of a register: its heading in Chinese, its name without underscores in English."""
    return name.replace("_", " ") if language == EN else _headings().get(name, name)


@cache
def _headings() -> Mapping[str, str]:
    return {field.name: field.zh for register in REGISTERS.values() for field in register.fields}


def reason_text(reason: Reason, language: str) -> str:
    """A reason as a sentence."""
    values = dict(reason.values)
    if reason.code == "beside":
        values["name"] = _name(str(values["name"]), language)
    if reason.code in ("why", "why_not"):
        values["words"] = why_text(str(values["words"]), language)
    if "verdict" in values:
        values["verdict"] = verdict_text(Verdict(str(values["verdict"])), language)
    return catalogue(language).gettext(REASONS[reason.code]) % values


def _name(name: str, language: str) -> str:
    """What stands beside, in words; an id stays as it is."""
    word, _, id_ = name.partition(" ")
    return catalogue(language).gettext(NAMES[name if name in NAMES else word]) % {"id": id_}


def verdict_text(verdict: Verdict, language: str) -> str:
    """A verdict in words."""
    return catalogue(language).gettext(VERDICTS[verdict])


def basis_text(basis: Basis, language: str) -> str:
    """What a figure rests on, in words."""
    return catalogue(language).gettext(BASES[basis])
