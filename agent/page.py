"""How a line of /metrics is written: headers, labels, numbers, and whole families piece by piece."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from agent.metrics import Family, Type
from agent.packing import Packed, pack, unpack

PIECE = 250
"""Lines that are written in one piece; between pieces the loop runs."""


class Kept:
    """A piece of the page that can be said again. `is_new` until it was packed for the first time."""

    __slots__ = ("_packed", "_text", "size")

    def __init__(self, text: str) -> None:
        self.size = len(text)
        self._text: str | None = text
        self._packed: Packed | None = None

    @property
    def is_new(self) -> bool:
        """Whether it was written just now."""
        return bool(self._text)

    def text(self) -> str:
        """What it says."""
        return unpack(self.packed()).decode()

    def packed(self) -> Packed:
        """The same packed, as it is kept from now on; the first time for a thread beside the loop, or for several."""
        text = self._text
        if text is not None:
            self._packed = pack(text.encode())
            self._text = None  # only now: another thread finds one or the other
        assert self._packed is not None
        return self._packed


Piece = str | Kept
"""A part of a page."""


def text_of(pieces: Iterable[Piece]) -> str:
    """The whole text."""
    return "".join(piece if isinstance(piece, str) else piece.text() for piece in pieces)


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
    if '"' not in value and "\\" not in value and "\n" not in value:  # nearly every one
        return value
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def seconds(us: int) -> str:
    """Microseconds as exact seconds."""
    whole, rest = divmod(us, 1_000_000)
    return f"{whole}.{rest:06d}"


def pieces(
    family: Family, samples: Iterable[tuple[Sequence[str], str]], common: Mapping[str, str], *, open_metrics: bool
) -> Iterator[str]:
    """A family that nothing keeps, so many lines at a time. Shape: samples as values of its labels and the number."""
    head, rest, write = header(family, open_metrics=open_metrics), iter(samples), writer(family, common)
    while piece := list(islice(rest, PIECE)):
        yield head + write(piece)
        head = ""
    if head:  # as prometheus-client does: a family without samples is there
        yield head


def writer(family: Family, common: Mapping[str, str]) -> Callable[[Iterable[tuple[Sequence[str], str]]], str]:
    """Writes the lines of samples. Shape: of each the values of the family's own labels, and the number."""
    line, order = _line(family, common)
    return lambda samples: "".join([line % (*[escape(own[place]) for place in order], value) for own, value in samples])


def _line(family: Family, common: Mapping[str, str]) -> tuple[str, list[int]]:
    """A sample's text with a gap for each of its own labels, and in which order they fill these."""
    gaps = {label: f'{label}="%s"' for label in family.labels}
    gaps |= {name: f'{name}="{escape(value)}"'.replace("%", "%%") for name, value in common.items()}
    inside = ",".join(gaps[name] for name in sorted(gaps))
    return f"{family.name}{{{inside}}} %s\n", [family.labels.index(name) for name in sorted(family.labels)]
