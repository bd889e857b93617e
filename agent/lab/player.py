"""Plays a story in a world, and tells people what it does."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from agent.errors import UsageError
from agent.lab.script import Action, Story
from agent.lab.world import World

Tell = Callable[[str], None]


class Beat(NamedTuple):
    """A moment of the story. Units: seconds from its begin."""

    at: float
    is_end: bool
    number: int
    action: Action


def beats(story: Story) -> list[Beat]:
    """Its moments in their order; what ends at one instant ends before anything begins there."""
    found = []
    for number, action in enumerate(story.actions):
        found.append(Beat(action.at, False, number, action))
        end = action.until if action.until is not None else story.repeat
        if end is not None:
            found.append(Beat(end, True, number, action))
    return sorted(found, key=lambda beat: (beat.at, not beat.is_end, beat.number))


def refuse_impossible(story: Story, world: World) -> None:
    """Nothing where this form can do all of it. Errors: UsageError with everything that it cannot."""
    found = [
        f"actions[{number}]: {why}" for number, action in enumerate(story.actions) if (why := world.cannot(action))
    ]
    if found:
        raise UsageError("\n".join(found))


async def play(story: Story, world: World, tell: Tell) -> None:
    """The story, once or again and again; ends when it does."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    while story.actions:
        for beat in beats(story):
            await asyncio.sleep(max(0.0, begin + beat.at - loop.time()))
            await (world.undo if beat.is_end else world.apply)(beat.action)
            tell(_words(beat))
        if story.repeat is None:
            return
        begin += story.repeat
        await asyncio.sleep(max(0.0, begin - loop.time()))


def _words(beat: Beat) -> str:
    if beat.is_end:
        return f"over: {beat.action}"
    lasts = "" if beat.action.lasts is None else f" for {beat.action.lasts:g} s"
    return f"now: {beat.action}{lasts}"
