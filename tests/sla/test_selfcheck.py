"""S6: what the gateway and the anchors of a plane say about ourselves."""

import pytest

from sla.confirm import NEW, Rules, Track, advance, step
from sla.model import Outcome, Seen
from sla.selfcheck import Watch, isolated_since, last_ok

RULES = Rules(60)


def track(text: str, until: int | None = None) -> Track:
    """`0o 60f`: instants and outcomes."""
    outcomes = {"o": Outcome.OK, "f": Outcome.FAILED, "e": Outcome.ERROR}
    now = NEW
    for word in text.split():
        now = step(now, Seen(int(word[:-1]), outcomes[word[-1]]), RULES).track
    return now if until is None else advance(now, until, RULES).track


GOOD = "10o 70o"
BAD = "10o 70o 130f 140f 150f"
LATER = "20o 80o 160f 170f 180f"


@pytest.mark.parametrize(
    ("gateway", "anchors", "since"),
    [
        (None, [], None),
        (GOOD, [], None),
        (BAD, [], 130),
        (BAD, [GOOD, GOOD], 130),
        (GOOD, [BAD, LATER], 160),
        (GOOD, [BAD, GOOD], None),
        (None, [BAD, LATER], 160),
        (None, [BAD], 130),
        (BAD, [LATER, LATER], 130),
        (LATER, [BAD, BAD], 130),
        ("10o 70o 130f 140f", [], None),
        ("10o 70o 130e 140e 150e", [], None),
        ("", [""], None),
        (GOOD, [BAD, ""], None),
    ],
)
def test_isolated_is_the_gateway_or_all_anchors_down_since_the_first_failure(
    gateway: str | None, anchors: list[str], since: int | None
) -> None:
    watch = Watch(None if gateway is None else track(gateway), [track(a) for a in anchors])
    assert isolated_since(watch) == since


def test_an_isolation_that_is_no_longer_measured_is_over() -> None:
    """UNKNOWN is not DOWN: S2 ends it; that no self-check is ok then still holds every DOWN back."""
    watch = Watch(track(BAD, until=1000), [])
    assert isolated_since(watch) is None
    assert last_ok(watch) == 70


@pytest.mark.parametrize(
    ("gateway", "anchors", "ok"),
    [
        (None, [], None),
        (GOOD, [], 70),
        (GOOD, ["10o 70o 90o"], 70),
        ("10o 70o 95o", ["10o 70o 90o", "10o"], 90),
        (GOOD, ["10f 20f"], None),
        ("10f 20f", [GOOD], None),
        (None, ["10f", "20o 80o"], 80),
        ("10e", [], None),
    ],
)
def test_the_last_ok_self_check_is_an_instant_since_which_gateway_and_an_anchor_answered(
    gateway: str | None, anchors: list[str], ok: int | None
) -> None:
    assert last_ok(Watch(None if gateway is None else track(gateway), [track(a) for a in anchors])) == ok


def test_it_is_absent_only_with_neither_gateway_nor_anchors() -> None:
    assert Watch(None, []).is_absent
    assert not Watch(NEW, []).is_absent
    assert not Watch(None, [NEW]).is_absent


def test_one_answer_of_the_gateway_inside_our_isolation_does_not_end_it() -> None:
    """S3 holds for ourselves too: UP takes two ok readings."""
    assert isolated_since(Watch(track(BAD + " 200o"), [])) == 130
    assert isolated_since(Watch(track(BAD + " 200o 210o"), [])) is None
