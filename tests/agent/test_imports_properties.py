"""import history under any rows: what must hold whatever the file says."""

import random
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.figures import Figures
from agent.imports import ImportProblemsError, ImportRequest, apply_import
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.model import Window
from sla.periods import Piece
from tests.agent.import_cases import DAY, HISTORY, HOUR, ZONE, at, request

_HOURS = 240
_START = at("2025-01-01")
_STATES = ("up", "degraded", "down", "unknown", "out")
_ROWS = st.dictionaries(st.integers(0, _HOURS - 1), st.sampled_from(_STATES), min_size=1, max_size=30)


def _text(rows):
    lines = [f"a,2025-01-{1 + hour // 24:02}T{hour % 24:02}:00:00+08:00,{state}" for hour, state in rows]
    return "\n".join([HISTORY, *lines])


def _figures(*requests: ImportRequest):
    connection = connect(Location(None))
    migrate(connection, Location(None))
    for one in requests:
        apply_import(SqliteWriter(connection), one)
    return connection


def _answer(*requests: ImportRequest, breakdown=None):
    with closing(_figures(*requests)) as connection:
        figures = Figures(SqliteReader(connection), ZONE)
        window = Window(_START - DAY, _START + _HOURS * HOUR + DAY)
        return figures.answer("a", window, now=at("2026-06-01"), breakdown=breakdown)


def _asked(rows, until=_HOURS, **options):
    return request("history", _text(rows), as_of=_START + until * HOUR, **options)


@given(rows=_ROWS)
@settings(max_examples=60, deadline=None)
def test_the_sums_are_those_of_the_states_hour_by_hour(rows):
    expected = dict.fromkeys(_STATES, 0)
    expected["unknown"] = 48 * HOUR  # a day before and a day after
    state = "unknown"
    for hour in range(_HOURS):
        state = rows.get(hour, state)
        expected[state] += HOUR
    expected["out_of_service"] = expected.pop("out")
    answer = _answer(_asked(rows.items()), breakdown=Piece.DAY)
    assert answer["us"] == expected
    for name in expected:
        assert sum(piece["us"][name] for piece in answer["breakdown"]) == expected[name]


@given(rows=_ROWS, seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_changes_nothing(rows, seed):
    shuffled = list(rows.items())
    random.Random(seed).shuffle(shuffled)
    assert _answer(_asked(shuffled)) == _answer(_asked(rows.items()))


@given(rows=_ROWS, cut=st.integers(1, _HOURS))
@settings(max_examples=40, deadline=None)
def test_a_file_in_two_parts_says_the_same_as_the_whole(rows, cut):
    whole = _asked(rows.items())
    first = [row for row in rows.items() if row[0] < cut]
    parts = [_asked(first, cut)] if first else []
    assert _answer(*parts, whole, whole) == _answer(whole)


@given(rows=_ROWS, other=_ROWS)
@settings(max_examples=60, deadline=None)
def test_a_second_file_is_refused_exactly_where_the_two_contradict_each_other(rows, other):
    def states(given_rows):
        state, filled = None, {}
        for hour in range(_HOURS):
            state = given_rows.get(hour, state)
            if state:
                filled[hour] = state
        return filled

    one, two = states(rows), states(other)
    contradict = any(one[hour] != two[hour] for hour in one.keys() & two.keys())
    try:
        answer = _answer(_asked(rows.items()), _asked(other.items()))
    except ImportProblemsError:
        assert contradict
    else:
        assert not contradict
        assert answer["us"]["up"] == HOUR * sum(state == "up" for state in (one | two).values())
