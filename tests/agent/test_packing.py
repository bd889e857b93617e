"""A gzip file that is put together from parts: whoever reads gzip reads it, in one go or byte by byte."""

import gzip
import shutil
import subprocess
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.packing import ISAL, Gzip, _by_isal, _by_zlib, _joined, joined_crc, pack, unpack

WAYS = [_by_zlib, pytest.param(_by_isal, marks=pytest.mark.skipif(not ISAL, reason="no wheel"))]
PARTS = st.lists(st.binary(max_size=2000) | st.just(b"sla_probe_total 1\n" * 5000), max_size=8)


def file_of(parts: list[bytes], way: Callable[[], Any] = _by_zlib) -> bytes:
    """As the page is sent."""
    packing = Gzip()
    return packing.begin() + b"".join(packing.add(pack(part, way)) for part in parts) + packing.end()


@pytest.mark.parametrize("way", WAYS)
@given(parts=PARTS)
def test_what_is_packed_comes_out_again(way: Callable[[], Any], parts: list[bytes]) -> None:
    assert gzip.decompress(file_of(parts, way)) == b"".join(parts)
    assert [unpack(pack(part, way)) for part in parts] == parts


@pytest.mark.parametrize("way", WAYS)
@given(parts=PARTS)
def test_a_reader_gets_all_of_a_part_as_soon_as_it_was_sent(way: Callable[[], Any], parts: list[bytes]) -> None:
    packing, reader = Gzip(), zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(packing.begin()) == b""
    for part in parts:
        assert reader.decompress(packing.add(pack(part, way))) == part
    assert reader.decompress(packing.end()) == b""
    assert reader.eof


@pytest.mark.parametrize("join", [joined_crc, _joined])
@given(first=st.binary(max_size=300), second=st.binary(max_size=300) | st.just(b"sla" * 12_345))
def test_two_checksums_make_one(join: Callable[[int, int, int], int], first: bytes, second: bytes) -> None:
    assert join(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


def test_a_part_of_one_bit_more_is_another_file() -> None:
    made = bytearray(file_of([b"sla_target_up 1\n", b"sla_target_up 0\n"]))
    made[-8] ^= 1
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(bytes(made))


def test_gzip_itself_reads_it() -> None:
    tool = shutil.which("gzip")
    assert tool is not None
    parts = [b"sla_target_up %d\n" % n * 3000 for n in range(20)]
    assert subprocess.run([tool, "-dc"], input=file_of(parts), capture_output=True, check=True).stdout == b"".join(
        parts
    )
