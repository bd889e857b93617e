"""The XML inside a workbook: small parts whole, large ones a piece at a time; no entities, which could explode."""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple, Self
from xml.etree import ElementTree as ET

PIECE = 16 * 1024
_ITEM_MAX = 16 * 1024 * 1024
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*encoding=["']([^"']+)["']""")
_UTF_8 = (b"utf-8", b"utf8", b"us-ascii")


class BrokenError(Exception):
    """A workbook, or a part of it, that cannot be read on: what was got, in words."""


class Items(NamedTuple):
    """How the items of a part are written. Shape: `around` makes a document of any number of whole items."""

    around: tuple[bytes, bytes]
    begin: tuple[bytes, bytes]
    end: bytes

    @classmethod
    def of(cls, opened: re.Match[bytes], root: str, item: str, holder: str) -> Self:
        """As the part's first element says, which may carry a prefix."""
        prefix = opened[1]
        begin = b"<%b%b" % (prefix, item.encode())
        close = b"</%b%b>" % (prefix, root.encode())
        return cls((opened[0], close), (begin + b" ", begin + b">"), b"</%b%b>" % (prefix, holder.encode()))

    def cut(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """Whole items, what is left of the data, and whether all have been seen."""
        stop = data.find(self.end)
        first = min((at for mark in self.begin if (at := data.find(mark)) >= 0), default=len(data))
        if stop >= 0:
            return data[first:stop], b"", True
        last = max(data.rfind(mark) for mark in self.begin)
        return (data[first:last], data[last:], False) if last >= 0 else (b"", data, False)

    def parsed(self, items: bytes) -> ET.Element:
        """Errors: BrokenError."""
        return _parsed(items.join(self.around))


def tree(data: bytes) -> ET.Element:
    """A small part. Errors: BrokenError."""
    _check(data)
    return _parsed(data)


def pieces(stream: IO[bytes], root: str, item: str, holder: str) -> Iterator[tuple[int, ET.Element]]:
    """Bytes read so far, and an element with the next whole items. Errors: BrokenError, and those of the stream.

    Shape: `holder` is the element that the items stand in. A tree of a piece and a walk through it take half the time
    of an event for every element.
    """
    rest = stream.read(PIECE)
    done = len(rest)
    _check(rest)
    opened = re.search(rb"<((?:[\w.-]+:)?)%b\b[^>]*>" % root.encode(), rest)
    if opened is None:
        raise BrokenError(f"XML without <{root}>")
    items = Items.of(opened, root, item, holder)
    ended = opened[0].endswith(b"/>")
    rest = rest[opened.end() :]
    while not ended:
        whole, rest, ended = items.cut(rest)
        if whole:
            yield done, items.parsed(whole)
        more = b"" if ended else stream.read(PIECE)
        if len(rest) > _ITEM_MAX or not (more or ended):
            raise BrokenError(f"XML that does not end as it should: no </{holder}>")
        rest, done = rest + more, done + len(more)


def _check(data: bytes) -> None:
    said = _ENCODING.search(data[:200])
    if b"\x00" in data or (said and said[1].lower() not in _UTF_8):
        raise BrokenError("XML that is not UTF-8")
    if b"<!DOCTYPE" in data:
        raise BrokenError("XML with a document type, which no spreadsheet program writes")


def _parsed(data: bytes) -> ET.Element:
    try:
        return ET.fromstring(data)
    except ET.ParseError as exc:
        raise BrokenError(f"XML that is broken ({exc})") from None
