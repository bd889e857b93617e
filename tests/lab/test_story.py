"""Stories: what is refused and how, what the built-in one does, and what actions make of the city together."""

import asyncio
from pathlib import Path

import pytest

from agent.config import ConfigError
from agent.errors import UsageError
from agent.lab.condition import WELL, conditions, sites_cut_off
from agent.lab.player import beats, play
from agent.lab.script import WHATS, Action, Story, places, read_story
from tests.lab.worlds import STORY, city


def action(what, where="", **more):
    return Action.model_validate({"at": 0.0, "for": 10.0, "what": what, "where": where, **more})


@pytest.mark.parametrize("scale", ["small", "city"])
def test_the_built_in_story_fits_both_scales(scale):
    story = read_story(STORY, city(scale))
    assert {each.what for each in story.actions} == set(WHATS) - {"own_uplink_dead"}
    assert story.repeat == 1200


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{at: 1s, what: line_cut, where: L-9}", "where: got L-9, wanted the id of a line"),
        ("{at: 1s, what: line_cut}", "where: got nothing, wanted the id of a line"),
        ("{at: 1s, what: line_cut, where: L-61098-1}", "did you mean L-610981-1?"),
        ("{at: 1s, what: uplink_cut, where: S-610981100}", "wanted the id of a county's site"),
        ("{at: 1s, what: certificate_expired, where: DNS-1}", "wanted the id of a target that speaks TLS"),
        ("{at: 1s, what: own_uplink_dead, where: S-610981}", "got S-610981, wanted nothing"),
        ("{at: 1s, what: line_cutt, where: L-610981-1}", "what: got line_cutt, wanted line_cut,"),
        ("{at: 1, what: silent, where: SSO}", "at: got 1, wanted a duration with a unit"),
        ("{at: 1s, for: 0s, what: silent, where: SSO}", "for: got 0 s, wanted more"),
        ("{at: 1s, what: reboot, where: RT-610981}", "for: got nothing, wanted how long it takes"),
        ("{at: 1s, what: loss, where: SSO, ratio: 2}", "ratio: got 2, wanted 1 or less"),
        ("{at: 1s, what: loss, where: SSO, delay: 1s}", "delay: got it with loss, wanted it with slow only"),
        ("{at: 1s, what: flapping, where: SSO, period: 10ms}", "period: got 0.01 s, wanted 200ms or more"),
        ("{at: 50s, for: 20s, what: silent, where: SSO}", "got an end at 70 s, but the story begins anew after 60 s"),
        ("{at: 1s, whta: silent, where: SSO}", "got an unknown option; did you mean what?"),
    ],
)
def test_a_story_with_a_mistake_is_refused_with_its_line(tmp_path: Path, line, message):
    file = tmp_path / "story.yml"
    file.write_text(f"repeat: 60s\nactions:\n  - {line}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_story(file, city())
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{file}:3: actions[0]")


def test_a_story_that_is_not_there_is_one_message(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_story(tmp_path / "none.yml", city())


def test_an_uplink_takes_everything_behind_it_and_nothing_else():
    small = city()
    off = sites_cut_off(small, [action("uplink_cut", "S-610981")])
    assert off == {"S-UP-610981", "S-610981", "S-610981100", "S-610981101"}


def test_one_line_of_two_takes_nothing_both_take_the_site_and_what_hangs_on_it():
    small = city()
    one, other = action("line_cut", "L-610902-1"), action("line_cut", "L-610902-2")
    assert sites_cut_off(small, [one]) == frozenset()
    assert {id_: c.lines_down for id_, c in conditions(small, [one]).items()} == {
        "UP-610902": {"L-610902-1"}, "RT-610902": {"L-610902-1"},
    }  # fmt: skip
    assert sites_cut_off(small, [one, other]) == {"S-610902", "S-610902001", "S-610902002"}


def test_a_dead_recorder_takes_its_cameras_only():
    found = conditions(city(), [action("recorder_dead", "REC-610902001-1")])
    assert set(found) == {"REC-610902001-1", "CAM-610902001-0001", "CAM-610902001-0002"}
    assert not any(condition.is_reachable for condition in found.values())


def test_the_worst_of_several_actions_holds_and_a_site_is_all_that_stands_there():
    acts = [action("slow", "SSO", delay="1s"), action("slow", "S-610900", delay="3s"), action("loss", "SSO", ratio=0.2)]
    found = conditions(city(), acts)
    assert (found["SSO"].delay, found["SSO"].loss) == (3.0, 0.2)
    assert found["SHARE"].delay == 3.0
    assert found.get("RT-610902", WELL) == WELL


def test_every_action_has_a_place_or_needs_none():
    for what in WHATS:
        assert bool(places(what, city())) == (what != "own_uplink_dead")


class Heard:
    """A world that only listens."""

    form = "loopback"

    def __init__(self):
        self.said = []

    def cannot(self, _):
        return ""

    async def apply(self, one):
        self.said.append(("apply", one.where))

    async def undo(self, one):
        self.said.append(("undo", one.where))


def test_what_ends_at_an_instant_ends_before_what_begins_there():
    story = Story.model_validate({
        "repeat": 30.0,
        "actions": [
            {"at": 10.0, "what": "silent", "where": "B"},
            {"at": 0.0, "for": 10.0, "what": "silent", "where": "A"},
        ],
    })  # fmt: skip
    assert [(beat.at, beat.is_end, beat.action.where) for beat in beats(story)] == [
        (0.0, False, "A"), (10.0, True, "A"), (10.0, False, "B"), (30.0, True, "B"),
    ]  # fmt: skip


async def test_a_story_is_played_again_and_everything_is_undone_before():
    actions = [
        {"at": 0.0, "for": 0.01, "what": "silent", "where": "A"},
        {"at": 0.02, "what": "silent", "where": "B"},
    ]
    world, told = Heard(), []
    story = Story.model_validate({"repeat": 0.04, "actions": actions})
    player = asyncio.ensure_future(play(story, world, told.append))
    while len(world.said) < 8:
        await asyncio.sleep(0.005)
    player.cancel()
    once = [("apply", "A"), ("undo", "A"), ("apply", "B"), ("undo", "B")]
    assert world.said[:8] == once * 2
    assert told[0] == "now: silent A for 0.01 s"
    assert told[1] == "over: silent A"
