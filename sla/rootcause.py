"""Faults out of edges: the one reducer for live, import, simulation and report (F1-F10)."""

from sla.collapse import Change, State, begin, plan, settle, step, thinned
from sla.derivation import Derived, derive
from sla.episodes import Episode, Root

__all__ = ["Change", "Derived", "Episode", "Root", "State", "begin", "derive", "plan", "settle", "step", "thinned"]
