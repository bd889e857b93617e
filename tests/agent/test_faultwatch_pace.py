"""How often faults are looked at: at once when that is cheap, seldom while a whole city is DOWN."""

from itertools import count
from pathlib import Path

from agent import faultwatch
from agent.faultwatch import LOOK_EVERY_SECONDS, REST
from tests.agent.fault_worlds import DOWN, UP, world


async def test_a_look_that_reckoned_long_rests_as_much_longer(tmp_path: Path, monkeypatch):
    async with world(tmp_path) as w:
        assert w.watch.rest_seconds == LOOK_EVERY_SECONDS
        clock = count(0, 3)
        monkeypatch.setattr(faultwatch, "thread_time", lambda: next(clock))
        await w.say(("alone", 0, UP), ("alone", 600, DOWN))
        await w.watch.look()
        assert w.watch.rest_seconds == 3 * REST, "nine tenths of a core are left to the probes"


async def test_what_is_open_is_told_with_its_ids(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.say(("alone", 0, UP), ("alone", 600, DOWN))
        w.to(700)
        await w.look()
        (fault,) = w.watch.open
        assert (fault.root, w.watch.open_ids) == ("alone", {fault.id})
        await w.say(("alone", 900, UP))
        w.to(1000)
        await w.look()
        assert (list(w.watch.open), w.watch.open_ids) == ([], set())
