"""The parts of a workbook that its sheets refer to: which sheets there are, shared text, which styles show times."""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import IO, NamedTuple
from xml.etree import ElementTree as ET

from agent.sheets.xlsx_values import BUILT_IN_LOOKS, Look, look_of, unescape
from agent.sheets.xlsx_xml import BrokenError, pieces, tree

UNPACKED_MAX = 1024 * 1024 * 1024
"""Bytes of all sheets when unpacked: two million rows of ten columns."""

SHARED_MAX = 256 * 1024 * 1024
"""Bytes of one of the other parts, which are held in memory."""

_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 (a spreadsheet has no zones)  # a spreadsheet's times know no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 (a spreadsheet has no zones)
_TRUE = ("1", "true")
_ENCRYPTED = 1


class Named(NamedTuple):
    """A sheet: what people call it, and its part."""

    name: str
    part: str


class Package:
    """An opened workbook. Errors: BrokenError."""

    def __init__(self, data: bytes) -> None:
        with reading():
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        name = self._book()
        book, parts = self._tree(name), self._relations(name)
        dated = book.find("{*}workbookPr")
        self.epoch = _EPOCH_1904 if dated is not None and dated.get("date1904") in _TRUE else _EPOCH_1900
        self.sheets = list(self._sheets(book, parts))
        if sum(self.size(sheet.part) for sheet in self.sheets) > UNPACKED_MAX:
            raise BrokenError(f"a workbook that unpacks to more than {UNPACKED_MAX // 1024 // 1024} MiB")
        self.looks = self._looks(_part_of(parts, "/styles"))
        self.shared = self._shared(_part_of(parts, "/sharedStrings"))

    def open(self, part: str) -> IO[bytes]:
        """A part as a stream."""
        with reading():
            info = self._info(part)
            try:
                return self._zip.open(info)
            except ValueError as exc:  # a place before the file's beginning
                raise zipfile.BadZipFile(str(exc)) from None

    def size(self, part: str) -> int:
        """Bytes of a part when unpacked; more cannot be read from it."""
        return self._info(part).file_size

    def _info(self, part: str) -> zipfile.ZipInfo:
        try:
            info = self._zip.getinfo(part)
        except KeyError:
            raise BrokenError("a workbook that lacks one of its parts") from None
        if info.flag_bits & _ENCRYPTED:
            raise BrokenError("a workbook with a password")
        return info

    def _book(self) -> str:
        root = _part_of(self._relations(""), "/officeDocument")
        if root is None or not root.endswith(".xml"):
            raise BrokenError("a zip file that is no .xlsx")
        return root

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Id to sort and part, of what a part refers to."""
        folder, name = posixpath.split(part)
        said = self._tree(posixpath.join(folder, "_rels", f"{name}.rels")).iterfind(".//{*}Relationship")
        return {one.get("Id", ""): (one.get("Type", ""), _path(folder, one.get("Target", ""))) for one in said}

    def _sheets(self, book: ET.Element, parts: Mapping[str, tuple[str, str]]) -> Iterator[Named]:
        for sheet in book.iterfind(".//{*}sheet"):
            key = next((value for name, value in sheet.items() if name.endswith("}id")), "")
            sort, part = parts.get(key, ("", ""))
            if sort.endswith("/worksheet"):
                yield Named(sheet.get("name", ""), part)

    def _looks(self, part: str | None) -> dict[str, Look]:
        """Number of a style to how it shows a number, for those that show a time."""
        if part is None:
            return {}
        styles = self._tree(part)
        formats: dict[str, Look | None] = {str(number): look for number, look in BUILT_IN_LOOKS.items()}
        for one in styles.iterfind(".//{*}numFmt"):
            formats[one.get("numFmtId", "")] = look_of(one.get("formatCode", ""))
        looks = (formats.get(style.get("numFmtId", "")) for style in styles.iterfind("{*}cellXfs/{*}xf"))
        return {str(number): look for number, look in enumerate(looks) if look is not None}

    def _shared(self, part: str | None) -> list[str]:
        if part is None:
            return []
        with reading(), self._small(part) as stream:
            found = pieces(stream, "sst", "si", "sst")
            return [text_of(item, space) for _, piece in found for space in [space_of(piece)] for item in piece]

    def _tree(self, part: str) -> ET.Element:
        with reading(), self._small(part) as stream:
            return tree(stream.read())

    def _small(self, part: str) -> IO[bytes]:
        if self.size(part) > SHARED_MAX:
            raise BrokenError(f"a workbook whose {part} unpacks to more than {SHARED_MAX // 1024 // 1024} MiB")
        return self.open(part)


def space_of(element: ET.Element) -> str:
    """The name space of its name, as it stands before the names inside it."""
    space, brace, _ = element.tag.rpartition("}")
    return f"{space}{brace}"


def text_of(item: ET.Element, space: str) -> str:
    """Text with all its runs, without what only says how it is pronounced."""
    text = item.findtext(f"{space}t") if len(item) == 1 else None
    if text is None:
        runs = [item, *item.iterfind(f"{space}r")]
        text = "".join(run.findtext(f"{space}t", "") for run in runs)
    return unescape(text).strip()


@contextmanager
def reading() -> Iterator[None]:
    """Whatever a damaged zip file makes of reading it, as one error."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, NotImplementedError) as exc:
        raise BrokenError(f"a damaged workbook ({exc})") from None


def _part_of(parts: Mapping[str, tuple[str, str]], sort: str) -> str | None:
    return next((part for said, part in parts.values() if said.endswith(sort)), None)


def _path(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
