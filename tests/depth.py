"""How deep a test searches: SLA_TEST_DEEP=1 (make torture) looks twenty times as far as CI."""

import os

DEEP = os.environ.get("SLA_TEST_DEEP") == "1"


def examples(few: int) -> int:
    """Examples for hypothesis, or rounds of a storm."""
    return few * 20 if DEEP else few


def measure(name: str, short: int, deep: int) -> int:
    """How much of something: what the environment variable SLA_TORTURE_<name> says, else by depth."""
    return int(os.environ.get(f"SLA_TORTURE_{name}", deep if DEEP else short))
