"""Mutants: the rules of a figure with one small slip in them, and the tests that must notice it.

    python -m tests.torture.mutants [--seed N] [--sample N] [MODULE …]

A mutant that no test notices is a survivor. Those that mean the same as the original are in `SAME`, with the reason.
"""

import argparse
import ast
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.torture.mutants_same import SAME

ROOT = Path(__file__).parents[2]
TIMEOUT = 300

TESTS = {
    "verdict": ("test_verdict.py", "test_vectors.py"),
    "availability": ("test_availability.py", "test_cases.py", "test_vectors.py"),
    "maintenance": ("test_maintenance.py", "test_cases_maintenance.py", "test_vectors.py"),
    "faults": ("test_faults_priority.py", "test_cases_faults.py", "test_rate.py", "test_vectors.py"),
    "budget": ("test_budget.py",),
    "accepted": ("test_accepted.py",),
}
"""Which tests are asked about a module of sla/, the quickest to notice first."""

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Mutant(NamedTuple):
    """One slip. `was` and `now` are the expression, or the statement's head, before and after."""

    module: str
    place: str
    was: str
    now: str
    source: str

    @property
    def name(self) -> str:
        """As it stands in lists: without a line number, which moves."""
        return f"{self.module}.{self.place}: {self.was} -> {self.now}"


def mutants(module: str) -> list[Mutant]:
    """Every slip that is made in a module, in the order of its text."""
    tree = ast.parse((ROOT / "sla" / f"{module}.py").read_text(encoding="utf-8"))
    return [
        Mutant(module, place, _head(was), _head(ast.unparse(node)), ast.unparse(tree))
        for place, node, slip, was in _places(tree)
        for _ in _slipped(node, slip)
    ]


Slip = tuple[str, object]
"""The field of a node, or its element, and what stands there instead."""


def _head(text: str) -> str:
    """Of a statement that goes on below, its first line."""
    return text.partition("\n")[0]


def _places(tree: ast.Module) -> Iterator[tuple[str, ast.AST, Slip, str]]:
    for function in _functions(tree):
        for node in ast.walk(function.node):
            if isinstance(node, (ast.arguments, ast.AnnAssign)):
                continue
            for slip in _slips(node):
                yield function.name, node, slip, ast.unparse(node)


class _Function(NamedTuple):
    name: str
    node: ast.FunctionDef


def _functions(tree: ast.AST, above: str = "") -> Iterator[_Function]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield _Function(above + node.name, _without_words(node))
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{node.name}.")


def _without_words(node: ast.FunctionDef) -> ast.FunctionDef:
    """Neither docstring nor annotations say anything that a test could notice."""
    if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant) and len(node.body) > 1:
        del node.body[0]
    node.decorator_list = [each for each in node.decorator_list if ast.unparse(each) in ("property", "cached_property")]
    node.returns = None
    for argument in (*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs):
        argument.annotation = None
    return node


def _slips(node: ast.AST) -> Iterator[Slip]:
    """What may be got wrong here."""
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            yield "ops", [*node.ops[:number], _SWAPS[type(operator)](), *node.ops[number + 1 :]]
    elif isinstance(node, (ast.BoolOp, ast.BinOp)) and type(node.op) in _SWAPS:
        yield "op", _SWAPS[type(node.op)]()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "operand", ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield "value", node.value + 1
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield "value", not node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NAMES:
        yield "func", ast.Name(_NAMES[node.func.id])
    elif isinstance(node, (ast.IfExp, ast.If)):
        yield "test", ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "value", ast.Constant(None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _slipped(node: ast.AST, slip: Slip) -> Iterator[None]:
    """The tree with the slip in it, for as long as it is looked at."""
    field, value = slip
    before = getattr(node, field)
    setattr(node, field, value)
    yield
    setattr(node, field, before)


def survives(mutant: Mutant) -> bool:
    """Whether no test notices it. A test that does not end has noticed."""
    with TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "sla", Path(folder) / "sla", ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / "sla" / f"{mutant.module}.py").write_text(mutant.source, encoding="utf-8")
        tests = [str(ROOT / "tests" / "sla" / name) for name in TESTS[mutant.module]]
        try:
            return _run(folder, tests) == 0
        except subprocess.TimeoutExpired:
            return False


_ASK = """
import sys
sys.path[:0] = [{folder!r}, {root!r}]
import sla
assert sla.__file__.startswith({folder!r})
import pytest
sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", *{tests!r}]))
"""


def _run(folder: str, tests: Sequence[str]) -> int:
    code = _ASK.format(folder=folder, root=str(ROOT), tests=list(tests))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=TIMEOUT, check=False)
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(done.stdout.decode() + done.stderr.decode())
    return done.returncode


def sample(modules: Sequence[str], seed: int, count: int | None) -> list[Mutant]:
    """Some mutants of these modules, all of them without a count; those that mean the same are left out."""
    found = [each for module in modules for each in mutants(module) if each.name not in SAME]
    return found if count is None else random.Random(seed).sample(found, min(count, len(found)))


def main() -> None:
    """Say every survivor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=[*TESTS])
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--sample", type=int)
    asked = parser.parse_args()
    chosen = sample(asked.modules, asked.seed, asked.sample)
    print(f"seed {asked.seed}: {len(chosen)} mutants", flush=True)
    survivors = 0
    for mutant in chosen:
        if survives(mutant):
            survivors += 1
            print(mutant.name, flush=True)
    print(f"{survivors} of {len(chosen)} survive", flush=True)


if __name__ == "__main__":
    main()
