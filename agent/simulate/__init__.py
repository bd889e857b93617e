"""A year before it happens: scripted faults through the real reducer, the real ledger and the real store.

Nothing here decides a state. A scenario says what the city's things would answer; everything behind an answer is the
agent's own code, on a clock that is turned by hand. What comes out is simulated for good (E8). docs/simulate.md
explains how a scenario is written.
"""
