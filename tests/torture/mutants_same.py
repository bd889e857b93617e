"""Mutants that no test can notice, each with the reason why it means the same."""

SAME: dict[str, str] = {}
