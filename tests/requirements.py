"""What a test needs of its machine. Absent: skipped with the reason, or failed where nothing may be skipped."""

import os
import shutil
from typing import NoReturn

import pytest


def unmet(reason: str) -> NoReturn:
    """Skip, or fail where SLA_TEST_REQUIRE_ALL=1 says that this machine has everything."""
    if os.environ.get("SLA_TEST_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (SLA_TEST_REQUIRE_ALL=1 allows no skip)", pytrace=False)
    pytest.skip(reason)


def need_program(name: str) -> str:
    """The path of a program from tests/apt-packages.txt."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        unmet(f"{name} is not installed (tests/apt-packages.txt)")
    return path


def need_root() -> None:
    """Network namespaces and raw sockets need root."""
    if os.geteuid() != 0:
        unmet("needs root")
