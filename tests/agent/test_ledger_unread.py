"""The live ledger where nobody asks for seconds in each state: no Prometheus, or a page without that family."""

from pathlib import Path

from sla.model import State
from tests.agent.worlds import World

BLIPS = 30


def blip(world: World, asks: bool) -> None:
    """A failure and two answers, 10 s apart."""
    for verb in ("failed", "ok", "ok"):
        world.to(world.clock.seconds + 10)
        world.read(verb)
    world.commit()
    if asks:
        world.scrape()


def test_time_that_nobody_asks_for_is_settled_all_the_same_and_to_the_same_sums(tmp_path: Path) -> None:
    """Else a camera that blips for months would keep two marks of each blip until somebody scrapes its seconds."""
    with World(tmp_path / "unread.db") as unread, World(tmp_path / "read.db") as read:
        for world in (unread, read):
            for _ in range(3):
                world.to(world.clock.seconds + 10)
                world.read("ok")
        for _ in range(BLIPS):
            blip(read, asks=True)
            blip(unread, asks=False)
            assert not unread.ledger.of_target("t")[""].totals.is_long
        at = unread.ledger.of_target("t")[""].totals.settled_at
        assert unread.scrape() == read.scrape()
        assert unread.ledger.of_target("t")[""].totals.sums[State.DEGRADED - 1] > 0
        assert 0 < read.ledger.of_target("t")[""].totals.settled_at - at < 100_000_000
