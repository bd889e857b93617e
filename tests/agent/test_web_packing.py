"""Both ways to pack a page give back what went in, part by part."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.web.packing import ISAL, by_isal, by_zlib, packer


@pytest.mark.parametrize(
    "made", [by_zlib, pytest.param(by_isal, marks=pytest.mark.skipif(not ISAL, reason="no wheel"))]
)
@given(parts=st.lists(st.binary(max_size=2000) | st.just(b"sla_probe_total 1\n" * 5000), max_size=8))
def test_what_is_packed_comes_out_again(made, parts: list[bytes]) -> None:
    packing = made()
    data = b"".join([*map(packing.compress, parts), packing.flush()])
    assert gzip.decompress(data) == b"".join(parts)


def test_the_faster_one_is_taken_where_it_is() -> None:
    assert packer is (by_isal if ISAL else by_zlib)
