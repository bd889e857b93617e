"""From the bytes of a page to the samples that are wanted, bounded and in slices that leave the loop free.

The parser needs 40 µs a sample: a page of node_exporter would hold the loop for 20 ms, and nine in ten of its
samples are of no use here. So the lines of the wanted families are picked out first, which costs 1 ms in 100 kB.
"""

import asyncio
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

MAX_SAMPLES = 20_000
"""Wanted samples of one page; a host has some hundreds."""

_SLICE_BYTES = 256 * 1024
_BATCH_LINES = 100
_LOOKS_LIKE_A_SAMPLE = re.compile(
    rb"^[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^\n]*\})?[ \t]+(?:[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|NaN|[-+]?Inf)"
    rb"(?:[ \t]+-?[0-9.]+)?[ \t]*\r?$",
    re.MULTILINE,
)
_EOF = re.compile(rb"(?:^|\n)# EOF\n?\Z")


class NotAPageError(Exception):
    """What came is no page of metrics, or ends too early."""


class TooManySamplesError(Exception):
    """The page has more wanted samples than any host."""


class Sample(NamedTuple):
    """One sample of a family."""

    labels: Mapping[str, str]
    value: float


class Samples:
    """The wanted samples of one page by name; what is not a finite number is not there."""

    def __init__(self) -> None:
        self._named: dict[str, list[Sample]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._named.values()))

    def add(self, name: str, sample: Sample) -> None:
        """One more."""
        if math.isfinite(sample.value):
            self._named.setdefault(name, []).append(sample)

    def names(self) -> Iterable[str]:
        """Names with any sample."""
        return self._named.keys()

    def all(self, name: str) -> list[Sample]:
        """Every sample of this name."""
        return self._named.get(name, [])

    def one(self, name: str) -> float | None:
        """The value where the name has exactly one sample."""
        found = self.all(name)
        return found[0].value if len(found) == 1 else None

    def by(self, name: str, label: str) -> dict[str, float]:
        """Values by one label."""
        return {sample.labels.get(label, ""): sample.value for sample in self.all(name)}


async def samples_of(page: bytes, wanted: re.Pattern[bytes], *, open_metrics: bool) -> Samples:
    """The wanted samples. Errors: NotAPageError, TooManySamplesError."""
    _check_end(page, open_metrics=open_metrics)
    lines: list[bytes] = []
    for start, end in _slices(page):
        lines += wanted.findall(page, start, end)
        if len(lines) > MAX_SAMPLES:
            raise TooManySamplesError
        await asyncio.sleep(0)
    if not lines and _LOOKS_LIKE_A_SAMPLE.search(page, 0, _SLICE_BYTES) is None:
        raise NotAPageError("no line of it is a sample")
    found = Samples()
    for first in range(0, len(lines), _BATCH_LINES):
        for name, sample in _parsed(lines[first : first + _BATCH_LINES], open_metrics=open_metrics):
            found.add(name, sample)
        await asyncio.sleep(0)
    return found


def _check_end(page: bytes, *, open_metrics: bool) -> None:
    if open_metrics and _EOF.search(page, max(0, len(page) - 16)) is None:
        raise NotAPageError("OpenMetrics without its # EOF: the page ends too early")
    if not page.endswith(b"\n"):
        raise NotAPageError("it ends in the middle of a line" if page else "it is empty")


def _slices(page: bytes) -> Iterator[tuple[int, int]]:
    """Borders of pieces that begin and end with a line."""
    start = 0
    while start < len(page):
        end = page.find(b"\n", min(start + _SLICE_BYTES, len(page) - 1)) + 1 or len(page)
        yield start, end
        start = end


def _parsed(lines: Iterable[bytes], *, open_metrics: bool) -> Iterator[tuple[str, Sample]]:
    try:
        text = b"\n".join(lines).decode("utf-8") + "\n"
        families = parse_openmetrics(text + "# EOF\n") if open_metrics else parse_text(text)  # type: ignore[no-untyped-call]  # the library's
        for family in families:
            for sample in family.samples:
                yield sample.name, Sample(sample.labels, float(sample.value))
    except (ValueError, KeyError, IndexError, TypeError) as exc:
        raise NotAPageError(f"a line cannot be read: {exc}") from exc
