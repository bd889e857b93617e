"""The open faults at the head of the page: one line each, with how much is behind it and what is left of 3 hours."""

from pathlib import Path

from tests.agent.fault_worlds import DOWN, UP, of, world

NAMES = ("core", "east", "leaf", "twig", "alone")
HOUR = 3600


async def test_one_fault_with_everything_behind_it_stands_before_the_list(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.say(*((name, 0.0, UP) for name in NAMES))
        before = (await w.web.get("/?lang=en")).text
        await w.say(*((name, 600.0, DOWN) for name in ("east", "leaf", "twig")), ("alone", 700.0, DOWN))
        w.to(600 + HOUR)
        await w.look()
        en, zh = (await w.web.get("/?lang=en")).text, (await w.web.get("/?lang=zh")).text
        w.to(600 + 3 * HOUR + 1)
        late = (await w.web.get("/?lang=en")).text
    assert "Open faults" not in before
    assert "Open faults" in en
    assert en.index(of("east", 600)) < en.index(of("alone", 700)) < en.index("What is not up"), "the widest first"
    assert ("2 objects" in en, "0 objects" in en, "2 faults" in en) == (True, True, True)
    assert of("leaf", 600) not in en, "what is behind another is no line of its own"
    assert ("2:00:00" in en, "over by" in en) == (True, False)
    assert ("未恢复的故障" in zh, "2 个对象" in zh, "距 3 小时时限" in zh) == (True, True, True)
    assert "over by 0:01" in late
