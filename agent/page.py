"""The pre-rendered part of /metrics: one line a sample, written anew when its probe ends, joined at the scrape.

With 43 000 targets the generic way of rendering costs seconds of every scrape and holds up the probes; here a
scrape only joins text. The families are those of agent.metrics, and a test proves the text equal to what
prometheus-client would write of the same samples.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from agent.metrics import Family, Type

CHUNK = 1000
"""Lines that are joined in one piece; between pieces the loop runs."""

WRITTEN_CHUNK = 250
"""The same of lines that are written for it."""


class Lines:
    """One family's samples by slot; an empty text is no sample. Families of few targets are kept by slot alone."""

    __slots__ = ("family", "texts")

    def __init__(self, family: Family, *, sparse: bool) -> None:
        self.family = family
        self.texts: list[str] | dict[int, str] = {} if sparse else []

    def all(self) -> list[str]:
        """The texts, in one order for as long as no slot is taken or freed."""
        return self.texts if isinstance(self.texts, list) else list(self.texts.values())


class Page:
    """All pre-rendered families; a slot is one target or component, its texts are replaced in place."""

    def __init__(self, families: Iterable[Family], sparse: Iterable[Family] = ()) -> None:
        self.lines = {family.name: Lines(family, sparse=False) for family in families}
        self.lines |= {family.name: Lines(family, sparse=True) for family in sparse}
        self._unseen: dict[str, Lines] = {}
        self._free: list[int] = []
        self._size = 0

    def dense(self, family: Family) -> list[str]:
        """The texts of a family of all targets, by slot; a list that nobody reads if the family is not shown."""
        lines = self.lines.get(family.name)
        if lines is None:
            lines = self._unseen.setdefault(family.name, Lines(family, sparse=False))
        return lines.texts if isinstance(lines.texts, list) else []

    def sparse(self, family: Family) -> dict[int, str]:
        """The texts of a family of few targets, by slot."""
        texts = self.lines[family.name].texts
        return texts if isinstance(texts, dict) else {}

    def take_slot(self) -> int:
        """A place for one target's samples in every family."""
        if self._free:
            return self._free.pop()
        for lines in (*self.lines.values(), *self._unseen.values()):
            if isinstance(lines.texts, list):
                lines.texts.append("")
        self._size += 1
        return self._size - 1

    def free_slot(self, slot: int) -> None:
        """Its samples end."""
        for lines in self.lines.values():
            if isinstance(lines.texts, list):
                lines.texts[slot] = ""
            else:
                lines.texts.pop(slot, None)
        self._free.append(slot)

    def chunks(self, *, open_metrics: bool) -> Iterator[str]:
        """The text, piece by piece; families without samples are left out."""
        for lines in self.lines.values():
            head = header(lines.family, open_metrics=open_metrics)
            texts = lines.all()
            for start in range(0, len(texts), CHUNK):
                text = "".join(texts[start : start + CHUNK])
                if text:
                    yield head + text
                    head = ""

    def samples(self) -> int:
        """How many samples there are now."""
        return sum(text.count("\n") for lines in self.lines.values() for text in lines.all())


def header(family: Family, *, open_metrics: bool) -> str:
    """HELP and TYPE of a family; OpenMetrics names a counter without its _total."""
    name = family.name.removesuffix("_total") if open_metrics and family.type is Type.COUNTER else family.name
    text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    if open_metrics:
        text = text.replace('"', r"\"")
    return f"# HELP {name} {text}\n# TYPE {name} {family.type}\n"


def labels(pairs: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    """The inside of the braces: name="value" pairs, escaped."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return ",".join(f'{name}="{escape(value)}"' for name, value in items)


def escape(value: str) -> str:
    """A label value as both formats want it."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def seconds(us: int) -> str:
    """Microseconds as exact seconds."""
    whole, rest = divmod(us, 1_000_000)
    return f"{whole}.{rest:06d}"


def pieces(
    family: Family, samples: Iterable[tuple[Sequence[str], str]], common: Mapping[str, str], *, open_metrics: bool
) -> Iterator[str]:
    """A family that nothing keeps, so many lines at a time. Shape: samples as values of its labels and the number."""
    head, rest = header(family, open_metrics=open_metrics), iter(samples)
    line, order = _line(family, common)
    while piece := list(islice(rest, WRITTEN_CHUNK)):
        yield head + "".join([line % (*[escape(own[place]) for place in order], value) for own, value in piece])
        head = ""
    if head:  # as prometheus-client does: a family without samples is there
        yield head


def _line(family: Family, common: Mapping[str, str]) -> tuple[str, list[int]]:
    """A sample's text with a gap for each of its own labels, and in which order they fill these."""
    gaps = {label: f'{label}="%s"' for label in family.labels}
    gaps |= {name: f'{name}="{escape(value)}"'.replace("%", "%%") for name, value in common.items()}
    inside = ",".join(gaps[name] for name in sorted(gaps))
    return f"{family.name}{{{inside}}} %s\n", [family.labels.index(name) for name in sorted(family.labels)]
