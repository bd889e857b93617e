"""A world: the city made real in one form. It answers like the city would; it never speaks to the agent otherwise."""

from typing import Protocol

from agent.lab.city import Form
from agent.lab.script import Action


class World(Protocol):
    """One form of the lab. Actions may overlap: what holds is what all that are applied say together."""

    form: Form
    limits: str
    """What this form does not show, in a sentence for people; "" for nothing."""

    @property
    def before_commands(self) -> str:
        """What stands before a command that is to run where the agent runs: "" or `ip netns exec NAME `."""

    def cannot(self, action: Action) -> str:
        """Why this form cannot do it, in a sentence for people; "" where it can."""

    async def start(self) -> None:
        """Everything answers. Errors: UsageError saying what is taken or missing."""

    async def apply(self, action: Action) -> None:
        """It happens. Errors: UsageError where `cannot` says why not."""

    async def undo(self, action: Action) -> None:
        """It is over; what others that still hold say goes on."""

    async def stop(self) -> None:
        """Nothing of it is left."""
