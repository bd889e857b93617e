"""The benches of scale in small: counts and states are exact on any machine; times are left to `make bench`."""

from zlib import crc32

import pytest

from bench.aligned_ids import CHECKSUM, aligned_ids
from bench.city import Plan
from bench.cut import cut, text
from bench.scale import Scale, Window, table

pytestmark = pytest.mark.slow

SMALL = Plan(targets=200, interval=3, timeout=1, near=2, prometheus=False, retry=1)


def test_a_small_city_is_probed_exactly_as_often_as_its_grid_asks_and_every_state_is_right() -> None:
    told: list[Window] = []
    measured = Scale(SMALL, told.append)
    measured.minute()
    exact = [bar for bar in measured.found.bars if bar.exact]
    assert [bar for bar in exact if not bar.holds] == [], table(measured.found)
    assert measured.found.windows == told
    assert {"steady 1", "silent, steady"} <= {window.name for window in told}


def test_all_starts_at_one_instant_run_once_each() -> None:
    measured = Scale(SMALL, lambda _: None)
    measured.aligned()
    assert [bar for bar in measured.found.bars if bar.exact and not bar.holds] == [], table(measured.found)


def test_vector_23_in_small() -> None:
    found = cut(SMALL)
    assert found.is_told_right, text(found)


def test_aligned_ids_are_distinct_and_have_one_checksum() -> None:
    ids = aligned_ids(5_000)
    assert len({*ids}) == 5_000
    assert {crc32(each.encode()) for each in ids} == {CHECKSUM}
