"""What a store's rows come to: timelines of everything that has an id, availability, faults and their rate."""

from agent.figures.faults import Faults
from agent.figures.figure import Figure, Figures

__all__ = ["Faults", "Figure", "Figures"]
