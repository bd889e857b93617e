"""The file of a pack: a zip whose bytes follow from its contents alone, written as a stream.

Each row of a table ends with a check by which a verifier names the field that was changed; text files have a check a
line in CHECKS. MANIFEST has the SHA-256 of every file, and its last line the digest of the pack.
"""

import csv
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

MANIFEST, CHECKS = "MANIFEST", "CHECKS"

_PRIME = 4_294_967_291
"""The largest prime below 2^32."""

_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644
_BLOCK = 1000
"""Rows that are put into the zip at once."""


def sums(fields: Sequence[str]) -> str:
    """The check of a row: the sum of the CRCs of its fields, and the same weighed by their places."""
    crcs = [zlib.crc32(field.encode()) for field in fields]
    weighed = sum(place * crc for place, crc in enumerate(crcs, start=1))
    return f"{sum(crcs) % _PRIME:08x}{weighed % _PRIME:08x}"


class PackFile:
    """A pack that is being written. Shape: whole documents stay small, tables are streamed."""

    def __init__(self, out: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._listed: dict[str, tuple[str, int]] = {}
        self._checks: dict[str, list[str]] = {}

    def table(self, name: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """A CSV file; how many rows it has. None is an empty field."""
        count = 0
        with self._file(name) as feed:
            feed(_lines([[*heading, "check:" + sums(heading)]]))
            checked = (_checked(row) for row in rows)
            while block := list(islice(checked, _BLOCK)):
                feed(_lines(block))
                count += len(block)
        return count

    def document(self, name: str, value: Any) -> None:
        """A JSON file, keys in the order given, one value a line."""
        self.text(name, json.dumps(value, ensure_ascii=False, indent=1) + "\n")

    def text(self, name: str, text: str) -> None:
        """A file of words."""
        with self._file(name) as feed:
            feed(text.encode())
        self._checks[name] = [f"{zlib.crc32(line):08x}" for line in io.BytesIO(text.encode())]

    def finish(self) -> str:
        """The digests, and the end of the file. The digest of the pack."""
        with self._file(CHECKS) as feed:
            for name in sorted(self._checks):
                feed(" ".join((name, *self._checks[name])).encode() + b"\n")
        listed = "".join(f"{self._listed[name][0]}  {self._listed[name][1]}  {name}\n" for name in sorted(self._listed))
        digest = hashlib.sha256(listed.encode()).hexdigest()
        self._zip.writestr(_info(MANIFEST), f"{listed}pack {digest}\n".encode(), zipfile.ZIP_DEFLATED, 6)
        self._zip.filelist.sort(key=_name)
        self._zip.close()
        return digest

    @contextmanager
    def _file(self, name: str) -> Iterator[Any]:
        digest, size = hashlib.sha256(), 0
        info = _info(name)
        with self._zip.open(info, "w", force_zip64=True) as opened:

            def feed(data: bytes) -> None:
                nonlocal size
                digest.update(data)
                size += len(data)
                opened.write(data)

            yield feed
        self._listed[name] = (digest.hexdigest(), size)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, _MODE << 16
    return info


def _checked(row: Sequence[object]) -> list[str]:
    fields = ["" if value is None else str(value) for value in row]
    fields.append(sums(fields))
    return fields


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _name(info: zipfile.ZipInfo) -> str:
    return info.filename
