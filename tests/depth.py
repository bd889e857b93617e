"""How deep a test searches: SLA_TEST_DEEP=1 (make torture) looks twenty times as far as CI."""

import os

DEEP = os.environ.get("SLA_TEST_DEEP") == "1"


def examples(few: int) -> int:
    """Examples for hypothesis, or rounds of a storm."""
    return few * 20 if DEEP else few
