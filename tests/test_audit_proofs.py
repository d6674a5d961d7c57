"""Inclusion and consistency proofs: published vectors, another implementation, invalid proofs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from assignments.audit.merkle.proofs import (
    Subtree,
    consistency,
    frontier_at,
    included_root,
    inclusion,
    is_consistent,
    root_of,
)
from assignments.audit.merkle.tree import Frontier, leaf_hash
from tests.test_audit_tree import LEAVES, ROOTS

HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def over(leaves: list[bytes]) -> Subtree:
    """Return a function that computes the root of a complete subtree from its leaves."""

    def subtree(level: int, number: int) -> bytes:
        width = 1 << level
        assert (number + 1) * width <= len(leaves)
        return Frontier().append(leaves[number * width : (number + 1) * width]).root()

    return subtree


# From the merkletree tests of Certificate Transparency (leaf and size, counted from 1).
INCLUSION = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        2,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
SIZES = st.lists(st.binary(max_size=3), min_size=1, max_size=40)


@pytest.mark.parametrize(("leaf", "size", "proof"), INCLUSION, ids=str)
def test_inclusion_as_published(leaf: int, size: int, proof: list[str]) -> None:
    path = inclusion(leaf - 1, size, over(HASHES))

    assert [part.hex() for part in path] == proof
    root = included_root(leaf - 1, size, HASHES[leaf - 1], path)
    assert root is not None
    assert root.hex() == ROOTS[size]


@pytest.mark.parametrize(("older", "newer", "proof"), CONSISTENCY, ids=str)
def test_consistency_as_published(older: int, newer: int, proof: list[str]) -> None:
    path = consistency(older, newer, over(HASHES))

    assert [part.hex() for part in path] == proof
    roots = bytes.fromhex(ROOTS[older]), bytes.fromhex(ROOTS[newer])
    assert is_consistent(older, newer, *roots, path)
    assert not is_consistent(older, newer, roots[0], bytes(32), path)


@settings(max_examples=60)
@given(SIZES, st.data())
def test_inclusion_equals_another_implementation(entries: list[bytes], data) -> None:
    seq = data.draw(st.integers(0, len(entries) - 1))
    tree = InmemoryTree.init_from_entries(entries)
    expected = tree.prove_inclusion(seq + 1)

    proof = inclusion(seq, len(entries), over([*map(leaf_hash, entries)]))

    assert list(proof) == expected.path[1:]
    verify_inclusion(leaf_hash(entries[seq]), tree.get_root(), expected)
    assert included_root(seq, len(entries), leaf_hash(entries[seq]), proof) == tree.get_root()


@settings(max_examples=60)
@given(SIZES, st.data())
def test_consistency_agrees_with_another_implementation(entries: list[bytes], data) -> None:
    older = data.draw(st.integers(1, len(entries)))
    tree = InmemoryTree.init_from_entries(entries)
    old, new = tree.get_root(older), tree.get_root()
    verify_consistency(old, new, tree.prove_consistency(older, len(entries)))

    proof = consistency(older, len(entries), over([*map(leaf_hash, entries)]))

    assert is_consistent(older, len(entries), old, new, proof)


def test_every_proof_in_small_trees_is_valid() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(17)]
    subtree, roots = over(leaves), [root_of(0, size, over(leaves)) for size in range(1, 18)]
    for size, root in enumerate(roots, 1):
        for seq in range(size):
            proof = inclusion(seq, size, subtree)
            assert included_root(seq, size, leaves[seq], proof) == root
            grown = consistency(seq + 1, size, subtree)
            assert is_consistent(seq + 1, size, roots[seq], root, grown)


@settings(max_examples=60)
@given(SIZES, st.data())
def test_a_changed_proof_is_invalid(entries: list[bytes], data) -> None:
    size, leaves = len(entries), [*map(leaf_hash, entries)]
    seq = data.draw(st.integers(0, size - 1))
    root = root_of(0, size, over(leaves))
    proof = inclusion(seq, size, over(leaves))
    grown = consistency(seq + 1, size, over(leaves))
    old = root_of(0, seq + 1, over(leaves))
    for wrong_length in (proof[:-1] if proof else [root], [*proof, root]):
        assert included_root(seq, size, leaves[seq], wrong_length) is None
    for changed in _changed(proof):
        assert included_root(seq, size, leaves[seq], changed) != root
    for changed in _changed(grown):
        assert not is_consistent(seq + 1, size, old, root, changed)


@given(SIZES, st.data())
def test_frontier_at_equals_appending(entries: list[bytes], data) -> None:
    size, leaves = data.draw(st.integers(0, len(entries))), [*map(leaf_hash, entries)]

    assert frontier_at(size, over(leaves)) == Frontier().append(leaves[:size])


def test_a_tree_proves_nothing_beyond_its_size() -> None:
    with pytest.raises(ValueError, match="has no leaf 3"):
        inclusion(3, 3, over(HASHES))
    with pytest.raises(ValueError, match="does not grow"):
        consistency(4, 3, over(HASHES))
    roots = bytes.fromhex(ROOTS[4]), bytes.fromhex(ROOTS[3])
    for older, newer in ((4, 3), (-1, 3), (3, 3)):
        assert not is_consistent(older, newer, *roots, consistency(3, 4, over(HASHES)))
    assert included_root(3, 3, HASHES[3], []) is None
    assert included_root(1, 1, HASHES[0], []) is None
    assert included_root(-1, 1, HASHES[0], []) is None
    assert included_root(0, 1, HASHES[0], [HASHES[1]]) is None
    assert not is_consistent(4, 3, HASHES[0], HASHES[0], [HASHES[0]])
    assert not is_consistent(3, 4, HASHES[0], HASHES[0], [])
    assert consistency(0, 3, over(HASHES)) == consistency(3, 3, over(HASHES)) == ()
    assert is_consistent(0, 3, bytes(32), HASHES[0], [])


def _changed(proof: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    flipped = [
        (*proof[:n], bytes([part[0] ^ 1]) + part[1:], *proof[n + 1 :])
        for n, part in enumerate(proof)
    ]
    return [*flipped, (*proof, bytes(32)), *([proof[:-1]] if proof else [])]
