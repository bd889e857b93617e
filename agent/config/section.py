"""What every part of agent.yml is."""

from pydantic import BaseModel


class Section(BaseModel, frozen=True, extra="forbid"):
    """A part of agent.yml; an unknown option in it is a problem."""
