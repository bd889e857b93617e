"""POST /api/v1/seals: what is refused and said, and that nothing is sealed while the clock is in doubt (T4, E3)."""

from pathlib import Path

import pytest

from agent.web import api
from tests.agent.test_clock_web import accept, step
from tests.agent.test_web_api import check_schema
from tests.agent.web_worlds import world
from tests.agent.worlds import SECOND

SEALS = "/api/v1/seals"
DAY = 24 * 3600 * SECOND


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?period=2025-Q4&accept_clock=true", "wanted a month: 2025-06"),
        ("?period=2026-01&accept_clock=true", "provisional until 72 h after its end"),
        ("?by=%00&accept_clock=true", "printable characters"),
        ("?accept_clock=perhaps", "accept_clock"),
        ("?other=1", "other"),
    ],
)
async def test_what_cannot_be_sealed_is_refused_in_words(tmp_path: Path, query: str, words: str) -> None:
    async with world(tmp_path) as w:
        assert words in (await w.send("POST", SEALS + query, 400)).json["detail"]


async def test_nothing_is_sealed_while_a_step_is_open_and_a_month_is_once_it_is_accepted(tmp_path: Path) -> None:
    """Vector 17: +1 h is a step that nobody has resolved."""
    async with world(tmp_path) as w:
        step(w, 3600 * SECOND)
        asked = f"{SEALS}?period=2025-12&accept_clock=true&by=zhang"
        w.clock.seconds += 40 * DAY / SECOND
        refused = await w.send("POST", asked, 400)
        assert "a step of the clock is unresolved" in refused.json["detail"]
        assert (await w.get(SEALS)).json["seals"] == []
        await accept(w)
        done = (await w.send("POST", asked, 200)).json
        seals = (await w.get(SEALS)).json
    schemas = api.description()["paths"][SEALS]
    check_schema(done, schemas["post"]["responses"]["200"]["content"]["application/json"]["schema"])
    check_schema(seals, schemas["get"]["responses"]["200"]["content"]["application/json"]["schema"])
    assert [seal["digest"] for seal in seals["seals"]] == done["sealed"]
    assert (seals["seals"][0]["period"], seals["seals"][0]["sealed_by"]) == ("2025-12", "zhang")
    assert seals["head"]["number"] == seals["seals"][0]["head"]
