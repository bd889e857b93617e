"""The rules of a verdict with one slip in them: some test of them notices, or it is told why none can."""

import pytest

from tests import depth
from tests.torture.mutants import TESTS, mutants, sample, survives
from tests.torture.mutants_same import SAME


@pytest.mark.torture
def test_a_slip_in_the_rules_does_not_pass() -> None:
    seed, count = depth.measure("SEED", 20261121, 20261121), depth.measure("MUTANTS", 4, 120)
    chosen = sample([*TESTS], seed, count)
    print(f"seed {seed}: {count} of {sum(len(mutants(module)) for module in TESTS)} mutants")
    assert [mutant.name for mutant in chosen if survives(mutant)] == []


def test_every_slip_is_one() -> None:
    """A mutant is another text than the original, and each that is said to mean the same is there."""
    names = set()
    for module in TESTS:
        found = mutants(module)
        assert len({mutant.source for mutant in found}) > 0.9 * len(found)
        names |= {mutant.name for mutant in found}
    assert set(SAME) <= names
