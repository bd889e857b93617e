"""The arithmetic of the chain: one spelling for each value, trees, proofs, heads and seals (E3)."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.seal import Algorithm, Head, Seal, Tree, canonical, climb, figures_digest, is_available, leaf, proof, root

SHA = Algorithm.SHA256
VALUES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=8), st.binary(max_size=8))
ROWS = st.lists(VALUES, max_size=4)
LEAVES = st.lists(st.binary(min_size=32, max_size=32), max_size=40)
HEAD = Head(3, "hour", 10, 20, SHA, 2, "aa", "bb", {"clock": "sound"})
SEAL = Seal(1, "2025-06", 1, "Asia/Shanghai", 9, "agent", SHA, 1, 3, "cc", "dd", {"ankang": "ee"}, {}, "")


def merkle(leaves: list[bytes]) -> bytes:
    """The tree by its definition (RFC 6962, 2.1): split at the largest power of two below the count."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + merkle(leaves[:half]) + merkle(leaves[half:])).digest()


def test_a_row_has_one_spelling() -> None:
    assert canonical(["edges", [5, 1], ["安", None, b"\x00\xff"]]) == rb'["edges",[5,1],["\u5b89",null,{"hex":"00ff"}]]'
    assert canonical({"b": 1, "a": 2}) == b'{"a":2,"b":1}'


def test_a_leaf_is_the_digest_of_its_spelling() -> None:
    said = b'\x00["edges",[5,1],[7]]'
    assert leaf(SHA, "edges", (5, 1), (7,)) == hashlib.sha256(said).digest()


@given(ROWS, ROWS)
def test_a_leaf_is_spelled_like_everything_else(key: Any, columns: Any) -> None:
    said = b"\x00" + canonical(["edges", key, columns])
    assert leaf(SHA, "edges", key, columns) == hashlib.sha256(said).digest()


def test_what_has_no_spelling_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical(float("nan"))
    with pytest.raises(TypeError, match="set has no canonical form"):
        canonical({1, 2})


@given(st.text(max_size=6), ROWS, ROWS, st.text(max_size=6), ROWS, ROWS)
def test_different_rows_never_share_a_spelling(t1: str, k1: Any, c1: Any, t2: str, k2: Any, c2: Any) -> None:
    same = (t1, k1, c1) == (t2, k2, c2)
    assert (canonical([t1, k1, c1]) == canonical([t2, k2, c2])) == same


@given(LEAVES)
def test_the_tree_is_the_one_of_the_rfc(leaves: list[bytes]) -> None:
    tree = Tree(SHA)
    for each in leaves:
        tree.add(each)
    assert (tree.count, tree.root()) == (len(leaves), merkle(leaves))
    assert root(SHA, leaves) == merkle(leaves)


@given(LEAVES.filter(bool), st.data())
def test_a_proof_leads_to_the_root_and_no_other_leaf_does(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    steps = proof(SHA, leaves, index)
    assert climb(SHA, leaves[index], steps) == root(SHA, leaves)
    other = bytes([leaves[index][0] ^ 1]) + leaves[index][1:]
    assert climb(SHA, other, steps) != root(SHA, leaves)


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    with pytest.raises(IndexError, match="leaf 2 of 2"):
        proof(SHA, [b"a", b"b"], 2)


@pytest.mark.parametrize("field", Head._fields)
def test_every_part_of_a_head_is_in_its_digest(field: str) -> None:
    old = getattr(HEAD, field)
    new = {"other": 1} if field == "said" else (Algorithm.SM3 if field == "algorithm" else f"{old}1")
    assert HEAD._replace(**{field: new}).digest != HEAD.digest


@pytest.mark.parametrize("field", Seal._fields)
def test_every_part_of_a_seal_is_in_its_digest(field: str) -> None:
    old = getattr(SEAL, field)
    new = {"other": 1} if isinstance(old, dict) else (Algorithm.SM3 if field == "algorithm" else f"{old}1")
    assert SEAL._replace(**{field: new}).digest != SEAL.digest


def test_a_head_read_back_from_json_is_the_same() -> None:
    assert Head(*json.loads(json.dumps(list(HEAD)))).digest == HEAD.digest


def test_a_digest_of_one_kind_is_none_of_another() -> None:
    assert figures_digest(SHA, {}) != hashlib.sha256(canonical({})).hexdigest()
    assert leaf(SHA, "a", (), ()) != root(SHA, [canonical(["a", [], []])])


def test_an_algorithm_that_nobody_built_is_not_available() -> None:
    assert is_available(SHA)
    assert not is_available("sm3-of-tomorrow")
