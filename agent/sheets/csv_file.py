"""The bytes of a CSV file: encoding and separator are found, or refused by name."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from agent.sheets.leaves import HEADING_WITHIN, Range, Record
from agent.sheets.problems import Problems

SEPARATORS = (",", ";", "\t")
_HEAD = 64 * 1024
_PROGRESS_EVERY = 5_000
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml")


_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class CsvLeaf:
    """A CSV file under one separator."""

    name = ""
    hint = "quote a cell that holds a separator"
    merged: Sequence[Range] = ()

    def __init__(self, data: bytes, encoding: str, separator: str, problems: Problems) -> None:
        self._data, self._encoding, self._separator = data, encoding, separator
        self._problems = problems
        self.size = len(data)

    def head(self) -> list[Record]:
        """The first records, as far as they are CSV under this separator; the whole reading says where they are not."""
        head = io.TextIOWrapper(io.BytesIO(self._data), self._encoding, newline="").read(_HEAD)
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=self._separator)
        records: list[Record] = []
        line = 1
        with suppress(csv.Error):
            for cells in islice(reader, HEADING_WITHIN):
                records.append(Record(line, cells))
                line = reader.line_num + 1
        return records

    def records(self, progress: Callable[[int], None]) -> Iterator[Record]:
        """All records. Errors: ImportProblemsError where a row is no CSV."""
        raw = io.BytesIO(self._data)
        text = io.TextIOWrapper(raw, self._encoding, newline="")
        reader = csv.reader(text, delimiter=self._separator, strict=True)
        line = 1
        try:
            for number, cells in enumerate(reader):
                yield Record(line, cells)
                line = reader.line_num + 1
                if number % _PROGRESS_EVERY == 0:
                    progress(raw.tell())
        except csv.Error as exc:
            words = f"got a row that is no CSV ({exc}), wanted quotes closed, and doubled inside; correct this row"
            raise self._problems.refuse(line, "row", words) from None


def encoding_of(data: bytes, problems: Problems) -> str:
    """The encoding of a file: UTF-8 or, where it is that beyond doubt, GB18030. Errors: ImportProblemsError."""
    if what := _no_csv(data):
        raise problems.refuse(0, "file", f"got {what}, wanted CSV in UTF-8 or GB18030, or .xlsx; save it as CSV")
    if _is_named_workbook(problems.file) and not _is_text(data):
        words = "got bytes that are neither a workbook nor text, wanted .xlsx or CSV; fetch the file again"
        raise problems.refuse(0, "file", f"{words}, or open it in a spreadsheet program and save it as .xlsx")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        if _is_gb18030(data):
            return "gb18030"
        words = "got bytes that are neither UTF-8 nor GB18030, wanted one of them; save the file as UTF-8"
        raise problems.refuse(line, "file", words) from None
    return "utf-8-sig"


def _no_csv(data: bytes) -> str | None:
    if data.startswith(_UTF_16):
        return "UTF-16 text"
    begin = data[:64].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return "a web page or XML, as some systems export under the name of .xls" if begin.startswith(_MARKUP) else None


def _is_named_workbook(file: str) -> bool:
    return file.lower().endswith((".xlsx", ".xlsm", ".xls"))


def _is_text(data: bytes) -> bool:
    """Whether it may be CSV under a workbook's name; text has no control characters beside those of lines and tabs."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if not _is_gb18030(data):
            return False
    return not _CONTROL.search(data)


def _is_gb18030(data: bytes) -> bool:
    """Whether it can be read as GB18030 and is not UTF-8 with a few broken bytes, which could be read so too."""
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    as_utf8 = data.decode("utf-8", errors="replace")
    broken = as_utf8.count("\ufffd")
    return not data.startswith(codecs.BOM_UTF8) and broken > sum(c > "\x7f" for c in as_utf8) - broken
