"""A probe on its way: whatever ends it, its reading has what was measured until then, and blames whom it should."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from collectors.base import Outcome, Reading, Reason, Recognised, Target, failed, ok
from collectors.ending import EndError, ended_by
from collectors.errnos import from_host, from_path
from collectors.resolve import Address, Resolver
from collectors.walking import Walk, too_late

SHORT = 0.05
LONG = 20.0

Measuring = Callable[[Walk], Awaitable[Reading]]


class Stuck(Resolver):
    """A resolver of ours that hangs beyond its own time."""

    async def resolve(
        self, host: str, port: int, family: int, socktype: int, seconds: float
    ) -> list[Address] | Reading:
        await asyncio.Event().wait()
        raise AssertionError


class Guest:
    """Lets a probe connect where it may, and keeps what it hears."""

    def __init__(self, *admitted: str) -> None:
        self.admitted = admitted
        self.heard: list[str] = []

    def admits(self, name: str, address: str) -> bool:
        return address in self.admitted

    def spent(self, phase: str, seconds: float) -> None:
        assert 0 <= seconds < LONG
        self.heard.append(phase)

    def secured(self, tls: object) -> None:
        raise AssertionError


def walking(address: str = "127.0.0.1:9", seconds: float = LONG, guest: Guest | None = None) -> Walk:
    return Walk(Target(id="t", address=address, timeout_seconds=seconds, guest=guest))


def verdict(reading: Reading) -> tuple[Outcome, Reason | None]:
    return reading.outcome, reading.reason


async def ended(measure: Measuring, seconds: float = SHORT) -> Reading:
    walk = walking(seconds=seconds)
    return await walk.run(measure(walk))


async def _fails(walk: Walk) -> Reading:
    walk.begin("asking")
    walk.values["asked_seconds"] = 1.0
    walk.identity = "hostkey:00"
    raise EndError(failed(Reason.MISMATCH, "another"))


async def _answers(walk: Walk) -> Reading:
    walk.begin("asking")
    walk.end("asked_seconds")
    return ok(detail="as it should")


async def _waits(walk: Walk) -> Reading:
    walk.begin("asking")
    walk.end("asked_seconds")
    walk.begin("waiting for an answer")
    await asyncio.Event().wait()
    raise AssertionError


async def _hears_what_is_no_answer(walk: Walk) -> Reading:
    walk.begin("waiting for an answer")
    walk.stray = "hello"
    await asyncio.Event().wait()
    raise AssertionError


async def _heard_it_a_phase_before(walk: Walk) -> Reading:
    walk.stray = "hello"
    return await _waits(walk)


async def _oversleeps(walk: Walk) -> Reading:
    walk.begin("waiting for an answer")
    time.sleep(3 * SHORT)
    await asyncio.Event().wait()
    raise AssertionError


async def _oversleeps_the_goodbye(walk: Walk) -> Reading:
    walk.done = ok(detail="all measured")
    return await _oversleeps(walk)


async def _resolves(walk: Walk) -> Reading:
    await walk.locate(Stuck(), "gone.test", 9, 0)
    raise AssertionError


@pytest.mark.parametrize(
    ("measure", "wanted", "detail"),
    [
        (_fails, (Outcome.FAILED, Reason.MISMATCH), "another"),
        (_answers, (Outcome.OK, None), "as it should"),
        (_waits, (Outcome.FAILED, Reason.TIMEOUT), "not done within 0.05 s: waiting for an answer"),
        (
            _hears_what_is_no_answer,
            (Outcome.FAILED, Reason.PROTOCOL),
            "waiting for an answer: none within 0.05 s, but 'hello'",
        ),
        (_heard_it_a_phase_before, (Outcome.FAILED, Reason.TIMEOUT), "not done within 0.05 s: waiting for an answer"),
        (_oversleeps_the_goodbye, (Outcome.OK, None), "all measured"),
        (
            _resolves,
            (Outcome.ERROR, Reason.RESOLVER),
            "resolving gone.test: no answer from our resolver within 0.05 s",
        ),
    ],
)
async def test_each_end_has_a_reading_of_its_own(
    measure: Measuring, wanted: tuple[Outcome, Reason | None], detail: str
) -> None:
    for _ in range(20):  # on a busy machine any deadline may come late, and then says so
        reading = await ended(measure)
        if reading.reason is not Reason.LATE:
            break
    assert (verdict(reading), reading.detail) == (wanted, detail)


async def test_a_deadline_that_our_loop_slept_through_is_our_own() -> None:
    reading = await ended(_oversleeps)
    assert verdict(reading) == (Outcome.ERROR, Reason.LATE)
    assert reading.detail.endswith(" s after the deadline of 0.05 s")


async def test_what_was_measured_and_who_answered_stay_with_a_failure() -> None:
    reading = await ended(_fails, LONG)
    assert isinstance(reading, Recognised)
    assert (dict(reading.values), reading.identity) == ({"asked_seconds": 1.0}, "hostkey:00")
    assert list((await ended(_waits)).values) == ["asked_seconds"]


async def test_a_timeout_that_is_not_the_deadline_is_a_bug_of_ours_and_no_reading() -> None:
    async def times_out(walk: Walk) -> Reading:
        raise TimeoutError("another's")

    with pytest.raises(TimeoutError, match="another's"):
        await ended(times_out, LONG)


@pytest.mark.parametrize("late", [-1.0, 0.0, 5.0])
def test_a_little_late_still_counts(late: float) -> None:
    assert too_late(late, 10.0) is None


def test_beyond_half_of_its_time_it_was_us() -> None:
    reading = too_late(5.001, 10.0)
    assert reading is not None
    assert (verdict(reading), reading.detail) == (
        (Outcome.ERROR, Reason.LATE),
        "our loop came 5.001 s after the deadline of 10 s",
    )


@pytest.mark.parametrize("address", ["host", "127.0.0.1:0", "::1:22", ""])
def test_an_address_that_is_none_should_have_been_refused_before(address: str) -> None:
    with pytest.raises(EndError) as caught:
        walking(address).place()
    assert verdict(caught.value.reading) == (Outcome.ERROR, Reason.INTERNAL)
    assert caught.value.reading.detail.startswith("the target's address: got ")


async def test_a_numeric_address_is_no_measurement_of_the_resolver() -> None:
    walk = walking(guest=Guest("::1"))
    found = await walk.locate(Resolver(), "::1", 9, 0)
    assert (str(found), walk.values, walk.detail) == ("[::1]:9", {}, "")


async def test_of_a_name_it_is_told_how_long_it_took_and_what_it_stands_for() -> None:
    guest = Guest("127.0.0.1")
    walk = walking(guest=guest)
    found = await walk.locate(Resolver(), "localhost", 9, 2)
    assert (str(found), list(walk.values)) == ("127.0.0.1:9", ["resolve_seconds"])
    assert (walk.detail, guest.heard) == ("measured 127.0.0.1:9", ["resolve"])


@pytest.mark.parametrize(
    ("host", "family", "wanted"),
    [
        ("127.0.0.1", 0, (Outcome.ERROR, Reason.PERMISSION)),
        ("localhost", 2, (Outcome.ERROR, Reason.PERMISSION)),
        ("127.0.0.1", 10, (Outcome.ERROR, Reason.NO_ROUTE)),
    ],
)
async def test_nothing_is_dialled_that_the_guest_or_the_family_excludes(
    host: str, family: int, wanted: tuple[Outcome, Reason]
) -> None:
    guest = Guest()
    with pytest.raises(EndError) as caught:
        await walking(guest=guest).locate(Resolver(), host, 9, family)
    assert (verdict(caught.value.reading), guest.heard) == (wanted, ["resolve"])


@pytest.mark.parametrize(("reading_of", "outcome"), [(from_host, Outcome.ERROR), (from_path, Outcome.FAILED)])
def test_the_same_number_is_ours_or_the_path_s_by_where_it_came_from(
    reading_of: Callable[[int, str], Reading], outcome: Outcome
) -> None:
    with pytest.raises(EndError, match=r"^dialling: No route to host") as caught, ended_by(reading_of, "dialling"):
        raise OSError(113, "no route")
    assert caught.value.reading.outcome is outcome
